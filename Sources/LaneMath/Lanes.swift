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

/// `c - a b`, fused where the machine can.
@inlinable @inline(__always)
public func negativeMultiplyAdd(_ a: FloatLanes, _ b: FloatLanes, _ c: FloatLanes) -> FloatLanes {
  cl_nmadf(a, b, c)
}

/// The square root in every lane.
@inlinable @inline(__always) public func sqrt(_ x: FloatLanes) -> FloatLanes { cl_sqrtf(x) }

/// The absolute value in every lane.
@inlinable @inline(__always) public func abs(_ x: FloatLanes) -> FloatLanes { cl_absf(x) }

/// The smaller value in every lane.
@inlinable @inline(__always)
public func min(_ a: FloatLanes, _ b: FloatLanes) -> FloatLanes { cl_minf(a, b) }

/// The larger value in every lane.
@inlinable @inline(__always)
public func max(_ a: FloatLanes, _ b: FloatLanes) -> FloatLanes { cl_maxf(a, b) }

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

/// The nearest integer in every lane, halves to even; exact for |x| < 2^51.
@inlinable @inline(__always) public func roundToNearest(_ x: Lanes) -> Lanes {
  (x + roundingShift) - roundingShift
}

/// 1.5 x 2^52: adding it leaves the nearest integer in the low bits.
@inlinable @inline(__always) var roundingShift: Double { 6_755_399_441_055_744 }

/// The magnitude of `x` with the sign bit of `y`, in every lane.
@inlinable @inline(__always) public func copySign(_ x: Lanes, _ y: Lanes) -> Lanes {
  let sign = SIMD8<UInt64>(repeating: 0x8000_0000_0000_0000)
  return Lanes(bits: (x.bits & ~sign) | (y.bits & sign))
}

extension SIMDMask where Storage == SIMD8<Int64> {
  /// The mask that holds where all bits of a lane are set; no lane may be in between.
  @inlinable @inline(__always) public init(bits: SIMD8<Int64>) {
    self = unsafeBitCast(bits, to: LaneMask.self)
  }
}

/// Whether the mask holds in some lane.
@inlinable @inline(__always) public func any(_ mask: LaneMask) -> Bool {
  cl_any(unsafeBitCast(mask, to: SIMD8<Int64>.self)) != 0
}

/// Whether the mask holds in every lane.
@inlinable @inline(__always) public func all(_ mask: LaneMask) -> Bool {
  cl_all(unsafeBitCast(mask, to: SIMD8<Int64>.self)) != 0
}

/// The eight sums over lanes: lane i of the answer is the sum of the i-th vector, always added in
/// the same order.
@inlinable @inline(__always)
public func sums(
  _ a0: FloatLanes, _ a1: FloatLanes, _ a2: FloatLanes, _ a3: FloatLanes, _ a4: FloatLanes,
  _ a5: FloatLanes, _ a6: FloatLanes, _ a7: FloatLanes
) -> FloatLanes { cl_sum8(a0, a1, a2, a3, a4, a5, a6, a7) }

extension SIMD8 where Scalar == Float {
  /// The sum over lanes, always added in the same order.
  @inlinable @inline(__always) public var laneSum: Float { cl_sumf(self) }
}

extension SIMD8 where Scalar == Double {
  /// The sum over lanes, always added in the same order.
  @inlinable @inline(__always) public var laneSum: Double { cl_sum(self) }

  /// The IEEE 754 bits of every lane.
  @inlinable @inline(__always) public var bits: SIMD8<UInt64> {
    unsafeBitCast(self, to: SIMD8<UInt64>.self)
  }

  /// The numbers with the given IEEE 754 bits.
  @inlinable @inline(__always) public init(bits: SIMD8<UInt64>) {
    self = unsafeBitCast(bits, to: Lanes.self)
  }

  /// Rounds to single precision.
  @inlinable @inline(__always) public var single: FloatLanes { cl_to_float(self) }
}

extension SIMD8 where Scalar == Float {
  /// The same value in double precision.
  @inlinable @inline(__always) public var double: Lanes { cl_to_double(self) }
}
