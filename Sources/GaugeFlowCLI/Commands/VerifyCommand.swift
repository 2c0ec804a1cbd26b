import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow verify`: checks the laws that make a sampler exact.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Checks the laws that make a sampler exact, each with its residual and tolerance.",
    discussion: """
      Without a model: the laws of every group, action and flow of the catalog. With one: its \
      inverse, its log-det against a dense Jacobian, gauge equivariance, masks, pullbacks, and the \
      normalisation of its density. Exit status 1 where one is broken.

      Example:
        gaugeflow verify --model models/u1-8x8
      """)

  @Option(name: .customLong("model"), help: "Model directory.")
  var model: String?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let model = try model.map { try TrainedModel(reading: $0) }
    let laws = try verifyAll(model: model, seed: seed.seed, threads: threads.count)
    if output.json {
      try StandardOutput.print(laws.json)
    } else {
      try StandardOutput.print(laws.table.description + "\n" + laws.verdict)
    }
    if !laws.hold { throw ExitCode(ExitStatus.failed.rawValue) }
  }
}

extension [Law] {
  /// The object that CLI.md defines.
  var json: JSON {
    [
      "laws": .array(
        map {
          [
            "name": .text($0.name), "residual": .number($0.residual),
            "tolerance": .number($0.tolerance), "holds": .boolean($0.holds),
          ]
        }),
      "holds": .boolean(hold),
    ]
  }

  /// One line for each law.
  var table: Table {
    var table = Table(["", "law", "residual", "tolerance"])
    for law in self {
      table.add(
        law.holds ? "holds" : "BROKEN", law.name, String(format: "%.1e", law.residual),
        String(format: "%.1e", law.tolerance))
    }
    return table
  }

  /// How many hold.
  var verdict: String {
    let broken = filter { !$0.holds }.count
    return broken == 0
      ? "all \(count) laws hold" : "\(broken) of \(count) laws are broken"
  }
}
