import EnsembleIO
import Foundation
import LatticeFields
import MarkovChains

/// What Markov chains are to produce: a theory, an algorithm and a number of configurations.
public struct MarkovChainPlan: Sendable {
  /// The name of the gauge group.
  public var group: String
  /// The action.
  public var action: ActionKind
  /// The lattice.
  public var lattice: Lattice
  /// The coupling.
  public var beta: Double
  /// One update.
  public var algorithm: ChainAlgorithm
  /// The model in whose variables hybrid Monte Carlo runs; nil for the links themselves.
  public var transformation: FieldTransformation?
  /// What the eight lanes of a number hold.
  public var layout = ChainLayout.configurations
  /// Where chains start.
  public var start = ChainStart.hot
  /// The number of updates before the first configuration that is kept.
  public var thermalization: Int
  /// The number of updates from a kept configuration to the next.
  public var every: Int
  /// The number of configurations, over all chains.
  public var count: Int
  /// The number of chains.
  public var chains: Int
  /// Whether step sizes are tuned while chains thermalise.
  public var tunes = false
  /// The acceptance that is tuned for; nil for the algorithm's own choice.
  public var targetAcceptance: Double?
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int
  /// The command that asked for it, for the provenance.
  public var command = ""

  /// A plan from its parts.
  public init(
    group: String = U1.name, action: ActionKind = .wilson, lattice: Lattice, beta: Double,
    algorithm: ChainAlgorithm, thermalization: Int, every: Int, count: Int, chains: Int,
    seed: UInt64, threads: Int
  ) {
    self.group = group
    self.action = action
    self.lattice = lattice
    self.beta = beta
    self.algorithm = algorithm
    self.thermalization = thermalization
    self.every = every
    self.count = count
    self.chains = chains
    self.seed = seed
    self.threads = threads
  }

  /// The updates that each chain makes in all.
  public var updates: Int { thermalization + every * samplesPerChain }

  /// The number of configurations of the longest chain.
  public var samplesPerChain: Int { (count + chains - 1) / chains }

  /// The updates of every chain.
  func schedule(reportInterval: Int) -> ChainPlan {
    // Twelve changes of the step size fit into the four fifths in which they are made.
    ChainPlan(
      thermalization: thermalization, every: every, count: samplesPerChain,
      tuningInterval: tunes ? max(1, thermalization / 15) : 0, targetAcceptance: targetAcceptance,
      reportInterval: reportInterval)
  }

  /// Everything that decides the bits of the chains, the count left out: a run may be prolonged.
  var settings: [String: String] {
    // A run without sub-lattices or a model says nothing of them.
    var settings = layout == .configurations ? [:] : ["layout": layout.rawValue]
    if let transformation {
      let limit = transformation.forceLimit.map { "\($0)" } ?? "none"
      settings["model"] = "of checksum \(transformation.checksum), --force-limit \(limit)"
    }
    return algorithm.settings.merging(settings) { first, _ in first }.merging([
      "group": group, "action": action.name, "lattice": "\(lattice)", "beta": "\(beta)",
      "start": start.rawValue, "thermalize": "\(thermalization)", "every": "\(every)",
      "chains": "\(chains)", "seed": "\(seed)", "tune": "\(tunes)",
      "target-acceptance": targetAcceptance.map { "\($0)" } ?? "default",
    ]) { first, _ in first }
  }
}

/// What a run of Markov chains reports.
public struct MarkovChainResult: Sendable {
  /// The number of configurations in the ensemble.
  public let count: Int
  /// The number of chains.
  public let chains: Int
  /// What each kernel did since the thermalisation.
  public let statistics: [KernelStatistics]
  /// Whether the plan was completed; if not, the run was interrupted.
  public let isComplete: Bool
  /// Seconds of this run, an earlier one that was resumed not counted.
  public let seconds: Double
  /// Link updates in each second of this run, over all chains.
  public let linkUpdatesPerSecond: Double
  /// The step size and the like that tuning arrived at, by kernel.
  public let tunedParameters: [String: [Double]]

  /// What the first kernel did that can reject.
  public var acceptance: KernelStatistics? {
    statistics.first { $0.name != "heatbath" && $0.name != "overrelaxation" }
  }
  /// What hybrid Monte Carlo did.
  public var hybridMonteCarlo: KernelStatistics? { statistics.first { $0.name == "hmc" } }
}

/// Markov chains that write an ensemble directory, with checkpoints from which they go on to the
/// same bits.
///
/// Configurations are written round by round: the first of all chains, the second of all chains, and
/// so on. Beside the ensemble lies `chains.json` with `chains.safetensors`, the state of all chains;
/// a finished run keeps it, so that it can be prolonged.
public final class MarkovChainRun {
  /// The plan.
  public let plan: MarkovChainPlan
  private let directory: String
  private let checkpoint: Checkpoint
  private let writer: EnsembleWriter
  private var savingSeconds = 0.0
  private let chains: any ChainDriver
  /// The least number of seconds between two checkpoints; more where saving one takes long.
  public static let checkpointInterval = 20.0

