import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow train`: trains a flow into a model directory.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a gauge-equivariant flow for a theory.",
    discussion: """
      --flow regression fits a continuous flow by least squares in one pass of some seconds; \
      escorted puts a short Markov step after each interval of it; coupling trains coupling layers \
      by gradient descent. A coupling flow serves a range of couplings with --beta 4..6, and begins \
      with the parameters of another model, of a smaller lattice say, with --start MODEL.

      Writes a model directory. The effective sample sizes it reports are of fresh samples: the \
      reverse one of the flow's own, the forward one of exact samples of the target, or of Markov chains \
      where there are none. Ctrl-C saves \
      a checkpoint and the model as it is; --resume goes on. With --steps the same seed gives the \
      same bits; with --seconds schedules follow the clock.

      Options of a coupling flow: \(CouplingOptions.keys.joined(separator: ", ")).
      Architectures: \(Catalog.couplingArchitectureNames.joined(separator: ", ")); groups: \
      \(Catalog.couplingGroupNames.joined(separator: ", ")).
      Options of a regression flow: \(RegressionPlan.keys.joined(separator: ", ")).
      Options with --from-beta: \(AnnealingPlan.keys.joined(separator: ", ")).

      Example:
        gaugeflow train --group U1 --lattice 8x8 --beta 2 --flow regression \
      --out models/u1-8x8
        gaugeflow train --group SU3 --lattice 8x8 --beta 5 --flow coupling --seconds 60 \
      --out models/su3-8x8
      """)

  @OptionGroup var theory: TrainingTheoryOptions

  @Option(help: "The kind of flow.")
  var flow: FlowKind = .coupling

  @Option(
    help: "Training steps; intervals of the flow time of a regression flow.", transform: parseCount)
  var steps: Int?

  @Option(
    help: "Seconds of training of a coupling flow, where --steps is not given. (default: 30)")
  var seconds: Double?

  @Option(
    parsing: .unconditional,
    help:
      "Anneal from equilibrium at this coupling with detuned heatbath sweeps, in any dimension.",
    transform: parseCoupling)
  var fromBeta: Double?

  @Option(help: "Begin with the parameters of this coupling model, and its architecture.")
  var start: String?

  @Option(help: "Samples of a step, a multiple of 8.", transform: parseCount)
  var batch: Int?

  @Option(help: "The largest learning rate. (default: 0.01; 0.003 for splines on checkerboards)")
  var learningRate: Double?

  @Option(
    name: .customLong("option"),
    help: ArgumentHelp("An option of the flow or its training.", valueName: "KEY=VALUE"))
  var flowOptions: [String] = []

  @Option(name: .customLong("out"), help: "Model directory to write.")
  var directory: String

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var overwrite: OverwriteOptions
  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    if steps != nil, seconds != nil {
      throw CommandError.usage("expected one of --steps and --seconds, given both")
    }
    if let seconds, !(seconds > 0 && seconds.isFinite) {
      throw CommandError.usage("--seconds: expected a positive number, given \(seconds)")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw CommandError.usage(
        "--learning-rate: expected a positive number, given \(learningRate)")
    }
  }

  func run() throws {
    if flow != .coupling || fromBeta != nil {
      try refuseCouplingOptions()
    }
    if fromBeta == nil { try theory.group.requireFlow(flow) }
    if let fromBeta { return try anneal(from: fromBeta) }
    guard flow == .coupling else { return try fit() }
    let plan = try trainingPlan()
    let record = try Training.run(
      plan, directory: directory, resume: overwrite.resume, overwrite: overwrite.force)
    guard record.isComplete else {
      throw Interrupt.error(
        saved: "\(record.steps) steps are in \(directory), ESS \(Training.short(record.ess))")
    }
    if output.json {
      try StandardOutput.print(record.json)
    } else {
      try StandardOutput.print(
        "\(theory.group) on \(theory.lattice), beta \(theory.beta), in \(directory)\n"
          + record.table.description)
    }
  }

  /// What only coupling flows know.
  private func refuseCouplingOptions() throws {
    if theory.beta.range != nil {
      throw CommandError.usage(
        "--beta: only --flow coupling serves a range, expected a number, given \(theory.beta)")
    }
    if start != nil {
      throw CommandError.usage(
        "--start: expected --flow coupling, given \(flow.rawValue)")
    }
  }

  /// The plan of a coupling flow, checked.
  private func trainingPlan() throws -> TrainingPlan {
    let group = theory.group.description
    let start = try start.map { try CouplingModel(reading: $0) }
    if let start, start.group != group {
      throw CommandError.usage("--start: expected a model of \(group), given one of \(start.group)")
    }
    let options: CouplingOptions
    do throws(EnsembleIOError) {
      options = try CouplingOptions(
        RunOptions(arguments: flowOptions), group: group, on: theory.lattice,
        betaRange: theory.beta.range, start: start, batch: batch, learningRate: learningRate)
    } catch { throw CommandError.option(error) }
    let plan = TrainingPlan(
      group: group, lattice: theory.lattice, beta: theory.beta.upper,
      architecture: options.architecture, options: options.training,
      limit: steps.map { .steps($0) } ?? .seconds(seconds ?? 30), seed: seed.seed,
      threads: threads.count, start: start)
    do { try plan.validate() } catch let error as TransferError {
      throw CommandError.usage("--start: \(error)")
    } catch let error as EnsembleIOError { throw CommandError.option(error) }
    return plan
  }

  /// Fits annealing from a coupling.
  private func anneal(from start: Double) throws {
    guard flow == .escorted else {
      throw CommandError.usage("--from-beta: expected --flow escorted, given \(flow.rawValue)")
    }
    var plan = AnnealingPlan(
      group: theory.group.description, lattice: theory.lattice, beta: theory.beta.upper,
      from: start,
      seed: seed.seed, threads: threads.count)
    do { try plan.apply(RunOptions(arguments: flowOptions)) } catch let error as EnsembleIOError {
      throw CommandError.option(error)
    }
    plan.steps = steps ?? plan.steps
    let record = try AnnealingTraining.run(
      plan, directory: directory, overwrite: overwrite.force)
    if output.json {
      try StandardOutput.print(record.json)
    } else {
      try StandardOutput.print(
        "\(theory.group) on \(theory.lattice), beta \(start) to \(theory.beta), in \(directory)\n"
          + record.table.description)
    }
  }

  /// Fits a continuous flow.
  private func fit() throws {
    for (name, isGiven) in [
      ("--seconds", seconds != nil), ("--batch", batch != nil),
      ("--learning-rate", learningRate != nil),
    ] where isGiven {
      throw CommandError.usage(
        "\(name): a regression flow is fitted in one pass; expected --steps or --option "
          + "particles=..")
    }
    var plan = RegressionPlan(
      group: theory.group.description, lattice: theory.lattice, beta: theory.beta.upper,
      seed: seed.seed, threads: threads.count)
    do {
      try plan.apply(RunOptions(arguments: flowOptions), escorted: flow == .escorted)
    } catch let error as EnsembleIOError { throw CommandError.option(error) }
    if let steps { plan.options.intervals = steps }
    let record = try Training.run(
      plan, directory: directory, resume: overwrite.resume, overwrite: overwrite.force)
    if output.json {
      try StandardOutput.print(record.json)
    } else {
      try StandardOutput.print(
        "\(theory.group) on \(theory.lattice), beta \(theory.beta), in \(directory)\n"
          + record.table.description)
    }
  }
}

/// The theory of a flow: a coupling, or a range of them.
struct TrainingTheoryOptions: ParsableArguments {
  @Option(
    help: "Gauge group: U1, SU2, SU3, ...",
    transform: GroupName.init(option:))
  var group: GroupName

  @Option(help: "Extents of the periodic lattice, such as 16x16.", transform: Lattice.init(option:))
  var lattice: Lattice

  @Option(
    parsing: .unconditional,
    help: "Coupling: weight exp(-S), S = -(beta/N) sum Re tr P; a range such as 4..6.",
    transform: CouplingInterval.init(option:))
  var beta: CouplingInterval
}
