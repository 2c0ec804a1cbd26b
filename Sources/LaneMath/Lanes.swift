import CLanes

/// A number: its value in each of 8 independent configurations.
///
/// Every kernel of the library is written for one configuration and computes 8. No operation of a
/// kernel crosses lanes, so the answer in a lane never depends on what the other lanes hold.
public typealias Lanes = SIMD8<Double>

/// A single-precision number in each of 8 configurations, used inside neural networks only.
///
/// A network's output is a parameter of an exactly invertible map, so its precision costs no
/// exactness as long as the forward and the inverse map see the same output.
public typealias FloatLanes = SIMD8<Float>

/// The truth of a statement about `Lanes`, lane by lane.
public typealias LaneMask = SIMDMask<SIMD8<Int64>>

/// The number of configurations in a packet.
@inlinable public var laneCount: Int { 8 }

/// `a b + c`, fused where the machine can.
@inlinable @inline(__always) public func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
  cl_mad(a, b, c)
}

/// `a b + c`, fused where the machine can.
@inlinable @inline(__always)
public func multiplyAdd(_ a: FloatLanes, _ b: FloatLanes, _ c: FloatLanes) -> FloatLanes {
  cl_madf(a, b, c)
}

/// `c - a b`, fused where the machine can.
@inlinable @inline(__always)
public func negativeMultiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { cl_nmad(a, b, c) }

/// The square root in every lane.
@inlinable @inline(__always) public func sqrt(_ x: Lanes) -> Lanes { cl_sqrt(x) }

/// The absolute value in every lane.
@inlinable @inline(__always) public func abs(_ x: Lanes) -> Lanes { cl_abs(x) }

/// The smaller value in every lane.
@inlinable @inline(__always) public func min(_ a: Lanes, _ b: Lanes) -> Lanes { cl_min(a, b) }

/// The larger value in every lane.
@inlinable @inline(__always) public func max(_ a: Lanes, _ b: Lanes) -> Lanes { cl_max(a, b) }

/// `a` where the mask holds, `b` elsewhere.
@inlinable @inline(__always)
public func select(_ mask: LaneMask, _ a: Lanes, _ b: Lanes) -> Lanes {
  b.replacing(with: a, where: mask)
}

extension SIMD8 where Scalar == Double {
  /// Rounds to single precision.
  @inlinable @inline(__always) public var single: FloatLanes { cl_to_float(self) }
}

extension SIMD8 where Scalar == Float {
  /// The same value in double precision.
  @inlinable @inline(__always) public var double: Lanes { cl_to_double(self) }
}
