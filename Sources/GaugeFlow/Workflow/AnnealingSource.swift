import EnsembleIO
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import MarkovChains

/// Annealing with detuned heatbath sweeps from equilibrium at one coupling to another, as a source of
/// weighted configurations, in any dimension.
///
/// Eight chains are thermalised at the first coupling and give starts again and again; a unit is all
/// that they give. `<w> = Z(β)/Z(β_0)`.
struct AnnealingSource<Group: DetunedHeatbathGroup>: WeightedSource {
  private let model: AnnealingModel
  private let annealing: Annealing<Group>
  private let equilibrium: KernelSequence<LinkField<Group>>
  let lattice: Lattice

  init(_ model: AnnealingModel) throws {
    self.model = model
    let lattice = try Lattice(model.lattice)
    self.lattice = lattice
    let sweeps = model.overrelaxation
    let order = Self.order(on: lattice)
    annealing = try Annealing(
      AnnealingSchedule(couplings: model.couplings),
      update: Self.update(
        on: lattice, Detuning(late: model.detuning[0], early: model.detuning[1]))
    ) { try Self.overrelaxation(beta: $0, on: lattice, sweeps: sweeps) }
    let start = try WilsonAction<Group>(beta: model.couplings[0])
    equilibrium = try Self.overrelaxation(
      beta: model.couplings[0], on: lattice, sweeps: max(1, sweeps)
    ).followed(by: Heatbath(action: start, on: lattice, order: order))
  }

  /// A checkerboard where the lattice has one: its variance is the smallest.
  static func order(on lattice: Lattice) -> LinkOrder.Kind {
    lattice.extents.allSatisfy { $0 % 2 == 0 } ? .checkerboard : .siteBySite
  }

  /// The sweep that changes the coupling.
  static func update(on lattice: Lattice, _ detuning: Detuning) throws
    -> DetunedHeatbath<WilsonAction<Group>>
  {
    try DetunedHeatbath(
      action: WilsonAction<Group>(beta: 1), on: lattice, detuning: detuning,
      order: order(on: lattice))
  }

  /// What follows it.
  static func overrelaxation(beta: Double, on lattice: Lattice, sweeps: Int) throws
    -> KernelSequence<LinkField<Group>>
  {
    guard sweeps > 0 else { return KernelSequence() }
    return KernelSequence().followed(
      by: try Overrelaxation(
        action: WilsonAction<Group>(beta: beta), on: lattice, order: order(on: lattice)),
      repetitions: sweeps)
  }

  var groupName: String { Group.name }
  var beta: Double { model.beta }
  var startBeta: Double { model.couplings[0] }
  var unit: Int { laneCount * model.rounds }

  func draw(
    unit number: Int, seed: UInt64, into values: UnsafeMutableBufferPointer<Double>
  ) throws -> [Double] {
    // Chains and ways of every unit have random numbers of their own.
    let own = seed &+ UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
    var chains = try ChainRunner(
      equilibrium, lattice: lattice, chains: laneCount, start: .mixed, seed: own, threads: 1)
    try chains.advance(by: model.thermalization)
    let size = values.count / model.rounds
    var logWeights: [Double] = []
    _ = try annealing.weights(
      from: &chains, repetitions: model.rounds, every: model.every, seed: ~own
    ) { _ in
      true
    } receive: { repetition, run in
      run.fields[0].storeAll(
        into: UnsafeMutableBufferPointer(
          rebasing: values[(repetition * size)..<((repetition + 1) * size)]))
      logWeights += run.logWeights
    }
    return logWeights
  }

  /// Nil: the reversed way of a detuned sweep is another sweep.
  func targetLogWeights(count: Int, seed: UInt64, threads: Int) -> [[Double]]? { nil }
}

/// What annealing is to be fitted for, and how.
public struct AnnealingPlan: Sendable {
  /// The name of the group.
  public var group: String
  /// The lattice.
  public var lattice: Lattice
  /// The coupling of the target.
  public var beta: Double
  /// The coupling of the start.
  public var startBeta: Double
  /// The number of steps of the schedule.
  public var steps = 64
  /// Overrelaxation sweeps after each step.
  public var overrelaxation = 1
  /// The detuning, late and early; nil to fit it.
  public var detuning: [Double]?
  /// Updates of a chain before its first start.
  public var thermalization = 200
  /// Updates of a chain between starts.
  public var every = 10
  /// Starts from each chain.
  public var rounds = 8
  /// The number of fresh samples to judge by.
  public var evaluationCount = 512
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int

  /// A plan from its parts, all else at its default.
  public init(
    group: String, lattice: Lattice, beta: Double, from startBeta: Double, seed: UInt64,
    threads: Int
  ) {
    self.group = group
    self.lattice = lattice
    self.beta = beta
    self.startBeta = startBeta
    self.seed = seed
    self.threads = threads
  }

  /// The options that are understood; others are an error.
  public static let keys = [
    "overrelaxation", "detuning", "thermalize", "every", "rounds", "evaluation",
  ]

