import CLanes

/// The lanes of a packet that one vector register holds: four of the eight, or all with AVX-512.
///
/// A kernel on matrices whose entries are `Lanes` runs out of registers where a packet takes two of
/// them. Such kernels are written for one register and run ``registersPerPacket`` times; lanes stay
/// where they are, so the answer does not depend on the width.
public typealias RegisterLanes = cl_register

/// The number of registers that `Lanes` take.
@inlinable @inline(__always) public var registersPerPacket: Int {
  MemoryLayout<Lanes>.size / MemoryLayout<RegisterLanes>.size
}

/// `a b + c` on one register, fused where the machine can.
@inlinable @inline(__always)
public func registerMultiplyAdd(_ a: RegisterLanes, _ b: RegisterLanes, _ c: RegisterLanes)
  -> RegisterLanes
{ cl_register_mad(a, b, c) }

/// `c - a b` on one register, fused where the machine can.
@inlinable @inline(__always)
public func registerNegativeMultiplyAdd(
  _ a: RegisterLanes, _ b: RegisterLanes, _ c: RegisterLanes
) -> RegisterLanes { cl_register_nmad(a, b, c) }

/// The square root on one register.
@inlinable @inline(__always)
public func registerSquareRoot(_ x: RegisterLanes) -> RegisterLanes { cl_register_sqrt(x) }