  /// Prepares chains and their ensemble.
  ///
  /// - Parameters:
  ///   - resume: whether to go on with the ensemble in the directory, if there is one.
  ///   - overwrite: whether an ensemble in the directory may be replaced.
  /// - Throws: `UnknownGroupError`, `ActionError`, `ChainError`, `ModelError`, `TransferError` for an
  ///   impossible plan; `EnsembleIOError`.
  public init(
    _ plan: MarkovChainPlan, directory: String, resume: Bool = false, overwrite: Bool = false
  ) throws {
    self.plan = plan
    self.directory = directory
    chains = try plan.makeChains()
    checkpoint = Checkpoint(directory: directory, name: "chains")
    var description = EnsembleDescription(
      group: plan.group, lattice: plan.lattice.extents, beta: plan.beta,
      action: plan.action.description(beta: plan.beta),
      provenance: .init(
        version: programVersion, command: plan.command, seed: plan.seed,
        modelChecksum: plan.transformation?.checksum, start: plan.start.rawValue))
    if let formula = plan.action.formula {
      description.conventions += "; here \(formula)"
    }
    if resume, let state = try checkpoint.load() {
      let saved = try MarkovChainState(state, at: directory)
      try saved.require(plan.settings, at: directory)
      try chains.restore(saved.chains)
      writer = try EnsembleWriter(
        resuming: directory, matching: description, keeping: saved.count)
      guard writer.count == saved.count else {
        throw EnsembleIOError(
          .badData, at: directory, expected: "\(saved.count) configurations as the checkpoint says",
          found: "\(writer.count)")
      }
      try completeRound()
    } else {
      if resume, AtomicFile.exists("\(directory)/ensemble.json") {
        let old = try EnsembleReader(directory, acceptPrefix: true)
        guard old.count == 0 else {
          throw EnsembleIOError(
            .badData, at: directory, expected: "a checkpoint of the chains beside the ensemble",
            found: "none")
        }
      }
      if overwrite { try AtomicFile.remove("\(directory)/chains.json") }
      writer = try EnsembleWriter(
        creating: directory, description: description, weighted: false, chained: true,
        overwrite: overwrite || resume)
      try save()
    }
  }

  /// Whether all configurations are there.
  public var isComplete: Bool { writer.count >= plan.count }
  /// The number of configurations so far.
  public var count: Int { writer.count }
  /// The number of configurations that are on disk.
  public var committedCount: Int { writer.committedCount }
  /// The updates that each chain has made.
  public var updates: Int { chains.updates }

  /// Runs the plan to its end, or until it is interrupted; either way everything is on disk then.
  ///
  /// - Parameter progress: called often with how far the chains are; false interrupts.
  /// - Throws: `ChainError`; `EnsembleIOError`, where what was written before stays readable and
  ///   the run can be resumed.
  public func run(progress: (ChainProgress) -> Bool = { _ in true }) throws -> MarkovChainResult {
    let started = ContinuousClock.now
    let firstUpdate = chains.updates
    // Small lattices are asked less often, large ones and many colours after every update.
    let scalars = chains.linkUpdates * plan.chains * chains.valuesPerConfiguration
    let work = max(1, scalars / plan.lattice.linkCount)
    let schedule = plan.schedule(reportInterval: max(1, min(64, 2_000_000 / work)))
    var isInterrupted = false
    while !isComplete, !isInterrupted {
      let begin = ContinuousClock.now
      let interval = max(Self.checkpointInterval, 20 * savingSeconds)
      let done = try chains.run(
        schedule,
        progress: { report in
          isInterrupted = !progress(report)
          let pause = (ContinuousClock.now - begin) / .seconds(1)
          return !isInterrupted && pause < interval
        },
        receive: { try write($0) })
      try save()
      if done { break }
    }
    let seconds = (ContinuousClock.now - started) / .seconds(1)
    let updates = Double(chains.updates - firstUpdate) * Double(plan.chains)
    return MarkovChainResult(
      count: writer.count, chains: plan.chains, statistics: chains.statistics,
      isComplete: isComplete, seconds: seconds,
      linkUpdatesPerSecond: seconds > 0 ? updates * Double(chains.linkUpdates) / seconds : 0,
      tunedParameters: chains.tunedParameters)
  }

  /// Commits everything and closes the ensemble.
  public func close() throws { try writer.close() }

  /// Appends the configurations of a packet that belong to the plan and are not there yet.
  private func write(_ packet: StoredPacket) throws {
    let first = packet.round * plan.chains + packet.firstChain
    let begin = max(0, writer.count - first)
    let end = min(packet.lanes, plan.count - first)
    guard begin < end else { return }
    let range = begin..<end
    let size = writer.valuesPerConfiguration
    var links = [Double](repeating: 0, count: range.count * size)
    links.withUnsafeMutableBufferPointer { links in
      for lane in range {
        let start = (lane - range.lowerBound) * size
        packet.store(lane, UnsafeMutableBufferPointer(rebasing: links[start..<(start + size)]))
      }
    }
    try writer.append(links: links, chains: range.map { Int32(packet.firstChain + $0) })
  }

  private func save() throws {
    let begin = ContinuousClock.now
    try writer.flush()
    let state = MarkovChainState(
      settings: plan.settings, count: writer.count, chains: chains.checkpoint())
    try checkpoint.save(state.files)
    savingSeconds = (ContinuousClock.now - begin) / .seconds(1)
  }

  /// Where an earlier run ended inside a round, the chains still hold the rest of that round.
  private func completeRound() throws {
    let rounds = max(0, chains.updates - plan.thermalization) / plan.every
    guard writer.count < min(rounds * plan.chains, plan.count) else { return }
    try chains.giveFields(asRound: rounds - 1) { try write($0) }
  }
}
