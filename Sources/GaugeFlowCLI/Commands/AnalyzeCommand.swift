import ArgumentParser
import Foundation
import GaugeFlow

/// `gaugeflow analyze`: the Gamma method on any history.
struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Gives the mean of a history its error, autocorrelations included (Gamma method).",
    discussion: """
      FILE holds columns of numbers: text parted by spaces, tabs, commas or semicolons, with an \
      optional row of names and # comments, or an NPY array with one or two axes. Columns are \
      given by name or by number, counted from 0.

      Example:
        gaugeflow analyze history.csv --column plaquette --chains chain
      """)

  @Argument(help: "The history.")
  var file: String

  @Option(help: "Column to analyse.")
  var column = "0"

  @Option(help: "Column of weights, numbers that are not negative.")
  var weights: String?

  @Option(help: "Column of the logarithms of weights, up to a constant.")
  var logWeights: String?

  @Option(help: "Column that numbers the Markov chains; the order within a chain is that of rows.")
  var chains: String?

  @Option(
    parsing: .unconditional,
    help: "Wolff's S, which sets the window of summation; 0 for independent entries.")
  var sParameter = 2.0

  @Option(
    parsing: .unconditional,
    help: "Exponential autocorrelation time whose tail is attached; 0 for none.")
  var tauExp = 0.0

  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    if weights != nil, logWeights != nil {
      throw CommandError.usage("expected one of --weights and --log-weights, given both")
    }
  }

  func run() throws {
    let history = try TextHistory(file)
    let labels = try chains.map { try history.column($0) }
    let values = parted(try history.column(column), by: labels)
    let logs = try logWeightColumn(of: history).map { parted($0, by: labels) }
    let estimate: Estimate
    if let logs {
      estimate = try reweightedMean(
        values, logWeights: logs, sParameter: sParameter, tauExp: tauExp)
    } else {
      estimate = try gammaMethod(values, sParameter: sParameter, tauExp: tauExp)
    }
    let ess = try logs.map { try LogWeights($0.flatMap { $0 }).effectiveSampleSize }
    if output.json {
      try StandardOutput.print(json(estimate, ess))
    } else {
      try StandardOutput.print(table(estimate, ess, chainCount: values.count))
    }
  }

  private func logWeightColumn(of history: TextHistory) throws -> [Double]? {
    if let logWeights { return try history.column(logWeights) }
    guard let weights else { return nil }
    let values = try history.column(weights)
    if let bad = values.firstIndex(where: { $0 < 0 }) {
      throw CommandError(
        .badData, "\(file): row \(bad) of the numbers: expected a weight >= 0, found \(values[bad])"
      )
    }
    return values.map { log($0) }
  }

  /// The values of every chain in the order of the rows.
  private func parted(_ values: [Double], by labels: [Double]?) -> [[Double]] {
    guard let labels else { return [values] }
    var positions: [Double: Int] = [:]
    var result: [[Double]] = []
    for (label, value) in zip(labels, values) {
      if let position = positions[label] {
        result[position].append(value)
      } else {
        positions[label] = result.count
        result.append([value])
      }
    }
    return result
  }

  private func json(_ estimate: Estimate, _ ess: Double?) -> JSON {
    let result: JSON = [
      "mean": .number(estimate.value), "error": .number(estimate.error),
      "error_error": JSON(estimate.errorOfError), "tau_int": JSON(estimate.tauInt),
      "tau_int_error": JSON(estimate.tauIntError),
      "window": estimate.window.map { .integer($0) } ?? .null, "count": .integer(estimate.count),
    ]
    return result.adding("ess", ess.map { .number($0) })
  }

  private func table(_ estimate: Estimate, _ ess: Double?, chainCount: Int) -> Table {
    var table = Table(["", ""])
    table.add("mean", "\(estimate)")
    if let tau = estimate.tauInt {
      let error = estimate.tauIntError ?? 0
      table.add(
        "tau_int", "\(Estimate(value: tau, error: error, count: estimate.count))",
        estimate.window.map { "window \($0)" } ?? "")
    }
    if let ess { table.add("ESS", String(format: "%.4g", ess)) }
    table.add("entries", "\(estimate.count)", chainCount > 1 ? "in \(chainCount) chains" : "")
    return table
  }
}
