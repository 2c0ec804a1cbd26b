import EnsembleIO
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// The laws that `verify` reports.
///
/// Without a model, those of every group, action and architecture of the catalog, on small lattices
/// and with parameters far from the identity. With a model, its own: on its own lattice up to 1024
/// coordinates of links, and on a smaller one that its masks allow beyond that.
///
/// Complexity: some seconds. A law that is statistical has a false-alarm rate of 1e-5.
///
/// - Parameters:
///   - model: the flow to verify, or nil for the catalog.
///   - seed: fixes every field and parameter.
/// - Throws: `ActionError` or `ExactResultError` where `beta` is out of range, `LatticeError` or
///   `TransferError` where the model fits no lattice that is small enough.
public func verifyAll(
  model: TrainedModel?, seed: UInt64, threads: Int = 1
) throws -> [Law] {
  switch model {
  case nil: try catalogLaws(seed: seed, threads: threads)
  case .coupling(let model)?:
    try Catalog.withCouplingGroup(
      named: model.group, ModelLaws(model: model, seed: seed, threads: threads))
  case .annealing(let model)?:
    try weightLaws(of: TrainedModel.annealing(model).source(), seed: seed, threads: threads)
  case .regression(let model)?: try regressionLaws(of: model, seed: seed, threads: threads)
  }
}

/// The laws of the whole catalog.
public func catalogLaws(seed: UInt64, threads: Int = 1) throws -> [Law] {
  var laws: [Law] = []
  for group in Catalog.groups { laws += try catalogLaws(of: group, seed: seed) }
  laws += try scalarLaws(seed: seed)
  for name in Catalog.couplingGroupNames {
    laws += try Catalog.withCouplingGroup(
      named: name, ArchitectureLaws(seed: seed, threads: threads))
  }
  return laws
}

/// The laws of all architectures of one group.
private struct ArchitectureLaws: CouplingGroupTask {
  let seed: UInt64
  let threads: Int

  /// Lattices that show every mask; small ones for large groups, since Jacobians are dense.
  private func lattices(colors: Int) -> [[Int]] {
    switch colors {
    case 1: [[5, 3], [8, 4], [2, 2, 4]]
    case 2: [[3, 2], [4, 4], [2, 2, 4]]
    case 3: [[3, 2], [4, 4], [2, 2, 2]]
    default: [[3, 2], [2, 4], [2, 2, 2]]
    }
  }

  func run<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) throws -> [Law] {
    var laws: [Law] = []
    for extents in lattices(colors: Group.colors) {
      let lattice = try Lattice(extents)
      for entry in Catalog.couplingArchitectures(
        colors: Group.colors, dimension: lattice.dimension)
      where entry.value.problem(colors: Group.colors, dimension: lattice.dimension) == nil {
        var architecture = entry.value
        if Group.colors > 1 {
          for index in architecture.stages.indices {
            // Each direction and parity once is enough.
            architecture.stages[index].layers = min(
              architecture.stages[index].layers, 2 * lattice.dimension)
          }
        }
        // Where a mask does not fit an odd lattice, the next one serves.
        guard
          var flow = try? CouplingFlow<Group>(
            lattice: lattice, architecture: architecture, seed: seed)
        else { continue }
        // Far from the identity, but not so far that weights of many links collapse.
        flow.leaveIdentity(factor: Group.colors < 3 ? 2 : 1.5)
        let name = "\(Group.name) \(entry.name) \(lattice)"
        laws += couplingLaws(of: flow, seed: seed).of(name)
        laws += try densityLaws(of: flow, beta: 0, seed: seed, threads: threads).of(name)
      }
    }
    return laws
  }
}

/// The laws of a group and of everything in the catalog that is generic over groups.
private func catalogLaws<G: GaugeGroup>(of group: G.Type, seed: UInt64) throws -> [Law] {
  var laws = groupLaws(of: group, seed: seed).of(G.name)
  for extents in [[4, 3], [3, 2, 2], [3, 2, 3, 2]] {
    let lattice = try Lattice(extents)
    for entry in Catalog.actions(of: group) {
      laws += actionLaws(of: entry.value, on: lattice, seed: seed)
        .of("\(G.name) \(entry.name) \(lattice)")
    }
  }
  for entry in Catalog.priors(of: group) {
    laws += priorLaws(of: entry.value, on: try Lattice([4, 3]), seed: seed)
      .of("\(G.name) \(entry.name)")
  }
  return laws
}

/// The laws of the actions and priors of scalar fields.
private func scalarLaws(seed: UInt64) throws -> [Law] {
  var laws: [Law] = []
  for extents in [[5], [4, 3], [3, 1, 2], [2, 3, 2, 3]] {
    let lattice = try Lattice(extents)
    for entry in Catalog.scalarActions {
      laws += scalarActionLaws(of: entry.value, on: lattice, seed: seed)
        .of("scalar \(entry.name) \(lattice)")
    }
    for entry in Catalog.scalarPriors {
      laws += scalarPriorLaws(of: entry.value, on: lattice, seed: seed)
        .of("scalar \(entry.name) \(lattice)")
    }
  }
  return laws
}

/// The laws of one model.
private struct ModelLaws: CouplingGroupTask {
  let model: CouplingModel
  let seed: UInt64
  let threads: Int

  func run<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) throws -> [Law] {
    let flow = try model.flow(as: group)
    let small = try flow.verifiable()
    var laws = couplingLaws(of: small, seed: seed)
    if small.lattice != flow.lattice { laws = laws.of("on \(small.lattice)") }
    return laws + (try densityLaws(of: flow, beta: model.beta, seed: seed, threads: threads))
  }
}

/// The laws of a flow's density, with the Wilson action at `beta` as the target.
private func densityLaws<Group: CouplingGroup>(
  of flow: CouplingFlow<Group>, beta: Double, seed: UInt64, threads: Int
) throws -> [Law] {
  let lattice = flow.lattice
  let exact = ExactReference(group: Group.name, lattice: lattice, beta: beta)?.theory
  return proposalLaws(
    of: CouplingTransport(flow), action: try WilsonAction<Group>(beta: beta),
    exactLogZ: beta == 0 ? 0 : exact?.logPartitionFunction, seed: seed,
    count: lattice.linkCount * Group.Algebra.dimension <= 512 ? 8192 : 2048, threads: threads)
}

extension CouplingFlow {
  /// Multiplies all parameters, so that a new flow is far from the identity.
  mutating func leaveIdentity(factor: Double) {
    for index in parameters.indices { parameters[index] *= factor }
  }

  /// The same flow on its own lattice, or where that is large on a smaller one that it can be moved to.
  func verifiable() throws -> CouplingFlow {
    let largest = 1024 / Group.Algebra.dimension
    if lattice.linkCount <= largest { return self }
    for extent in [16, 8, 12, 6, 4, 2] {
      let small = try Lattice(lattice.extents.map { Swift.min(extent, $0) })
      if small.linkCount <= largest, let moved = try? moved(to: small) { return moved }
    }
    return try moved(to: Lattice(lattice.extents.map { Swift.min(8, $0) }))
  }
}
