import CLanes

// exp and expm1 share one reduction: x = k ln 2 + r with |r| <= ln(2)/2 and
// exp(r) = 1 + r + r^2 q(r), q a near-minimax polynomial of degree 9 (relative error 2e-17 of exp).

/// `ln 2` in two parts: the first has 32 bits, so that its product with an exponent is exact.
@usableFromInline
enum LogTwo {
  @inlinable @inline(__always) static var high: Double { 0.6931471803691238 }
  @inlinable @inline(__always) static var low: Double { 1.9082149292705877e-10 }
  @inlinable @inline(__always) static var inverse: Double { 1.4426950408889634 }
}

/// `(exp(r) - 1 - r) / r^2` for |r| <= 0.347.
@inlinable @inline(__always)
func exponentialTail(_ r: Lanes, squared z: Lanes) -> Lanes {
  var even = Lanes(repeating: 2.76202305675069e-07)
  var odd = Lanes(repeating: 2.5100494788905042e-08)
  even = multiplyAdd(even, z, Lanes(repeating: 2.4801520996825697e-05))
  odd = multiplyAdd(odd, z, Lanes(repeating: 2.7557268229963227e-06))
  even = multiplyAdd(even, z, Lanes(repeating: 0.0013888888917406447))
  odd = multiplyAdd(odd, z, Lanes(repeating: 0.00019841269863201828))
  even = multiplyAdd(even, z, Lanes(repeating: 0.04166666666662374))
  odd = multiplyAdd(odd, z, Lanes(repeating: 0.008333333333330032))
  even = multiplyAdd(even, z, Lanes(repeating: 0.5000000000000001))
  odd = multiplyAdd(odd, z, Lanes(repeating: 0.16666666666666669))
  return multiplyAdd(odd, r, even)
}

/// `exp(x)` in every lane.
///
/// Overflows to infinity above 709.78, becomes subnormal below -708.4 and zero below -745.13;
/// exp(-inf) = 0, exp(inf) = inf, exp(nan) = nan.
///
/// Accuracy: 1.2 ulp over the whole range, subnormal results included.
@inlinable @inline(__always)
public func exp(_ x: Lanes) -> Lanes {
  let shifted = multiplyAdd(
    x, Lanes(repeating: LogTwo.inverse), Lanes(repeating: roundingShift))
  let k = shifted - roundingShift
  let r = negativeMultiplyAdd(
    k, Lanes(repeating: LogTwo.low), negativeMultiplyAdd(k, Lanes(repeating: LogTwo.high), x))
  let z = r * r
  let p = multiplyAdd(exponentialTail(r, squared: z), z, r) + 1
  var y = Lanes(bits: p.bits &+ (shifted.bits &<< 52))
  if cl_all_within(x, 708) == 0 {
    var argument = x
    var replaced = y
    exponentialOutside(&argument, &replaced)
    y = replaced
  }
  return y
}

/// Replaces `y` by exp(x) where |x| > 708 or x is not a number. (Like every function here that is
/// not inlined, it takes lanes by address: their passing by value depends on the machine flags.)
@usableFromInline @inline(never)
func exponentialOutside(_ x: inout Lanes, _ y: inout Lanes) {
  let clamped = min(max(x, Lanes(repeating: -746)), Lanes(repeating: 710))
  let shifted = multiplyAdd(
    clamped, Lanes(repeating: LogTwo.inverse), Lanes(repeating: roundingShift))
  let k = shifted - roundingShift
  let r = negativeMultiplyAdd(
    k, Lanes(repeating: LogTwo.low),
    negativeMultiplyAdd(k, Lanes(repeating: LogTwo.high), clamped))
  let z = r * r
  let p = multiplyAdd(exponentialTail(r, squared: z), z, r) + 1
  // 2^k in two factors, each a normal number, so that a subnormal result is rounded once.
  let half = roundToNearest(0.5 * k)
  let value = p * powerOfTwo(half) * powerOfTwo(k - half)
  y = select(abs(x) .<= 708, y, select(x .== x, value, x))
}

/// `2^k` for integers -1022 <= k <= 1023.
@inlinable @inline(__always)
func powerOfTwo(_ k: Lanes) -> Lanes {
  Lanes(bits: (k + (roundingShift + 1023)).bits &<< 52)
}

/// `exp(x) - 1` in every lane, without the cancellation near zero.
///
/// expm1(-inf) = -1, expm1(inf) = inf, expm1(-0) = -0.
///
/// Accuracy: 1.7 ulp over the whole range.
@inlinable @inline(__always)
public func expm1(_ x: Lanes) -> Lanes {
  let low = select(x .< -40, Lanes(repeating: -40), x)
  var y = copySign(exponentialMinusOne(select(x .> 709, Lanes(repeating: 709), low)), x)
  if any(x .> 709) { y = select(x .> 709, exp(x), y) }
  return y
}

/// `exp(x) - 1` for -40 <= x <= 709.
@inlinable @inline(__always)
func exponentialMinusOne(_ x: Lanes) -> Lanes {
  let k = roundToNearest(x * LogTwo.inverse)
  let high = negativeMultiplyAdd(k, Lanes(repeating: LogTwo.high), x)
  let low = k * LogTwo.low
  let r = high - low
  let rest = (high - r) - low
  let z = r * r
  let tail = multiplyAdd(exponentialTail(r, squared: z), z, rest)
  // 2^k (1 + r + tail) - 1: the sum of 2^k - 1 and 2^k r with its rounding error.
  let scale = powerOfTwo(k)
  let offset = scale - 1
  let scaled = scale * r
  let sum = offset + scaled
  let error = (offset - sum) + scaled
  return sum + multiplyAdd(scale, tail, error)
}

/// The hyperbolic tangent in every lane.
///
/// tanh(inf) = 1, tanh(-0) = -0.
///
/// Accuracy: 2.5 ulp over the whole range.
@inlinable @inline(__always)
public func tanh(_ x: Lanes) -> Lanes {
  let twice = abs(x) + abs(x)
  let e = exponentialMinusOne(select(twice .> 40, Lanes(repeating: 40), twice))
  return copySign(e / (e + 2), x)
}
