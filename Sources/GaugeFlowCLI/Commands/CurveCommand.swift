import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow curve`: every coupling from one run of a continuous flow.
struct CurveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curve",
    abstract: "Gives log Z, plaquette and susceptibility at every coupling below a model's.",
    discussion: """
      A regression flow passes through all couplings from 0 to that of its target. At the end of \
      each of its intervals the samples are weighted exactly, so that one run gives whole curves; \
      the points of a curve share their samples. A dash stands where weights are too heavy for an \
      error bar: flows along a tilted path (U(1) beyond beta 6, unless --option path=linear) are \
      made for their end.

      Example:
        gaugeflow curve --model models/u1-16x16 --count 8192
      """)

  @Option(name: .customLong("model"), help: "Model directory of a regression flow.")
  var model: String

  @Option(help: "The number of samples.", transform: parseCount)
  var count: Int

  @Option(help: "Sample on this lattice.", transform: Lattice.init(option:))
  var lattice: Lattice?

  @OptionGroup var seed: SeedOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let curve = try CouplingCurve(
      of: TrainedModel(reading: model), on: lattice, count: count, seed: seed.seed,
      threads: threads.count)
    try StandardOutput.print(output.json ? curve.json.description : curve.table.description)
  }
}

extension CouplingCurve {
  /// One object for each coupling.
  fileprivate var json: JSON {
    [
      "points": .array(
        points.map { point in
          var json: JSON = [
            "beta": .number(point.beta), "ess": .number(point.effectiveSampleSize),
          ]
          for (name, estimate, exact) in point.quantities {
            let entry: JSON = ["value": .number(estimate.value), "error": .number(estimate.error)]
            json = json.adding(name, entry.adding("exact", exact.map { .number($0) }))
          }
          return json
        })
    ]
  }

  /// One line for each coupling, the deviation from the exact value in standard errors beside each
  /// estimate.
  fileprivate var table: Table {
    let names = points.first?.quantities.map(\.name) ?? []
    var table = Table(
      ["beta", "ESS"]
        + names.flatMap { [$0 == "log_z" ? "log Z" : $0, points[0].exact == nil ? "" : "sigma"] })
    for point in points {
      table.add(
        [String(format: "%.4g", point.beta), String(format: "%.4f", point.effectiveSampleSize)]
          + point.quantities.flatMap { _, estimate, exact in
            [
              estimate.error.isFinite ? "\(estimate)" : "-",
              exact.map {
                estimate.error.isFinite ? String(format: "%+.1f", estimate.deviation(from: $0)) : ""
              } ?? "",
            ]
          })
    }
    return table
  }
}

extension CouplingCurve.Point {
  /// The quantities with their exact values.
  fileprivate var quantities: [(name: String, estimate: Estimate, exact: Double?)] {
    var list: [(String, Estimate, Double?)] = [
      ("log_z", logZ, exact?.theory.logPartitionFunction),
      ("plaquette", plaquette, exact?.theory.averagePlaquette),
    ]
    if let susceptibility {
      list.append(
        (
          "susceptibility", susceptibility,
          (exact?.theory as? ExactU1)?.topologicalSusceptibility
        ))
    }
    return list
  }
}
