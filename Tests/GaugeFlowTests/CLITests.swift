import Foundation
import GaugeFlow
import Testing

@Suite("The command line")
struct CommandLineTests {
  private static let chain = "mcmc --group U1 --lattice 4x4 --beta 2 --algorithm heatbath"

  @Test(
    "A wrong value gets one line on standard error and the exit status of its kind",
    arguments: [
      ("frobnicate", 64, "frobnicate"),
      ("exact --group U1 --lattice 8x8", 64, "--beta"),
      ("exact --group U1 --lattice 8x8 --beta nan", 64, "finite"),
      ("exact --group U1 --lattice 8x8 --beta -1", 64, "beta"),
      ("exact --group U1 --lattice 8y8 --beta 1", 64, "8y8"),
      ("exact --group U2 --lattice 8x8 --beta 1", 64, "SU2"),
      ("exact --group U1 --lattice 4x4x4 --beta 1", 64, "4x4x4"),
      ("exact --group U1 --lattice 8x8 --beta 1 --unknown", 64, "--unknown"),
      ("mcmc --group SU7 --lattice 4x4 --beta 1 --algorithm hmc --count 1 --out x", 64, "SU6"),
      ("mcmc --group SU3 --lattice 4x4 --beta 1 --algorithm winding --count 1 --out x", 64, "U1"),
      ("mcmc --group SU3 --lattice 4x1 --beta 1 --algorithm heatbath --count 1 --out x", 64, "4x1"),
      (
        "mcmc --group SU2 --lattice 4x4 --beta 1 --algorithm hmc --action no --count 1 --out x", 64,
        "wilson"
      ),
      ("train --group SU5 --lattice 4x4 --beta 1 --steps 1 --out x", 64, "SU4"),
      ("mcmc --group U1 --lattice 4x4 --beta 1 --algorithm no --count 1 --out x", 64, "heatbath"),
      ("mcmc --group U1 --lattice 4x1 --beta 1 --algorithm heatbath --count 1 --out x", 64, "4x1"),
      ("mcmc --group U1 --lattice 4 --beta 1 --algorithm winding --count 1 --out x", 64, "winding"),
      ("mcmc --group U1 --lattice 4x4 --beta 1 --algorithm hmc --count 0 --out x", 64, "--count"),
      (chain + " --count 1 --force --resume --out x", 64, "--force"),
      (chain + " --tune --count 1 --out x", 64, "--tune"),
      (chain + " --count 1 --out /dev/null/x", 74, "/dev/null/x"),
      ("measure no-such-ensemble", 66, "no-such-ensemble"),
      ("analyze no-such-file", 66, "no-such-file"),
      ("analyze /dev/null", 65, "/dev/null"),
    ])
  func wrongValues(arguments: String, status: Int, word: String) throws {
    let result = try CommandLineProgram.run(arguments)
    #expect(Int(result.status) == status, "\(arguments): \(result.errors)")
    #expect(result.output.isEmpty)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(result.errors)")
    #expect(result.errors.hasPrefix("gaugeflow: error: ") && result.errors.contains(word))
  }

  @Test(
    "With --json an error is one object on standard output",
    arguments: [
      ("exact --group U1 --lattice 8x8 --json", 64), ("measure no-such-ensemble --json", 66),
      ("exact --group U1 --lattice 8x8 --beta 1e9 --json", 64),
    ])
  func errorsAsJSON(arguments: String, status: Int) throws {
    let result = try CommandLineProgram.run(arguments)
    #expect(Int(result.status) == status && result.errors.isEmpty)
    let error = try #require(try result.json()["error"] as? [String: Any])
    #expect(error["code"] as? Int == status)
    #expect(!(error["message"] as? String ?? "").isEmpty)
  }

