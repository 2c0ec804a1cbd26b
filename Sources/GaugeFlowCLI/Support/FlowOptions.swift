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
  /// Refuses groups without flows of a kind.
  func requireFlow(_ flow: FlowKind) throws {
    try require(flow.groups, for: "train --flow \(flow.rawValue)")
  }
}

extension FlowKind {
  /// The names of the groups that have flows of the kind.
  var groups: [String] {
    self == .coupling ? Catalog.couplingGroupNames : Catalog.velocityGroups
  }
}

/// One coupling, or a range of them, as a user types it: `5` or `4..6`.
struct CouplingInterval: Equatable, Sendable, CustomStringConvertible {
  /// The largest coupling.
  let upper: Double
  /// The range, where there is one.
  let range: ClosedRange<Double>?

  /// Reads a coupling or a range.
  init(option text: String) throws {
    guard let dots = text.range(of: "..") else {
      upper = try parseCoupling(text)
      range = nil
      return
    }
    guard let lower = Double(text[..<dots.lowerBound]), lower.isFinite,
      let upper = Double(text[dots.upperBound...]), upper.isFinite, lower < upper
    else { throw CommandError.usage("expected a finite number, or two that rise such as 4..6") }
    self.upper = upper
    range = lower...upper
  }

  var description: String {
    range.map { "\($0.lowerBound) .. \($0.upperBound)" } ?? "\(upper)"
  }
}
