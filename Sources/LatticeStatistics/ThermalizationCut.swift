/// Where Markov chains have forgotten their start: how many entries to discard, by a test with a
/// stated false-alarm rate.
///
///     blocks [0, 1), [1, 2), [2, 4), .., [h/2, h)   against the second half [h, n)
///
///     t_k = (m_k - m_ref) / sqrt(σ²(L_k) + σ²_ref),
///     σ²(L) = (Γ(0) + 2 Σ_{t <= W} (1 - t/L) Γ(t)) / (L · chains)
///
/// Γ and the window W are those of the second half (Gamma method, hep-lat/0306017), about each
/// chain's own mean and corrected for it. Everything is done on normal scores of the ranks, so that
/// heavy tails and skew do no harm. The entries up to the end of the last block that deviates are
/// discarded, and the block behind it, where the transient is below the threshold but not gone. Where
/// chains start at opposite ends, hot and cold, their transients cancel in the mean
/// of all; then the difference between the groups is tested in every block as well, and in the second
/// half, where they have to have met. The two quarters of the second half have to agree too: a second
/// half that drifts is no reference, and the verdict says so.
///
/// Law: the deviations are Student's, with the degrees of freedom of the error, and are kept as normal
/// deviations of the same probability; `threshold` is the size that one of them exceeds with the
/// probability `falseAlarm` where nothing is wrong. Measured on stationary autoregressive chains, 1 to
/// 32 of 80 autocorrelation times and more, normal or skewed, the rate is 0.2 to 0.9 of that. The cut
/// is known to a factor of 2, the size of a block against its end. A drift too small to see in the
/// data is not seen. The test wants more than 20 autocorrelation times in the second half;
/// ``Verdict/tooShort`` says where there are fewer.
public struct ThermalizationCut: Sendable, Equatable {
  /// What the second half of the chains is worth as a reference.
  public enum Verdict: Sendable, Equatable {
    /// It is stationary, and groups of chains have met.
    case settled
    /// It drifts: its quarters differ.
    case drifting
    /// Groups of chains, such as hot and cold ones, have not met.
    case apart
    /// It is too short against the autocorrelation time to be judged.
    case tooShort
  }

  /// One block of entries against the second half.
  public struct Block: Sendable, Equatable {
    /// The entries.
    public let range: Range<Int>
    /// The deviation of the mean of all chains, in sigma.
    public let deviation: Double
    /// The difference between the groups of chains, in sigma; nil for one group.
    public let gap: Double?
  }

  /// The number of entries to discard at the start of every chain: up to half of the shortest.
  public let discard: Int
  /// What the second half is worth. Where it is not settled `discard` is only a lower bound.
  public let verdict: Verdict
  /// The blocks of the first half, the last ones first.
  public let blocks: [Block]
  /// The difference between the quarters of the second half, in sigma.
  public let drift: Double
  /// The difference between the groups in the second half, in sigma; nil for one group.
  public let gap: Double?
  /// The deviation that counts, in sigma.
  public let threshold: Double
  /// The autocorrelation time of the second half, `tau_int = 1/2 + Σ rho`, of normal scores.
  public let tauInt: Double
  /// The length of the shortest chain.
  public let length: Int

  /// Finds the cut of chains of one observable, from their very first entries.
  ///
  /// Shape: `[chain][time]`. Chains that differ in length are compared up to the shortest.
  /// Complexity: `O(n log n)` for n entries.
  ///
  /// - Parameters:
  ///   - chains: the histories, which begin where the chains begin.
  ///   - groups: the group of every chain, such as 0 for hot and 1 for cold starts; nil for one. Groups
  ///     beyond the first are compared with it together.
  ///   - falseAlarm: the probability that something is found in chains that are stationary.
  /// - Throws: `StatisticsError` for chains of fewer than 16 entries, for numbers that are not finite,
  ///   for second halves that never move, and for a false-alarm rate outside (0, 1).
  public init(
    _ chains: [[Double]], groups: [Int]? = nil, falseAlarm: Double = 1e-3
  ) throws(StatisticsError) {
    guard falseAlarm > 0, falseAlarm < 1 else {
      throw .invalidParameter(
        name: "false-alarm rate", expected: "a number in (0, 1)", found: falseAlarm)
    }
    if let groups, groups.count != chains.count {
      throw .shapeMismatch(what: "groups of chains", expected: chains.count, found: groups.count)
    }
    let shortest = try Histories([chains]).lengths.min() ?? 0
    guard shortest >= 16 else {
      throw .tooShort(what: "entries of a chain", expected: 16, found: shortest)
    }
    length = shortest
    let half = shortest / 2
    let scores = NormalScores(count: shortest * chains.count).scores(
      chains.map { Array($0.prefix(shortest)) })
    let reference = try StationaryPart(scores.map { Array($0.suffix(shortest - half)) })
    let groups = groups ?? []
    let first = groups.isEmpty ? [] : groups.map { $0 == groups[0] }
    let isGrouped = first.contains(false)
    let comparison = BlockComparison(
      scores: scores, half: half, reference: reference, first: isGrouped ? first : [])

    var ranges: [Range<Int>] = []
    var end = half
    while end > 0 {
      ranges.append((end / 2)..<end)
      end /= 2
    }
    let tests = (ranges.count + 1) * (isGrouped ? 2 : 1)
    let threshold = normalThreshold(falseAlarm: falseAlarm, comparisons: tests)
    self.threshold = threshold
    blocks = ranges.map {
      Block(range: $0, deviation: comparison.deviation($0), gap: comparison.gap($0))
    }
    let quarter = half + (shortest - half) / 2
    drift = comparison.difference(half..<quarter, quarter..<shortest)
    gap = comparison.gap(half..<shortest)
    tauInt = reference.tauInt
    let last = blocks.first { abs($0.deviation) > threshold || abs($0.gap ?? 0) > threshold }
    discard = last.map { min(half, 2 * $0.range.upperBound) } ?? 0
    if abs(drift) > threshold {
      verdict = .drifting
    } else if abs(gap ?? 0) > threshold {
      verdict = .apart
    } else {
      verdict = Double(shortest - half) < 20 * reference.tauInt ? .tooShort : .settled
    }
  }

