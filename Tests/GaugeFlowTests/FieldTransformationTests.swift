import EnsembleIO
import Foundation
import GaugeFlow
import Testing

@Suite("mcmc in the variables of a model", .serialized)
struct FieldTransformationTests {
  /// A flow on 4x4, of a second of training.
  private func train(_ scratch: Scratch, _ flow: String = "coupling --steps 1500") throws {
    let result = try CommandLineProgram.run(
      "train --group U1 --lattice 4x4 --beta 2 --flow \(flow) --out \(scratch("m"))")
    #expect(result.status == 0, "\(result.errors)")
  }

  private static let chain =
    "mcmc --group U1 --lattice 4x4 --beta 1.5 --algorithm hmc --trajectory-length 2 --seed 9"

  @Test("the ensemble holds the images, exact at another coupling than the model's")
  func exactness() throws {
    let scratch = try Scratch()
    try train(scratch)
    let result = try CommandLineProgram.run(
      Self.chain + " --model \(scratch("m")) --steps 4 --thermalize 100 --every 2 --count 16000 "
        + "--chains 64 --out \(scratch("e")) --json")
    #expect(result.status == 0, "\(result.output)")
    let json = try result.json()
    #expect(json["count"] as? Int == 16000 && json["chains"] as? Int == 64)
    let violation = try #require(json["exp_minus_delta_h"] as? [String: Any])
    let (value, error) = (violation["value"] as? Double, violation["error"] as? Double)
    #expect(abs(try #require(value) - 1) < 5 * (try #require(error)))
    let reader = try EnsembleReader(scratch("e"))
    #expect(try reader.chains() == (0..<16000).map { $0 % 64 })
    #expect(
      reader.description.provenance.modelChecksum
        == (try TrainedModel(reading: scratch("m")).checksum()))
    let measured = try CommandLineProgram.run(
      "measure \(scratch("e")) --observables plaquette,wilson-loops,topological-charge --json")
    let observables = try #require(try measured.json()["observables"] as? [String: Any])
    let plaquette = try #require(observables["plaquette"] as? [String: Any])
    let loops = try #require(observables["wilson-loops"] as? [String: [String: Any]])
    let charge = try #require(observables["topological-charge"] as? [String: [String: Any]])
    // Three comparisons at 4.8 standard deviations: false alarm below 1e-5.
    for quantity in [plaquette, loops["2x2"], charge["charge_squared"]] {
      let sigma = try #require(quantity?["sigma"] as? Double)
      #expect(abs(sigma) < 4.8, "\(measured.output)")
    }
  }

  @Test("a run that stops goes on to the same bits, for any number of threads and another lattice")
  func resume() throws {
    let scratch = try Scratch()
    try train(scratch)
    let command =
      Self.chain.replacingOccurrences(of: "4x4", with: "8x4")
      + " --model \(scratch("m")) --tune --thermalize 60 --every 20 --chains 10"
    let whole = try CommandLineProgram.run(
      command + " --count 203 --threads 1 --out \(scratch("whole"))")
    #expect(whole.status == 0, "\(whole.errors)")
    let part = command + " --threads 2 --out \(scratch("part"))"
    #expect(try CommandLineProgram.run(part + " --count 37").status == 0)
    let killed = try CommandLineProgram.run(
      part + " --count 203 --resume", signalAfter: 0.2, signal: SIGKILL)
    #expect(killed.status == 0 || killed.status == SIGKILL)
    let resumed = try CommandLineProgram.run(part + " --count 203 --resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(scratch.areEqual("whole", "part"))
    let links = try CommandLineProgram.run(
      part.replacingOccurrences(of: "--model \(scratch("m"))", with: "") + " --count 300 --resume")
    #expect(links.status == 65 && links.errors.contains("--model"), "\(links.errors)")
  }

  @Test("what a model cannot do is refused in a line, before anything is written")
  func refusals() throws {
    let scratch = try Scratch()
    try train(scratch)
    let model = " --model \(scratch("m")) --count 8 --out \(scratch("e"))"
    let wrong = [
      ("mcmc --group U1 --lattice 4x4 --beta 2 --algorithm heatbath", "--algorithm hmc"),
      ("mcmc --group U1 --lattice 4x4 --beta 2 --algorithm hmc+winding", "--algorithm hmc"),
      ("mcmc --group U1 --lattice 4x4 --beta 2 --algorithm hmc --overrelaxation 1", "--overrelax"),
      ("mcmc --group U1 --lattice 4x4 --beta 2 --algorithm hmc --layout sublattices", "--layout"),
      ("mcmc --group SU2 --lattice 4x4 --beta 2 --algorithm hmc", "of group SU2"),
      ("mcmc --group U1 --lattice 4x4x4 --beta 2 --algorithm hmc", "--lattice"),
      ("mcmc --group U1 --lattice 5x7 --beta 2 --algorithm hmc", "--lattice"),
    ]
    for (command, word) in wrong {
      let result = try CommandLineProgram.run(command + model)
      #expect(result.status == 64 && result.errors.contains(word), "\(command): \(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch("e")))
    }
    let limits = [
      Self.chain + " --force-limit 1 --count 8 --out \(scratch("e"))",
      Self.chain + " --force-limit 0" + model,
    ]
    for command in limits {
      let result = try CommandLineProgram.run(command)
      #expect(result.status == 64 && result.errors.contains("force-limit"), "\(result.errors)")
    }
    let missing = try CommandLineProgram.run(
      Self.chain + " --model \(scratch("none")) --count 8 --out \(scratch("e"))")
    #expect(missing.status == 66)
  }

  @Test("a regression flow, which has no pullback, is refused")
  func regression() throws {
    let scratch = try Scratch()
    try train(scratch, "regression")
    let result = try CommandLineProgram.run(
      Self.chain + " --model \(scratch("m")) --count 8 --out \(scratch("e"))")
    #expect(result.status == 64 && result.errors.contains("expected a coupling flow"))
    #expect(!FileManager.default.fileExists(atPath: scratch("e")))
  }
}
