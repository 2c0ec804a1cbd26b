import EnsembleIO
import LatticeStatistics
import MarkovChains

/// What Markov chains say about themselves: whether they agree with each other, whether they have
/// forgotten their start, and whether their topology moves.
///
/// A warning never stops a measurement; it says why its error bars may be too small.
public struct ChainDiagnostics: Sendable {
  /// The comparison between chains for a component of an observable.
  public struct Comparison: Sendable {
    /// The word of the observable.
    public let observable: String
    /// The name of the component.
    public let component: String
    /// R-hat and the effective sizes.
    public let convergence: ChainConvergence
  }

  /// R-hat of every component, where there are several chains and the component moves.
  public let comparisons: [Comparison]
  /// The movement of the topological charge, where it was measured along chains.
  public let topology: TopologyMobility?
  /// What a reader should know before he trusts the errors, one line each.
  public let warnings: [String]

  /// Looks at measured histories. Independent samples have nothing to diagnose.
  ///
  /// Complexity: a sort of every component.
  public init(_ histories: MeasurementHistories) {
    guard histories.chains != nil else {
      comparisons = []
      topology = nil
      warnings = []
      return
    }
    var comparisons: [Comparison] = []
    for history in histories.observables {
      for (component, values) in zip(history.components, history.values) {
        let chains = histories.parted(values)
        guard chains.count > 1 else { continue }
        do throws(StatisticsError) {
          comparisons.append(
            Comparison(
              observable: history.name, component: component,
              convergence: try ChainConvergence(chains)))
        } catch {
          // Too short, or nothing moves: the report of the observable itself says so.
          continue
        }
      }
    }
    self.comparisons = comparisons
    topology = Self.mobility(histories)
    var warnings: [String] = []
    if let worst = Self.worst(comparisons) {
      let name =
        worst.component == worst.observable
        ? worst.observable : "\(worst.observable) \(worst.component)"
      let others = comparisons.count { !$0.convergence.hasConverged } - 1
      warnings.append(
        "\(name): \(worst.convergence)" + (others > 0 ? "; \(others) more above it" : ""))
    }
    if let warning = topology?.warning { warnings.append(warning) }
    self.warnings = warnings
  }

  /// The comparison of a component.
  public subscript(observable: String, component: String) -> ChainConvergence? {
    comparisons.first { $0.observable == observable && $0.component == component }?.convergence
  }

  /// The worst comparison above the threshold; one with significance before one of short chains.
  private static func worst(_ comparisons: [Comparison]) -> Comparison? {
    let above = comparisons.filter { !$0.convergence.hasConverged }
    let limit = 1e-3 / Double(max(1, comparisons.count))
    let significant = above.filter { ($0.convergence.significance?.pValue ?? 1) < limit }
    return (significant.isEmpty ? above : significant).max {
      $0.convergence.rHat < $1.convergence.rHat
    }
  }

  private static func mobility(_ histories: MeasurementHistories) -> TopologyMobility? {
    for history in histories.observables where history.name == "topological-charge" {
      guard let index = history.components.firstIndex(of: "charge") else { continue }
      do throws(StatisticsError) {
        return try TopologyMobility(charges: histories.parted(history.values[index]))
      } catch { return nil }
    }
    return nil
  }
}

/// How many configurations at the start of every chain are left out of a measurement.
public enum ThermalizationChoice: Sendable, Equatable {
  /// So many.
  case fixed(Int)
  /// As many as the histories ask for, see `ThermalizationCut`.
  case automatic
}

/// What was left out at the start of the chains, and why.
public struct ThermalizationReport: Sendable {
  /// The number of configurations left out of every chain.
  public let discarded: Int
  /// The cuts of the first component of every observable that moves; empty for a fixed number.
  public let cuts: [(observable: String, cut: ThermalizationCut)]
  /// One line where the chains are not settled.
  public let warning: String?

