import LatticeFields
import LatticeObservables
import MarkovChains

/// Measuring configurations of any group of the catalog, for code that knows the group by its name.
///
/// `EnsembleMeasurement` is the same for a group that is known when the program is compiled.
public enum Measurement {
  /// What is to be measured.
  public struct Plan: Sendable {
    /// The names of the observables; nil for those that are marked as defaults and apply.
    public var observables: [String]?
    /// Whether the plaquette sums are kept that reweighting in the coupling needs.
    public var keepsPlaquetteSums = false
    /// The coupling that observables of the action test; nil for that of the configurations.
    public var testedBeta: Double?
    /// The most threads to use.
    public var threads: Int

    /// A plan from its parts.
    public init(observables: [String]? = nil, keepsPlaquetteSums: Bool = false, threads: Int) {
      self.observables = observables
      self.keepsPlaquetteSums = keepsPlaquetteSums
      self.threads = threads
    }
  }

  /// Measures all configurations of several sources of one theory.
  ///
  /// - Parameters:
  ///   - sources: one or more; the first says what the theory is.
  ///   - progress: called with the number of configurations that are done; false stops.
  /// - Returns: the histories; nil where `progress` stopped.
  /// - Throws: `MeasurementError`, `ObservableError`, `LatticeError`, `EnsembleIOError`.
  public static func run(
    _ sources: [any ConfigurationSource], _ plan: Plan,
    progress: (_ done: Int) -> Bool = { _ in true }
  ) throws -> MeasurementHistories? {
    guard let first = sources.first else { throw MeasurementError.empty(location: "measurement") }
    return try withoutActuallyEscaping(progress) { progress in
      do {
        return try Catalog.withGroup(
          named: first.groupName, Task(sources: sources, plan: plan, progress: progress))
      } catch let error as UnknownGroupError {
        throw MeasurementError.group(
          expected: Catalog.groupNames.joined(separator: ", "), found: error.found,
          location: first.location)
      }
    }
  }

  /// Refuses observables that are not defined for a theory.
  ///
  /// - Throws: `UnknownGroupError`, `ObservableError`.
  public static func validate(observables: [String], group: String, on lattice: Lattice) throws {
    struct Task: GroupTask {
      let names: [String]
      let lattice: Lattice
      func run<Group: HeatbathGroup>(_ group: Group.Type) throws {
        _ = try ObservableCatalog<Group>().observables(
          named: names, on: lattice, beta: 1, location: "observables")
      }
    }
    try Catalog.withGroup(named: group, Task(names: observables, lattice: lattice))
  }

  private struct Task: GroupTask {
    let sources: [any ConfigurationSource]
    let plan: Plan
    let progress: (Int) -> Bool

    func run<Group: HeatbathGroup>(_ group: Group.Type) throws -> MeasurementHistories? {
      let lattice = try Lattice(sources[0].latticeExtents)
      let catalog = ObservableCatalog<Group>()
      let observables =
        try plan.observables.map {
          try catalog.observables(
            named: $0, on: lattice, beta: plan.testedBeta ?? sources[0].targetBeta,
            location: sources[0].location)
        }
        ?? catalog.applicable(to: lattice, onlyDefaults: true)
      let measurement = EnsembleMeasurement(
        observables, on: lattice, keepsPlaquetteSums: plan.keepsPlaquetteSums,
        threads: plan.threads)
      var histories = measurement.emptyHistories(beta: sources[0].targetBeta)
      if plan.keepsPlaquetteSums, histories.beta == nil {
        throw MeasurementError.unknownCoupling(location: sources[0].location)
      }
      var before = 0
      for source in sources {
        let isDone = try measurement.measure(source, into: &histories) { progress(before + $0) }
        guard isDone else { return nil }
        before += source.count
      }
      return histories
    }
  }
}