  /// Takes options of a run file or a command line.
  ///
  /// - Throws: `.badData` naming the option, what it may be, and what was found.
  public mutating func apply(_ given: RunOptions) throws {
    try given.allow(Self.keys)
    overrelaxation = try given.integer("overrelaxation", in: 0...1000) ?? overrelaxation
    thermalization = try given.integer("thermalize", in: 0...(1 << 30)) ?? thermalization
    every = try given.integer("every", in: 1...(1 << 30)) ?? every
    rounds = try given.integer("rounds", in: 1...4096) ?? rounds
    evaluationCount = try given.integer("evaluation", in: 8...(1 << 30)) ?? evaluationCount
    if let number = try given.number("detuning", in: -100...100) { detuning = [number, number] }
  }
}

/// How a fit of annealing went: `training.json` of a model directory.
public struct AnnealingRecord: Codable, Sendable, Equatable {
  /// The version of the program.
  public var version: String
  /// The seed.
  public var seed: UInt64
  /// Steps of the schedule.
  public var steps: Int
  /// Seconds of the fit.
  public var seconds: Double
  /// The detuning for late and early loops.
  public var detuning: [Double]
  /// The friction with this detuning over that without, by linear response; nil where it was given.
  public var frictionRatio: Double?
  /// The number of fresh samples.
  public var evaluationCount: Int
  /// The effective sample size of fresh samples.
  public var ess: Double
  /// The variance of their log weights.
  public var variance: Double
  /// The mean weight's logarithm, `log Z(β) - log Z(β_0)`.
  public var logZRatio: Double
  /// Acceptance rate of independence Metropolis.
  public var acceptanceRate: Double
  /// Seconds for each sample, over all threads.
  public var secondsPerSample: Double
}

/// Fits the detuning of the heatbath and the schedule of annealing, from equilibrium chains.
public enum AnnealingTraining {
  /// Fits into a model directory.
  ///
  /// - Throws: `EnsembleIOError.refusesToOverwrite`, `UnknownGroupError`, `ChainError`.
  public static func run(_ plan: AnnealingPlan, directory: String, overwrite: Bool) throws
    -> AnnealingRecord
  {
    let path = "\(directory)/\(AnnealingModel.fileName)"
    guard overwrite || !AtomicFile.exists(path) else {
      throw EnsembleIOError(
        .refusesToOverwrite, at: directory, expected: "a directory without a model",
        found: "one (--force replaces it)")
    }
    return try Catalog.withGroup(named: plan.group, Task(plan: plan, directory: directory))
  }

  private struct Task: GroupTask {
    let plan: AnnealingPlan
    let directory: String

    func run<Group: DetunedHeatbathGroup>(_ group: Group.Type) throws -> AnnealingRecord {
      typealias Source = AnnealingSource<Group>
      let start = ContinuousClock.now
      var schedule = try AnnealingSchedule.linear(
        from: plan.startBeta, to: plan.beta, steps: plan.steps)
      var detuning = plan.detuning, ratio: Double?
      if detuning == nil {
        let update = try Source.update(on: plan.lattice, .none)
        func fit(_ beta: Double) throws -> DetuningFit {
          try DetuningFit(
            update, at: beta,
            kernels: Source.overrelaxation(
              beta: beta, on: plan.lattice, sweeps: plan.overrelaxation), on: plan.lattice,
            thermalization: plan.thermalization, seed: plan.seed, threads: plan.threads)
        }
        let low = min(plan.startBeta, plan.beta), high = max(plan.startBeta, plan.beta)
        let fits = try [low, (low + high) / 2, high].map { ($0, try fit($0)) }
        let middle = fits[1].1
        detuning = [middle.detuning.late, middle.detuning.early]
        ratio = middle.frictionRatio
        schedule = try .equalDissipation(
          from: plan.startBeta, to: plan.beta, steps: plan.steps,
          friction: fits.map { ($0, $1.friction.value * $1.frictionRatio) })
      }
      let model = AnnealingModel(
        group: Group.name, lattice: plan.lattice.extents, couplings: schedule.couplings,
        detuning: detuning ?? [0, 0], overrelaxation: plan.overrelaxation,
        thermalization: plan.thermalization, every: plan.every, rounds: plan.rounds)
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let sampling = ContinuousClock.now
      let logWeights = try Source(model).logWeights(
        count: plan.evaluationCount, seed: plan.seed ^ 0x6672_6573_68, threads: plan.threads)
      let cost = (ContinuousClock.now - sampling) / .seconds(1)
      let weights = try LogWeights(logWeights)
      let mean = logWeights.reduce(0, +) / Double(logWeights.count)
      let record = AnnealingRecord(
        version: programVersion, seed: plan.seed, steps: plan.steps, seconds: seconds,
        detuning: model.detuning, frictionRatio: ratio, evaluationCount: plan.evaluationCount,
        ess: weights.effectiveSampleSize,
        variance: logWeights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
          / Double(max(1, logWeights.count - 1)),
        logZRatio: weights.logMeanWeight, acceptanceRate: weights.metropolisAcceptanceRate,
        secondsPerSample: cost / Double(plan.evaluationCount))
      try model.write(to: directory)
      try JSONFile.write(record, to: "\(directory)/training.json")
      return record
    }
  }
}
