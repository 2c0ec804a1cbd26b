// exp and log of a Double, once per weight of the tail: the lane functions compute eight
// configurations.
import Glibc

/// The tail index k of a set of weights: the shape of the generalised Pareto distribution of the
/// largest ones.
///
///     P(w > u + x | w > u) ≈ (1 + k x / sigma)^(-1/k)
///
/// Moments of order 1/k and above are infinite: from k = 1/2 on the variance of a reweighted mean,
/// from k = 1 on the mean itself. The fit is that of Zhang and Stephens (Technometrics 51, 316) to
/// the `min(n / 5, 3 sqrt(n))` largest weights, pulled towards 1/2 with the weight of 10 entries,
/// as in Pareto-smoothed importance sampling (1507.02646). Bounded tails have k < 0.
///
/// Weights that do not differ have no tail: the result is `-infinity`. A tail with fewer than 5
/// different entries above a plateau cannot be judged: the result is `+infinity`.
///
/// Accuracy: the statistical error is about `(1 + k) / sqrt(3 sqrt(n))`.
/// Complexity: `O(n log n)` for the sorting, `O(n^(3/4))` for the fit.
///
/// - Parameter logWeights: log of the weights up to a constant; `-infinity` is a weight of zero.
/// - Throws: `StatisticsError` for fewer than 25 weights, for NaN and `+infinity`, and where all
///   weights are zero.
public func paretoTailIndex(logWeights: [Double]) throws(StatisticsError) -> Double {
  let count = logWeights.count
  guard count >= 25 else { throw .tooShort(what: "weights", expected: 25, found: count) }
  let weights = try Histories.relativeWeights([logWeights])[0].sorted()
  let tailCount = Int(min(Double(count) / 5, 3 * Double(count).squareRoot()).rounded(.up))
  let threshold = weights[count - tailCount - 1]
  let exceedances = weights[(count - tailCount)...].map { $0 - threshold }
  guard let largest = exceedances.last, largest > 1e-12 * threshold else { return -.infinity }
  let tail = Array(exceedances.drop { $0 <= 0 })
  guard tail.count >= 5 else { return .infinity }
  let shape = generalizedParetoShape(sorted: tail)
  let prior = 10.0
  return (shape * Double(tail.count) + 0.5 * prior) / (Double(tail.count) + prior)
}

/// The shape k of a generalised Pareto distribution by the estimator of Zhang and Stephens: the
/// profile likelihood of b = -k / sigma, averaged over a grid that a weak prior suggests.
func generalizedParetoShape(sorted x: [Double]) -> Double {
  let count = Double(x.count)
  let grid = 30 + Int(count.squareRoot())
  let quartile = x[Int(count / 4 + 0.5) - 1]
  let largest = x[x.count - 1]
  let points = (1...grid).map { j in
    1 / largest + (1 - (Double(grid) / (Double(j) - 0.5)).squareRoot()) / (3 * quartile)
  }
  let logLikelihoods = points.map { b in
    let k = shape(x, b)
    return count * (log(-b / k) - k - 1)
  }
  let peak = logLikelihoods.reduce(-Double.infinity) { $1 > $0 ? $1 : $0 }
  var total = 0.0
  var mean = 0.0
  for (b, logLikelihood) in zip(points, logLikelihoods) where !logLikelihood.isNaN {
    let weight = exp(logLikelihood - peak)
    total += weight
    mean += weight * b
  }
  return shape(x, mean / total)
}

/// The maximum-likelihood shape at given b: the mean of log(1 - b x).
private func shape(_ x: [Double], _ b: Double) -> Double {
  compensatedSum(x) { log1p(-b * $0) } / Double(x.count)
}

/// The share of the largest weight in the sum of squares, from which the variance is estimated.
///
/// Of weights without a variance it stays of order one however many there are.
private func largestShare(_ logWeights: [Double]) throws(StatisticsError) -> Double {
  // Relative weights are at most one, and one of them is.
  let weights = try Histories.relativeWeights([logWeights])[0]
  return 1 / compensatedSum(weights) { $0 * $0 }
}

/// The share up to which a large tail index says nothing of the variance: it is found where nearly
/// all weights are equal, as those of a nearly exact flow, and few differ by a bounded factor.
private let harmlessShare = 0.005

/// Throws where weights are too heavy-tailed for an error bar: their tail index is above a limit,
/// and the largest matters. An infinite limit asks nothing.
func requireLightTail(_ logWeights: [Double], limit: Double) throws(StatisticsError) {
  guard limit < .infinity else { return }
  let index = try paretoTailIndex(logWeights: logWeights)
  if index > limit, try largestShare(logWeights) > harmlessShare {
    throw .weightsTooHeavy(tailIndex: index, limit: limit)
  }
}
