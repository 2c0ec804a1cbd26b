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
      by gradient descent.

      Writes a model directory. The effective sample sizes it reports are of fresh samples: the \
      reverse one of the flow's own, the forward one of exact samples of the target, or of Markov chains \
      where there are none. Ctrl-C saves \
      a checkpoint and the model as it is; --resume goes on. With --steps the same seed gives the \
      same bits; with --seconds schedules follow the clock.

      Options of a coupling flow: \(CouplingOptions.keys.joined(separator: ", ")).
      Architectures: \(Catalog.couplingArchitectures.map(\.name).joined(separator: ", ")).
      Options of a regression flow: \(RegressionPlan.keys.joined(separator: ", ")).
      Options with --from-beta: \(AnnealingPlan.keys.joined(separator: ", ")).

      Example:
        gaugeflow train --group U1 --lattice 8x8 --beta 2 --flow regression \
      --out models/u1-8x8
      """)

  @OptionGroup var theory: TheoryOptions

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

  @Option(help: "Samples of a step, a multiple of 8.", transform: parseCount)
  var batch: Int?

  @Option(help: "The largest learning rate.")
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
    if fromBeta == nil { try theory.group.requireFlow(flow, on: theory.lattice) }
    if let fromBeta { return try anneal(from: fromBeta) }
    guard flow == .coupling else { return try fit() }
    let options: CouplingOptions
    do throws(EnsembleIOError) {
      options = try CouplingOptions(
        RunOptions(arguments: flowOptions), batch: batch, learningRate: learningRate)
    } catch { throw CommandError.option(error) }
    let plan = TrainingPlan(
      lattice: theory.lattice, beta: theory.beta, architecture: options.architecture,
      options: options.training,
      limit: steps.map { .steps($0) } ?? .seconds(seconds ?? 30), seed: seed.seed,
      threads: threads.count)
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
  /// Fits annealing from a coupling.
  private func anneal(from start: Double) throws {
    guard flow == .escorted else {
      throw CommandError.usage("--from-beta: expected --flow escorted, given \(flow.rawValue)")
    }
    var plan = AnnealingPlan(
      group: theory.group.description, lattice: theory.lattice, beta: theory.beta, from: start,
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
      group: theory.group.description, lattice: theory.lattice, beta: theory.beta,
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
