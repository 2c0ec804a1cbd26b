import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow sample`: exact samples from a trained flow.
struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Samples a trained flow, with weights or corrected by Metropolis.",
    discussion: """
      Writes an ensemble directory: with log weights (weighted), or as a Markov chain of \
      independence Metropolis (metropolis). A model samples other lattices that its masks allow, \
      and other couplings, exactly weighted in every case. Ctrl-C keeps what is there; --resume \
      goes on to the same bits, also with a larger --count.

      Example:
        gaugeflow sample --model models/u1-8x8 --count 20000 --out runs/u1-8x8
      """)

  @Option(name: .customLong("model"), help: "Model directory.")
  var model: String

  @Option(help: "The number of configurations.", transform: parseCount)
  var count: Int

  @Option(help: "Sample on this lattice.", transform: Lattice.init(option:))
  var lattice: Lattice?

  @Option(
    parsing: .unconditional, help: "Sample at this coupling.", transform: parseCoupling)
  var beta: Double?

  @Option(
    help:
      "Samples of the target for the forward ESS; 0 for none. (default: by the size of the fields)",
    transform: parseCountOrZero)
  var forwardCount: Int?

  @Option(help: "weighted or metropolis.", transform: SampleCommand.mode)
  var mode = SamplingPlan.Mode.weighted

  @Option(name: .customLong("out"), help: "Ensemble directory to write.")
  var directory: String

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var overwrite: OverwriteOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let model = try TrainedModel(reading: model)
    let source: any WeightedSource
    do { source = try model.source(on: lattice, beta: beta) } catch let error as TransferError {
      throw CommandError.usage("--lattice: \(error)")
    } catch let error as ModelError { throw CommandError.usage("--\(error)") }
    var plan = SamplingPlan(
      source: source, count: count, mode: mode, seed: seed.seed, threads: threads.count)
    plan.forwardCount = forwardCount ?? model.forwardCount(on: source.lattice)
    plan.command = Program.commandLine
    plan.modelChecksum = try model.checksum()
    let result = try Sampling.run(
      plan, directory: directory, resume: overwrite.resume, overwrite: overwrite.force)
    var failure: CommandError?
    if let refusal = result.diagnostics.refusal, case .weightsTooHeavy = refusal {
      failure = .failed("\(refusal)")
    }
    if output.json {
      try StandardOutput.print(result.json.adding(failure))
      if failure != nil { throw ExitCode(ExitStatus.failed.rawValue) }
    } else {
      try StandardOutput.print(
        "\(source.groupName) on \(source.lattice), beta \(source.beta), "
          + "\(count) configurations in \(directory)\n"
          + result.diagnostics.table.description)
    }
    if let failure { throw failure }
  }

  private static func mode(_ text: String) throws -> SamplingPlan.Mode {
    guard let mode = SamplingPlan.Mode(rawValue: text) else {
      throw CommandError.usage("expected weighted or metropolis, given '\(text)'")
    }
    return mode
  }
}

/// Sampling with a progress bar, for `sample` and `run`.
enum Sampling {
  struct Result {
    var count: Int
    var seconds: Double
    var samplesPerSecond: Double
    var diagnostics: SamplingDiagnostics
  }

  /// Samples into a directory until the plan's end or an interrupt.
  static func run(
    _ plan: SamplingPlan, directory: String, resume: Bool, overwrite: Bool
  ) throws -> Result {
    Interrupt.listen()
    let sampling = try SamplingRun(
      plan, directory: directory, resume: resume, overwrite: overwrite)
    let before = sampling.count
    let progress = Progress("sampling", total: plan.count, done: before)
    defer { progress.finish() }
    let seconds: Double
    do {
      seconds = try sampling.run { count in
        progress.update(to: Double(count))
        return !Interrupt.isRequested
      }
      try sampling.close()
    } catch let error as EnsembleIOError where error.kind == .inputOutput {
      throw CommandError(
        .inputOutput,
        "\(error); \(sampling.committedCount) configurations are safe in \(directory), "
          + "the same command with --resume goes on")
    }
    progress.finish()
    guard sampling.isComplete else {
      throw Interrupt.error(
        saved: "\(sampling.count) of \(plan.count) configurations are in \(directory)")
    }
    return Result(
      count: sampling.count, seconds: seconds,
      samplesPerSecond: seconds > 0 ? Double(sampling.count - before) / seconds : 0,
      diagnostics: try sampling.diagnostics(directory: directory))
  }
}

extension Sampling.Result {
  /// The object that CLI.md defines.
  var json: JSON {
    var json: JSON = ["count": .integer(count)]
    for (key, value) in diagnostics.entries { json = json.adding(key, value) }
    return json.adding("seconds", .number(seconds))
      .adding("samples_per_second", .number(samplesPerSecond))
  }
}

extension SamplingDiagnostics {
  /// The entries of the JSON object of `sample`.
  var entries: [(String, JSON?)] {
    let logZ: JSON = ["value": .number(logZ.value), "error": .number(logZ.error)]
    let sectors = sectors.map { ("\($0.weight.sector)", JSON.number($0.weight.weight.value)) }
    let errors = self.sectors.map {
      ("\($0.weight.sector)", JSON.number($0.weight.weight.error))
    }
    return [
      ("ess", .number(effectiveSampleSize)),
      ("forward_ess", forwardEffectiveSampleSize.map { .number($0) }),
      ("acceptance_rate", .number(acceptanceRate)),
      ("tail_index", JSON(tailIndex)),
      ("log_z", logZ.adding("exact", exactLogZ.map { .number($0) })),
      ("sector_weights", sectors.isEmpty ? nil : .object(sectors)),
      ("sector_weight_errors", sectors.isEmpty ? nil : .object(errors)),
      ("learning_free_ess", learningFreeEffectiveSampleSize.map { .number($0) }),
    ]
  }

  /// How many standard errors a sector's weight is off.
  ///
  /// In a sector of a few samples the error that they give themselves is as uncertain as their
  /// number: the error is at least that of the exact probability.
  private func deviation(of sector: SectorWeight, from exact: Double) -> Double {
    let samples = Double(count) * effectiveSampleSize
    let least = (max(0, exact * (1 - exact)) / max(1, samples)).squareRoot()
    return (sector.weight.value - exact) / max(sector.weight.error, least)
  }

  /// The numbers as a physicist reads them.
  var table: Table {
    var table = Table(["", ""])
    table.add("ESS, reverse", Training.short(effectiveSampleSize), "of the flow's own samples")
    if let forward = forwardEffectiveSampleSize {
      table.add("ESS, forward", Training.short(forward), "on samples of the target")
    }
    if let free = learningFreeEffectiveSampleSize {
      table.add("ESS, learning-free", Training.short(free), "drawing plaquettes, nothing learned")
    }
    table.add("acceptance", Training.short(acceptanceRate), "independence Metropolis")
    let index = tailIndex.map { String(format: "%.2f", $0) } ?? "-"
    table.add("tail index of weights", index, "error bars hold below 0.5, refused above 0.7")
    let exact = exactLogZ.map { String(format: "exact %.6f", $0) } ?? ""
    if logZ.error.isFinite {
      let sigma = exactLogZ.map { String(format: "%+.1f sigma", logZ.deviation(from: $0)) } ?? ""
      table.add("log Z", "\(logZ)", exact, sigma)
    } else {
      table.add("log Z", String(format: "%.6g -", logZ.value), exact)
    }
    for (weight, exact) in sectors.sorted(by: { $0.weight.sector < $1.weight.sector }) {
      table.add(
        "weight of Q = \(weight.sector)", "\(weight.weight)",
        exact.map { String(format: "exact %.3g", $0) } ?? "",
        exact.map { String(format: "%+.1f sigma", deviation(of: weight, from: $0)) } ?? "")
    }
    return table
  }
}
