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
  /// Makes what is stored of the fields of the chains, where it is something else.
  private let image: (@Sendable (Field) -> Field)?

  /// Chains at their start, in the memory layout of a cold field.
  init(
    _ plan: MarkovChainPlan, _ kernels: KernelSequence<Field>, cold: Field,
    image: (@Sendable (Field) -> Field)? = nil
  ) throws {
    self.image = image
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
    func give(_ sample: ChainSample<Field>, _ U: Field) throws -> Bool {
      try receive(
        StoredPacket(
          round: sample.index, firstChain: sample.firstChain, lanes: sample.lanes,
          store: { U.store(lane: $0, into: $1) }))
      return true
    }
    guard let image else {
      return try runner.run(schedule, progress: progress) { try give($0, $0.U) }
    }
    return try runner.run(
      schedule, measure: { image($0.U) }, progress: progress, receive: give)
  }

  func giveFields(asRound round: Int, _ receive: (StoredPacket) throws -> Void) throws {
    for (packet, field) in runner.fields.enumerated() {
      let U = image?(field) ?? field
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
  /// - Throws: `UnknownGroupError`, `LatticeError`, `ActionError`, `ChainError`, `ModelError`,
  ///   `TransferError`.
  func makeChains() throws -> any ChainDriver {
    struct Task: GroupTask {
      let plan: MarkovChainPlan
      func run<Group: HeatbathGroup>(_ group: Group.Type) throws -> any ChainDriver {
        switch plan.layout {
        case .configurations:
          let cold = LinkField<Group>(coldStart: plan.lattice)
          guard let map = try plan.map(of: group) else {
            return try FieldChains(plan, plan.kernels(of: group), cold: cold)
          }
          return try FieldChains(plan, plan.kernels(through: map), cold: cold) {
            $0.mapped(by: map)
          }
        case .sublattices:
          let layout = try plan.sublatticeLayout()
          return try FieldChains(
            plan, plan.kernels(of: group, in: layout),
            cold: SublatticeLinkField<Group>(coldStart: layout))
        }
      }
    }
    return try Catalog.withGroup(named: group, Task(plan: self))
  }
}
