// erfc, exp, log, sin of a Double, a few times per test: the lane functions compute eight
// configurations.
import Glibc

/// A test statistic and the probability to find a larger one by chance.
public struct Significance: Sendable, Equatable {
  /// The statistic.
  public let statistic: Double
  /// The probability of a larger one where the hypothesis holds.
  public let pValue: Double
}

/// The deviation of an estimate from an exact value in units of its error; see
/// `Estimate.deviation(from:)`.
public func zScore(_ estimate: Estimate, exact: Double) -> Double {
  estimate.deviation(from: exact)
}

/// The probability that a standard normal variate is below `x`.
///
/// Accuracy: a few roundings relative, in the lower tail too.
public func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// The probability that a standard normal variate is further than `z` from zero on either side:
/// the false-alarm rate of a threshold of `z` sigma.
public func normalFalseAlarm(_ z: Double) -> Double { erfc(abs(z) / 2.0.squareRoot()) }

/// The standard normal quantile: the x with `normalDistribution(x) = p`.
///
/// Accuracy: a few `1e-15` relative to max(1, |x|), for all p in (0, 1); p = 0 and 1 give the
/// infinities, p outside NaN. For upper tails near 1 use `-normalQuantile(1 - p)` with 1 - p small.
public func normalQuantile(_ p: Double) -> Double {
  guard p > 0, p < 1 else { return p == 0 ? -.infinity : p == 1 ? .infinity : .nan }
  if p > 0.5 { return -normalQuantile(1 - p) }
  // A start from the leading tail behaviour, then Newton steps on log P, which is concave.
  let s = (-2 * log(p)).squareRoot()
  var x =
    p > 0.02 ? (p - 0.5) * (2 * Double.pi).squareRoot() : -(s - log(s * s * 2 * .pi) / (2 * s))
  for _ in 0..<50 {
    let below = normalDistribution(x)
    let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    let step = log(below / p) * below / density
    x -= step
    if abs(step) <= 1e-15 * max(1, abs(x)) { break }
  }
  return x
}

/// The threshold in sigma that `comparisons` independent normal deviations all respect, except
/// with the given total probability.
///
///     1 - (1 - erfc(z / sqrt 2))^comparisons = falseAlarm
public func normalThreshold(falseAlarm: Double, comparisons: Int = 1) -> Double {
  let single = -expm1(log1p(-falseAlarm) / Double(comparisons))
  return -normalQuantile(0.5 * single)
}

/// Kolmogorov's test that a sample comes from a continuous distribution.
///
///     D = sup_x |F_n(x) - F(x)|,    P = 2 Σ_{j >= 1} (-1)^(j-1) exp(-2 j² λ²),
///     λ = D (sqrt n + 0.12 + 0.11 / sqrt n)
///
/// Accuracy: P to a few per cent for n >= 20 (Stephens' correction to the asymptotic law).
/// Complexity: `O(n log n)`. An empty sample gives (0, 1).
public func kolmogorovSmirnov(_ sample: [Double], cdf: (Double) -> Double) -> Significance {
  let count = Double(sample.count)
  guard count > 0 else { return Significance(statistic: 0, pValue: 1) }
  var distance = 0.0
  for (rank, x) in sample.sorted().enumerated() {
    let expected = cdf(x)
    distance = max(distance, expected - Double(rank) / count, Double(rank + 1) / count - expected)
    if expected.isNaN { return Significance(statistic: .nan, pValue: 0) }
  }
  let root = count.squareRoot()
  return Significance(
    statistic: distance, pValue: kolmogorovTail(distance * (root + 0.12 + 0.11 / root)))
}

/// The upper tail of Kolmogorov's distribution.
func kolmogorovTail(_ lambda: Double) -> Double {
  if lambda < 1 {
    // The theta function in its other form, which converges where this one does not.
    guard lambda > 0.03 else { return 1 }
    var sum = 0.0
    for j in 0..<4 {
      let k = Double(2 * j + 1) * Double.pi / lambda
      sum += exp(-k * k / 8)
    }
    return 1 - (2 * Double.pi).squareRoot() / lambda * sum
  }
  var sum = 0.0
  for j in 1...8 {
    let term = exp(-2 * Double(j * j) * lambda * lambda)
    sum += j % 2 == 1 ? term : -term
  }
  return min(1, 2 * sum)
}

/// Pearson's test that counts follow expected ones.
///
///     χ² = Σ (observed - expected)² / expected
///
/// Bins expected to hold fewer than 5 entries should be merged before. Observed entries in a bin
/// where none can be give P = 0.
///
/// - Parameters:
///   - observed: the counts.
///   - expected: the expected counts, of the same number and total.
///   - fitted: the number of parameters fitted to the data; 1 more degree goes for the total.
public func chiSquared(
  observed: [Int], expected: [Double], fitted: Int = 0
) -> Significance {
  precondition(
    observed.count == expected.count,
    "observed and expected counts: \(observed.count) and \(expected.count)")
  var statistic = 0.0
  var bins = 0
  for (found, wanted) in zip(observed, expected) {
    if wanted > 0 {
      bins += 1
      statistic += (Double(found) - wanted) * (Double(found) - wanted) / wanted
    } else if found != 0 {
      return Significance(statistic: .infinity, pValue: 0)
    }
  }
  return Significance(
    statistic: statistic, pValue: chiSquaredTail(statistic, degreesOfFreedom: bins - 1 - fitted))
}

/// The probability that χ² with some degrees of freedom is above a value.
///
/// Accuracy: about `1e-12` relative. No degrees of freedom give 1 at zero and 0 above.
public func chiSquaredTail(_ value: Double, degreesOfFreedom: Int) -> Double {
  guard degreesOfFreedom > 0 else { return value > 0 ? 0 : 1 }
  guard value > 0 else { return value.isNaN ? .nan : 1 }
  guard value.isFinite else { return 0 }
  let a = 0.5 * Double(degreesOfFreedom)
  let x = 0.5 * value
  let prefactor = exp(a * log(x) - x - logGamma(a))
  if x < a + 1 {
    // The series of the lower incomplete gamma function.
    var term = 1 / a
    var sum = term
    var n = a
    while term > 1e-17 * sum {
      n += 1
      term *= x / n
      sum += term
    }
    return max(0, 1 - prefactor * sum)
  }
  // The continued fraction of the upper one (Lentz).
  var b = x + 1 - a
  var c = Double.infinity
  var d = 1 / b
  var fraction = d
  for i in 1..<10_000 {
    let step = -Double(i) * (Double(i) - a)
    b += 2
    d = 1 / (step * d + b)
    c = b + step / c
    fraction *= c * d
    if abs(c * d - 1) < 1e-16 { break }
  }
  return prefactor * fraction
}

/// log of the Gamma function of a positive number: Stirling's series after shifting above 12.
func logGamma(_ x: Double) -> Double {
  var shifted = x
  var product = 1.0
  while shifted < 12 {
    product *= shifted
    shifted += 1
  }
  let inverse = 1 / (shifted * shifted)
  let series =
    (1.0 / 12 - inverse
      * (1.0 / 360 - inverse
        * (1.0 / 1260 - inverse
          * (1.0 / 1680
            - inverse * (1.0 / 1188 - inverse * 691.0 / 360360)))))
    / shifted
  return (shifted - 0.5) * log(shifted) - shifted + 0.5 * log(2 * .pi) + series - log(product)
}
