import CLanes

// x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1, s = f / (2 + f):
// log(1 + f) = 2 s + s R(s^2) = f - f^2/2 + s (f^2/2 + R), so that the leading term f is exact.

/// `(log((1 + s)/(1 - s)) - 2 s) / s` for |s| <= 0.1716.
@inlinable @inline(__always)
func logarithmTail(squared z: Lanes) -> Lanes {
  let w = z * z
  var even = Lanes(repeating: 0.15331721490738642)
  var odd = Lanes(repeating: 0.14616451042434167)
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.18182889128565508))
  even = multiplyAdd(even, w, Lanes(repeating: 0.22222211134749734))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.28571428625975764))
  even = multiplyAdd(even, w, Lanes(repeating: 0.39999999999899505))
  odd = multiplyAdd(odd, w, Lanes(repeating: 0.666666666666667))
  return multiplyAdd(even, z, odd) * z
}

/// `x = 2^exponent mantissa` with the mantissa in [sqrt(1/2), sqrt(2)), for normal positive x.
@inlinable @inline(__always)
func splitExponent(_ x: Lanes) -> (exponent: Lanes, mantissa: Lanes) {
  let root: UInt64 = 0x3fe6_a09e_667f_3bcd
  let shifted = x.bits &+ (0x3ff0_0000_0000_0000 - root)
  let biased = (shifted &>> 52) | 0x4330_0000_0000_0000
  let exponent = Lanes(bits: biased) - (4_503_599_627_370_496 + 1023)
  let mantissa = (shifted & 0x000f_ffff_ffff_ffff) &+ root
  return (exponent, Lanes(bits: mantissa))
}

/// `k log 2 + log(1 + f) + correction`.
@inlinable @inline(__always)
func logarithm(exponent k: Lanes, fraction f: Lanes, correction: Lanes) -> Lanes {
  let s = f / (f + 2)
  let half = 0.5 * f * f
  let tail = multiplyAdd(
    s, half + logarithmTail(squared: s * s),
    multiplyAdd(k, Lanes(repeating: LogTwo.low), correction))
  return multiplyAdd(k, Lanes(repeating: LogTwo.high), f - (half - tail))
}

/// The natural logarithm in every lane.
///
/// log(0) = -inf, log(x < 0) = nan, log(inf) = inf; subnormal arguments are exact.
///
/// Accuracy: 1 ulp over the whole range.
@inlinable @inline(__always)
public func log(_ x: Lanes) -> Lanes {
  let (k, m) = splitExponent(x)
  var y = logarithm(exponent: k, fraction: m - 1, correction: .zero)
  if cl_all_between(x, 0x1p-1022, Double.greatestFiniteMagnitude) == 0 {
    var argument = x
    var replaced = y
    logarithmOutside(&argument, &replaced)
    y = replaced
  }
  return y
}

/// Replaces `y` by log(x) where x is zero, negative, subnormal, infinite or not a number.
@usableFromInline @inline(never)
func logarithmOutside(_ x: inout Lanes, _ y: inout Lanes) {
  let (k, m) = splitExponent(x * 0x1p54)
  let scaled = logarithm(exponent: k - 54, fraction: m - 1, correction: .zero)
  y = select(x .< 0x1p-1022, scaled, y)
  y = select(x .< 0, Lanes(repeating: .nan), y)
  y = select(x .== 0, Lanes(repeating: -.infinity), y)
  y = select(x .== .infinity, x, y)
  y = select(x .== x, y, x)
}

/// `log(1 + x)` in every lane, without the cancellation near zero.
///
/// log1p(-1) = -inf, log1p(x < -1) = nan, log1p(inf) = inf, log1p(-0) = -0.
///
/// Accuracy: 1 ulp over the whole range.
@inlinable @inline(__always)
public func log1p(_ x: Lanes) -> Lanes {
  let u = x + 1
  let (k, m) = splitExponent(u)
  // What rounding took from 1 + x; where k = 0 the fraction is x itself and nothing was lost.
  let lost = select(x .> 1, 1 - (u - x), x - (u - 1)) / u
  let unscaled = k .== 0
  let fraction = select(unscaled, x, m - 1)
  let correction = select(unscaled, .zero, lost)
  var y = copySign(logarithm(exponent: k, fraction: fraction, correction: correction), x)
  if cl_all_between(x, -1 + 0x1p-53, Double.greatestFiniteMagnitude) == 0 {
    y = select(x .== -1, Lanes(repeating: -.infinity), y)
    y = select(x .< -1, Lanes(repeating: .nan), y)
    y = select(x .== .infinity, x, y)
    y = select(x .== x, y, x)
  }
  return y
}
