import LaneMath
import LatticeFields
import MarkovChains

/// Markov chains of any group, for code that only counts and stores what they give.
protocol ChainDriver: AnyObject {
  /// The updates made of each chain.
  var updates: Int { get }
  /// The link updates that one update makes in one chain.
  var linkUpdates: Int { get }
  /// What each kernel did since the thermalisation.
  var statistics: [KernelStatistics] { get }
  /// What tuning arrived at, by kernel.
  var tunedParameters: [String: [Double]] { get }
  /// The number of real numbers of a configuration in an ensemble file.
  var valuesPerConfiguration: Int { get }
  /// Runs a plan, or what is left of it; see `ChainRunner`.
  func run(
    _ schedule: ChainPlan, progress: (ChainProgress) -> Bool, receive: (StoredPacket) throws -> Void
  ) throws -> Bool
  /// Gives the present fields of all chains, packet by packet, as the sample of a round.
  func giveFields(asRound round: Int, _ receive: (StoredPacket) throws -> Void) throws
  /// The state of all chains.
  func checkpoint() -> ChainCheckpoint
  /// Puts all chains into the state of a checkpoint.
  func restore(_ checkpoint: ChainCheckpoint) throws
}

/// Up to 8 configurations that can be written into an ensemble.
struct StoredPacket {
  /// The number of the sample in each chain.
  let round: Int
  /// The number of the chain in lane 0.
  let firstChain: Int
  /// The number of lanes that are chains.
  let lanes: Int
  /// Writes one lane in file order.
  let store: (_ lane: Int, _ values: UnsafeMutableBufferPointer<Double>) -> Void
}

/// The chains of one kind of field.
final class FieldChains<Field: LatticeField>: ChainDriver {
  private var runner: ChainRunner<Field>

  /// Chains at their start, in the memory layout of a cold field.
  init(_ plan: MarkovChainPlan, _ kernels: KernelSequence<Field>, cold: Field) throws {
    runner = try ChainRunner(
      kernels, cold: cold, chains: plan.chains, start: plan.start, seed: plan.seed,
      threads: plan.threads)
  }

  var updates: Int { runner.updates }
  var linkUpdates: Int { runner.kernels.linkUpdates(on: runner.lattice) }
  var statistics: [KernelStatistics] { runner.statistics }
  var valuesPerConfiguration: Int {
    Field.scalarsPerConfiguration(on: runner.lattice)
  }
  var tunedParameters: [String: [Double]] {
    var tuned: [String: [Double]] = [:]
    for entry in runner.kernels.entries where !entry.kernel.tunedParameters.isEmpty {
      tuned[entry.kernel.name] = entry.kernel.tunedParameters
    }
    return tuned
  }

  func run(
    _ schedule: ChainPlan, progress: (ChainProgress) -> Bool, receive: (StoredPacket) throws -> Void
  ) throws -> Bool {
    try runner.run(schedule, progress: progress) { sample in
      try receive(
        StoredPacket(
          round: sample.index, firstChain: sample.firstChain, lanes: sample.lanes,
          store: { sample.U.store(lane: $0, into: $1) }))
      return true
    }
  }

  func giveFields(asRound round: Int, _ receive: (StoredPacket) throws -> Void) throws {
    for (packet, U) in runner.fields.enumerated() {
      let first = packet * Field.configurationsPerPacket
      try receive(
        StoredPacket(
          round: round, firstChain: first,
          lanes: min(Field.configurationsPerPacket, runner.chains - first),
          store: { U.store(lane: $0, into: $1) }))
    }
  }

  func checkpoint() -> ChainCheckpoint { runner.checkpoint() }
  func restore(_ checkpoint: ChainCheckpoint) throws { try runner.restore(checkpoint) }
}

extension MarkovChainPlan {
  /// The chains of the plan at their start, compiled for the group that its name says.
  ///
  /// - Throws: `UnknownGroupError`, `LatticeError`, `ActionError`, `ChainError`.
  func makeChains() throws -> any ChainDriver {
    struct Task: GroupTask {
      let plan: MarkovChainPlan
      func run<Group: HeatbathGroup>(_ group: Group.Type) throws -> any ChainDriver {
        switch plan.layout {
        case .configurations:
          return try FieldChains(
            plan, plan.kernels(of: group), cold: LinkField<Group>(coldStart: plan.lattice))
        case .sublattices:
          let layout = try SublatticeLayout(plan.lattice, reach: plan.action.reach)
          return try FieldChains(
            plan, plan.kernels(of: group, in: layout),
            cold: SublatticeLinkField<Group>(coldStart: layout))
        }
      }
    }
    return try Catalog.withGroup(named: group, Task(plan: self))
  }
}
