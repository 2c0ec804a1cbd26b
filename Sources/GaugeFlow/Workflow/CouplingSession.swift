import EnsembleIO
import Foundation
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// A training of a coupling flow of one group.
final class CouplingSession<Group: CouplingGroup & HeatbathGroup>: TrainingSession {
  private let plan: TrainingPlan
  private let directory: String
  private let checkpoint: Checkpoint
  private let trainer: CouplingTrainer<Group>
  private let schedule: CouplingSchedule
  private let planKey: String
  private var history: [TrainingRecord.Moment] = []
  private var seconds = 0.0
  /// The moments that a history holds, for a training that is not resumed.
  private static var moments: Int { 24 }
  private static var stateName: String { "checkpoint.safetensors" }

  init(_ plan: TrainingPlan, directory: String, resume: Bool, overwrite: Bool) throws {
    self.plan = plan
    self.directory = directory
    planKey = try plan.key()
    let flow = try plan.initialFlow(as: Group.self)
    let isForward = plan.options.forwardFraction > 0
    schedule = CouplingSchedule(
      plan.architecture.betaRange, beta: plan.beta, seed: plan.seed, hasNodes: isForward)
    // Every coupling on the way is finite if the last one is.
    _ = try WilsonAction<Group>(beta: plan.beta)
    checkpoint = Checkpoint(directory: directory)
    let model = "\(directory)/\(CouplingModel.fileName)"
    if !resume, AtomicFile.exists(model) || checkpoint.exists {
      guard overwrite else {
        throw EnsembleIOError(
          .refusesToOverwrite, at: directory, expected: "a directory without a model",
          found: "one (--force replaces it, --resume goes on)")
      }
    }
    let sampler = try isForward ? TargetPools<Group>(plan, schedule).sampler() : nil
    trainer = CouplingTrainer<Group>(
      flow: flow, options: plan.options, seed: plan.seed, threads: plan.threads,
      action: { fraction in Self.action(plan.beta * fraction) }, targetSampler: sampler)
    if resume {
      try restore()
    } else {
      for name in [CouplingModel.fileName, "training.json", "checkpoint.json", Self.stateName] {
        try AtomicFile.remove("\(directory)/\(name)")
      }
    }
    // Before any work, so that a directory that cannot be written, or has no room, ends it here.
    if !checkpoint.exists { try save() }
  }

  private static func action(_ beta: Double) -> WilsonAction<Group> {
    do { return try WilsonAction<Group>(beta: beta) } catch { preconditionFailure("\(error)") }
  }

  /// The fraction of the training that is over.
  var progress: Double {
    switch plan.limit {
    case .steps(let steps): Double(trainer.state.step) / Double(steps)
    case .seconds(let limit): seconds / limit
    }
  }

  func run(
    _ report: (Double, TrainingStep) -> Bool
  ) throws -> (model: CouplingModel, record: TrainingRecord) {
    var lastCheckpoint = seconds
    var goesOn = true
    while goesOn, progress < 1 {
      if Double(history.count) <= progress * Double(Self.moments) { record() }
      let start = ContinuousClock.now
      let step = takeStep()
      seconds += (ContinuousClock.now - start) / .seconds(1)
      guard step.loss.isFinite, step.gradientNorm.isFinite else {
        throw TrainingError.diverged(step: step.step, loss: step.loss)
      }
      goesOn = report(min(1, progress), step)
      if seconds - lastCheckpoint > TrainingRun.checkpointInterval {
        lastCheckpoint = seconds
        try save()
      }
    }
    if progress >= 1, history.last?.steps != trainer.state.step { record() }
    try save()
    return try finish()
  }

  private func takeStep() -> TrainingStep {
    let progress = min(1, progress)
    guard plan.architecture.betaRange != nil else { return trainer.takeStep(progress: progress) }
    let beta = schedule.beta(ofStep: trainer.state.step)
    return trainer.takeStep(progress: progress, beta: beta, action: Self.action(beta))
  }

  /// The number of samples on which the flow is judged at the end.
  private var evaluationCount: Int {
    defaultSampleCount(coordinates: plan.lattice.linkCount * Group.Algebra.dimension)
  }

  /// `log w` of fresh samples at a coupling.
  private func logWeights(at beta: Double, count: Int, firstConfiguration: Int) -> [Double] {
    CouplingTransport(trainer.flow.conditioned(onBeta: beta)).logWeights(
      count: count, action: Self.action(beta), seed: plan.seed,
      firstConfiguration: firstConfiguration, threads: plan.threads)
  }

  /// Evaluates the flow on fresh samples and notes the result.
  private func record() {
    let weights = logWeights(
      at: schedule.middle, count: min(4096, evaluationCount), firstConfiguration: 1 << 30)
    let ess = (try? LogWeights(weights).effectiveSampleSize) ?? 0
    history.append(
      TrainingRecord.Moment(
        seconds: seconds, steps: trainer.state.step, ess: ess,
        loss: -weights.reduce(0, +) / Double(weights.count)))
  }

  /// Judges the flow at a coupling; on fewer samples where it is judged at several.
  private func judge(at beta: Double) throws -> (weights: LogWeights, forwardESS: Double?) {
    let few = max(512, evaluationCount / 4)
    let count = plan.architecture.betaRange == nil ? evaluationCount : few
    // Samples of chains cost more than a short training.
    let areExact = Group.self == U1.self && plan.lattice.dimension == 2
    let weights = try LogWeights(
      logWeights(at: beta, count: 2 * count, firstConfiguration: 1 << 31))
    let source = try ProposalSource(
      CouplingTransport(trainer.flow.conditioned(onBeta: beta)), of: Group.self, beta: beta)
    return (
      weights,
      try source.forwardEffectiveSampleSize(
        count: areExact ? count : few, seed: plan.seed, threads: plan.threads)
    )
  }

  private func finish() throws -> (model: CouplingModel, record: TrainingRecord) {
    let found = try schedule.judged.map { beta in (beta: beta, try judge(at: beta)) }
    let (_, middle) = found[found.count / 2]
    var record = TrainingRecord(
      version: programVersion, seed: plan.seed, options: plan.options, history: history,
      steps: trainer.state.step, seconds: seconds, parameters: trainer.flow.parameterCount,
      isComplete: progress >= 1, ess: middle.weights.effectiveSampleSize,
      forwardESS: middle.forwardESS, acceptanceRate: middle.weights.metropolisAcceptanceRate)
    if let range = plan.architecture.betaRange {
      record.betaRange = [range.lowerBound, range.upperBound]
      record.betas = found.map { beta, result in
        TrainingRecord.CouplingMoment(
          beta: beta, ess: result.weights.effectiveSampleSize, forwardESS: result.forwardESS)
      }
    }
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
