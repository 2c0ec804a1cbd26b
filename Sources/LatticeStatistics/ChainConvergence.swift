// log10 and exp of a Double, a few times per analysis: the lane functions compute eight
// configurations.
import Glibc

/// Whether several chains sample one distribution, and how many independent draws of it they are
/// worth: rank-normalised split R-hat with its folded version, bulk and tail effective sample sizes.
///
///     R-hat = sqrt( (N - 1)/N + B/W ),   B = variance of the means of the M split chains,
///                                        W = mean of their variances, N = their length
///
/// Every chain is split in the middle, so that one that still drifts disagrees with itself, and the
/// entries are replaced by normal scores of their ranks, `z = Φ⁻¹((r - 3/8)/(S + 1/4))`, so that
/// heavy tails do no harm. `folded` is the same of `|x - median|`: it sees chains that agree in
/// location and differ in width, or in the tails (A. Vehtari, A. Gelman, D. Simpson, B. Carpenter,
/// P.-C. Bürkner, arXiv:1903.08008). Chains that started hot and cold and have R-hat near 1 have
/// forgotten where they began.
///
/// R-hat is not a test: M split chains of n effective entries each give about `sqrt(1 + 1/n)` with
/// nothing wrong, so that short chains are above ``threshold`` by chance. `significance` is the test
/// that goes with it: the probability that chains of one distribution, with these autocorrelations,
/// spread as much as these. Chains that disagree have a large R-hat and a small probability; chains
/// that are short have a large R-hat alone.
///
/// Effective sample sizes are `count / (2 tau_int)`, with the variance between chains in the
/// autocorrelation, and the sum over lags ended by Geyer's initial monotone sequence.
public struct ChainConvergence: Sendable, Equatable {
  /// R-hat of the ranks.
  public let bulk: Double
  /// R-hat of the ranks of the distance from the median.
  public let folded: Double
  /// The number of independent draws that the mean of the ranks is worth.
  public let bulkEffectiveCount: Double
  /// The number of independent draws that the 5% and 95% quantiles are worth, the worse of both.
  public let tailEffectiveCount: Double
  /// The test that the means of the chains are equal; nil for one chain, or where no chain moves.
  public let significance: Significance?
  /// The number of chains.
  public let chains: Int
  /// The number of entries that were used, over all chains.
  public let count: Int

  /// R-hat: the larger of `bulk` and `folded`.
  public var rHat: Double { max(bulk, folded) }
  /// The value below which chains count as converged: 1.01 (arXiv:1903.08008, section 4).
  public static var threshold: Double { 1.01 }
  /// The effective size over all chains that R-hat needs to mean something, for each split chain.
  public static var fewestPerSplitChain: Double { 50 }
  /// Whether R-hat is at most ``threshold``.
  public var hasConverged: Bool { rHat <= Self.threshold }
  /// Whether the chains are so short that R-hat is above ``threshold`` whatever they sample.
  public var isTooShort: Bool {
    bulkEffectiveCount < Self.fewestPerSplitChain * Double(2 * chains)
  }

  /// Compares chains.
  ///
  /// Of chains that differ in length the last entries are used, as many as the shortest has; of odd
  /// ones the middle entry is left out.
  ///
  /// Shape: `[chain][time]`; one chain is compared with itself.
  /// Accuracy: agrees with ArviZ 0.19 to `1e-9` relative.
  /// Complexity: `O(n log n)` for n entries.
  ///
  /// - Throws: `StatisticsError` for chains of fewer than 4 entries, for numbers that are not finite,
  ///   and where all entries are equal.
  public init(_ chains: [[Double]]) throws(StatisticsError) {
    let length = try Self.usableLength(chains)
    let used = chains.map { Array($0.suffix(length)) }
    let half = length / 2
    let split = used.flatMap { [Array($0.prefix(half)), Array($0.suffix(half))] }
    self.chains = chains.count
    count = chains.count * length
    let first = split[0][0]
    guard split.contains(where: { $0.contains { $0 != first } }) else {
      throw .constantSeries(value: first, count: count)
    }
    let table = NormalScores(count: 2 * half * chains.count)
    let scores = table.scores(split)
    bulk = potentialScaleReduction(scores)
    let median = interpolatedQuantile(split.joined().sorted(), 0.5)
    folded = potentialScaleReduction(table.scores(split.map { $0.map { abs($0 - median) } }))
    bulkEffectiveCount = effectiveCount(scores)
    let sorted = used.joined().sorted()
    tailEffectiveCount = [0.05, 0.95].reduce(Double.infinity) { smallest, probability in
      let quantile = interpolatedQuantile(sorted, probability)
      return min(smallest, effectiveCount(split.map { $0.map { $0 <= quantile ? 1 : 0 } }))
    }
    significance = chains.count > 1 ? equalMeans(used) : nil
  }

