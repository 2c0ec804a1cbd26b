import EnsembleIO
import Foundation
import GaugeFlow
import Testing

/// Chains in blocks, from the command line to the measured numbers.
@Suite("mcmc --layout sublattices", .serialized)
struct SublatticeCommandTests {
  /// Twelve comparisons at 5 standard deviations: a false alarm once in 1e5.
  private static let largestDeviation = 5.0

  @Test(
    "one chain in blocks gives the exact plaquette and loops of two dimensions",
    arguments: [
      ("U1", "8x4", 1.5, "heatbath --overrelaxation 1"),
      ("SU2", "4x8", 2.2, "hmc --steps 4 --tune"),
      ("SU3", "3x16", 5.0, "heatbath --overrelaxation 2"),
      ("SU4", "8x8", 8.0, "metropolis --hits 3"),
    ])
  func plane(group: String, lattice: String, beta: Double, algorithm: String) throws {
    let scratch = try Scratch()
    let run = try CommandLineProgram.run(
      "mcmc --layout sublattices --group \(group) --lattice \(lattice) --beta \(beta) "
        + "--algorithm \(algorithm) --thermalize 200 --every 4 --count 1500 --seed 2 "
        + "--out \(scratch("e")) --json")
    #expect(run.status == 0, "\(run.output)")
    #expect(try run.json()["chains"] as? Int == 1)
    let reader = try EnsembleReader(scratch("e"))
    #expect(reader.count == 1500)
    #expect(try reader.chains() == Array(repeating: 0, count: 1500))
    let json = try CommandLineProgram.run(
      "measure \(scratch("e")) --observables plaquette,polyakov-loop --json"
    ).json()
    let observables = try #require(json["observables"] as? [String: Any])
    let polyakov = try #require(observables["polyakov-loop"] as? [String: [String: Any]])
    let plaquette = try #require(observables["plaquette"] as? [String: Any])
    for quantity in [plaquette, try #require(polyakov["re_0"]), try #require(polyakov["re_1"])] {
      let sigma = try #require(quantity["sigma"] as? Double, "\(quantity)")
      #expect(abs(sigma) < Self.largestDeviation, "\(group) \(algorithm): \(quantity)")
    }
  }

  @Test("a run that is stopped goes on to the same bits, and may be prolonged")
  func resume() throws {
    let scratch = try Scratch()
    let command =
      "mcmc --layout sublattices --group SU2 --lattice 4x4x4x4 --beta 2.2 --algorithm heatbath "
      + "--start mixed --thermalize 10 --every 3 --chains 3 --seed 4"
    for (name, options) in [
      ("whole", "--count 40 --threads 1"), ("part", "--count 13 --threads 2"),
      ("part", "--count 40 --threads 2 --resume"),
    ] {
      let run = try CommandLineProgram.run(command + " \(options) --out \(scratch(name))")
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(scratch.areEqual("whole", "part"))
    let other = command.replacingOccurrences(of: "sublattices", with: "configurations")
    let refused = try CommandLineProgram.run(
      other + " --count 50 --resume --out \(scratch("part"))")
    #expect(refused.status == 65 && refused.errors.contains("--layout"), "\(refused.errors)")
  }

  @Test("what cannot be is refused in one line")
  func refusals() throws {
    let scratch = try Scratch()
    for (options, word) in [
      ("--lattice 6x6 --algorithm heatbath", "eight"),
      ("--lattice 8x8 --algorithm winding", "winding"),
      ("--lattice 8x4 --algorithm heatbath --action iwasaki", "3 sites"),
    ] {
      let run = try CommandLineProgram.run(
        "mcmc --layout sublattices --group U1 --beta 1 --count 4 \(options) --out \(scratch("e"))")
      #expect(run.status == 64 && run.errors.contains(word), "\(run.errors)")
    }
    let run = try CommandLineProgram.run(
      "mcmc --layout blocks --group U1 --lattice 8x8 --beta 1 --algorithm hmc --count 4 "
        + "--out \(scratch("e"))")
    #expect(run.status == 64 && run.errors.contains("sublattices"), "\(run.errors)")
  }
}
