import Foundation
import GaugeFlow

extension JSON {
  /// A number, or `null` where there is none.
  init(_ value: Double?) { self = value.map { .number($0) } ?? .null }
}

extension MeasurementReport {
  /// `{"count", "ess"?, "observables": {..}}`, an observable of one number standing for itself.
  var json: JSON {
    var result: JSON = ["count": .integer(count)]
    result = result.adding("chains", chainCount.map { .integer($0) })
      .adding("ess", effectiveSampleSize.map { .number($0) })
      .adding("tail_index", tailIndex.map { .number($0) })
    let observables = sections.map { section -> (key: String, value: JSON) in
      if section.quantities.count == 1, section.quantities[0].name == section.observable {
        return (section.observable, json(of: section.quantities[0], in: section))
      }
      return (
        section.observable,
        .object(section.quantities.map { ($0.name, json(of: $0, in: section)) })
      )
    }
    result = result.adding("topology", diagnostics.topology?.json)
    if !diagnostics.warnings.isEmpty {
      result = result.adding("warnings", .array(diagnostics.warnings.map { .text($0) }))
    }
    return result.adding("observables", .object(observables))
  }

  /// The numbers as a physicist reads them.
  ///
  /// - Parameter isComplete: whether loops of every size are shown, or small and square ones only.
  func table(isComplete: Bool) -> String {
    var table = Table(["", ""])
    var hidden = 0
    var remarks: [String] = []
    for section in sections {
      for quantity in section.quantities {
        if !isComplete, section.observable == "wilson-loops", !quantity.isSmallOrSquareLoop {
          hidden += 1
          continue
        }
        if let refusal = quantity.refusal, weightsRefusal == nil, !remarks.contains("\(refusal)") {
          remarks.append("\(refusal)")
        }
        table.add(
          quantity.cells(of: section.observable)
            + [diagnostics[section.observable, quantity.name]?.cell ?? ""])
      }
    }
    var text = ""
    if let ess = effectiveSampleSize {
      text += String(format: "ESS %.4f", ess)
      text += tailIndex.map { String(format: ", tail index %.2f", $0) } ?? ""
      if case .doubtful? = tailIndex.map({ TailVerdict(tailIndex: $0) }) {
        text += " (error bars shrink slowly)"
      }
      text += "\n"
    }
    text += table.description
    if let weightsRefusal, tailIndex == nil { text += "\nno errors: \(weightsRefusal)" }
    for remark in remarks.prefix(2) { text += "\nno error where marked '-': \(remark)" }
    for warning in diagnostics.warnings { text += "\nwarning: \(warning)" }
    if hidden > 0 { text += "\n(\(hidden) more loops and ratios with --all)" }
    return text
  }
}

extension MeasurementReport.Quantity {
  var json: JSON {
    var result: JSON = ["value": .number(value), "error": JSON(estimate?.error)]
    result = result.adding("tau_int", estimate.map { JSON($0.tauInt) })
      .adding("tau_int_error", estimate.map { JSON($0.tauIntError) })
      .adding("exact", exact.map { .number($0) })
      .adding("sigma", deviation.map { .number($0) })
    return result.adding("no_error_because", refusal.map { .text($0.description) })
  }

  /// Sides of a loop or Creutz ratio, from its name.
  private var sides: [Int] {
    name.split(separator: "_").last.map { $0.split(separator: "x").compactMap { Int($0) } } ?? []
  }

  var isSmallOrSquareLoop: Bool {
    sides.count == 2 && (sides[0] == sides[1] || sides.max()! <= 2)
  }

  func cells(of observable: String) -> [String] {
    [
      label(in: observable),
      "= " + (estimate.map { "\($0)" } ?? (value.isFinite ? String(format: "%.6g -", value) : "-")),
      exact.map { String(format: "exact %.7g", $0) } ?? "",
      deviation.map { String(format: "%+.1f sigma", $0) } ?? "",
      tau,
    ]
  }

  private var tau: String {
    guard let tau = estimate?.tauInt, let error = estimate?.tauIntError, error > 0 else {
      return ""
    }
    return "tau_int \(Estimate(value: tau, error: error, count: estimate?.count ?? 0))"
  }

  private func label(in observable: String) -> String {
    switch (observable, name) {
    case ("plaquette", _): "⟨P⟩"
    case ("topological-charge", "charge"): "⟨Q⟩"
    case ("topological-charge", "charge_squared"): "⟨Q²⟩"
    case ("topological-charge", "susceptibility"): "⟨Q²⟩/V"
    case ("wilson-loops", _) where name.hasPrefix("creutz_"): "χ(\(name.dropFirst(7)))"
    case ("wilson-loops", _): "W(\(name))"
    case ("polyakov-loop", _): "Polyakov \(name)"
    case (let observable, let name) where observable == name: observable
    default: "\(observable) \(name)"
    }
  }
}
