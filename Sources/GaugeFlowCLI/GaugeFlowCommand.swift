import ArgumentParser
import GaugeFlow

/// The `gaugeflow` program: its name, its version and its commands.
struct GaugeFlowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaugeflow",
    abstract: "Samples lattice gauge fields exactly with flows and Markov chains.",
    discussion: """
      Results go to standard output, for people or as one JSON object with --json; progress and \
      errors go to standard error.

      Exit status: 0 done, 1 the run failed, 64 wrong usage, 65 bad data, 66 missing input, \
      73 refuses to overwrite, 74 input or output failed, 130 stopped by Ctrl-C (143 by SIGTERM).

      Example:
        gaugeflow exact --group U1 --lattice 8x8 --beta 2
      """,
    version: Program.version,
    subcommands: [
      RunCommand.self, TrainCommand.self, SampleCommand.self, MarkovChainCommand.self,
      CurveCommand.self, MeasureCommand.self, ExactCommand.self, VerifyCommand.self,
      AnalyzeCommand.self,
    ])
}
