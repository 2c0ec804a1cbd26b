import EnsembleIO
import Foundation
import GaugeFlow
import Testing

/// Independent normal numbers from a fixed seed.
private func normals(_ count: Int, seed: UInt64) -> [Double] {
  var generator = LaneGenerator(
    seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
  return (0..<(count + laneCount - 1) / laneCount).flatMap { _ in
    let packet = generator.normal()
    return (0..<laneCount).map { packet[$0] }
  }.prefix(count).map { $0 }
}

/// Histories of one observable along chains, written round by round.
private func histories(_ chains: [[Double]], name: String = "plaquette", component: String? = nil)
  throws -> MeasurementHistories
{
  var result = MeasurementHistories(
    groupName: "U1", lattice: try Lattice([4, 4]), beta: nil,
    observables: [
      ObservableHistory(
        name: name, components: [component ?? name], derived: [], values: [[]])
    ])
  var values: [Double] = []
  var numbers: [Int] = []
  for time in 0..<chains[0].count {
    for (number, chain) in chains.enumerated() {
      values.append(chain[time])
      numbers.append(number)
    }
  }
  try result.append(values: [[values]], chains: numbers)
  return result
}

@Suite("Diagnostics of measured chains")
struct ChainDiagnosticsTests {
  @Test("chains of one distribution give no warning, one that disagrees gives one with its name")
  func disagreement() throws {
    var chains = (0..<4).map { normals(1000, seed: 10 + UInt64($0)) }
    let sound = try MeasurementReport(histories(chains)).diagnostics
    #expect(sound.warnings.isEmpty)
    #expect(try #require(sound["plaquette", "plaquette"]).rHat < 1.01)
    chains[1] = chains[1].map { $0 + 0.6 }
    let warned = try MeasurementReport(histories(chains)).diagnostics
    #expect(warned.warnings.count == 1)
    #expect(warned.warnings[0].hasPrefix("plaquette: R-hat 1.0"))
    #expect(warned.warnings[0].contains("chains disagree"))
  }

  @Test("independent samples and one chain have nothing to compare")
  func nothingToCompare() throws {
    let chain = normals(200, seed: 1)
    #expect(try ChainDiagnostics(histories([chain])).comparisons.isEmpty)
    var independent = MeasurementHistories(
      groupName: "U1", lattice: try Lattice([4, 4]), beta: nil,
      observables: [
        ObservableHistory(name: "plaquette", components: ["plaquette"], derived: [], values: [[]])
      ])
    try independent.append(values: [[chain]])
    let diagnostics = ChainDiagnostics(independent)
    #expect(diagnostics.comparisons.isEmpty && diagnostics.warnings.isEmpty)
    #expect(throws: MeasurementError.self) { try independent.discard(.fixed(3)) }
  }

  @Test("a frozen charge is warned of")
  func frozen() throws {
    let chains = (0..<4).map { [Double](repeating: Double($0 - 1), count: 50) }
    let found = ChainDiagnostics(
      try histories(chains, name: "topological-charge", component: "charge"))
    #expect(found.topology?.verdict == .frozen)
    #expect(found.warnings.contains { $0.hasPrefix("topology is frozen: 4 of 4 chains") })
  }

  @Test("entries are left out at the start of every chain, by number or by their transient")
  func discard() throws {
    var chains = (0..<4).map { normals(512, seed: 20 + UInt64($0)) }
    var numbered = try histories(chains)
    let report = try numbered.discard(.fixed(12))
    #expect(report.discarded == 12 && numbered.count == 4 * 500)
    #expect(numbered.observables[0].values[0][1] == chains[1][12])
    #expect(throws: MeasurementError.self) { try numbered.discard(.fixed(500)) }
    // Hot chains come from below, cold ones from above: the mean of all shows nothing.
    for chain in 0..<4 {
      for time in 0..<10 { chains[chain][time] += chain % 2 == 0 ? 5 : -5 }
    }
    var automatic = try histories(chains)
    let found = try automatic.discard(.automatic, groups: [0, 1, 0, 1])
    #expect((16...64).contains(found.discarded), "\(found)")
    #expect(found.warning == nil && automatic.count == 4 * (512 - found.discarded))
  }
}

@Suite("Diagnostics on the command line", .serialized)
struct CommandLineDiagnosticsTests {
  @Test(
    "mixed starts, an automatic cut, R-hat and the Schwinger-Dyson identities in one measurement")
  func mixed() throws {
    let scratch = try Scratch()
    let sampled = try CommandLineProgram.run(
      "mcmc --group U1 --lattice 16x16 --beta 2 --algorithm hmc --trajectory-length 1 --steps 6 "
        + "--start mixed --thermalize 0 --every 1 --count 8000 --chains 8 --seed 5 "
        + "--out \(scratch("e")) --json")
    #expect(sampled.status == 0, "\(sampled.errors)")
    let identities = try #require(try sampled.json()["identities"] as? [String: Any])
    #expect(identities["balance"] is [String: Any] && identities["delta_h"] is [String: Any])
    #expect(try EnsembleReader(scratch("e")).description.provenance.start == "mixed")

    let command = "measure \(scratch("e")) --observables plaquette,schwinger-dyson"
    let result = try CommandLineProgram.run(command + " --discard auto --json")
    #expect(result.status == 0, "\(result.errors)")
    let json = try result.json()
    let thermalization = try #require(json["thermalization"] as? [String: Any])
    let discarded = try #require(thermalization["discarded"] as? Int)
    #expect((2...250).contains(discarded), "\(discarded)")
    #expect(json["count"] as? Int == 8000 - 8 * discarded)
    let observables = try #require(json["observables"] as? [String: [String: Any]])
    let plaquette = try #require(observables["plaquette"])
    // Four comparisons at 4.8 standard deviations: false alarm below 1e-5.
    #expect(abs(plaquette["sigma"] as? Double ?? .infinity) < 4.8)
    #expect((plaquette["r_hat"] as? Double ?? .infinity) < 1.02)
    #expect((plaquette["bulk_ess"] as? Double ?? 0) > 100)
    let dyson = try #require(observables["schwinger-dyson"])
    for component in ["mean", "01", "10"] {
      let number = try #require(dyson[component] as? [String: Any])
      #expect(number["exact"] as? Double == 0)
      #expect(abs(number["sigma"] as? Double ?? .infinity) < 4.8, "\(component) \(number)")
    }
    let table = try CommandLineProgram.run(command + " --discard 100")
    #expect(table.output.contains("first 100 configurations of every chain left out"))
    #expect(table.output.contains("R-hat 1.0"))
    let refused = try CommandLineProgram.run(command + " --discard some")
    #expect(refused.status == 64)
    #expect(try CommandLineProgram.run(command + " --discard 1000").status != 0)
  }

  @Test("a wrong coupling of a file shows in the identities, for U(1) and SU(2)")
  func wrongCoupling() throws {
    let scratch = try Scratch()
    for (theory, beta, wrong) in [
      ("--group U1 --lattice 8x8", "2", "2.1"), ("--group SU2 --lattice 4x4x4", "2.2", "2.3"),
    ] {
      let sampled = try CommandLineProgram.run(
        "mcmc \(theory) --beta \(beta) --algorithm hmc --thermalize 50 --every 1 --count 3200 "
          + "--chains 16 --seed 6 --force --out \(scratch("e"))")
      #expect(sampled.status == 0, "\(sampled.errors)")
      let file = scratch("alone.npy")
      try? FileManager.default.removeItem(atPath: file)
      try FileManager.default.copyItem(atPath: scratch("e") + "/links.npy", toPath: file)
      func sigma(_ source: String) throws -> Double {
        let result = try CommandLineProgram.run(
          "measure \(source) --observables schwinger-dyson --json")
        let observables = try #require(
          try result.json()["observables"] as? [String: [String: [String: Any]]])
        return try #require(observables["schwinger-dyson"]?["mean"]?["sigma"] as? Double)
      }
      #expect(abs(try sigma(scratch("e"))) < 4.8)
      #expect(abs(try sigma(file + " --beta \(beta)")) < 6)
      #expect(try sigma(file + " --beta \(wrong)") < -6)
      let unknown = try CommandLineProgram.run("measure \(file) --observables schwinger-dyson")
      #expect(unknown.status != 0 && unknown.errors.contains("coupling"))
    }
  }

  @Test("a frozen run is warned of")
  func frozen() throws {
    let scratch = try Scratch()
    _ = try CommandLineProgram.run(
      "mcmc --group U1 --lattice 12x12 --beta 14 --algorithm heatbath --start hot "
        + "--thermalize 300 --every 2 --count 1600 --chains 8 --out \(scratch("e"))")
    let command = "measure \(scratch("e")) --observables plaquette,topological-charge"
    let json = try CommandLineProgram.run(command + " --json").json()
    let topology = try #require(json["topology"] as? [String: Any])
    #expect(topology["verdict"] as? String == "frozen", "\(topology)")
    let warnings = try #require(json["warnings"] as? [String])
    #expect(warnings.contains { $0.hasPrefix("topology is frozen") })
    let table = try CommandLineProgram.run(command)
    #expect(table.output.contains("warning: topology is frozen"))
  }
}
