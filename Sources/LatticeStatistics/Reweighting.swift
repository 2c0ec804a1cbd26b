/// A reweighted mean with its error along correlated chains.
///
///     ⟨O⟩ = Σ w O / Σ w
///
/// The covariance of numerator and denominator is part of the error: the Gamma method runs on
/// `w (O - ⟨O⟩) / mean(w)` (hep-lat/0306017). The ratio is biased by less than its variance.
///
/// Shape: `[chain][time]` for values and log weights.
///
/// - Parameters:
///   - values: the histories of O.
///   - logWeights: log of the weights up to a common constant.
///   - sParameter: Wolff's S; 0 for independent samples.
///   - tauExp: the exponential autocorrelation time of the tail; 0 for no tail.
///   - origin: what fluctuations are measured from where there are several chains.
///   - largestTailIndex: refuse an error bar where the tail index of the weights is above this;
///     infinity never refuses.
/// - Throws: `StatisticsError`: `weightsTooHeavy` by the rule of `LogWeights.largestTailIndex`;
///   `tooShort` for fewer than 25 samples, too few to judge a tail.
public func reweightedMean(
  _ values: [[Double]], logWeights: [[Double]], sParameter: Double = 2, tauExp: Double = 0,
  origin: FluctuationOrigin = .chainMeans,
  largestTailIndex: Double = LogWeights.largestTailIndex
) throws(StatisticsError) -> Estimate {
  try gammaMethod(
    observables: [values], logWeights: logWeights, sParameter: sParameter, tauExp: tauExp,
    origin: origin, largestTailIndex: largestTailIndex, function: { $0[0] }, gradient: { _ in [1] })
}

/// A reweighted mean with its error from independent samples.
///
/// - Parameters:
///   - values: O for each sample.
///   - logWeights: log of the weights up to a common constant.
///   - largestTailIndex: refuse an error bar where the tail index of the weights is above this.
/// - Throws: `StatisticsError`, as
///   `reweightedMean(_:logWeights:sParameter:tauExp:origin:largestTailIndex:)`.
public func reweightedMean(
  _ values: [Double], logWeights: [Double],
  largestTailIndex: Double = LogWeights.largestTailIndex
) throws(StatisticsError) -> Estimate {
  try reweightedMean(
    [values], logWeights: [logWeights], sParameter: 0, largestTailIndex: largestTailIndex)
}

/// The share of one sector in the target distribution.
public struct SectorWeight: Sendable, Equatable {
  /// The sector, such as the topological charge.
  public let sector: Int
  /// The number of samples in it.
  public let count: Int
  /// Its weight, the reweighted mean of its indicator; all sectors together have weight 1.
  public let weight: Estimate
}

/// The weight of every sector that was visited, in ascending order.
///
///     P(Q) = Σ w δ(Q(i), Q) / Σ w
///
/// A sector that no sample visited is absent: its weight is unknown, not zero. Chains that never
/// leave their sectors while these differ have no error: `constantSeries`.
///
/// - Parameters:
///   - sectors: the sector of each sample, `[chain][time]`.
///   - logWeights: log weights of the same shape; nil for unit weights.
///   - sParameter: Wolff's S along the chains; 0 for independent samples.
///   - largestTailIndex: refuse error bars where the tail index of the weights is above this.
/// - Throws: `StatisticsError`, as the Gamma method and the reweighted mean.
public func sectorWeights(
  _ sectors: [[Int]], logWeights: [[Double]]? = nil, sParameter: Double = 2,
  largestTailIndex: Double = LogWeights.largestTailIndex
) throws(StatisticsError) -> [SectorWeight] {
  if let logWeights {
    try requireLightTail(logWeights.flatMap { $0 }, limit: largestTailIndex)
  }
  var counts: [Int: Int] = [:]
  for sector in sectors.joined() { counts[sector, default: 0] += 1 }
  var result: [SectorWeight] = []
  for (sector, count) in counts.sorted(by: { $0.key < $1.key }) {
    let indicator = sectors.map { $0.map { $0 == sector ? 1.0 : 0.0 } }
    let weight: Estimate
    do {
      weight = try gammaMethod(
        observables: [indicator], logWeights: logWeights, sParameter: sParameter,
        largestTailIndex: .infinity, function: { $0[0] }, gradient: { _ in [1] })
    } catch .constantSeries(let value, let total) where value == 0 || value == 1 {
      weight = Estimate(value: value, error: 0, count: total)
    } catch {
      throw error
    }
    result.append(SectorWeight(sector: sector, count: count, weight: weight))
  }
  return result
}

/// The weight of every sector that was visited, from independent samples.
///
/// - Parameters:
///   - sectors: the sector of each sample.
///   - logWeights: the log weight of each sample; nil for unit weights.
///   - largestTailIndex: refuse error bars where the tail index of the weights is above this.
/// - Throws: `StatisticsError`, as `sectorWeights(_:logWeights:sParameter:largestTailIndex:)`.
public func sectorWeights(
  _ sectors: [Int], logWeights: [Double]? = nil,
  largestTailIndex: Double = LogWeights.largestTailIndex
) throws(StatisticsError) -> [SectorWeight] {
  try sectorWeights(
    [sectors], logWeights: logWeights.map { [$0] }, sParameter: 0,
    largestTailIndex: largestTailIndex)
}
