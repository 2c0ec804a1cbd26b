import ArgumentParser
import GaugeFlow

/// The `gaugeflow` program.
@main
struct GaugeFlowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gaugeflow",
    abstract: "Samples lattice gauge fields exactly with flows and Markov chains.",
    version: "0.1.0")
}
