// exp of a Double, once per weight: the lane functions compute eight configurations.
import Glibc
import LaneMath

/// Several observables measured on the same chains, with weights where the samples are weighted.
///
/// Every resampling and the Gamma method start from this: it checks the input once, forms the
/// means, and projects the fluctuations on the gradient of a derived quantity.
struct Histories {
  /// The entries, `[observable][chain][time]`.
  let observables: [[[Double]]]
  /// The weights relative to the largest, `[chain][time]`; nil where all are equal.
  let weights: [[Double]]?
  /// The length of each chain.
  let lengths: [Int]
  /// The mean of each observable, weighted where there are weights.
  let means: [Double]
  /// The mean of the weights (relative to the largest), 1 without weights.
  let meanWeight: Double

  /// The number of entries over all chains.
  var count: Int { lengths.reduce(0, +) }

  /// Checks shapes and numbers and forms the means.
  init(_ observables: [[[Double]]], logWeights: [[Double]]? = nil) throws(StatisticsError) {
    guard let first = observables.first else {
      throw .tooShort(what: "observables", expected: 1, found: 0)
    }
    guard !first.isEmpty else { throw .tooShort(what: "chains", expected: 1, found: 0) }
    let lengths = first.map(\.count)
    for observable in observables {
      try Self.check(observable, lengths: lengths, what: "series")
    }
    if let logWeights {
      try Self.checkLengths(logWeights, lengths, what: "log weights")
      weights = try Self.relativeWeights(logWeights)
    } else {
      weights = nil
    }
    let count = Double(lengths.reduce(0, +))
    guard count > 0 else { throw .tooShort(what: "series", expected: 1, found: 0) }
    if let weights {
      let total = compensatedSum(weights)
      meanWeight = total / count
      means = observables.map { observable in
        var sum = CompensatedSum()
        for (chain, weight) in zip(observable, weights) {
          for (x, w) in zip(chain, weight) { sum.add(w * x) }
        }
        return sum.value / total
      }
    } else {
      meanWeight = 1
      means = observables.map { compensatedSum($0) / count }
    }
    self.observables = observables
    self.lengths = lengths
  }

  private static func checkLengths(
    _ chains: [[Double]], _ lengths: [Int], what: String
  ) throws(StatisticsError) {
    guard chains.count == lengths.count else {
      throw .shapeMismatch(
        what: "chains of \(what)", expected: lengths.count, found: chains.count)
    }
    for (chain, length) in zip(chains, lengths) where chain.count != length {
      throw .shapeMismatch(what: "chain length of \(what)", expected: length, found: chain.count)
    }
  }

  private static func check(
    _ chains: [[Double]], lengths: [Int], what: String
  ) throws(StatisticsError) {
    try checkLengths(chains, lengths, what: what)
    for (chain, entries) in chains.enumerated() {
      for (index, value) in entries.enumerated() where !value.isFinite {
        throw .notFinite(what: what, chain: chain, index: index, value: value)
      }
    }
  }

  /// exp(l - max l); a log weight of -infinity is a weight of zero.
  static func relativeWeights(_ logWeights: [[Double]]) throws(StatisticsError) -> [[Double]] {
    var largest = -Double.infinity
    var count = 0
    for (chain, entries) in logWeights.enumerated() {
      count += entries.count
      for (index, value) in entries.enumerated() {
        guard value < .infinity else {
          throw .notFinite(what: "log weights", chain: chain, index: index, value: value)
        }
        largest = max(largest, value)
      }
    }
    guard count > 0 else { throw .tooShort(what: "log weights", expected: 1, found: 0) }
    guard largest > -.infinity else { throw .allWeightsZero(count: count) }
    return logWeights.map { $0.map { exp($0 - largest) } }
  }

  /// The fluctuations of a derived quantity to first order, not yet centred:
  ///
  ///     d_r(i) = sum_a g_a w_r(i) (x_a,r(i) - mean_a) / mean(w)
  ///
  /// Their autocovariance is that of the quantity, covariances of numerator and denominator of
  /// every weighted mean included (Wolff, hep-lat/0306017, section 2.3).
  func projected(on gradient: [Double]) -> [[Double]] {
    lengths.indices.map { chain in
      var result = [Double](repeating: 0, count: lengths[chain])
      for (observable, (g, mean)) in zip(observables, zip(gradient, means)) where g != 0 {
        let series = observable[chain]
        for i in result.indices { result[i] += g * (series[i] - mean) }
      }
      if let weights {
        let weight = weights[chain]
        for i in result.indices { result[i] *= weight[i] / meanWeight }
      }
      return result
    }
  }

  /// The size of rounding errors in the projected fluctuations.
  func roundingScale(of gradient: [Double]) -> Double {
    let largestWeight = weights == nil ? 1 : 1 / meanWeight
    return zip(observables, gradient).reduce(0.0) { scale, pair in
      pair.1 == 0
        ? scale
        : scale + abs(pair.1) * largestWeight * (pair.0.joined().reduce(0) { max($0, abs($1)) })
    } * 8 * Double.ulpOfOne
  }

  /// The naive standard error of the mean of one observable, the scale on which a function of the
  /// means must be linear.
  func naiveError(of index: Int) -> Double {
    let mean = means[index]
    return compensatedSum(observables[index]) { ($0 - mean) * ($0 - mean) }.squareRoot()
      / Double(count)
  }
}
