import EnsembleIO
import Foundation
import GaugeFlow
import Testing

@Suite("mcmc and measure on the command line", .serialized)
struct CommandLineChainTests {
  /// A run of about a second, so that a signal comes in the middle.
  private static let chain =
    "mcmc --group U1 --lattice 16x12 --beta 3 --algorithm hmc+winding --overrelaxation 2 "
    + "--tune --thermalize 400 --every 400 --chains 10 --seed 9"

  @Test("mcmc writes the ensemble directory, whatever the algorithm and the dimension")
  func algorithms() throws {
    let scratch = try Scratch()
    let runs = [
      ("8", "heatbath"), ("8x6", "hmc"), ("8x6", "winding"), ("5x7", "metropolis"),
      ("4x4x4", "heatbath"), ("4x4x4x4", "hmc"),
    ]
    for (lattice, algorithm) in runs {
      let result = try CommandLineProgram.run(
        "mcmc --group U1 --lattice \(lattice) --beta 1 --algorithm \(algorithm) "
          + "--thermalize 20 --every 2 --count 21 --chains 3 --force --out \(scratch("e")) --json")
      #expect(result.status == 0, "\(result.output)")
      let json = try result.json()
      #expect(json["count"] as? Int == 21 && json["chains"] as? Int == 3)
      #expect(
        json["seconds"] as? Double != nil && json["link_updates_per_second"] as? Double != nil)
      #expect((json["exp_minus_delta_h"] != nil) == (algorithm == "hmc"))
      #expect((json["acceptance_rate"] != nil) == (algorithm != "heatbath"))
      let reader = try EnsembleReader(scratch("e"))
      #expect(reader.count == 21 && reader.description.group == "U1")
      #expect(reader.description.lattice == lattice.split(separator: "x").map { Int($0)! })
      #expect(try reader.chains() == (0..<21).map { $0 % 3 })
      #expect(reader.description.provenance.command.hasPrefix("gaugeflow mcmc"))
      let measured = try CommandLineProgram.run("measure \(scratch("e")) --json")
      #expect(measured.status == 0, "\(measured.output)")
    }
  }

  @Test("A run that is stopped by a signal goes on to the same bits, for any number of threads")
  func resume() throws {
    let scratch = try Scratch()
    let command = Self.chain + " --count 203"
    let whole = try CommandLineProgram.run(command + " --threads 1 --out \(scratch("whole"))")
    #expect(whole.status == 0, "\(whole.errors)")
    let part = command + " --out \(scratch("part"))"
    let stopped = try CommandLineProgram.run(part + " --threads 2", signalAfter: 0.2)
    // A machine so fast that it finished has nothing to resume.
    if stopped.status != 0 {
      #expect(stopped.status == 143 && stopped.errors.contains("--resume"), "\(stopped.errors)")
      let refused = try CommandLineProgram.run(part)
      #expect(refused.status == 73 && refused.errors.contains("--force"))
      let changed = try CommandLineProgram.run(part + " --resume --steps 7")
      #expect(changed.status == 65 && changed.errors.contains("--steps"))
    }
    // Killed with no time to save: the last checkpoint stands.
    let killed = try CommandLineProgram.run(
      part + " --resume", signalAfter: 0.1, signal: SIGKILL)
    #expect(killed.status == 0 || killed.status == SIGKILL)
    let resumed = try CommandLineProgram.run(part + " --resume --threads 2")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(scratch.areEqual("whole", "part"))
  }

  @Test("A finished run is prolonged to the bits of the longer run")
  func prolong() throws {
    let scratch = try Scratch()
    let command = Self.chain.replacingOccurrences(of: "--every 400", with: "--every 3")
    _ = try CommandLineProgram.run(command + " --count 100 --out \(scratch("long"))")
    for count in [37, 63, 100] {
      let result = try CommandLineProgram.run(
        command + " --count \(count) --resume --out \(scratch("short")) --json")
      #expect(result.status == 0, "\(result.output)")
      #expect(try result.json()["count"] as? Int == count)
    }
    #expect(scratch.areEqual("long", "short"))
  }

  @Test("A full disk loses nothing: the error says what is safe, and the run goes on from there")
  func fullDisk() throws {
    let scratch = try Scratch()
    let command =
      Self.chain.replacingOccurrences(of: "--every 400", with: "--every 1") + " --count 1000"
    _ = try CommandLineProgram.run(command + " --out \(scratch("whole"))")
    let part = command + " --out \(scratch("part"))"
    let full = try CommandLineProgram.run(part, fileLimit: 1500)
    #expect(full.status == 74 && full.errors.contains("--resume"), "\(full.errors)")
    let reader = try EnsembleReader(scratch("part"))
    #expect(reader.count > 300, "1500 KiB hold 500 configurations, found \(reader.count)")
    #expect(try CommandLineProgram.run(part + " --resume").status == 0)
    #expect(scratch.areEqual("whole", "part"))
  }

  @Test("measure agrees with the exact results, and with itself for any number of threads")
  func measure() throws {
    let scratch = try Scratch()
    _ = try CommandLineProgram.run(
      "mcmc --group U1 --lattice 8x8 --beta 2 --algorithm heatbath+winding --overrelaxation 1 "
        + "--thermalize 200 --every 3 --count 20000 --chains 8 --out \(scratch("e"))")
    let command =
      "measure \(scratch("e")) --observables plaquette,wilson-loops,topological-charge --json"
    let result = try CommandLineProgram.run(command + " --threads 1")
    #expect(result.output == (try CommandLineProgram.run(command + " --threads 3")).output)
    let json = try result.json()
    #expect(json["count"] as? Int == 20000)
    let observables = try #require(json["observables"] as? [String: Any])
    let plaquette = try #require(observables["plaquette"] as? [String: Any])
    let loops = try #require(observables["wilson-loops"] as? [String: [String: Any]])
    let charge = try #require(observables["topological-charge"] as? [String: [String: Any]])
    let theory = try ExactU1(volume: 64, beta: 2)
    #expect(plaquette["exact"] as? Double == theory.averagePlaquette)
    #expect(loops["2x2"]?["exact"] as? Double == (try theory.wilsonLoop(area: 4)))
    // Four comparisons at 4.8 standard deviations: false alarm below 1e-5.
    let quantities = [plaquette, loops["2x2"], charge["susceptibility"], charge["charge_squared"]]
    for quantity in quantities {
      let quantity = try #require(quantity)
      for key in ["value", "error", "tau_int", "tau_int_error", "exact", "sigma"] {
        #expect(quantity[key] as? Double != nil, "\(key)")
      }
      #expect(abs(quantity["sigma"] as? Double ?? .infinity) < 4.8, "\(quantity)")
    }
    let table = try CommandLineProgram.run("measure \(scratch("e")) --observables plaquette")
    #expect(table.output.contains("⟨P⟩") && table.output.contains("exact 0.6977747"))

    let moved = try CommandLineProgram.run(command + " --to-beta 2.1").json()
    let there = try #require(moved["observables"] as? [String: Any])
    let movedPlaquette = try #require(there["plaquette"] as? [String: Any])
    #expect(abs(movedPlaquette["sigma"] as? Double ?? .infinity) < 4.8)
    #expect((moved["ess"] as? Double ?? 0) > 0.8 && (moved["ess"] as? Double ?? 2) < 1)

    let heavy = try CommandLineProgram.run(command + " --to-beta 5")
    #expect(heavy.status == 1)
    let refused = try heavy.json()
    #expect((refused["error"] as? [String: Any])?["code"] as? Int == 1)
    let unsure = (refused["observables"] as? [String: Any])?["plaquette"] as? [String: Any]
    #expect(unsure?["error"] is NSNull && unsure?["value"] as? Double != nil)
  }

  @Test("measure refuses an ensemble that was cut off, and takes what is left where told to")
  func truncated() throws {
    let scratch = try Scratch()
    _ = try CommandLineProgram.run(
      "mcmc --group U1 --lattice 4x4 --beta 1 --algorithm heatbath --thermalize 10 "
        + "--count 100 --out \(scratch("e"))")
    let links = scratch("e") + "/links.npy"
    let size = try #require(FileManager.default.contents(atPath: links)).count
    let file = try #require(FileHandle(forWritingAtPath: links))
    try file.truncate(atOffset: UInt64(size - 10 * 32 * 8 - 3))
    try file.close()
    let refused = try CommandLineProgram.run("measure \(scratch("e"))")
    #expect(refused.status == 65 && refused.errors.contains("links.npy"))
    let rest = try CommandLineProgram.run("measure \(scratch("e")) --accept-prefix --json")
    #expect(rest.status == 0)
    #expect(try rest.json()["count"] as? Int == 89)
    try "{".write(toFile: scratch("e") + "/ensemble.json", atomically: true, encoding: .utf8)
    #expect(try CommandLineProgram.run("measure \(scratch("e"))").status == 65)
  }
}
