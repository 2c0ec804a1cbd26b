/// Whether Markov chains change their topological charge often enough for honest errors.
///
/// Towards the continuum local algorithms stop tunnelling between sectors. A chain that never leaves
/// its sector shows a small error and a short autocorrelation time for everything: nothing in it
/// tells that it is wrong, and a frozen run passes every other test. This one looks at what is known
/// of the movement itself:
///
/// - the number of changes of the charge, rounded to whole numbers, along each chain: k changes know
///   the tunnelling rate to `1/√k`;
/// - the integrated autocorrelation times of Q and Q² against the length of a chain: below
///   ``shortestLength`` of them the window of the Gamma method does not see the tail;
/// - the spread of the chains: chains that stay in different sectors disagree (R-hat of Q and of Q²).
///
/// The charge need not be a whole number exactly: a smeared or flowed charge near one will do.
public struct TopologyMobility: Sendable, Equatable {
  /// What the movement is worth.
  public enum Verdict: Sendable, Equatable {
    /// Often enough: errors mean what they say as far as topology is concerned.
    case moving
    /// Too rare for honest errors.
    case slow
    /// Half of the chains or more never change their charge.
    case frozen
  }

  /// The number of changes of the charge along each chain.
  public let changes: [Int]
  /// The number of entries of the shortest chain.
  public let length: Int
  /// The larger of the autocorrelation times of Q and Q², in entries; nil where neither moves.
  public let tauInt: Double?
  /// The larger R-hat of Q and Q²; infinite where chains are frozen in different sectors; nil where
  /// chains have fewer than 4 entries, or nothing moves anywhere.
  public let rHat: Double?
  /// Whether the means of Q or Q² over the chains spread more than their errors allow, at a
  /// false-alarm rate of 1e-4.
  public let chainsDisagree: Bool
  /// What the movement is worth.
  public let verdict: Verdict

  /// The fewest changes along a chain, on average: 10, which know the rate to a third.
  public static var fewestChanges: Double { 10 }
  /// The shortest chain in units of tau_int: 20.
  public static var shortestLength: Double { 20 }

  /// Looks at histories of the charge.
  ///
  /// Shape: `[chain][time]`. Complexity: `O(n log n)` for n entries.
  ///
  /// - Throws: `StatisticsError` for chains of fewer than 5 entries and for numbers that are not
  ///   finite.
  public init(charges chains: [[Double]]) throws(StatisticsError) {
    let shortest = try Histories([chains]).lengths.min() ?? 0
    guard shortest >= 5 else {
      throw .tooShort(what: "entries of a chain", expected: 5, found: shortest)
    }
    length = shortest
    let rounded = chains.map { $0.map { $0.rounded() } }
    changes = rounded.map { chain in
      zip(chain, chain.dropFirst()).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
    }
    var tauInt: Double?
    var rHat: Double?
    var chainsDisagree = false
    for series in [rounded, rounded.map { $0.map { $0 * $0 } }] {
      do throws(StatisticsError) {
        let convergence = try ChainConvergence(series)
        if chains.count > 1 { rHat = max(rHat ?? 0, convergence.rHat) }
        if let test = convergence.significance, test.pValue < 0.5e-4 { chainsDisagree = true }
        if convergence.rHat == .infinity { chainsDisagree = true }
        if let tau = try gammaMethod(series).tauInt { tauInt = max(tauInt ?? 0, tau) }
      } catch .constantSeries {
        continue
      } catch {
        throw error
      }
    }
    self.tauInt = tauInt
    self.rHat = rHat
    self.chainsDisagree = chainsDisagree
    let stuck = changes.count { $0 == 0 }
    if 2 * stuck >= changes.count {
      verdict = .frozen
    } else if Double(changes.reduce(0, +)) < Self.fewestChanges * Double(changes.count)
      || Double(shortest) < Self.shortestLength * (tauInt ?? .infinity) || chainsDisagree
    {
      verdict = .slow
    } else {
      verdict = .moving
    }
  }

  /// The number of changes over all chains.
  public var totalChanges: Int { changes.reduce(0, +) }

  /// A warning with its numbers; nil where there is nothing to warn of.
  public var warning: String? {
    guard verdict != .moving else { return nil }
    let stuck = changes.count { $0 == 0 }
    var text =
      verdict == .frozen
      ? "topology is frozen: \(stuck) of \(changes.count) chains of \(length) configurations never "
        + "change their charge"
      : "topology moves too slowly for honest errors: \(totalChanges) changes of the charge in "
        + "\(changes.count) chains of \(length) configurations"
    if verdict == .frozen, stuck < changes.count { text += ", \(totalChanges) changes in all" }
    if let tauInt, verdict == .slow {
      let shown = Estimate(value: tauInt, error: 0.1 * tauInt, count: 1).description
      text += ", tau_int of the charge at least \(shown.prefix { $0 != "(" })"
    }
    if chainsDisagree { text += ", chains sit in different sectors" }
    return text
  }
}
