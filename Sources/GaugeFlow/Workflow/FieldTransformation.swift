import EnsembleIO
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// The model whose variables a hybrid Monte Carlo runs in, with its checksum.
public struct FieldTransformation: Sendable {
  /// The model.
  public let model: TrainedModel
  /// The SHA-256 of its parameters.
  public let checksum: String
  /// The length that forces on a link stay below; nil for the gradient itself. See `TransformedAction`.
  public var forceLimit: Double? = 0.03

  /// The variables of a model.
  public init(_ model: TrainedModel) throws(EnsembleIOError) {
    self.model = model
    checksum = try model.checksum()
  }
}

extension TrainedModel {
  /// The flow of the model as a map whose derivatives can be pulled back: a line for each kind of model
  /// that has one.
  ///
  /// - Throws: `ModelError` for another group and for models without a pullback, `TransferError` where
  ///   the lattice does not fit.
  ///
  /// - Parameter beta: the coupling of the chain; a flow for a range of couplings is conditioned on the
  ///   nearest of them.
  func map<Group: HeatbathGroup>(of group: Group.Type, on lattice: Lattice, beta: Double) throws
    -> any DifferentiableBijection<Group>
  {
    let map: Any
    switch self {
    case .coupling(let model):
      map = try Catalog.withCouplingGroup(
        named: model.group, CouplingMapTask(model: model, lattice: lattice, beta: beta))
    case .regression: throw ModelError.noPullback(found: "a regression flow")
    case .annealing: throw ModelError.noPullback(found: "annealing")
    }
    guard let map = map as? any DifferentiableBijection<Group> else {
      throw ModelError.group(expected: Group.name, found: self.group)
    }
    return map
  }
}

private struct CouplingMapTask: CouplingGroupTask {
  let model: CouplingModel
  let lattice: Lattice
  let beta: Double

  func run<Group: HeatbathGroup & CouplingGroup>(_ group: Group.Type) throws -> Any {
    let flow = try model.flow(as: group).moved(to: lattice)
    guard let range = flow.architecture.betaRange else { return CouplingTransport(flow) }
    return CouplingTransport(
      flow.conditioned(onBeta: min(max(beta, range.lowerBound), range.upperBound)))
  }
}

extension MarkovChainPlan {
  /// The map whose variables the chains are in; nil for the links themselves.
  func map<Group: HeatbathGroup>(of group: Group.Type) throws
    -> (any DifferentiableBijection<Group>)?
  { try transformation?.model.map(of: group, on: lattice, beta: beta) }

  /// How the lattice is divided among the lanes of one configuration.
  ///
  /// - Throws: `LatticeError`; `ChainError` in the variables of a model, which moves configurations.
  func sublatticeLayout() throws -> SublatticeLayout {
    if transformation != nil {
      throw ChainError.sublattices(algorithm: "hmc in a model's variables")
    }
    return try SublatticeLayout(lattice, reach: action.reach)
  }
}

extension ChainAlgorithm {
  /// The kernels for an action in the variables of a map; see `kernels(for:on:)`.
  ///
  /// - Parameter forceLimit: see `TransformedAction`.
  /// - Throws: `ChainError` where a parameter is out of range; for updates other than `hmc`, which move
  ///   the links themselves.
  public func kernels<Theory: GaugeAction>(
    for action: Theory, through map: any DifferentiableBijection<Theory.Group>, on lattice: Lattice,
    forceLimit: Double? = nil
  ) throws(ChainError) -> KernelSequence<LinkField<Theory.Group>> {
    if let forceLimit, !(forceLimit > 0) {
      throw .parameter(name: "force limit", expected: "a positive number", value: forceLimit)
    }
    let transformed = TransformedAction(
      action, through: map, on: lattice, forceLimit: forceLimit)
    return try sequence { (sequence, update) throws(ChainError) in
      guard update == .hmc else { throw .variables(algorithm: update.rawValue) }
      return sequence.followed(
        by: try HybridMonteCarlo(
          action: transformed, integrator: integrator, trajectoryLength: trajectoryLength,
          steps: steps))
    } overrelaxed: { (_, _) throws(ChainError) in
      throw .variables(algorithm: "overrelaxation")
    }
  }
}
