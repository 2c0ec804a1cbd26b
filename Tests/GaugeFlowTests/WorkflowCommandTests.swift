import Foundation
import GaugeFlow
import Testing

@Suite("The commands train, sample, verify and run")
struct WorkflowCommandTests {
  private static let train =
    "train --group U1 --lattice 4x4 --beta 2 --steps 300 --batch 64 --seed 2"

  @Test("train, sample and verify print the objects that other programs read")
  func objects() throws {
    let scratch = try Scratch()
    let model = scratch("m")
    let trained = try CommandLineProgram.run(Self.train + " --out \(model) --json").json()
    for key in ["ess", "forward_ess", "acceptance_rate", "seconds"] {
      #expect(trained[key] is Double, "\(key)")
    }
    #expect(trained["steps"] as? Int == 300 && (trained["parameters"] as? Int ?? 0) > 0)
    let history = try #require(trained["history"] as? [[String: Any]])
    #expect(history.allSatisfy { $0.keys.sorted() == ["ess", "loss", "seconds", "steps"] })

    let sample = "sample --model \(model) --count 2000 --json --out "
    let sampled = try CommandLineProgram.run(sample + scratch("e")).json()
    for key in ["ess", "forward_ess", "acceptance_rate", "tail_index", "seconds"] {
      #expect(sampled[key] is Double, "\(key)")
    }
    #expect(sampled["count"] as? Int == 2000)
    let logZ = try #require(sampled["log_z"] as? [String: Double])
    #expect(logZ.keys.sorted() == ["error", "exact", "value"])
    #expect((sampled["sector_weights"] as? [String: Double])?["0"] != nil)

    // Weights that collapse: still one object, the value there and its error null.
    let collapsed = try CommandLineProgram.run(sample + scratch("c") + " --beta 0.1")
    #expect(collapsed.status == 1)
    let object = try collapsed.json()
    let refused = try #require(object["log_z"] as? [String: Any])
    #expect(refused["value"] is Double && refused["error"] is NSNull)
    #expect(object["error"] is [String: Any])

    let verified = try CommandLineProgram.run("verify --model \(model) --json")
    #expect(verified.status == 0)
    #expect(try verified.json()["holds"] as? Bool == true)
    let other = try CommandLineProgram.run(sample + scratch("o") + " --lattice 5x5")
    #expect(other.status == 64)
  }

  @Test("A full disk keeps what fits, and sampling goes on from there to the same bytes")
  func fullDisk() throws {
    let scratch = try Scratch()
    #expect(try CommandLineProgram.run(Self.train + " --out \(scratch("m"))").status == 0)
    let sample = "sample --model \(scratch("m")) --count 5000 --mode metropolis --out "
    #expect(try CommandLineProgram.run(sample + scratch("whole")).status == 0)
    // Links are 256 bytes a configuration.
    let full = try CommandLineProgram.run(sample + scratch("part"), fileLimit: 300)
    #expect(full.status == 74 && full.errors.contains("configurations are safe"))
    #expect(full.errors.split(separator: "\n").count == 1, "\(full.errors)")
    #expect(try EnsembleReader(scratch("part"), acceptPrefix: true).count > 1000)
    #expect(try CommandLineProgram.run(sample + scratch("part") + " --resume").status == 0)
    #expect(scratch.areEqual("part", "whole"))
    let (a, b) = (scratch("part"), scratch("whole"))
    let name = "/proposal_log_weight.npy"
    #expect(FileManager.default.contentsEqual(atPath: a + name, andPath: b + name))
  }

  @Test("A run of a few samples works, and an impossible run file is refused before any work")
  func runFiles() throws {
    let scratch = try Scratch()
    func file(_ name: String, algorithm: String, lattice: String = "[4, 4]") throws -> String {
      let text = """
        seed = 2
        [theory]
        group = "U1"
        lattice = \(lattice)
        beta = 2.0
        [train]
        flow = "coupling"
        steps = 200
        [sample]
        count = 10
        mode = "both"
        [mcmc]
        algorithm = "\(algorithm)"
        count = 10
        """
      try text.write(toFile: scratch(name), atomically: true, encoding: .utf8)
      return scratch(name)
    }
    let good = try CommandLineProgram.run(
      "run \(file("good.toml", algorithm: "heatbath")) --out \(scratch("r")) --json")
    #expect(good.status == 0, "\(good.output)")
    #expect(try good.json()["holds"] as? Bool == true)
    for bad in [
      try file("a.toml", algorithm: "nothing"),
      try file("b.toml", algorithm: "hmc", lattice: "[5, 4, 4]"),
    ] {
      let result = try CommandLineProgram.run("run \(bad) --out \(scratch("bad"))")
      #expect(result.status == 65 || result.status == 64)
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch("bad")))
    }
  }
}
