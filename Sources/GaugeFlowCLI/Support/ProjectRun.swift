import Foundation
import GaugeFlow

/// The stages of a run file, one after the other, each into its part of the run directory and each
/// with its table as soon as it is done.
struct ProjectRun {
  let file: RunFile
  let directory: String
  let seed: UInt64
  let threads: Int
  let resume: Bool
  let overwrite: Bool
  let isQuiet: Bool
  private let lattice: Lattice
  private let action: ActionKind

  /// What a run found.
  struct Report {
    var json: JSON
    /// What did not hold, or nil.
    var failure: String?
  }

  /// Checks the whole file before anything is computed.
  init(
    _ file: RunFile, directory: String, seed: UInt64, threads: Int, resume: Bool, overwrite: Bool,
    isQuiet: Bool
  ) throws {
    self.file = file
    self.directory = directory
    self.seed = seed
    self.threads = threads
    self.resume = resume
    self.overwrite = overwrite
    self.isQuiet = isQuiet
    let theory = file.theory
    // Flows have Wilson's action; chains know more.
    let groups: [String]
    switch file.train.map({ FlowKind(rawValue: $0.flow) }) {
    case nil: groups = Catalog.groupNames
    case .coupling??: groups = [U1.name]
    default: groups = Catalog.velocityGroups
    }
    guard groups.contains(theory.group) else {
      throw file.failure(
        "theory.group", expected: groups.joined(separator: ", "), found: theory.group)
    }
    let actions = file.train == nil ? ActionKind.names : [ActionKind.wilson.name]
    guard actions.contains(theory.action), let action = ActionKind(named: theory.action) else {
      throw file.failure(
        "theory.action", expected: actions.joined(separator: ", "), found: theory.action)
    }
    self.action = action
    lattice = try Lattice(theory.lattice)
    if let flow = file.train?.flow, FlowKind(rawValue: flow) == nil {
      throw file.failure(
        "train.flow", expected: FlowKind.allCases.map(\.rawValue).joined(separator: " or "),
        found: flow)
    }
    try Measurement.validate(
      observables: file.measure?.observables ?? [], group: theory.group, on: lattice)
    if let train = file.train, train.flow != FlowKind.coupling.rawValue {
      _ = try regressionPlan(train)
    } else if let train = file.train {
      let options = try CouplingOptions(
        train.options, batch: train.batch, learningRate: train.learningRate)
      _ = try CouplingFlow(lattice: lattice, architecture: options.architecture)
    }
    if let chain = file.markovChain { try chainPlan(chain).validate() }
    if AtomicFile.exists("\(directory)/report.json"), !resume, !overwrite {
      throw EnsembleIOError(
        .refusesToOverwrite, at: directory, expected: "a directory without a run",
        found: "report.json (--force replaces it, --resume goes on)")
    }
    try AtomicFile.createDirectory(directory)
    try AtomicFile.write(Data(file.source.utf8), to: "\(directory)/run.toml")
  }

  private func say(_ text: String) throws {
    if !isQuiet { try StandardOutput.print(text) }
  }

  /// Runs all stages.
  func execute() throws -> Report {
    var json: JSON = ["title": file.title.map { .text($0) } ?? .null]
    var failures: [String] = []
    try say(
      (file.title.map { $0 + "\n" } ?? "")
        + "\(file.theory.group) on \(lattice), beta \(file.theory.beta), seed \(seed), "
        + "\(threads) threads, in \(directory)\n")
    if let train = file.train {
      json = json.adding("train", try self.train(train))
      let model = try TrainedModel(reading: "\(directory)/model")
      if let sample = file.sample {
        try self.sample(sample, model, into: &json, &failures)
      }
      let laws = try verifyAll(
        model: model, seed: seed, threads: threads)
      json = json.adding("verify", laws.json)
      let broken = laws.filter { !$0.holds }
      failures += broken.map { "law broken: \($0.name)" }
      try say("laws of the model: \(laws.verdict)")
      if !broken.isEmpty { try say(broken.table.description) }
    }
    if let chain = file.markovChain { try markovChain(chain, into: &json, &failures) }
    json = json.adding("holds", .boolean(failures.isEmpty))
    return Report(json: json, failure: failures.isEmpty ? nil : failures.joined(separator: "; "))
  }

  private func regressionPlan(_ train: RunFile.Train) throws -> RegressionPlan {
    var plan = RegressionPlan(
      group: file.theory.group, lattice: lattice, beta: file.theory.beta, seed: seed,
      threads: threads)
    try plan.apply(train.options, escorted: train.flow == FlowKind.escorted.rawValue)
    plan.options.intervals = train.steps ?? plan.options.intervals
    return plan
  }

  private func fit(_ train: RunFile.Train) throws -> JSON {
    let record = try Training.run(
      regressionPlan(train), directory: "\(directory)/model", resume: resume,
      overwrite: overwrite)
    try say(
      "fitted a \(train.flow) flow of \(record.parameters) coefficients: \(record.steps) intervals in "
        + "\(String(format: "%.1f", record.seconds)) s\n")
    return record.json
  }

  private func train(_ train: RunFile.Train) throws -> JSON {
    guard train.flow == FlowKind.coupling.rawValue else { return try fit(train) }
    let model = "\(directory)/model"
    let options = try CouplingOptions(
      train.options, batch: train.batch, learningRate: train.learningRate)
    let plan = TrainingPlan(
      lattice: lattice, beta: file.theory.beta, architecture: options.architecture,
      options: options.training,
      limit: train.steps.map { .steps($0) } ?? .seconds(train.seconds ?? 30), seed: seed,
      threads: threads)
    let record = try Training.run(plan, directory: model, resume: resume, overwrite: overwrite)
    guard record.isComplete else {
      throw Interrupt.error(saved: "\(record.steps) training steps are in \(model)")
    }
    try say(
      "trained a \(train.flow) flow of \(record.parameters) parameters: \(record.steps) steps in "
        + "\(String(format: "%.1f", record.seconds)) s\n")
    return record.json
  }

