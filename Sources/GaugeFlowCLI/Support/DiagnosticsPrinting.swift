import Foundation
import GaugeFlow

extension ChainConvergence {
  /// R-hat as a table shows it.
  var cell: String { String(format: "R-hat %.3f", rHat) + (hasConverged ? "" : " !") }
}

extension TopologyMobility {
  /// The movement of the charge: `{"verdict", "changes", "changes_per_chain", "tau_int", ..}`.
  var json: JSON {
    let word =
      switch verdict {
      case .moving: "moving"
      case .slow: "slow"
      case .frozen: "frozen"
      }
    let json: JSON = [
      "verdict": .text(word), "changes": .integer(totalChanges),
      "changes_per_chain": .array(changes.map { .integer($0) }),
      "entries_per_chain": .integer(length), "tau_int": JSON(tauInt),
    ]
    return json.adding("r_hat", rHat.map { .number($0) })
  }
}

extension MeasurementReport {
  /// A quantity with the comparison between chains, where there is one.
  func json(of quantity: Quantity, in section: Section) -> JSON {
    guard let comparison = diagnostics[section.observable, quantity.name] else {
      return quantity.json
    }
    return quantity.json.adding("r_hat", .number(comparison.rHat))
      .adding("bulk_ess", .number(comparison.bulkEffectiveCount))
      .adding("tail_ess", .number(comparison.tailEffectiveCount))
  }
}

extension ThermalizationReport {
  /// `{"discarded", "cuts"?: {"plaquette": {"discard", "verdict", "tau_int"}}, "warning"?}`.
  var json: JSON {
    var json: JSON = ["discarded": .integer(discarded)]
    if !cuts.isEmpty {
      let entries = cuts.map { entry -> (key: String, value: JSON) in
        (
          entry.observable,
          [
            "discard": .integer(entry.cut.discard), "verdict": .text(entry.cut.verdict.word),
            "tau_int": .number(entry.cut.tauInt),
            "largest_deviation": .number(entry.cut.largestDeviation),
            "threshold": .number(entry.cut.threshold),
          ]
        )
      }
      json = json.adding("cuts", .object(entries))
    }
    return json.adding("warning", warning.map { .text($0) })
  }

  /// What was left out, one line for each observable that had a say.
  var lines: [String] {
    var lines = ["first \(discarded) configurations of every chain left out"]
    for (observable, cut) in cuts where cut.discard > 0 || cut.verdict != .settled {
      lines.append("  \(observable): \(cut)")
    }
    return lines
  }
}

extension ThermalizationCut.Verdict {
  /// The verdict in one word.
  var word: String {
    switch self {
    case .settled: "settled"
    case .drifting: "drifting"
    case .apart: "apart"
    case .tooShort: "too short"
    }
  }
}

extension ThermalizationChoice {
  /// `auto`, or a number of configurations.
  init(option text: String) throws {
    if text == "auto" {
      self = .automatic
    } else {
      guard let count = Int(text), count >= 0 else {
        throw CommandError.usage("expected a number of configurations, or auto")
      }
      self = .fixed(count)
    }
  }
}

extension ProposalIdentities {
  /// `{"delta_h", "balance", "gaussian_acceptance", "gaussian_sigma"?}`.
  var json: JSON {
    func json(_ estimate: Estimate) -> JSON {
      ["value": .number(estimate.value), "error": .number(estimate.error)]
    }
    let result: JSON = [
      "delta_h": json(deltaH), "balance": json(balance),
      "gaussian_acceptance": .number(gaussianAcceptance),
    ]
    return result.adding("gaussian_sigma", gaussianDeviation.map { .number($0) })
  }
}
