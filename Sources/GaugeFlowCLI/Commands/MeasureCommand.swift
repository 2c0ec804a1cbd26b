import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow measure`: observables with error bars from configurations on disk.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measures observables on ensembles, with error bars and exact values beside.",
    discussion: """
      Takes ensemble directories (weights and chains are respected; several of one theory are \
      joined), or NPY files of U(1) angles of shape (count, D, L_0, ..) or complex matrices of \
      shape (count, D, L_0, .., N, N), whose coupling --beta names. Observables: \((ObservableCatalog<U1>().names + ActionObservables.names).joined(separator: ", ")). \
      The last is a test: exactly 0 where the configurations have the distribution of their action.

      Where several chains were run, R-hat compares them; above \(ChainConvergence.threshold) there \
      is a warning, as for a topological charge that hardly moves. --discard auto leaves out what the \
      chains have not yet forgotten of their start.

      Example:
        gaugeflow measure runs/hmc --observables plaquette,wilson-loops --to-beta 2.1
      """)

  @Argument(help: "Ensemble directories, or files of configurations.")
  var inputs: [String]

  @Option(help: "Names joined by commas. (default: those marked so that apply to the lattice)")
  var observables: String?

  @Option(
    parsing: .unconditional, help: "Reweight to this coupling.", transform: parseCoupling)
  var toBeta: Double?

  @Option(
    parsing: .unconditional, help: "Coupling of files that do not say theirs.",
    transform: parseCoupling)
  var beta: Double?

  @Option(parsing: .unconditional, help: "Wolff's S along Markov chains.")
  var sParameter = 2.0

  @Option(
    parsing: .unconditional,
    help: "Exponential autocorrelation time whose tail is attached; 0 for none.")
  var tauExp = 0.0

  @Option(
    help: "Configurations to leave out at the start of every chain: a number, or auto.",
    transform: ThermalizationChoice.init(option:))
  var discard: ThermalizationChoice?

  @Flag(help: "Take what is left of an ensemble that was cut off.")
  var acceptPrefix = false

  @Flag(help: "Print loops of every size, not only small and square ones.")
  var all = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var sources: [any ConfigurationSource] = []
    for input in inputs { sources.append(try source(input)) }
    let names = observables?.split(separator: ",").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    Interrupt.listen()
    let progress = Progress("measuring", total: sources.reduce(0) { $0 + $1.count })
    var plan = Measurement.Plan(
      observables: names, keepsPlaquetteSums: toBeta != nil, threads: threads.count)
    plan.testedBeta = toBeta
    let measured = try Measurement.run(sources, plan) { done in
      progress.update(to: Double(done))
      return !Interrupt.isRequested
    }
    progress.finish()
    guard var histories = measured else {
      throw CommandError(
        .signal(SIGINT), "stopped while measuring \(inputs.joined(separator: " "))")
    }
    let thermalization = try discard.map {
      try histories.discard($0, groups: try sources.startGroups())
    }
    if let toBeta { try histories.reweight(to: toBeta) }
    let report = try MeasurementReport(
      histories, exact: ExactReference(for: histories), sParameter: sParameter, tauExp: tauExp)
    try printReport(report, histories, thermalization)
  }

  /// Opens an ensemble directory, a file in it, or a file of its own.
  private func source(_ path: String) throws -> any ConfigurationSource {
    if AtomicFile.isDirectory(path) {
      return try EnsembleReader(path, acceptPrefix: acceptPrefix)
    }
    let directory = (path as NSString).deletingLastPathComponent
    let name = (path as NSString).lastPathComponent
    let home = directory.isEmpty ? "." : directory
    if ["ensemble.json", "links.npy"].contains(name), AtomicFile.exists(home + "/ensemble.json") {
      return try EnsembleReader(home, acceptPrefix: acceptPrefix)
    }
    return try ArraySource(path, beta: beta)
  }

  private func printReport(
    _ report: MeasurementReport, _ histories: MeasurementHistories,
    _ thermalization: ThermalizationReport?
  ) throws {
    var failure: CommandError?
    if case .weightsTooHeavy? = report.weightsRefusal, let refusal = report.weightsRefusal {
      failure = .failed(refusal.description)
    }
    if output.json {
      try StandardOutput.print(
        report.json.adding("thermalization", thermalization?.json).adding(failure))
      if failure != nil { throw ExitCode(ExitStatus.failed.rawValue) }
    } else {
      let beta = histories.beta.map { "beta \($0)" } ?? histories.actionName
      var head =
        "\(histories.groupName) on \(histories.lattice)\(beta.map { ", " + $0 } ?? ""), "
        + "\(report.count) configurations"
      if let chains = report.chainCount { head += chains == 1 ? ", 1 chain" : ", \(chains) chains" }
      if toBeta != nil { head += ", reweighted" }
      for line in thermalization?.lines ?? [] { head += "\n" + line }
      var text = head + "\n" + report.table(isComplete: all)
      if let warning = thermalization?.warning { text += "\nwarning: \(warning)" }
      try StandardOutput.print(text)
      if let failure { throw failure }
    }
  }
}