  private func sample(
    _ sample: RunFile.Sample, _ model: TrainedModel, into json: inout JSON,
    _ failures: inout [String]
  ) throws {
    let ensemble = "\(directory)/ensemble"
    let source = try model.source()
    var plan = SamplingPlan(
      source: source, count: sample.count,
      mode: sample.mode == .metropolis ? .metropolis : .weighted, seed: seed, threads: threads)
    plan.forwardCount = model.forwardCount(on: source.lattice)
    plan.command = Program.commandLine
    plan.modelChecksum = try model.checksum()
    let result = try Sampling.run(
      plan, directory: ensemble, resume: resume, overwrite: overwrite)
    json = json.adding("sample", result.json)
    try say(
      "\(result.count) samples in \(String(format: "%.2f", result.seconds)) s\n"
        + result.diagnostics.table.description + "\n")
    if let refusal = result.diagnostics.refusal, case .weightsTooHeavy = refusal {
      failures.append("\(refusal)")
    }
    if let exact = result.diagnostics.exactLogZ {
      check("log Z", result.diagnostics.logZ, exact, &failures)
    }
    let histories = try measure(ensemble)
    if sample.mode != .metropolis {
      try report(histories, "reweighting", into: &json, &failures)
    }
    switch sample.mode {
    case .metropolis: try report(histories, "Metropolis", into: &json, &failures)
    case .both: try report(histories.metropolis(seed: seed), "Metropolis", into: &json, &failures)
    case .weighted: break
    }
  }

  private func markovChain(
    _ chain: RunFile.MarkovChain, into json: inout JSON, _ failures: inout [String]
  ) throws {
    let plan = try chainPlan(chain)
    let home = "\(directory)/mcmc"
    Interrupt.listen()
    let run = try MarkovChainRun(plan, directory: home, resume: resume, overwrite: overwrite)
    let progress = Progress("chains", total: chain.count, done: run.count)
    let result = try run.run { report in
      let all = Double(chain.every * plan.samplesPerChain)
      progress.update(
        to: Double(max(0, report.updates - chain.thermalize)) / all * Double(chain.count))
      return !Interrupt.isRequested
    }
    progress.finish()
    try run.close()
    guard result.isComplete else {
      throw Interrupt.error(saved: "\(result.count) configurations are in \(home)")
    }
    try report(measure(home), plan.algorithm.name, into: &json, &failures)
  }

  /// The plan of the chains of the file.
  private func chainPlan(_ chain: RunFile.MarkovChain) throws -> MarkovChainPlan {
    var algorithm: ChainAlgorithm
    do { algorithm = try ChainAlgorithm(option: chain.algorithm) } catch {
      throw file.failure(
        "mcmc.algorithm", expected: ChainAlgorithm.names.joined(separator: ", "),
        found: chain.algorithm)
    }
    algorithm.overrelaxation = chain.overrelaxation
    algorithm.trajectoryLength = chain.trajectoryLength ?? algorithm.trajectoryLength
    algorithm.steps = chain.steps ?? algorithm.steps
    var plan = MarkovChainPlan(
      group: file.theory.group, action: action, lattice: lattice, beta: file.theory.beta,
      algorithm: algorithm,
      thermalization: chain.thermalize, every: chain.every, count: chain.count,
      chains: min(chain.chains, chain.count), seed: seed, threads: threads)
    plan.start = chain.startsCold ? .cold : .hot
    plan.command = Program.commandLine
    return plan
  }

  private func measure(_ ensemble: String) throws -> MeasurementHistories {
    let source = try EnsembleReader(ensemble)
    let progress = Progress("measuring", total: source.count)
    let measured = try Measurement.run(
      [source], .init(observables: file.measure?.observables, threads: threads)
    ) { done in
      progress.update(to: Double(done))
      return !Interrupt.isRequested
    }
    progress.finish()
    guard let histories = measured else {
      throw Interrupt.error(saved: "all configurations are in \(ensemble)")
    }
    return histories
  }

  private func report(
    _ histories: MeasurementHistories, _ method: String, into json: inout JSON,
    _ failures: inout [String]
  ) throws {
    let report = try MeasurementReport(histories, exact: ExactReference(for: histories))
    json = json.adding("measure_" + method.lowercased(), report.json)
    try say("observables by \(method)\n" + report.table(isComplete: false) + "\n")
    for name in ["plaquette", "topological-charge"] {
      for quantity in report[name]?.quantities ?? [] {
        guard let estimate = quantity.estimate, let exact = quantity.exact else { continue }
        let label = name == quantity.name ? name : "\(name) \(quantity.name)"
        check("\(label) by \(method)", estimate, exact, &failures)
      }
    }
  }

  /// A deviation that chance makes in 6 of ten million runs is a failure, where there are samples
  /// enough for an error bar to say so.
  private func check(
    _ name: String, _ estimate: Estimate, _ exact: Double, _ failures: inout [String]
  ) {
    let deviation = estimate.deviation(from: exact)
    if (estimate.effectiveCount ?? 0) >= 100, abs(deviation) > 5 {
      failures.append(
        "\(name): expected the exact value, found it \(String(format: "%.1f", deviation)) sigma off"
      )
    }
  }
}