  @Test("A result that cannot be printed is an error", arguments: ["", " --json"])
  func fullOutput(json: String) throws {
    let process = Process()
    process.executableURL = try CommandLineProgram.executable()
    process.arguments = "exact --group U1 --lattice 8x8 --beta 1\(json)".split(separator: " ")
      .map(String.init)
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 74)
  }

  @Test("Every command explains itself with an example")
  func help() throws {
    for command in ["exact", "mcmc", "measure", "analyze"] {
      let result = try CommandLineProgram.run("\(command) --help")
      #expect(result.status == 0 && result.output.contains("gaugeflow \(command) "), "\(command)")
      #expect(result.output.contains("Example"), "\(command)")
    }
    #expect(try CommandLineProgram.run("--version").output == programVersion + "\n")
  }

  @Test("exact prints the finite-volume results")
  func exact() throws {
    let u1 = try CommandLineProgram.run("exact --group U1 --lattice 8x8 --beta 2 --json").json()
    let theory = try ExactU1(volume: 64, beta: 2)
    #expect(u1["plaquette"] as? Double == theory.averagePlaquette)
    #expect(u1["log_z"] as? Double == theory.logPartitionFunction)
    #expect(u1["charge_squared"] as? Double == theory.topologicalChargeSquared)
    #expect(u1["topological_susceptibility"] as? Double == theory.topologicalSusceptibility)
    #expect(u1["learning_free_ess"] as? Double == theory.learningFreeEffectiveSampleSize)
    let loops = try #require(u1["loops_by_area"] as? [String: Double])
    #expect(loops["4"] == (try theory.wilsonLoop(area: 4)))
    let sectors = try #require(u1["sector_probability"] as? [String: Double])
    #expect(sectors["-1"] == theory.sectors.probability(of: 1))
    let sum = sectors.values.reduce(0, +)
    #expect(abs(sum - 1) < 1e-10, "sectors beyond 1e-12 are left out, found \(sum)")
    let su3 = try CommandLineProgram.run("exact --group SU3 --lattice 16x16 --beta 6 --json").json()
    #expect(su3["charge_squared"] == nil)
    #expect(
      su3["plaquette"] as? Double
        == (try ExactSU(colors: 3, volume: 256, beta: 6).averagePlaquette))
  }

  @Test("analyze gives what the library gives, for text, CSV with names, weights and chains")
  func analyze() throws {
    let scratch = try Scratch()
    var generator = ScalarGenerator(seed: 7, purpose: .verification, index: 0, step: 0)
    var x = 0.0
    var text = "step,value,weight,chain\n"
    var chains: [[Double]] = [[], []]
    var weights: [[Double]] = [[], []]
    for step in 0..<4000 {
      // Uniform noise will do for an autoregressive series.
      x = 0.5 * x + Double(generator.next() >> 11) * 0x1p-53 - 0.5
      let weight = 1 + 0.5 * Double(step % 3)
      text += "\(step),\(x),\(weight),\(step % 2)\n"
      chains[step % 2].append(x)
      weights[step % 2].append(log(weight))
    }
    try text.write(toFile: scratch("h.csv"), atomically: true, encoding: .utf8)
    let json = try CommandLineProgram.run(
      "analyze \(scratch("h.csv")) --column value --chains chain --json"
    ).json()
    let estimate = try gammaMethod(chains)
    #expect(json["mean"] as? Double == estimate.value)
    #expect(json["error"] as? Double == estimate.error)
    #expect(json["error_error"] as? Double == estimate.errorOfError)
    #expect(json["tau_int"] as? Double == estimate.tauInt)
    #expect(json["tau_int_error"] as? Double == estimate.tauIntError)
    #expect(json["window"] as? Int == estimate.window)
    #expect(json["count"] as? Int == 4000)
    let weighted = try CommandLineProgram.run(
      "analyze \(scratch("h.csv")) --column 1 --chains 3 --weights 2 --s-parameter 1.5 --json"
    ).json()
    let reweighted = try reweightedMean(chains, logWeights: weights, sParameter: 1.5)
    #expect(weighted["mean"] as? Double == reweighted.value)
    #expect(weighted["error"] as? Double == reweighted.error)
    let missing = try CommandLineProgram.run("analyze \(scratch("h.csv")) --column nothing")
    #expect(missing.status == 65 && missing.errors.contains("value"))
  }
}
