import LatticeActions
import LatticeFields
import MarkovChains

/// A Markov chain update by name, with the parameters a user gives.
///
/// Names are joined by `+` into a sequence: `heatbath+winding` is a heatbath sweep followed by a
/// winding update. `winding` alone moves the charge and little else, so that a heatbath sweep is put
/// before it. Overrelaxation sweeps follow the first local or molecular-dynamics update.
public struct ChainAlgorithm: Sendable, Hashable {
  /// An elementary update.
  public enum Update: String, Sendable, CaseIterable {
    /// Hybrid Monte Carlo.
    case hmc
    /// A heatbath sweep.
    case heatbath
    /// A sweep of local Metropolis proposals.
    case metropolis
    /// A proposal of another winding number, two-dimensional U(1) only.
    case winding
  }

  /// The updates in their order.
  public var updates: [Update]
  /// The number of overrelaxation sweeps in every update.
  public var overrelaxation = 0
  /// The length of a trajectory of hybrid Monte Carlo.
  public var trajectoryLength = 1.0
  /// The number of integrator steps on a trajectory.
  public var steps = 10
  /// The integrator.
  public var integrator = Integrator.minimumNorm2
  /// The half-width of the proposals of local Metropolis.
  public var window = 1.0
  /// The number of proposals for each link in a sweep of local Metropolis.
  public var hits = 1

  /// The words a user can join.
  public static var names: [String] { Update.allCases.map(\.rawValue) }

  /// The algorithm of a name, with default parameters.
  ///
  /// - Throws: `ChainAlgorithmError` for another name.
  public init(parsing name: String) throws(ChainAlgorithmError) {
    var updates: [Update] = []
    for word in name.split(separator: "+", omittingEmptySubsequences: false) {
      guard let update = Update(rawValue: String(word)) else {
        throw ChainAlgorithmError(found: name)
      }
      updates.append(update)
    }
    self.updates = updates == [.winding] ? [.heatbath, .winding] : updates
  }

  /// The name, `heatbath+winding`.
  public var name: String { updates.map(\.rawValue).joined(separator: "+") }

  /// Whether tuning changes anything.
  public var isTunable: Bool { updates.contains(.hmc) || updates.contains(.metropolis) }

  /// The kernels for an action.
  ///
  /// To be called where the type of the action is known, so that the kernels are compiled for it.
  ///
  /// - Throws: `ChainError` where a parameter is out of range, or the lattice or the group does not
  ///   fit.
  public func kernels<Theory: LinkLinearAction>(
    for action: Theory, on lattice: Lattice
  ) throws(ChainError) -> KernelSequence<LinkField<Theory.Group>>
  where Theory.Group: HeatbathGroup {
    try sequence { (sequence, update) throws(ChainError) in
      switch update {
      case .hmc:
        sequence.followed(
          by: try HybridMonteCarlo(
            action: action, integrator: integrator, trajectoryLength: trajectoryLength,
            steps: steps))
      case .heatbath: sequence.followed(by: try Heatbath(action: action, on: lattice))
      case .metropolis:
        sequence.followed(
          by: try LocalMetropolis(action: action, on: lattice, window: window, hits: hits))
      case .winding: sequence.followed(by: try winding(for: action, on: lattice))
      }
    } overrelaxed: { (sequence, sweeps) throws(ChainError) in
      sequence.followed(by: try Overrelaxation(action: action, on: lattice), repetitions: sweeps)
    }
  }

  /// The updates in their order, the overrelaxation sweeps after the first that is no winding update.
  ///
  /// - Parameters:
  ///   - add: adds the kernel of an update to a sequence.
  ///   - overrelaxed: adds so many overrelaxation sweeps.
  func sequence<Field: LatticeField>(
    adding add: (KernelSequence<Field>, Update) throws(ChainError) -> KernelSequence<Field>,
    overrelaxed: (KernelSequence<Field>, Int) throws(ChainError) -> KernelSequence<Field>
  ) throws(ChainError) -> KernelSequence<Field> {
    var result = KernelSequence<Field>()
    var sweeps = overrelaxation
    for update in updates {
      result = try add(result, update)
      if sweeps > 0, update != .winding {
        result = try overrelaxed(result, sweeps)
        sweeps = 0
      }
    }
    return result
  }

  /// The winding update, where the links are phases.
  private func winding<Theory: GaugeAction>(
    for action: Theory, on lattice: Lattice
  ) throws(ChainError) -> AnyMarkovKernel<LinkField<Theory.Group>> {
    func make<Abelian: GaugeAction<U1>>(_ action: Abelian) throws(ChainError)
      -> AnyMarkovKernel<LinkField<U1>>
    { AnyMarkovKernel(try WindingUpdate(action: action, on: lattice)) }
    if let action = action as? any GaugeAction<U1> {
      let kernel = try make(action) as Any
      if let kernel = kernel as? AnyMarkovKernel<LinkField<Theory.Group>> { return kernel }
    }
    throw .group(algorithm: "winding", expected: U1.name, given: Theory.Group.name)
  }

  /// Everything that decides the bits of a chain, by name, for checkpoints.
  var settings: [String: String] {
    var result = ["algorithm": name, "overrelaxation": "\(overrelaxation)"]
    if updates.contains(.hmc) {
      result["trajectory-length"] = "\(trajectoryLength)"
      result["steps"] = "\(steps)"
      result["integrator"] = integrator.name
    }
    if updates.contains(.metropolis) {
      result["window"] = "\(window)"
      result["hits"] = "\(hits)"
    }
    return result
  }
}

extension ChainAlgorithm {
  /// The algorithm that has the settings.
  ///
  /// - Throws: `ChainAlgorithmError` where there is none.
  init(settings: [String: String]) throws(ChainAlgorithmError) {
    try self.init(parsing: settings["algorithm"] ?? "")
    func number<Number: LosslessStringConvertible>(_ key: String, _ value: Number)
      throws(ChainAlgorithmError) -> Number
    {
      guard let text = settings[key] else { return value }
      guard let number = Number(text) else { throw ChainAlgorithmError(found: "\(key) \(text)") }
      return number
    }
    overrelaxation = try number("overrelaxation", overrelaxation)
    trajectoryLength = try number("trajectory-length", trajectoryLength)
    steps = try number("steps", steps)
    window = try number("window", window)
    hits = try number("hits", hits)
    if let name = settings["integrator"] {
      guard let known = Integrator.all.first(where: { $0.name == name }) else {
        throw ChainAlgorithmError(found: "integrator \(name)")
      }
      integrator = known
    }
  }
}

/// A name that is no Markov chain update.
public struct ChainAlgorithmError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was given.
  public let found: String
  /// One line: what was expected, what was given.
  public var description: String {
    "algorithm: expected \(ChainAlgorithm.names.joined(separator: ", ")), or some joined by +, "
      + "given '\(found)'"
  }
}