  private static func usableLength(_ chains: [[Double]]) throws(StatisticsError) -> Int {
    let histories = try Histories([chains])
    let shortest = histories.lengths.min() ?? 0
    guard shortest >= 4 else {
      throw .tooShort(what: "entries of a chain", expected: 4, found: shortest)
    }
    return shortest
  }
}

extension ChainConvergence: CustomStringConvertible {
  /// One line: R-hat, the effective sizes, and what to make of them.
  public var description: String {
    func rounded(_ x: Double, _ digits: Int) -> String {
      guard x.isFinite else { return x.isNaN ? "nan" : "∞" }
      var number = DecimalDigits(abs(x))
      number.round(toPlace: -digits)
      return number.fixed(toPlace: -digits)
    }
    var text =
      "R-hat \(rounded(rHat, 3)) of \(chains) chains, effective sizes "
      + "\(rounded(bulkEffectiveCount, 0)) (bulk) and \(rounded(tailEffectiveCount, 0)) (tail)"
    guard !hasConverged else { return text }
    text += ": above \(Self.threshold), "
    if let significance, significance.pValue < 1e-3 {
      text += "the chains disagree"
    } else if isTooShort {
      text += "the chains are too short to tell"
    } else {
      text += "the chains drift or differ in width"
    }
    return text
  }
}

/// Normal scores of ranks, `Φ⁻¹((r - 3/8)/(S + 1/4))` for S entries: computed once for every rank.
struct NormalScores {
  private let count: Int
  /// The scores of the ranks 1, 2, .. up to the middle one; the others follow by symmetry.
  private let lower: [Double]

  /// The scores of so many entries.
  init(count: Int) {
    self.count = count
    lower = (0..<(count + 1) / 2).map { Self.score(Double($0 + 1), of: count) }
  }

  private static func score(_ rank: Double, of count: Int) -> Double {
    normalQuantile((rank - 0.375) / (Double(count) + 0.25))
  }

  /// The scores of all entries, ties sharing their mean rank.
  func scores(_ chains: [[Double]]) -> [[Double]] {
    var entries: [(value: Double, place: Int)] = []
    entries.reserveCapacity(count)
    for chain in chains {
      for value in chain { entries.append((value, entries.count)) }
    }
    precondition(entries.count == count, "scores of \(count) ranks for \(entries.count) entries")
    entries.sort { $0.value < $1.value }
    var scores = [Double](repeating: 0, count: count)
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, entries[end].value == entries[start].value { end += 1 }
      let score: Double
      if end > start + 1 {
        score = Self.score(0.5 * Double(start + 1 + end), of: count)
      } else {
        score = start < lower.count ? lower[start] : -lower[count - 1 - start]
      }
      for position in start..<end { scores[entries[position].place] = score }
      start = end
    }
    var first = 0
    return chains.map { chain in
      defer { first += chain.count }
      return Array(scores[first..<(first + chain.count)])
    }
  }
}

/// R-hat of chains of one length; 1 where no entry differs, infinite where chains that never move
/// differ from each other.
func potentialScaleReduction(_ chains: [[Double]]) -> Double {
  let length = Double(chains[0].count)
  let means = chains.map { compensatedSum($0) / length }
  let within = compensatedSum(chains.map { variance($0) }) / Double(chains.count)
  let between = variance(means)
  guard within > 0 else { return between > 0 ? .infinity : 1 }
  return ((length - 1) / length + between / within).squareRoot()
}

