import LatticeFields
import LatticeObservables
import LatticeStatistics

/// What one observable gave on every configuration.
public struct ObservableHistory: Sendable {
  /// The word a user types.
  public let name: String
  /// The names of the components.
  public let components: [String]
  /// Functions of the means of the components.
  public let derived: [DerivedQuantity]
  /// The values, `values[component][configuration]`.
  public var values: [[Double]]

  /// A history from its parts.
  public init(
    name: String, components: [String], derived: [DerivedQuantity], values: [[Double]]
  ) {
    precondition(
      values.count == components.count,
      "\(name): \(values.count) histories for \(components.count) components")
    self.name = name
    self.components = components
    self.derived = derived
    self.values = values
  }

  /// The empty history of an observable.
  public init<Group: GaugeGroup>(of observable: AnyObservable<Group>) {
    self.init(
      name: observable.name, components: observable.components, derived: observable.derived,
      values: observable.components.map { _ in [] })
  }
}

/// Everything that was measured on a set of configurations, and how they hang together: all that
/// error bars need, and no configuration any more.
public struct MeasurementHistories: Sendable {
  /// The gauge group.
  public let groupName: String
  /// The lattice.
  public let lattice: Lattice
  /// The coupling of the distribution that the configurations with their weights follow; nil where
  /// it is not known.
  public private(set) var beta: Double?
  /// The action of the configurations with its couplings; nil where it is not known.
  public internal(set) var actionName: String?
  /// The histories, one for each observable.
  public private(set) var observables: [ObservableHistory]
  /// `Σ_P Re tr P / N` of every configuration, where reweighting was announced.
  public private(set) var plaquetteSums: [Double]
  /// The log weight of every configuration; nil where all weights are equal.
  public private(set) var logWeights: [Double]?
  /// The Markov chain of every configuration; nil where they are independent.
  public private(set) var chains: [Int]?
  /// The number of configurations.
  public private(set) var count: Int

  /// No configuration yet.
  public init(
    groupName: String, lattice: Lattice, beta: Double?, observables: [ObservableHistory]
  ) {
    self.groupName = groupName
    self.lattice = lattice
    self.beta = beta
    self.observables = observables
    plaquetteSums = []
    count = 0
  }

  /// Adds configurations that were measured elsewhere.
  ///
  /// Their chains become further chains. Either all parts have weights or none, and so for chains.
  ///
  /// - Parameters:
  ///   - values: `values[observable][component][configuration]`.
  ///   - plaquetteSums: one for each configuration, or empty where no reweighting in the coupling
  ///     will be asked for.
  ///   - logWeights: one for each configuration, or nil.
  ///   - chains: one for each configuration, or nil.
  ///   - location: where they come from, for errors.
  /// - Throws: `MeasurementError.mixture`.
  public mutating func append(
    values: [[[Double]]], plaquetteSums: [Double] = [], logWeights: [Double]? = nil,
    chains: [Int]? = nil, from location: String = "samples"
  ) throws(MeasurementError) {
    let added = values.first?.first?.count ?? plaquetteSums.count
    if count > 0 {
      guard (logWeights == nil) == (self.logWeights == nil) else {
        throw .mixture(what: "weights", location: location)
      }
      guard (chains == nil) == (self.chains == nil) else {
        throw .mixture(what: "chains", location: location)
      }
    }
    for (observable, components) in values.enumerated() {
      for (component, series) in components.enumerated() {
        precondition(
          series.count == added, "\(series.count) values for \(added) configurations")
        observables[observable].values[component] += series
      }
    }
    self.plaquetteSums += plaquetteSums
    if let logWeights { self.logWeights = (self.logWeights ?? []) + logWeights }
    if let chains {
      let first = (self.chains?.max()).map { $0 + 1 } ?? 0
      self.chains = (self.chains ?? []) + chains.map { $0 + first }
    }
    count += added
  }

  /// Moves to another coupling: `exp(S - S')` becomes part of the weights.
  ///
  ///     log w += (β' - β) Σ_P Re tr P / N
  ///
  /// - Throws: `MeasurementError.unknownCoupling` where the present coupling or the plaquettes are
  ///   not known.
  public mutating func reweight(to newBeta: Double) throws(MeasurementError) {
    guard let beta, plaquetteSums.count == count else {
      throw .unknownCoupling(location: "reweighting")
    }
    let old = logWeights ?? Array(repeating: 0, count: count)
    logWeights = zip(old, plaquetteSums).map { $0 + (newBeta - beta) * $1 }
    self.beta = newBeta
  }

  /// A series of one number for each configuration, parted into chains: `[chain][time]`.
  func parted(_ series: [Double]) -> [[Double]] {
    guard let chains else { return [series] }
    var position: [Int: Int] = [:]
    var result: [[Double]] = []
    for (chain, value) in zip(chains, series) {
      if let index = position[chain] {
        result[index].append(value)
      } else {
        position[chain] = result.count
        result.append([value])
      }
    }
    return result
  }
}
