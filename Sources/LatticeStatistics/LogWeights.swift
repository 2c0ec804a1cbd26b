// exp and log of a Double, once per weight: the lane functions compute eight configurations.
import Glibc
import LaneMath

/// Whether weights with some tail index can carry an error bar.
public enum TailVerdict: Sendable, Equatable {
  /// k < 0.5: the variance is finite and the error bar means what it says.
  case trustworthy
  /// 0.5 <= k <= 0.7: the variance may be infinite; the error bar is of the right size at this
  /// number of samples but shrinks more slowly than one over the square root.
  case doubtful
  /// k > 0.7: no error bar; estimates are at the mercy of the largest weight.
  case tooHeavy

  /// Judges a tail index.
  public init(tailIndex: Double) {
    self =
      tailIndex < 0.5
      ? .trustworthy : tailIndex <= LogWeights.largestTailIndex ? .doubtful : .tooHeavy
  }
}

/// Weights of independent samples of a proposal: unnormalised target over normalised proposal.
///
/// Everything is computed relative to the largest weight, so log weights may have any size.
/// `-infinity` is a weight of zero. These diagnostics see only what the proposal visits: a missed
/// region shows in `TargetLogWeights`, not here.
public struct LogWeights: Sendable {
  /// The largest tail index k for which the library gives an error bar: 0.7.
  ///
  /// Variances are infinite from k = 0.5 on, but up to 0.7 estimates still converge at sample sizes
  /// one can afford (1507.02646); above it the library refuses.
  public static var largestTailIndex: Double { 0.7 }

  /// The log weights.
  public let values: [Double]
  /// The largest log weight.
  public let maximum: Double
  /// The smallest log weight above `-infinity`.
  let minimum: Double
  private let relative: [Double]
  private let sum: Double
  private let sumOfSquares: Double

  /// Takes log weights, one for each sample.
  ///
  /// - Throws: `StatisticsError` for no weights, NaN, `+infinity`, and where all weights are zero.
  public init(_ values: [Double]) throws(StatisticsError) {
    self.values = values
    relative = try Histories.relativeWeights([values])[0]
    maximum = values.reduce(-Double.infinity) { max($0, $1) }
    minimum = values.reduce(Double.infinity) { $1 > -.infinity ? min($0, $1) : $0 }
    sum = compensatedSum(relative)
    sumOfSquares = compensatedSum(relative) { $0 * $0 }
  }

  /// The number of samples.
  public var count: Int { values.count }

  /// The weights divided by their sum.
  public var normalizedWeights: [Double] { relative.map { $0 / sum } }

  /// The (reverse) effective sample size as a fraction of the number of samples, in (0, 1].
  ///
  ///     ESS = (mean w)² / mean w²
  public var effectiveSampleSize: Double { min(1, sum * sum / (sumOfSquares * Double(count))) }

  /// The logarithm of the mean weight, an estimate of log Z.
  ///
  /// Z itself is unbiased; its logarithm is low by half its variance on average.
  public var logMeanWeight: Double { maximum + log(sum / Double(count)) }

  /// The tail index k of the weights; see `paretoTailIndex(logWeights:)`.
  public func tailIndex() throws(StatisticsError) -> Double {
    try paretoTailIndex(logWeights: values)
  }

  /// log Z with its error, from independent samples of the proposal.
  ///
  ///     Z = mean w,    error² = (1 / ESS - 1) / (n - 1)
  ///
  /// - Parameter largestTailIndex: refuse an error bar where the tail index is above this.
  /// - Throws: `StatisticsError.weightsTooHeavy`, and `tooShort` for fewer than 25 samples.
  public func logPartitionFunction(
    largestTailIndex: Double = LogWeights.largestTailIndex
  ) throws(StatisticsError) -> Estimate {
    guard count >= 2 else { throw .tooShort(what: "weights", expected: 2, found: count) }
    try requireLightTail(values, limit: largestTailIndex)
    let variance = max(0, 1 / effectiveSampleSize - 1) / Double(count - 1)
    return Estimate(
      value: logMeanWeight, error: variance.squareRoot(), tauInt: 0.5, tauIntError: 0, window: 0,
      count: count)
  }

  /// The acceptance rate that independence Metropolis has in equilibrium with this proposal.
  ///
  ///     A = E_{x ~ target, y ~ proposal} min(1, w(y) / w(x))
  ///       = E_{x, y ~ proposal} min(w(x), w(y)) / E w
  ///
  /// The mean of the smaller weight over all pairs of different samples.
  /// Complexity: `O(n log n)`. A single sample gives 1.
  public var metropolisAcceptanceRate: Double {
    guard count > 1 else { return 1 }
    var total = CompensatedSum()
    for (rank, weight) in relative.sorted().enumerated() {
      total.add(weight * Double(count - 1 - rank))
    }
    return min(1, 2 * total.value / (Double(count - 1) * sum))
  }
}
