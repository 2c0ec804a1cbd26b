import CLanes

/// `pi/2` in three parts, the first two of 33 bits, so that their products with a whole number of
/// quarter turns below 2^20 are exact.
@usableFromInline
enum QuarterTurn {
  @inlinable @inline(__always) static var high: Double { 1.5707963267341256 }
  @inlinable @inline(__always) static var middle: Double { 6.077100506303966e-11 }
  @inlinable @inline(__always) static var low: Double { 2.0222662487959506e-21 }
  @inlinable @inline(__always) static var inverse: Double { 0.6366197723675814 }
  /// The largest angle reduced with the three parts; beyond it, 192 bits of 2/pi are used.
  @inlinable @inline(__always) static var largest: Double { 2e5 }
}

/// An angle as a whole number of quarter turns (modulo 4, in the low bits) and the rest
/// `high + low` in [-pi/4, pi/4], where `low` is a few ulp of 1 at most.
@usableFromInline @frozen
struct ReducedAngle {
  @usableFromInline var quarters: SIMD8<UInt64>
  @usableFromInline var high: Lanes
  @usableFromInline var low: Lanes

  @inlinable @inline(__always)
  init(quarters: SIMD8<UInt64>, high: Lanes, low: Lanes) {
    self.quarters = quarters
    self.high = high
    self.low = low
  }

  /// Reduces an angle that is not negative.
  @inlinable @inline(__always)
  init(_ x: Lanes) {
    let shifted = multiplyAdd(
      x, Lanes(repeating: QuarterTurn.inverse), Lanes(repeating: roundingShift))
    let k = shifted - roundingShift
    let first = negativeMultiplyAdd(k, Lanes(repeating: QuarterTurn.high), x)
    let second = k * QuarterTurn.middle
    high = first - second
    // The rounding error of the difference: the formula needs |first| >= |second|, and where that
    // fails both are multiples of 2^-66 below 2^-13, so that the difference is exact.
    let error = (first - high) - second
    low = negativeMultiplyAdd(k, Lanes(repeating: QuarterTurn.low), error)
    quarters = shifted.bits
    if cl_all_within(x, QuarterTurn.largest) == 0 {
      var angle = x
      var replaced = self
      reduceHugeAngles(&angle, &replaced)
      self = replaced
    }
  }

  /// The sine and cosine of the angle.
  @inlinable @inline(__always)
  var sinAndCos: (sin: Lanes, cos: Lanes) {
    let z = high * high
    let w = z * z
    var se = Lanes(repeating: -2.5051131840044124e-08)
    var so = Lanes(repeating: 1.5918128937554457e-10)
    so = multiplyAdd(so, w, Lanes(repeating: 2.7557316102528646e-06))
    se = multiplyAdd(se, w, Lanes(repeating: -0.00019841269836758528))
    so = multiplyAdd(so, w, Lanes(repeating: 0.008333333333330948))
    se = multiplyAdd(se, w, Lanes(repeating: -0.16666666666666666))
    let sineTail = multiplyAdd(so, z, se)
    var ce = Lanes(repeating: 2.0876146265300598e-09)
    var co = Lanes(repeating: -1.138263220199036e-11)
    co = multiplyAdd(co, w, Lanes(repeating: -2.7557317271714906e-07))
    ce = multiplyAdd(ce, w, Lanes(repeating: 2.480158729876566e-05))
    co = multiplyAdd(co, w, Lanes(repeating: -0.0013888888888887398))
    ce = multiplyAdd(ce, w, Lanes(repeating: 0.041666666666666664))
    let cosineTail = multiplyAdd(co, z, ce)

    let half = 0.5 * z
    let sine = high + multiplyAdd(high * z, sineTail, negativeMultiplyAdd(half, low, low))
    let near = 1 - half
    let cosine =
      near + (((1 - near) - half) + negativeMultiplyAdd(high, low, w * cosineTail))

    let swap = LaneMask(bits: cl_odd_mask(quarters))
    let s = select(swap, cosine, sine).bits ^ ((quarters & 2) &<< 62)
    let c = select(swap, sine, cosine).bits ^ (((quarters &+ 1) & 2) &<< 62)
    return (Lanes(bits: s), Lanes(bits: c))
  }
}

/// The sine and cosine in every lane, together.
///
/// sin(-0) = -0; both are nan at infinity.
///
/// Accuracy: 1 ulp for every finite argument: up to 2e5 with pi/2 in 119 bits, beyond it with the
/// 192 bits of 2/pi that matter (slower, in the lanes concerned).
@inlinable @inline(__always)
public func sincos(_ x: Lanes) -> (sin: Lanes, cos: Lanes) {
  let (s, c) = ReducedAngle(abs(x)).sinAndCos
  return (Lanes(bits: s.bits ^ (x.bits & 0x8000_0000_0000_0000)), c)
}

/// The sine in every lane; see ``sincos(_:)``.
@inlinable @inline(__always) public func sin(_ x: Lanes) -> Lanes { sincos(x).sin }

/// The cosine in every lane; see ``sincos(_:)``.
@inlinable @inline(__always) public func cos(_ x: Lanes) -> Lanes { sincos(x).cos }

/// The tangent in every lane.
///
/// Accuracy: 2.5 ulp for every finite argument.
@inlinable @inline(__always) public func tan(_ x: Lanes) -> Lanes {
  let (s, c) = sincos(x)
  return s / c
}

/// The sine and cosine of `u` full turns, that is of 2 pi u, for |u| < 2^49.
///
/// The reduction is exact. Accuracy: 1.6 ulp.
@inlinable @inline(__always)
public func sincos(turns u: Lanes) -> (sin: Lanes, cos: Lanes) {
  let quadruple = 4 * u
  let shifted = quadruple + roundingShift
  let rest = quadruple - (shifted - roundingShift)
  return ReducedAngle(
    quarters: shifted.bits, high: rest * 1.5707963267948966, low: rest * 6.123233995736766e-17
  ).sinAndCos
}

/// The angle in (-pi, pi] that differs from `x` by a whole number of turns.
///
/// Angles already in (-pi, pi] are returned unchanged; -pi (as a `Double`) becomes pi. Not a number
/// at infinity.
///
/// Accuracy: 1 ulp of pi absolute for every finite argument.
@inlinable @inline(__always)
public func wrapAngle(_ x: Lanes) -> Lanes {
  let turns = roundToNearest(x * (0.25 * QuarterTurn.inverse))
  var y = negativeMultiplyAdd(turns, Lanes(repeating: 4 * QuarterTurn.high), x)
  y = negativeMultiplyAdd(turns, Lanes(repeating: 4 * QuarterTurn.middle), y)
  y = negativeMultiplyAdd(turns, Lanes(repeating: 4 * QuarterTurn.low), y)
  if cl_all_within(x, QuarterTurn.largest) == 0 {
    var angle = x
    var replaced = y
    wrapHugeAngles(&angle, &replaced)
    y = replaced
  }
  y = select(abs(x) .<= .pi, x, y)
  y = select(y .> .pi, Lanes(repeating: .pi), y)
  return select(y .<= -.pi, Lanes(repeating: .pi), y)
}
