import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow train`: trains a flow into a model directory.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a gauge-equivariant flow for a theory.",
    discussion: """
      Writes a model directory. The effective sample sizes it reports are of fresh samples: the \
      reverse one of the flow's own, the forward one of exact samples of the target. Ctrl-C saves \
      a checkpoint and the model as it is; --resume goes on. With --steps the same seed gives the \
      same bits; with --seconds schedules follow the clock.

      Options of the flow and its training: \(CouplingOptions.keys.joined(separator: ", ")).
      Architectures: \(Catalog.couplingArchitectures.map(\.name).joined(separator: ", ")).

      Example:
        gaugeflow train --group U1 --lattice 8x8 --beta 2 --flow coupling --seconds 20 \
      --out models/u1-8x8
      """)

  @OptionGroup var theory: TheoryOptions

  @Option(help: "The kind of flow.")
  var flow: FlowKind = .coupling

  @Option(help: "Training steps.", transform: parseCount)
  var steps: Int?

  @Option(help: "Seconds of training, where --steps is not given. (default: 30)")
  var seconds: Double?

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
    try theory.group.requireFlow(on: theory.lattice)
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
}

/// Training with a progress bar, for `train` and `run`.
enum Training {
  /// Trains into a directory until the plan's end or an interrupt.
  static func run(
    _ plan: TrainingPlan, directory: String, resume: Bool, overwrite: Bool
  ) throws -> TrainingRecord {
    Interrupt.listen()
    let training = try TrainingRun(
      plan, directory: directory, resume: resume, overwrite: overwrite)
    let progress: Progress
    let total: Double
    switch plan.limit {
    case .steps(let steps):
      total = Double(steps)
      progress = Progress("training", total: steps, done: Int(training.progress * total))
    case .seconds(let seconds):
      total = seconds
      progress = Progress("training", seconds: seconds)
    }
    defer { progress.finish() }
    var ess = 0.0
    let (_, record) = try training.run { fraction, step in
      ess = ess == 0 ? step.effectiveSampleSize : 0.98 * ess + 0.02 * step.effectiveSampleSize
      progress.update(to: fraction * total, note: "batch ESS \(short(ess))")
      return !Interrupt.isRequested
    }
    progress.finish()
    return record
  }

  static func short(_ value: Double) -> String { String(format: "%.4f", value) }
}

extension TrainingRecord {
  /// The object that CLI.md defines.
  var json: JSON {
    var json: JSON = ["ess": .number(ess)]
    json = json.adding("forward_ess", forwardESS.map { .number($0) })
      .adding("acceptance_rate", .number(acceptanceRate))
      .adding("seconds", .number(seconds))
      .adding("steps", .integer(steps))
      .adding("parameters", .integer(parameters))
    let moments = history.map { moment -> JSON in
      [
        "seconds": .number(moment.seconds), "steps": .integer(moment.steps),
        "ess": .number(moment.ess), "loss": .number(moment.loss),
      ]
    }
    return json.adding("history", .array(moments))
  }

  /// The numbers as a physicist reads them.
  var table: Table {
    var table = Table(["", ""])
    table.add("trained", "\(steps) steps in \(String(format: "%.1f", seconds)) s")
    table.add("parameters", "\(parameters)")
    table.add("ESS, reverse", Training.short(ess))
    if let forwardESS { table.add("ESS, forward", Training.short(forwardESS)) }
    table.add("acceptance", Training.short(acceptanceRate))
    return table
  }
}
