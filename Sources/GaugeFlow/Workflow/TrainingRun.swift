import EnsembleIO
import ExactResults
import Foundation
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics

/// What is to be trained, and for how long.
public struct TrainingPlan: Sendable {
  /// When training ends.
  public enum Limit: Sendable, Equatable {
    /// After so many steps: the same seed gives the same bits.
    case steps(Int)
    /// After so many seconds: schedules follow the clock, so that bits depend on the machine.
    case seconds(Double)
  }

  /// The lattice.
  public var lattice: Lattice
  /// The target is Wilson's action at this coupling.
  public var beta: Double
  /// What the flow is made of.
  public var architecture: CouplingArchitecture
  /// How it is trained.
  public var options: TrainingOptions
  /// When it ends.
  public var limit: Limit
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int

  /// A plan from its parts.
  public init(
    lattice: Lattice, beta: Double, architecture: CouplingArchitecture, options: TrainingOptions,
    limit: Limit, seed: UInt64, threads: Int
  ) {
    self.lattice = lattice
    self.beta = beta
    self.architecture = architecture
    self.options = options
    self.limit = limit
    self.seed = seed
    self.threads = threads
  }
}

/// How a training went: `training.json` of a model directory.
public struct TrainingRecord: Codable, Sendable, Equatable {
  /// The state at a moment of the training, on fresh samples.
  public struct Moment: Codable, Sendable, Equatable {
    /// Seconds of training so far.
    public var seconds: Double
    /// Steps so far.
    public var steps: Int
    /// Reverse effective sample size of 4,096 fresh samples at the target.
    public var ess: Double
    /// The mean of `log q + S` over them.
    public var loss: Double
  }

  /// The version of the program.
  public var version: String
  /// The seed.
  public var seed: UInt64
  /// How the flow was trained.
  public var options: TrainingOptions
  /// The course of the training.
  public var history: [Moment]
  /// Steps taken.
  public var steps: Int
  /// Seconds of training, without evaluations.
  public var seconds: Double
  /// The number of parameters.
  public var parameters: Int
  /// Whether the training ran to its end.
  public var isComplete: Bool
  /// Reverse effective sample size of 16,384 fresh samples.
  public var ess: Double
  /// Effective sample size on 8,192 exact samples of the target, where those can be drawn.
  public var forwardESS: Double?
  /// Acceptance rate of independence Metropolis.
  public var acceptanceRate: Double
}

/// What ends a training other than its plan.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The loss or its gradient is no finite number any more.
  case diverged(step: Int, loss: Double)

  /// One line: what was expected, what was found, where.
  public var description: String {
    switch self {
    case .diverged(let step, let loss):
      "step \(step): expected a finite loss and gradient, found a loss of \(loss) "
        + "(a smaller learning rate may help)"
    }
  }
}

/// A training that writes checkpoints into a model directory and can be stopped and resumed.
public final class TrainingRun {
  /// The plan.
  public let plan: TrainingPlan
  private let directory: String
  private let checkpoint: Checkpoint
  private let trainer: CouplingTrainer<U1>
  private let action: WilsonAction<U1>
  private var history: [TrainingRecord.Moment] = []
  private var seconds = 0.0
  /// The seconds between two checkpoints.
  public static let checkpointInterval = 20.0
  /// The moments that a history holds, for a training that is not resumed.
  private static let moments = 24
  private static let stateName = "checkpoint.safetensors"

  /// Prepares a training in a directory.
  ///
  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in the directory, if there is one.
  ///   - overwrite: whether a model in the directory may be replaced.
  /// - Throws: `EnsembleIOError.refusesToOverwrite` where there is a model and neither is asked for;
  ///   `LatticeError`, `ActionError` for an impossible plan.
  public init(_ plan: TrainingPlan, directory: String, resume: Bool, overwrite: Bool) throws {
    self.plan = plan
    self.directory = directory
    if let problem = plan.architecture.problem() {
      throw EnsembleIOError(
        .badData, at: "architecture", expected: problem.expected, found: problem.found)
    }
    let flow = try CouplingFlow<U1>(
      lattice: plan.lattice, architecture: plan.architecture, seed: plan.seed)
    let beta = plan.beta
    action = try WilsonAction<U1>(beta: beta)
    var sampler: CouplingTrainer<U1>.TargetSampler?
    if plan.options.forwardFraction > 0 {
      let exact = try DirectSamplerU1(lattice: plan.lattice, beta: beta)
      let seed = plan.seed
      sampler = { U, first, step in
        // Every step sees its own samples.
        exact.sample(
          into: &U, seed: seed &+ UInt64(step + 1) &* 0x9E37_79B9_7F4A_7C15,
          firstConfiguration: first)
      }
    }
    trainer = CouplingTrainer<U1>(
      flow: flow, options: plan.options, seed: plan.seed, threads: plan.threads,
      action: { fraction in
        do { return try WilsonAction<U1>(beta: beta * fraction) } catch {
          preconditionFailure("\(error)")
        }
      }, targetSampler: sampler)
    checkpoint = Checkpoint(directory: directory)
    let model = "\(directory)/\(CouplingModel.fileName)"
    if resume {
      try restore()
    } else if AtomicFile.exists(model) || checkpoint.exists {
      guard overwrite else {
        throw EnsembleIOError(
          .refusesToOverwrite, at: directory, expected: "a directory without a model",
          found: "one (--force replaces it, --resume goes on)")
      }
      for name in [CouplingModel.fileName, "training.json", "checkpoint.json", Self.stateName] {
        try AtomicFile.remove("\(directory)/\(name)")
      }
    }
    // Before any work, so that a directory that cannot be written, or has no room, ends it here.
    if !checkpoint.exists { try save() }
  }

