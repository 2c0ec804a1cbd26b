import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow run`: the whole chain from an action to observables, as a run file says.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Trains, samples, corrects, measures and verifies, as a run file says.",
    discussion: """
      Everything goes into one run directory: model/, ensemble/, mcmc/, report.json and a copy of \
      the run file. Without --resume a directory that is there already is refused.

      Example:
        gaugeflow run notebooks-data/runs/u1-8x8.toml
      """)

  @Argument(help: "Run file (TOML).")
  var file: String

  @Option(
    name: .customLong("out"),
    help: "Run directory. (default: the file's, else runs/NAME beside where you are)")
  var directory: String?

  @Option(help: "Seed instead of the file's.")
  var seed: UInt64?

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var overwrite: OverwriteOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let file = try RunFile(self.file)
    let name = URL(fileURLWithPath: self.file).deletingPathExtension().lastPathComponent
    let home = directory ?? file.outputDirectory ?? "runs/\(name)"
    let run = try ProjectRun(
      file, directory: home, seed: seed ?? file.seed,
      threads: threads.threads ?? file.threads ?? threads.count, resume: overwrite.resume,
      overwrite: overwrite.force, isQuiet: output.json)
    let report = try run.execute()
    let failure = report.failure.map { CommandError.failed($0) }
    let json = report.json.adding(failure)
    try AtomicFile.write(Data((json.description + "\n").utf8), to: "\(home)/report.json")
    if output.json {
      try StandardOutput.print(json)
      if failure != nil { throw ExitCode(ExitStatus.failed.rawValue) }
    } else if let failure {
      throw failure
    }
  }
}
