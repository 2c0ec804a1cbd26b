import LaneMath

/// Bins of consecutive entries, each summed: what jackknife and bootstrap draw from.
private struct Bins {
  /// Weighted sums of each observable, `[observable][bin]`.
  let sums: [[Double]]
  /// The sum of the weights in each bin (the number of entries without weights).
  let weights: [Double]
  /// The number of bins of each chain, one chain behind the other.
  let counts: [Int]

  init(_ histories: Histories, binSize: Int) throws(StatisticsError) {
    guard binSize >= 1 else {
      throw .invalidParameter(name: "bin size", expected: "at least 1", found: Double(binSize))
    }
    var sums = [[Double]](repeating: [], count: histories.observables.count)
    var weights: [Double] = []
    var counts: [Int] = []
    for (chain, length) in histories.lengths.enumerated() {
      // As many bins as full ones fit; the entries left over are spread over them.
      let bins = length / binSize
      counts.append(bins)
      for bin in 0..<bins {
        let range = bin * length / bins..<(bin + 1) * length / bins
        let weight = histories.weights?[chain]
        weights.append(
          weight.map { compensatedSum(Array($0[range])) } ?? Double(range.count))
        for index in sums.indices {
          let series = histories.observables[index][chain]
          var sum = CompensatedSum()
          for i in range { sum.add((weight?[i] ?? 1) * series[i]) }
          sums[index].append(sum.value)
        }
      }
    }
    guard weights.count >= 2 else {
      throw .tooShort(what: "bins", expected: 2, found: weights.count)
    }
    self.sums = sums
    self.weights = weights
    self.counts = counts
  }
}

/// A function of several means with its error, by the binned jackknife.
///
///     error² = (n - 1) / n Σ_b (f_b - mean f)²,    f_b: f of the means without bin b
///
/// Valid where bins are much longer than the autocorrelation time. Bins do not cross chains;
/// entries that do not fill a bin are spread over the others of their chain (a chain shorter than
/// one bin is left out of the error, not of the value).
///
/// Shape: `[observable][chain][time]`, weights `[chain][time]`.
/// Complexity: `O(entries)` and one call of the function for each bin.
///
/// - Parameters:
///   - observables: the histories, all measured on the same configurations.
///   - logWeights: log of the weight of each configuration; nil for unit weights.
///   - binSize: the number of consecutive entries in a bin.
///   - largestTailIndex: refuse an error bar where the tail index of the weights is above this.
///   - function: the function of the means.
/// - Throws: `StatisticsError` for fewer than two bins and where the function is not finite.
public func jackknife(
  observables: [[[Double]]], logWeights: [[Double]]? = nil, binSize: Int = 1,
  largestTailIndex: Double = LogWeights.largestTailIndex, function: ([Double]) -> Double
) throws(StatisticsError) -> Estimate {
  let histories = try Histories(observables, logWeights: logWeights)
  if let logWeights {
    try requireLightTail(logWeights.flatMap { $0 }, limit: largestTailIndex)
  }
  let bins = try Bins(histories, binSize: binSize)
  let value = function(histories.means)
  guard value.isFinite else { throw .functionNotFinite(value: value) }
  let totals = bins.sums.map { compensatedSum($0) }
  let totalWeight = compensatedSum(bins.weights)
  let count = Double(bins.weights.count)
  var samples: [Double] = []
  samples.reserveCapacity(bins.weights.count)
  for bin in bins.weights.indices {
    let rest = totalWeight - bins.weights[bin]
    let sample = function(totals.indices.map { (totals[$0] - bins.sums[$0][bin]) / rest })
    guard sample.isFinite else { throw .functionNotFinite(value: sample) }
    samples.append(sample)
  }
  let mean = compensatedSum(samples) / count
  let spread = compensatedSum(samples) { ($0 - mean) * ($0 - mean) }
  let error = ((count - 1) / count * spread).squareRoot()
  return Estimate(
    value: value, error: error, errorOfError: error / (2 * (count - 1)).squareRoot(),
    count: histories.count)
}

/// Values of a function of several means on resampled bins (drawn with replacement, as many as
/// there are, each chain for itself).
///
/// Shape and parameters: as `jackknife`; the same seed gives the same values.
/// Complexity: `O(entries + resamples * bins)`.
///
/// - Parameters:
///   - observables: the histories, all measured on the same configurations.
///   - logWeights: log of the weight of each configuration; nil for unit weights.
///   - binSize: the number of consecutive entries in a bin.
///   - resamples: how many times to resample.
///   - seed: what the random numbers depend on.
///   - largestTailIndex: refuse where the tail index of the weights is above this.
///   - function: the function of the means.
/// - Throws: `StatisticsError` for fewer than two bins and where the function is not finite.
public func bootstrapSamples(
  observables: [[[Double]]], logWeights: [[Double]]? = nil, binSize: Int = 1,
  resamples: Int = 1000, seed: UInt64,
  largestTailIndex: Double = LogWeights.largestTailIndex, function: ([Double]) -> Double
) throws(StatisticsError) -> [Double] {
  let histories = try Histories(observables, logWeights: logWeights)
  if let logWeights {
    try requireLightTail(logWeights.flatMap { $0 }, limit: largestTailIndex)
  }
  let bins = try Bins(histories, binSize: binSize)
  guard resamples >= 2 else {
    throw .invalidParameter(name: "resamples", expected: "at least 2", found: Double(resamples))
  }
  var samples: [Double] = []
  samples.reserveCapacity(resamples)
  var totals = [Double](repeating: 0, count: bins.sums.count)
  for resample in 0..<resamples {
    var generator = ScalarGenerator(seed: seed, purpose: .bootstrap, index: resample)
    for index in totals.indices { totals[index] = 0 }
    var weight = 0.0
    var start = 0
    for count in bins.counts {
      for _ in 0..<count {
        let bin = start + generator.index(below: count)
        weight += bins.weights[bin]
        for index in totals.indices { totals[index] += bins.sums[index][bin] }
      }
      start += count
    }
    let sample = function(totals.map { $0 / weight })
    guard sample.isFinite else { throw .functionNotFinite(value: sample) }
    samples.append(sample)
  }
  return samples
}

/// A function of several means with its error, by the binned bootstrap.
///
/// The error is the standard deviation of `bootstrapSamples`; the value is the function of the
/// means of all entries. Parameters as there.
///
/// - Throws: `StatisticsError`, as `bootstrapSamples`.
public func bootstrap(
  observables: [[[Double]]], logWeights: [[Double]]? = nil, binSize: Int = 1,
  resamples: Int = 1000, seed: UInt64,
  largestTailIndex: Double = LogWeights.largestTailIndex, function: ([Double]) -> Double
) throws(StatisticsError) -> Estimate {
  let samples = try bootstrapSamples(
    observables: observables, logWeights: logWeights, binSize: binSize, resamples: resamples,
    seed: seed, largestTailIndex: largestTailIndex, function: function)
  let histories = try Histories(observables, logWeights: logWeights)
  let value = function(histories.means)
  guard value.isFinite else { throw .functionNotFinite(value: value) }
  let count = Double(samples.count)
  let mean = compensatedSum(samples) / count
  let spread = compensatedSum(samples) { ($0 - mean) * ($0 - mean) }
  let error = (spread / (count - 1)).squareRoot()
  return Estimate(
    value: value, error: error, errorOfError: error / (2 * (count - 1)).squareRoot(),
    count: histories.count)
}

extension ScalarGenerator {
  /// An index below `count`; its bias is below `count / 2^64`.
  fileprivate mutating func index(below count: Int) -> Int {
    Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(count)).high)
  }
}
