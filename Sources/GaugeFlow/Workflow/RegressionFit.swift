import EnsembleIO
import Foundation
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// What a checkpoint of a fit holds.
struct FitState: Codable {
  static let fileName = "fit-state.json"
  /// What the fit is of.
  var key: String
  /// The elements, selected or given.
  var elements: [String]
  /// The intervals that are fitted.
  var intervals: [FlowInterval]
  /// The course of the fit.
  var history: [RegressionRecord.Moment]
  /// Seconds so far.
  var seconds: Double
}

/// A fit of one basis into a model directory.
struct Fit<Basis: NamedVelocityBasis> where Basis.Group: DetunedHeatbathGroup {
  let plan: RegressionPlan
  let directory: String
  let checkpoint: Checkpoint

  func run(_ progress: (RegressionTraining.Progress) -> Bool) throws -> RegressionRecord {
    var start = ContinuousClock.now
    var state = try restoredState()
    if state.elements.isEmpty { state.elements = try elements() }
    let basis = try Basis(lattice: plan.lattice, elements: state.elements)
    let path = AnnealingPath(try pathKind(), to: plan.beta)
    var refresh: RegressionTrainer<Basis>.Refresh?
    if let escort = plan.escort {
      refresh = try escortingUpdate(escort, path: path)
    }
    let trainer = RegressionTrainer(
      basis: basis, path: path, options: plan.options, seed: plan.seed, threads: plan.threads,
      refresh: refresh)
    trainer.restore(state.intervals)
    let total = Double(plan.options.intervals)
    var goesOn = progress(
      .init(fraction: Double(state.intervals.count) / total, effectiveSampleSize: 1))
    while goesOn, !trainer.isComplete {
      let report = trainer.fitInterval()
      let now = ContinuousClock.now
      state.seconds += (now - start) / .seconds(1)
      start = now
      state.intervals = trainer.flow.intervals
      state.history.append(
        RegressionRecord.Moment(
          seconds: state.seconds, steps: report.interval + 1, beta: report.beta,
          ess: report.effectiveSampleSize, residual: report.residual, variance: report.variance,
          integratorSteps: report.steps))
      try save(state)
      goesOn = progress(
        .init(
          fraction: Double(state.intervals.count) / total,
          effectiveSampleSize: report.effectiveSampleSize))
    }
    return try finish(trainer, state)
  }

  /// Judges the flow on fresh samples, and writes the model.
  private func finish(_ trainer: RegressionTrainer<Basis>, _ state: FitState) throws
    -> RegressionRecord
  {
    var record = RegressionRecord(
      version: programVersion, seed: plan.seed, options: plan.options, history: state.history,
      steps: state.intervals.count, seconds: state.seconds,
      parameters: trainer.flow.parameterCount, isComplete: trainer.isComplete, evaluationCount: 0,
      ess: state.history.last?.ess ?? 0, acceptanceRate: 0, integrationError: 0)
    guard trainer.isComplete else { return record }
    let seed = plan.seed ^ 0x6672_6573_68
    let error = trainer.tightenSteps(count: min(1024, evaluationCount), seed: seed)
    var model = RegressionModel(
      group: Basis.Group.name, lattice: plan.lattice.extents, basis: Basis.familyName,
      elements: state.elements, path: trainer.flow.path, integrator: trainer.flow.integrator,
      intervals: trainer.flow.intervals, integrationError: error, escort: plan.escort?.settings)
    model.volumeSlopes = try volumeSlopes(trainer.flow)
    let source = try model.source(as: Basis.self)
    let weights = try LogWeights(
      source.logWeights(count: evaluationCount, seed: seed, threads: plan.threads))
    record.evaluationCount = evaluationCount
    record.ess = weights.effectiveSampleSize
    record.acceptanceRate = weights.metropolisAcceptanceRate
    record.integrationError = model.integrationError
    record.forwardESS = try source.forwardEffectiveSampleSize(
      count: evaluationCount, seed: seed, threads: plan.threads)
    try model.write(to: directory)
    try JSONFile.write(record, to: "\(directory)/training.json")
    return record
  }

  /// The change of the coefficients with `1/V`, from a fit on the second lattice of the plan.
  private func volumeSlopes(_ flow: RegressionFlow<Basis>) throws -> [Double]? {
    guard let companion = plan.companion else { return nil }
    let trainer = RegressionTrainer(
      basis: try Basis(lattice: companion, elements: flow.basis.elementNames), path: flow.path,
      options: plan.options, seed: plan.seed, threads: plan.threads)
    while !trainer.isComplete { _ = trainer.fitInterval() }
    let change = 1 / Double(companion.volume) - 1 / Double(plan.lattice.volume)
    return zip(trainer.flow.intervals, flow.intervals).flatMap { there, here in
      zip(there.coefficients, here.coefficients).flatMap { there, here in
        zip(there, here).map { ($0 - $1) / change }
      }
    }
  }

  /// Fewer where configurations are large.
  private var evaluationCount: Int {
    plan.evaluationCount
      ?? defaultSampleCount(
        coordinates: plan.lattice.linkCount * Basis.Group.Algebra.dimension)
  }

  private func pathKind() throws -> AnnealingPath.Kind {
    if plan.escort != nil { return .linear }
    let kind = plan.path ?? Basis.defaultPath(beta: plan.beta)
    guard Basis.paths.contains(kind) else {
      throw EnsembleIOError(
        .badData, at: "path", expected: Basis.paths.map(\.rawValue).joined(separator: " or "),
        found: kind.rawValue)
    }
    return kind
  }

  /// The elements of the plan: given, selected, or the default ones.
  private func elements() throws -> [String] {
    if let elements = plan.elements { return elements }
    guard let count = plan.selected else {
      return Basis.defaultElements(on: plan.lattice, beta: plan.beta)
    }
    let candidates = try Basis(
      lattice: plan.lattice, elements: Basis.catalogElements(on: plan.lattice))
    let path = AnnealingPath(to: plan.beta)
    let samples = try [0.25, 0.5, 0.75, 1].map { time in
      let target = TargetSamples<Basis.Group>(
        lattice: plan.lattice, beta: time * plan.beta, count: 2048, seed: plan.seed,
        threads: plan.threads)
      return (time, try target.fields())
    }
    return ElementSelection(
      from: candidates, count: count, path: path, samples: samples, threads: plan.threads
    ).names
  }

  /// The Markov step between intervals.
  private func escortingUpdate(_ algorithm: ChainAlgorithm, path: AnnealingPath) throws
    -> RegressionTrainer<Basis>.Refresh
  {
    let times = RegressionTrainer<Basis>.times(of: plan.options)
    let escort = try Escort<Basis.Group>(
      algorithm, on: plan.lattice, betas: times.dropFirst().map { path.point(at: $0).beta })
    let seed = plan.seed
    return { U, _, interval, packet in
      escort.update(&U, interval: interval, seed: seed, firstConfiguration: packet * laneCount)
    }
  }

  private func save(_ state: FitState) throws(EnsembleIOError) {
    try checkpoint.save([FitState.fileName: JSONFile.encode(state)])
  }

  private func restoredState() throws(EnsembleIOError) -> FitState {
    let fresh = FitState(key: plan.key, elements: [], intervals: [], history: [], seconds: 0)
    guard let data = try checkpoint.load()?[FitState.fileName] else { return fresh }
    let state = try JSONFile.decode(
      FitState.self, from: data, at: "\(directory)/\(FitState.fileName)")
    guard state.key == plan.key else {
      throw EnsembleIOError(
        .badData, at: directory, expected: "a checkpoint of the same fit", found: "one of another")
    }
    return state
  }
}