/// The variance with the number of entries less one.
func variance(_ values: [Double]) -> Double {
  guard values.count > 1 else { return 0 }
  let mean = compensatedSum(values) / Double(values.count)
  return compensatedSum(values) { ($0 - mean) * ($0 - mean) } / Double(values.count - 1)
}

/// The number of independent draws that chains of one length are worth.
///
///     S_eff = M N / (1 + 2 Σ_{t >= 1} rho(t)),   rho(t) = 1 - (W - Γ(t)) / var⁺
///
/// with `var⁺ = (N - 1)/N W + B` and Γ the mean autocovariance within chains. The sum is taken over
/// pairs of an even lag and the odd one behind it: it ends at the first negative pair, and no pair
/// counts more than the one before it (Geyer, Statist. Sci. 7, 473; arXiv:1903.08008, section 3.2).
/// At most `M N log10(M N)`, which antithetic chains reach; `M N` where no entry differs.
func effectiveCount(_ chains: [[Double]]) -> Double {
  let length = chains[0].count
  let n = Double(length)
  let total = Double(chains.count) * n
  let means = chains.map { compensatedSum($0) / n }
  var autocovariance = Autocovariance(
    zip(chains, means).map { chain, mean in chain.map { $0 - mean } }, lagLimit: length)
  // Sums over a chain are divided by its length, whatever the lag.
  func gamma(_ lag: Int) -> Double {
    autocovariance.extend(to: lag + 1)
    return autocovariance.values[lag] * (n - Double(lag)) / n
  }
  let within = gamma(0) * n / (n - 1)
  let spread = variance(means) + gamma(0)
  guard spread > 0 else { return total }
  func rho(_ lag: Int) -> Double { lag == 0 ? 1 : 1 - (within - gamma(lag)) / spread }
  var sum = 0.0
  var tail = 0.0
  var smallest = Double.infinity
  var lag = 0
  while true {
    let even = rho(lag)
    let pair = even + rho(lag + 1)
    // An even lag that is still positive closes the sum, at its end or that of the chain.
    guard lag == 0 || (pair >= 0 && lag + 3 < length - 1) else {
      tail = max(0, even)
      break
    }
    smallest = min(smallest, pair)
    sum += smallest
    lag += 2
    guard pair > 0, lag + 1 < length else { break }
  }
  let time = max(-1 + 2 * sum + tail, 1 / log10(total))
  return total / time
}

/// A quantile of sorted entries, linear between them: 0 is the first, 1 the last.
func interpolatedQuantile(_ sorted: [Double], _ probability: Double) -> Double {
  let position = probability * Double(sorted.count - 1)
  let below = min(Int(position), sorted.count - 1)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
}

/// The test that chains have one mean, each having the error that the autocorrelation within the
/// chains gives: χ² with one degree less than there are chains, turned for the finite number of
/// independent entries from which the error is known (Fisher's F, by way of normal scores).
func equalMeans(_ chains: [[Double]]) -> Significance? {
  let length = Double(chains[0].count)
  let estimate: Estimate
  do throws(StatisticsError) { estimate = try gammaMethod(chains) } catch { return nil }
  guard let window = estimate.window, estimate.error > 0 else { return nil }
  let lost = Double(2 * window + 1)
  guard length > 2 * lost else { return nil }
  let count = length * Double(chains.count)
  // The bias of fluctuations about each chain's own mean goes with the length of a chain.
  let squared =
    estimate.error * estimate.error * Double(chains.count) * (1 + lost / length)
    / (1 + lost / count)
  let spread = variance(chains.map { compensatedSum($0) / length })
  let degrees = Double(chains.count - 1)
  let statistic = spread / squared
  return Significance(
    statistic: statistic,
    pValue: fisherTail(statistic, degrees, max(1, (count - Double(chains.count) * lost) / lost)))
}
