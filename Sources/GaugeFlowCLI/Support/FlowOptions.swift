import ArgumentParser
import GaugeFlow

/// The flows that can be trained: one line for each kind.
enum FlowKind: String, CaseIterable, ExpressibleByArgument {
  case coupling
  case regression
  case escorted
}

extension CommandError {
  /// An impossible option of a flow, as wrong usage rather than bad data.
  static func option(_ error: EnsembleIOError) -> CommandError {
    .usage("\(error)")
  }
}

/// What a group can be sampled with.
extension GroupName {
  /// Refuses lattices on which flows have no masks, and groups without flows of a kind.
  func requireFlow(_ flow: FlowKind, on lattice: Lattice) throws {
    guard flow == .coupling else {
      return try require(Catalog.velocityGroups, for: "train --flow \(flow.rawValue)")
    }
    try require([U1.name], for: "train --flow coupling")
    guard lattice.dimension == 2 else {
      throw CommandError.usage(
        "--lattice: coupling flows expect 2 dimensions, given \(lattice)")
    }
  }
}
