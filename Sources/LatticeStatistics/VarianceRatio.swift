// exp and log of a Double, once per test: the lane functions compute eight configurations.
import Glibc

/// The probability that a ratio of two variances is above a value: the upper tail of Fisher's F
/// distribution.
///
///     F = (χ²_a / a) / (χ²_b / b),   P(F > f) = I_x(b/2, a/2),   x = b / (b + a f)
///
/// With a = 1 it is the tail of Student's distribution of b degrees on both sides of `t = √f`.
/// Accuracy: about `1e-12` relative. Degrees need not be whole numbers; an infinite b gives the tail
/// of χ²/a, for whole a.
///
/// - Parameters:
///   - value: f.
///   - numerator: a, the degrees of freedom of the variance above the line.
///   - denominator: b, those of the variance below it.
public func fisherTail(_ value: Double, _ numerator: Double, _ denominator: Double) -> Double {
  guard value > 0 else { return value.isNaN ? .nan : 1 }
  guard value.isFinite, numerator > 0, denominator > 0 else { return 0 }
  guard denominator < 1e9 else {
    return chiSquaredTail(numerator * value, degreesOfFreedom: Int(numerator.rounded()))
  }
  let scaled = numerator * value
  return incompleteBeta(
    x: denominator / (denominator + scaled), complement: scaled / (denominator + scaled),
    a: 0.5 * denominator, b: 0.5 * numerator)
}

/// The normal deviation that is as rare as a deviation in units of an error that is itself only
/// known from so many degrees of freedom (Student's distribution), with the sign of the deviation.
///
/// Beyond 37 sigma the answer is 37.
public func normalDeviation(ofStudent t: Double, degreesOfFreedom: Double) -> Double {
  let tail = 0.5 * fisherTail(t * t, 1, degreesOfFreedom)
  let size = tail > 1e-299 ? max(0, -normalQuantile(tail)) : 37
  return t < 0 ? -size : t > 0 ? size : t
}

/// The regularised incomplete beta function `I_x(a, b)` for x and its complement `1 - x`.
private func incompleteBeta(x: Double, complement: Double, a: Double, b: Double) -> Double {
  guard x > 0 else { return 0 }
  guard complement > 0 else { return 1 }
  if x > (a + 1) / (a + b + 2) {
    return 1 - incompleteBeta(x: complement, complement: x, a: b, b: a)
  }
  let prefactor = exp(
    a * log(x) + b * log(complement) + logGamma(a + b) - logGamma(a) - logGamma(b) - log(a))
  // The continued fraction in powers of x (Lentz): numerators d_1, d_2, ..
  let tiny = 1e-300
  var c = 1.0
  var d = 1 / nonzero(1 - (a + b) * x / (a + 1), tiny)
  var fraction = d
  for m in 1..<100_000 {
    let k = Double(m)
    for numerator in [
      k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
      -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
    ] {
      d = 1 / nonzero(1 + numerator * d, tiny)
      c = nonzero(1 + numerator / c, tiny)
      fraction *= c * d
    }
    if abs(c * d - 1) < 1e-15 { break }
  }
  return min(1, prefactor * fraction)
}

private func nonzero(_ x: Double, _ tiny: Double) -> Double { abs(x) < tiny ? tiny : x }