  /// The block that is further from the second half than any other, in sigma.
  public var largestDeviation: Double {
    blocks.reduce(0) { max($0, abs($1.deviation), abs($1.gap ?? 0)) }
  }
}

extension ThermalizationCut: CustomStringConvertible {
  /// One line with the numbers.
  public var description: String {
    let tau = Estimate(value: tauInt, error: 0.1 * tauInt, count: 1).description.prefix {
      $0 != "("
    }
    switch verdict {
    case .settled:
      return discard == 0
        ? "no transient found in \(length) entries (tau_int \(tau))"
        : "discard the first \(discard) of \(length) entries (tau_int \(tau))"
    case .drifting:
      return "the second half of \(length) entries still drifts, by \(sigmas(drift))"
    case .apart:
      return "chains from different starts have not met in \(length) entries: "
        + "the second halves differ by \(sigmas(gap ?? 0))"
    case .tooShort:
      return "\(length) entries are too few to find a transient (tau_int \(tau))"
    }
  }

  private func sigmas(_ x: Double) -> String {
    var digits = DecimalDigits(abs(x))
    digits.round(toPlace: -1)
    return digits.fixed(toPlace: -1) + " sigma"
  }
}

/// The autocovariance of the part of chains that is taken as stationary.
private struct StationaryPart {
  /// The variance of the mean of one chain's block, by its length.
  let autocovariance: Autocovariance
  let window: Int
  let tauInt: Double
  let chains: Int
  /// The degrees of freedom of the error.
  let degreesOfFreedom: Double
  /// What fluctuations about each chain's own mean miss.
  let correction: Double

  init(_ parts: [[Double]]) throws(StatisticsError) {
    let estimate = try gammaMethod(parts)
    let length = Double(parts[0].count), count = length * Double(parts.count)
    window = estimate.window ?? 0
    let span = Double(2 * window + 1)
    correction = 1 / max(0.2, 1 - span / length)
    tauInt = (estimate.tauInt ?? 0.5) / (1 + span / count) * correction
    chains = parts.count
    degreesOfFreedom = max(1, count / span - Double(chains))
    var autocovariance = Autocovariance(
      parts.map { part in
        let mean = compensatedSum(part) / length
        return part.map { $0 - mean }
      })
    autocovariance.extend(to: window + 1)
    self.autocovariance = autocovariance
  }

  /// `σ²(L)` of the mean of so many entries of one chain.
  func variance(ofBlock length: Int) -> Double {
    let gamma = autocovariance.values
    var sum = gamma[0]
    for lag in 1..<max(1, min(window + 1, length, gamma.count)) {
      sum += 2 * gamma[lag] * (1 - Double(lag) / Double(length))
    }
    // Noise in the sum must not make a block exact.
    return max(sum, 0.1 * gamma[0]) * correction / Double(length)
  }
}

/// Differences of means of ranges of entries in units of their errors.
private struct BlockComparison {
  let scores: [[Double]]
  let half: Int
  let reference: StationaryPart
  /// Whether a chain is of the first group; empty for one group.
  let first: [Bool]

  private func mean(_ range: Range<Int>, where chosen: (Int) -> Bool) -> (mean: Double, count: Int)
  {
    let chains = scores.indices.filter(chosen)
    let sum = chains.reduce(0.0) { $0 + compensatedSum(Array(scores[$1][range])) }
    return (sum / Double(range.count * chains.count), chains.count)
  }

  private func standardized(_ difference: Double, _ variance: Double) -> Double {
    normalDeviation(
      ofStudent: difference / variance.squareRoot(), degreesOfFreedom: reference.degreesOfFreedom)
  }

  /// One range against another, over all chains.
  func difference(_ a: Range<Int>, _ b: Range<Int>) -> Double {
    let difference = mean(a) { _ in true }.mean - mean(b) { _ in true }.mean
    return standardized(
      difference,
      (reference.variance(ofBlock: a.count) + reference.variance(ofBlock: b.count))
        / Double(scores.count))
  }

  /// A block against the second half.
  func deviation(_ range: Range<Int>) -> Double { difference(range, half..<scores[0].count) }

  /// The first group against the others; nil for one group.
  func gap(_ range: Range<Int>) -> Double? {
    guard !first.isEmpty else { return nil }
    let one = mean(range) { first[$0] }, other = mean(range) { !first[$0] }
    return standardized(
      one.mean - other.mean,
      reference.variance(ofBlock: range.count) * (1 / Double(one.count) + 1 / Double(other.count)))
  }
}