  init(discarded: Int, cuts: [(observable: String, cut: ThermalizationCut)] = []) {
    self.discarded = discarded
    self.cuts = cuts
    // What is wrong with the chains goes before what is too short to say.
    let order: [ThermalizationCut.Verdict] = [.apart, .drifting, .tooShort]
    warning = order.lazy.compactMap { verdict in cuts.first { $0.cut.verdict == verdict } }.first
      .map { "\($0.observable): \($0.cut)" }
  }
}

extension ConfigurationSource {
  /// The group of every chain by its start, 0 for hot and 1 for cold, in the order in which the chains
  /// appear; nil where that is not known.
  func startGroups() throws(EnsembleIOError) -> [Int]? {
    guard let start = chainStart.flatMap({ ChainStart(rawValue: $0) }),
      let chains = try self.chains()
    else { return nil }
    var seen: Set<Int> = []
    return chains.compactMap { chain in
      seen.insert(chain).inserted ? (start.isHot(chain: chain) ? 0 : 1) : nil
    }
  }
}

extension [any ConfigurationSource] {
  /// The group of every chain of all sources by its start, as `MeasurementHistories.discard` wants
  /// it; nil where that is not known.
  public func startGroups() throws(EnsembleIOError) -> [Int]? {
    var result: [Int] = []
    for source in self {
      guard let groups = try source.startGroups() else { return nil }
      result += groups
    }
    return result
  }
}

extension MeasurementHistories {
  /// The total false-alarm rate of the automatic choice over all observables.
  static var thermalizationFalseAlarm: Double { 1e-3 }

  /// Leaves out configurations at the start of every chain.
  ///
  /// The automatic choice is the largest cut over the first components of all observables.
  ///
  /// - Parameters:
  ///   - choice: how many.
  ///   - groups: the group of every chain, in the order of `parted`, such as hot and cold; nil for
  ///     one.
  /// - Throws: `MeasurementError.empty` where nothing is left of a chain, `.mixture` where there are no
  ///   chains.
  public mutating func discard(
    _ choice: ThermalizationChoice, groups: [Int]? = nil
  ) throws(MeasurementError) -> ThermalizationReport {
    guard chains != nil else { throw .mixture(what: "chains", location: "--discard") }
    switch choice {
    case .fixed(let count):
      try dropFirst(count)
      return ThermalizationReport(discarded: count)
    case .automatic:
      let series = observables.compactMap { history in
        history.values.first.map { (history.name, parted($0)) }
      }
      var cuts: [(observable: String, cut: ThermalizationCut)] = []
      for (name, chains) in series {
        do throws(StatisticsError) {
          let rate = Self.thermalizationFalseAlarm / Double(max(1, series.count))
          cuts.append((name, try ThermalizationCut(chains, groups: groups, falseAlarm: rate)))
        } catch { continue }
      }
      let report = ThermalizationReport(
        discarded: cuts.reduce(0) { max($0, $1.cut.discard) }, cuts: cuts)
      try dropFirst(report.discarded)
      return report
    }
  }

  private mutating func dropFirst(_ count: Int) throws(MeasurementError) {
    guard count > 0, let chains else { return }
    var seen: [Int: Int] = [:]
    let kept = chains.map { chain -> Bool in
      seen[chain, default: 0] += 1
      return seen[chain]! > count
    }
    guard seen.values.allSatisfy({ $0 > count }) else {
      throw .empty(location: "chains after the first \(count) configurations")
    }
    func keep<Value>(_ values: [Value]) -> [Value] {
      zip(values, kept).compactMap { $1 ? $0 : nil }
    }
    var result = MeasurementHistories(
      groupName: groupName, lattice: lattice, beta: beta,
      observables: observables.map {
        ObservableHistory(
          name: $0.name, components: $0.components, derived: $0.derived,
          values: $0.components.map { _ in [] })
      })
    result.actionName = actionName
    try result.append(
      values: observables.map { $0.values.map { keep($0) } }, plaquetteSums: keep(plaquetteSums),
      logWeights: logWeights.map { keep($0) }, chains: keep(chains))
    self = result
  }
}
