// exp and log of a Double, once per weight: the lane functions compute eight configurations.
import Glibc

/// Weights `w = (unnormalised target) / (normalised proposal)` evaluated on samples of the TARGET,
/// exact or from Markov chains: what tells that a proposal misses a part of the target.
///
///     E_target[1 / w] = 1 / Z,    E_target[w] = Z / ESS
///
/// Where a proposal never goes, `w` is large on some target samples, which no sample of the
/// proposal reveals.
public struct TargetLogWeights: Sendable {
  /// The log weights, `[chain][time]`.
  public let chains: [[Double]]

  /// Takes log weights along one or several chains of target samples.
  ///
  /// - Throws: `StatisticsError` for no weights and for numbers that are not finite (on a sample of
  ///   the target the target density is positive).
  public init(_ chains: [[Double]]) throws(StatisticsError) {
    self.chains = chains
    _ = try Histories([chains])
  }

  /// The number of samples.
  public var count: Int { chains.reduce(0) { $0 + $1.count } }

  /// The forward effective sample size as a fraction, in (0, 1].
  ///
  ///     ESS = 1 / (E_target[w] E_target[1 / w])
  public var effectiveSampleSize: Double {
    exp(-(logMean(of: chains, sign: 1) + logMean(of: chains, sign: -1)))
  }

  /// The forward effective sample size with its error.
  ///
  /// - Parameters:
  ///   - sParameter: Wolff's S for the chains; 0 for independent samples.
  ///   - largestTailIndex: refuse an error bar where w or 1 / w has a larger tail index.
  /// - Throws: `StatisticsError`; `weightsTooHeavy` where the tails are too heavy.
  public func effectiveSampleSizeEstimate(
    sParameter: Double = 2, largestTailIndex: Double = LogWeights.largestTailIndex
  ) throws(StatisticsError) -> Estimate {
    try requireLightTail(chains.flatMap { $0 }, limit: largestTailIndex)
    try requireLightTail(chains.flatMap { $0.map(-) }, limit: largestTailIndex)
    let up = logMean(of: chains, sign: 1)
    let down = logMean(of: chains, sign: -1)
    let ratios = [
      chains.map { $0.map { exp($0 - up) } }, chains.map { $0.map { exp(-$0 - down) } },
    ]
    let value = exp(-(up + down))
    return try movingOrExact(value) { () throws(StatisticsError) in
      try gammaMethod(
        observables: ratios, sParameter: sParameter, function: { value / ($0[0] * $0[1]) },
        gradient: { [-value / ($0[0] * $0[0] * $0[1]), -value / ($0[0] * $0[1] * $0[1])] })
    }
  }

  /// log Z with its error, from target samples alone.
  ///
  ///     log Z = -log E_target[1 / w]
  ///
  /// - Parameters:
  ///   - sParameter: Wolff's S for the chains; 0 for independent samples.
  ///   - tauExp: the exponential autocorrelation time of the tail; 0 for no tail.
  ///   - largestTailIndex: refuse an error bar where the tail index of 1 / w is above this.
  /// - Throws: `StatisticsError`; `weightsTooHeavy` where the proposal is wider than the target by
  ///   too much.
  public func logPartitionFunction(
    sParameter: Double = 2, tauExp: Double = 0,
    largestTailIndex: Double = LogWeights.largestTailIndex
  ) throws(StatisticsError) -> Estimate {
    try requireLightTail(chains.flatMap { $0.map(-) }, limit: largestTailIndex)
    let down = logMean(of: chains, sign: -1)
    let inverse = chains.map { $0.map { exp(-$0 - down) } }
    return try movingOrExact(-down) { () throws(StatisticsError) in
      try gammaMethod(
        observables: [inverse], sParameter: sParameter, tauExp: tauExp,
        function: { -down - log($0[0]) }, gradient: { [-1 / $0[0]] })
    }
  }

  /// log Z with its error from samples of both distributions, by the optimal bridge between them
  /// (Bennett, J. Comput. Phys. 22, 245; Meng and Wong, Statistica Sinica 6, 831).
  ///
  ///     Z = mean_proposal[w h] / mean_target[h],    h = 1 / (n_t w + n_p Z)
  ///
  /// Neither tail matters: `w h` and `Z h` are bounded.
  ///
  /// - Parameters:
  ///   - proposal: log weights of independent samples of the proposal.
  ///   - sParameter: Wolff's S for the chains of target samples; 0 for independent ones.
  /// - Throws: `StatisticsError` where either sample has fewer than 5 entries.
  public func bridgedLogPartitionFunction(
    proposal: LogWeights, sParameter: Double = 2
  ) throws(StatisticsError) -> Estimate {
    let offset = log(Double(proposal.count) / Double(count))
    // 1 / (1 + exp(-y)) without overflow.
    func fermi(_ y: Double) -> Double {
      y >= 0 ? 1 / (1 + exp(-y)) : exp(y) / (1 + exp(y))
    }
    // The root of sum_p fermi(l - z - o) - sum_t fermi(z + o - l), which falls with z: Newton steps
    // inside a bracket that shrinks.
    var low = min(proposal.minimum, chains.reduce(Double.infinity) { min($0, $1.min() ?? $0) })
    var high = max(proposal.maximum, chains.reduce(-Double.infinity) { max($0, $1.max() ?? $0) })
    var z = min(max(proposal.logMeanWeight, low), high)
    for _ in 0..<200 {
      let balance =
        compensatedSum(proposal.values) { fermi($0 - z - offset) }
        - compensatedSum(chains) { fermi(z + offset - $0) }
      let slope =
        compensatedSum(proposal.values) { fermi($0 - z - offset) * fermi(z + offset - $0) }
        + compensatedSum(chains) { fermi($0 - z - offset) * fermi(z + offset - $0) }
      if balance > 0 { low = z } else { high = z }
      let step = balance / slope
      if abs(step) <= 1e-13 * max(1, abs(z)) {
        z += step
        break
      }
      let next = z + step
      z = next > low && next < high ? next : 0.5 * (low + high)
    }
    let above = try relativeError([proposal.values.map { fermi($0 - z - offset) }], 0)
    let below = try relativeError(chains.map { $0.map { fermi(z + offset - $0) } }, sParameter)
    return Estimate(
      value: z, error: (above * above + below * below).squareRoot(), count: count + proposal.count)
  }

  private func relativeError(
    _ chains: [[Double]], _ sParameter: Double
  ) throws(StatisticsError) -> Double {
    do {
      let mean = try gammaMethod(chains, sParameter: sParameter)
      return mean.error / mean.value
    } catch .constantSeries {
      return 0
    } catch {
      throw error
    }
  }

  private func logMean(of chains: [[Double]], sign: Double) -> Double {
    let largest = chains.reduce(-Double.infinity) { $1.reduce($0) { max($0, sign * $1) } }
    let sum = compensatedSum(chains) { exp(sign * $0 - largest) }
    return largest + log(sum / Double(count))
  }

  /// Weights that never differ give an exact answer.
  private func movingOrExact(
    _ value: Double, _ body: () throws(StatisticsError) -> Estimate
  ) throws(StatisticsError) -> Estimate {
    do {
      return try body()
    } catch .constantSeries {
      return Estimate(value: value, error: 0, count: count)
    } catch {
      throw error
    }
  }
}
