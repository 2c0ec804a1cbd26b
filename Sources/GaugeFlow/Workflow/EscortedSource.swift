import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains

/// The Markov steps between the intervals of a continuous flow, each leaving `exp(-S_t)` at the end of its
/// interval invariant.
struct Escort<Group: HeatbathGroup>: Sendable {
  private let kernels: [KernelSequence<LinkField<Group>>]
  /// Whether every step satisfies detailed balance, so that it is its own time reversal.
  let isReversible: Bool

  init(_ algorithm: ChainAlgorithm, on lattice: Lattice, betas: [Double]) throws {
    kernels = try betas.map { try Self.kernels(algorithm, on: lattice, beta: $0) }
    isReversible = algorithm.updates == [.hmc] && algorithm.overrelaxation == 0
  }

  /// The Markov step at a coupling.
  static func kernels(_ algorithm: ChainAlgorithm, on lattice: Lattice, beta: Double) throws
    -> KernelSequence<LinkField<Group>>
  {
    let plan = MarkovChainPlan(
      group: Group.name, lattice: lattice, beta: beta, algorithm: algorithm, thermalization: 0,
      every: 1, count: 0, chains: laneCount, seed: 0, threads: 1)
    return try plan.kernels(of: Group.self)
  }

  /// One step.
  func update(
    _ U: inout LinkField<Group>, interval: Int, seed: UInt64, firstConfiguration: Int
  ) {
    // Each interval has random streams of its own.
    var streams = ChainStreams(
      seed: seed, firstChain: firstConfiguration, requests: (interval + 1) << 12)
    var state = ChainState(U)
    do throws(ChainError) {
      _ = try kernels[interval].step(&state, using: &streams)
    } catch { preconditionFailure("a Markov step without a proposal failed: \(error)") }
    U = state.U
  }
}

/// Escorted annealing (nonequilibrium transport) as a source of weighted configurations.
///
/// From the Haar measure a configuration is carried by the flow over an interval, and then takes a
/// Markov step that leaves `exp(-S_t)` invariant, to the end of the path. The work is exact (Jarzynski,
/// cond-mat/9610209; Vaikuntanathan and Jarzynski, arXiv:0804.3055):
///
///     log w = Σ_i [ S_{t_i}(U_i) - S_{t_{i+1}}(U'_i) + log|det J_i| ],    <w> = Z
///
/// with `U'_i` after the flow over interval `i` and before the Markov step. The weight belongs to the
/// whole way; averages with it are those of the target. Where the coefficients are 0 this is plain
/// annealing.
struct EscortedSource<Basis: NamedVelocityBasis>: WeightedSource
where Basis.Group: DetunedHeatbathGroup {
  typealias Group = Basis.Group
  private let transport: RegressionTransport<Basis>
  private let escort: Escort<Group>
  private let annealing: Annealing<Group>
  /// The Wilson action at the start of each interval and at the end.
  private let actions: [WilsonAction<Group>]

  init(_ flow: RegressionFlow<Basis>, algorithm: ChainAlgorithm, to beta: Double) throws {
    let transport = RegressionTransport(flow, to: beta)
    self.transport = transport
    let times =
      flow.intervals.prefix(transport.intervalCount).map(\.start) + [transport.end]
    let betas = times.map { flow.path.point(at: $0).beta }
    actions = try betas.map { try WilsonAction<Group>(beta: $0) }
    let lattice = flow.basis.lattice
    escort = try Escort(algorithm, on: lattice, betas: Array(betas.dropFirst()))
    annealing = try Annealing(
      AnnealingSchedule(couplings: betas),
      update: TransportUpdate(action: WilsonAction<Group>(beta: 1), transport: transport)
    ) { try Escort<Group>.kernels(algorithm, on: lattice, beta: $0) }
  }

  var groupName: String { Group.name }
  var lattice: Lattice { transport.lattice }
  var beta: Double { actions[actions.count - 1].beta }
  var unit: Int { laneCount }

  func draw(unit number: Int, seed: UInt64, into values: UnsafeMutableBufferPointer<Double>) throws
    -> [Double]
  {
    var run = try AnnealingRun(
      fromHaar: annealing, on: lattice, count: laneCount, seed: seed,
      firstConfiguration: number * laneCount, threads: 1)
    _ = try run.run()
    run.fields[0].storeAll(into: values)
    return run.logWeights
  }

  /// `log w` of the reversed way from samples of the target: every Markov step before the flow back, in
  /// the opposite order. Nil where the Markov steps are not their own time reversal.
  func targetLogWeights(count: Int, seed: UInt64, threads: Int) throws -> [[Double]]? {
    guard escort.isReversible else { return nil }
    let streams = ReversedStreams(seed: seed)
    return try TargetSamples<Group>(
      lattice: lattice, beta: beta, count: count, seed: seed, threads: threads
    ).logWeights { target, first throws(InversionFailure) in
      var U = target
      var logWeight = Lanes.zero
      for interval in (0..<transport.intervalCount).reversed() {
        escort.update(&U, interval: interval, seed: streams.seed, firstConfiguration: first)
        logWeight -= actions[interval + 1].value(of: U)
        logWeight -= try transport.transportBack(&U, interval: interval)
        logWeight += actions[interval].value(of: U)
      }
      return logWeight
    }
  }
}

/// Keeps the random numbers of reversed ways apart from those of the forward ones.
private struct ReversedStreams: Sendable {
  let seed: UInt64
  init(seed: UInt64) { self.seed = seed ^ 0x7265_7665_7273_65 }
}