  /// The fraction of the training that is over.
  public var progress: Double {
    switch plan.limit {
    case .steps(let steps): Double(trainer.state.step) / Double(steps)
    case .seconds(let limit): seconds / limit
    }
  }

  /// Trains until the limit.
  ///
  /// - Parameter report: called after every step with the fraction that is over and what the step
  ///   found; training stops, with a checkpoint, where it returns false.
  /// - Returns: how it went; `isComplete` is false where it was stopped.
  /// - Throws: `TrainingError.diverged`, with the last checkpoint as it was; `EnsembleIOError`.
  public func run(
    _ report: (Double, TrainingStep) -> Bool
  ) throws -> (model: CouplingModel, record: TrainingRecord) {
    var lastCheckpoint = seconds
    var goesOn = true
    while goesOn, progress < 1 {
      if Double(history.count) <= progress * Double(Self.moments) { record() }
      let start = ContinuousClock.now
      let step = trainer.takeStep(progress: min(1, progress))
      seconds += (ContinuousClock.now - start) / .seconds(1)
      guard step.loss.isFinite, step.gradientNorm.isFinite else {
        throw TrainingError.diverged(step: step.step, loss: step.loss)
      }
      goesOn = report(min(1, progress), step)
      if seconds - lastCheckpoint > Self.checkpointInterval {
        lastCheckpoint = seconds
        try save()
      }
    }
    if progress >= 1, history.last?.steps != trainer.state.step { record() }
    try save()
    return try finish()
  }

  /// Evaluates the flow on fresh samples and notes the result.
  private func record() {
    let weights = CouplingTransport(trainer.flow).logWeights(
      count: 4096, action: action, seed: plan.seed, firstConfiguration: 1 << 30,
      threads: plan.threads)
    let ess = (try? LogWeights(weights).effectiveSampleSize) ?? 0
    history.append(
      TrainingRecord.Moment(
        seconds: seconds, steps: trainer.state.step, ess: ess,
        loss: -weights.reduce(0, +) / Double(weights.count)))
  }

  private func finish() throws -> (model: CouplingModel, record: TrainingRecord) {
    let transport = CouplingTransport(trainer.flow)
    let weights = try LogWeights(
      transport.logWeights(
        count: 16_384, action: action, seed: plan.seed, firstConfiguration: 1 << 31,
        threads: plan.threads))
    let record = TrainingRecord(
      version: programVersion, seed: plan.seed, options: plan.options, history: history,
      steps: trainer.state.step, seconds: seconds, parameters: trainer.flow.parameterCount,
      isComplete: progress >= 1, ess: weights.effectiveSampleSize,
      forwardESS: try ProposalSource(transport, of: U1.self, beta: plan.beta)
        .forwardEffectiveSampleSize(count: 8192, seed: plan.seed, threads: plan.threads),
      acceptanceRate: weights.metropolisAcceptanceRate)
    let model = CouplingModel(flow: trainer.flow, beta: plan.beta)
    try model.write(to: directory)
    try JSONFile.write(record, to: "\(directory)/training.json")
    return (model, record)
  }

  private func save() throws(EnsembleIOError) {
    var file = SafetensorsFile()
    let state = trainer.state
    for (name, values) in [
      ("parameters", state.parameters), ("mean", state.optimizer.mean),
      ("square", state.optimizer.square),
    ] {
      file.tensors[name] = SafetensorsFile.Tensor(
        shape: [values.count], values: .float64(values))
    }
    file.metadata = [
      "step": "\(state.step)", "optimizer_steps": "\(state.optimizer.steps)",
      "seconds": "\(seconds)", "plan": planKey,
      "history": String(decoding: try JSONFile.encode(history), as: UTF8.self),
    ]
    try checkpoint.save([Self.stateName: file.encoded()])
  }

  /// What two runs must have in common for one to go on with the other.
  private var planKey: String {
    "U1 \(plan.lattice) beta \(plan.beta) seed \(plan.seed) \(plan.architecture) \(plan.options)"
  }

  private func restore() throws(EnsembleIOError) {
    let path = "\(directory)/\(Self.stateName)"
    guard let data = try checkpoint.load()?[Self.stateName] else { return }
    let file = try SafetensorsFile(parsing: data, at: path, requireChecksum: true)
    guard try file.text("plan") == planKey else {
      throw EnsembleIOError(
        .badData, at: directory, expected: "a checkpoint of the same training",
        found: "one of another")
    }
    let count = [trainer.flow.parameterCount]
    var state = trainer.state
    state.parameters = try file.doubles("parameters", shape: count)
    state.optimizer.mean = try file.doubles("mean", shape: count)
    state.optimizer.square = try file.doubles("square", shape: count)
    guard let step = Int(try file.text("step")),
      let optimizerSteps = Int(try file.text("optimizer_steps")),
      let seconds = Double(try file.text("seconds"))
    else {
      throw EnsembleIOError(
        .badData, at: path, expected: "numbers of steps and seconds", found: "others")
    }
    state.step = step
    state.optimizer.steps = optimizerSteps
    trainer.state = state
    self.seconds = seconds
    history = try JSONFile.decode(
      [TrainingRecord.Moment].self, from: Data(try file.text("history").utf8), at: path)
  }
}
