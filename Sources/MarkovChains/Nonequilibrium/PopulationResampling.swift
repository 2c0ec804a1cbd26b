import LaneMath

extension RandomPurpose {
  /// Resampling populations of weighted fields.
  public static var populationResampling: RandomPurpose { .init(rawValue: 72) }
}

/// Systematic resampling of weighted fields: copies take the place of fields of little weight.
///
/// Where the effective sample size of a population falls below a threshold, field `i` of `n` is kept
/// about `n w_i / Σ w` times, and all weights become their mean: the mean of `w f(U)` stays what it was
/// on average, for every `f` (Kitagawa, J. Comput. Graph. Stat. 5 (1996) 1; population
/// annealing). Copies go on with random numbers of their own. The fields of a population then depend on
/// each other, populations do not: errors come from several of them.
public struct PopulationResampling: Sendable, Hashable {
  /// The effective sample size, as a fraction of the fields, below which a population is resampled.
  public let threshold: Double
  /// The number of fields in a population.
  public let populationSize: Int

  /// A rule for resampling.
  ///
  /// - Throws: `ChainError.parameter` for a threshold outside [0, 1], or fewer than two fields.
  public init(threshold: Double = 0.5, populationSize: Int) throws(ChainError) {
    guard threshold >= 0, threshold <= 1 else {
      throw .parameter(
        name: "resampling threshold", expected: "a number in [0, 1]", value: threshold)
    }
    guard populationSize > 1 else {
      throw .parameter(
        name: "population size", expected: "2 or more", value: Double(populationSize))
    }
    self.threshold = threshold
    self.populationSize = populationSize
  }

  /// Which members take the place of which, and the logarithm of the mean weight; nil where the
  /// population stays as it is.
  ///
  /// A member that is kept stays in its place.
  ///
  /// - Parameter offset: a uniform number in (0, 1).
  func replacements(logWeights: [Double], offset: Double) -> (
    [(to: Int, from: Int)], logMean: Double
  )? {
    let total = logSumExp(logWeights)
    guard total.isFinite else { return nil }
    let n = Double(logWeights.count)
    var weights: [Double] = []
    for first in stride(from: 0, to: logWeights.count, by: laneCount) {
      var x = Lanes(repeating: -.infinity)
      let lanes = Swift.min(laneCount, logWeights.count - first)
      for lane in 0..<lanes { x[lane] = logWeights[first + lane] - total }
      let w = exp(x)
      for lane in 0..<lanes { weights.append(w[lane]) }
    }
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    guard 1 / (squares * n) < threshold else { return nil }
    // Combs of equal distance 1/n, shifted by the offset.
    var copies: [Int] = []
    var sum = 0.0, teeth = 0
    for weight in weights {
      sum += weight
      var count = 0
      while teeth < weights.count && Double(teeth) + offset < sum * n {
        teeth += 1
        count += 1
      }
      copies.append(count)
    }
    // What rounding left over belongs to the last member that has weight.
    if teeth < weights.count, let last = copies.lastIndex(where: { $0 > 0 }) {
      copies[last] += weights.count - teeth
    }
    var free = copies.indices.filter { copies[$0] == 0 }[...]
    var result: [(to: Int, from: Int)] = []
    for (member, count) in copies.enumerated() where count > 1 {
      for _ in 1..<count { result.append((free.removeFirst(), member)) }
    }
    return (result, total - log(Lanes(repeating: n))[0])
  }
}
