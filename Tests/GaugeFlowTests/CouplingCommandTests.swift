import EnsembleIO
import Foundation
import GaugeFlow
import Testing

/// In units of the standard error: a false alarm in 6 of ten million comparisons. Seeds are fixed.
private let largestDeviation = 5.0

/// Coupling flows of every group by the same commands.
@Suite("Coupling flows of SU(N)", .serialized)
struct CouplingCommandTests {
  private static let small =
    " --batch 32 --seed 3 --option bins=4 --option hidden=[4] --threads 2"

  private static func train(
    _ group: String, lattice: String = "4x4", beta: String, steps: Int, more: String = ""
  ) -> String {
    "train --flow coupling --group \(group) --lattice \(lattice) --beta \(beta) --steps \(steps)"
      + more
  }

  @Test(
    "train, sample, measure and verify",
    arguments: [("SU2", "2.2", 100, 0.8), ("SU3", "5", 60, 0.3), ("SU4", "8", 8, 0.0)])
  func chain(group: String, beta: String, steps: Int, least: Double) throws {
    let scratch = try Scratch()
    let trained = try CommandLineProgram.run(
      Self.train(group, beta: beta, steps: steps, more: Self.small)
        + " --out \(scratch("m")) --json"
    ).json()
    #expect(try #require(trained["ess"] as? Double) > least)
    #expect(trained["forward_ess"] is Double && trained["betas"] == nil)
    let model = try CouplingModel(reading: scratch("m"))
    #expect(model.group == group && model.parameterCount == trained["parameters"] as? Int)

    let sample = try CommandLineProgram.run(
      "sample --model \(scratch("m")) --count 4000 --out \(scratch("e")) --forward-count 128 --json"
    )
    // Eight steps of SU(4) may leave weights too heavy for an error bar.
    if group != "SU4" {
      let logZ = try #require(sample.json()["log_z"] as? [String: Double])
      let deviation = (logZ["value"]! - logZ["exact"]!) / logZ["error"]!
      #expect(abs(deviation) < largestDeviation, "log Z \(deviation) sigma off")
      let measured = try CommandLineProgram.run(
        "measure \(scratch("e")) --observables plaquette --json"
      ).json()
      let observables = try #require(measured["observables"] as? [String: Any])
      let plaquette = try #require(observables["plaquette"] as? [String: Any])
      let sigma = try #require(plaquette["sigma"] as? Double)
      #expect(abs(sigma) < largestDeviation, "plaquette \(sigma) sigma off")
    }
    let verified = try CommandLineProgram.run("verify --model \(scratch("m"))")
    let broken = verified.output.split(separator: "\n").filter { $0.hasPrefix("BROKEN") }
    #expect(broken.allSatisfy { group == "SU4" && $0.contains("weights suffice") }, "\(broken)")
  }

  private static func plan(
    _ group: String, _ extents: [Int], betas: ClosedRange<Double>?, steps: Int, threads: Int,
    forward: Double
  ) throws -> TrainingPlan {
    let lattice = try Lattice(extents)
    var options = try CouplingOptions(
      RunOptions(arguments: ["bins=4", "hidden=[4]", "layers=1"]), group: group, on: lattice,
      betaRange: betas, batch: 32)
    options.training.forwardFraction = forward
    return TrainingPlan(
      group: group, lattice: lattice, beta: betas?.upperBound ?? 2,
      architecture: options.architecture, options: options.training, limit: .steps(steps),
      seed: 5, threads: threads)
  }

  @Test(
    "A training that was stopped goes on to the same bits, for any number of threads",
    arguments: [nil, 1.5...2.5] as [ClosedRange<Double>?], [0, 0.5])
  func resume(betas: ClosedRange<Double>?, forward: Double) throws {
    let scratch = try Scratch()
    func run(_ name: String, threads: Int, resume: Bool = false, until last: Int = .max) throws
      -> CouplingModel
    {
      try TrainingRun(
        Self.plan("SU2", [4, 2], betas: betas, steps: 12, threads: threads, forward: forward),
        directory: scratch(name), resume: resume, overwrite: false
      ).run { _, step in step.step < last }.model
    }
    let whole = try run("a", threads: 1)
    let part = try run("b", threads: 2, until: 5)
    #expect(part != whole)
    #expect(try run("b", threads: 1, resume: true) == whole)
  }

  @Test("A model for a range of couplings is judged across it and sampled anywhere in it")
  func range() throws {
    let scratch = try Scratch()
    let trained = try CommandLineProgram.run(
      Self.train("SU2", beta: "1.5..2.5", steps: 100, more: Self.small)
        + " --out \(scratch("m")) --json"
    ).json()
    let betas = try #require(trained["betas"] as? [[String: Double]])
    #expect(betas.map { $0["beta"] } == [1.5, 1.75, 2, 2.25, 2.5])
    #expect(
      betas.allSatisfy { ($0["ess"] ?? 0) > 0.7 && ($0["forward_ess"] ?? 0) > 0.7 }, "\(betas)")
    #expect(trained["ess"] as? Double == betas[2]["ess"])
    let file = try SafetensorsFile(scratch("m/model.safetensors"))
    let biases = file.tensors.filter { $0.key.hasSuffix(".bias") }.map(\.value.shape)
    #expect(!biases.isEmpty && biases.allSatisfy { $0.count == 2 && $0[0] == 3 })
    #expect(try CouplingModel(reading: scratch("m")).betaRange == 1.5...2.5)
    for (beta, name) in [(" --beta 1.9", "e"), (" --beta 1.5", "f"), ("", "g")] {
      let sample = try CommandLineProgram.run(
        "sample --model \(scratch("m")) --count 2000 --out \(scratch(name)) --json" + beta
      ).json()
      #expect(try #require(sample["ess"] as? Double) > 0.7)
      let logZ = try #require(sample["log_z"] as? [String: Double])
      #expect(abs(logZ["value"]! - logZ["exact"]!) < largestDeviation * logZ["error"]!)
    }
    #expect(try EnsembleReader(scratch("g")).description.action.couplings["beta"] == 2.5)
    let outside = try CommandLineProgram.run(
      "sample --model \(scratch("m")) --count 10 --beta 2.6 --out \(scratch("h"))")
    #expect(outside.status == 64 && outside.errors.contains("1.5 to 2.5"))
    #expect(try CommandLineProgram.run("verify --model \(scratch("m"))").status == 0)
  }

  @Test("A training that starts from a model of a smaller lattice begins better than a new one")
  func start() throws {
    let scratch = try Scratch()
    func first(_ text: String) throws -> Double {
      let json = try CommandLineProgram.run(text + " --json").json()
      let history = try #require(json["history"] as? [[String: Any]])
      return try #require(history.first?["loss"] as? Double)
    }
    _ = try first(
      Self.train("SU2", beta: "2.2", steps: 100, more: Self.small) + " --out \(scratch("a"))")
    let large = Self.train("SU2", lattice: "8x8", beta: "2.2", steps: 2)
    let fresh = try first(large + Self.small + " --out \(scratch("b"))")
    let grown = try first(
      large + " --batch 32 --seed 3 --start \(scratch("a")) --out \(scratch("c"))")
    #expect(grown < fresh - 1, "loss \(grown) from a model, \(fresh) without")
    #expect(try CommandLineProgram.run("verify --model \(scratch("c"))").status == 0)
  }

  @Test("A model of one coupling starts one for a range, and the other way round")
  func startAcrossRanges() throws {
    var flow = try CouplingFlow<SU2>(
      lattice: Lattice([4, 4]),
      architecture: CouplingArchitecture.blocks(colors: 2).conditioned(onBetas: 1...3), seed: 1)
    for index in flow.parameters.indices { flow.parameters[index] += 0.01 * Double(index % 7) }
    func image(_ flow: CouplingFlow<SU2>) -> LinkField<SU2> {
      var generator = LaneGenerator(
        seed: 1, purpose: .verification, firstConfiguration: 0, step: 0)
      var U = LinkField<SU2>(hotStart: flow.lattice, using: &generator)
      _ = CouplingTransport(flow).apply(to: &U)
      return U
    }
    func deviation(_ a: CouplingFlow<SU2>, _ b: CouplingFlow<SU2>) -> Double {
      zip(image(a).links, image(b).links).map { x, y in
        abs(2 - (x * y.adjoint).realTrace).max()
      }.max() ?? 0
    }
    let narrow = try CouplingFlow(
      lattice: flow.lattice, architecture: flow.architecture.conditioned(onBetas: 1.5...2),
      seed: 2, startingFrom: flow, beta: 2)
    let single = try CouplingFlow(
      lattice: flow.lattice, architecture: flow.architecture.unconditioned(), seed: 2,
      startingFrom: flow, beta: 1.75)
    let wide = try CouplingFlow(
      lattice: flow.lattice, architecture: flow.architecture, seed: 2, startingFrom: single,
      beta: 3)
    let here = flow.conditioned(onBeta: 1.75)
    #expect(deviation(here, narrow.conditioned(onBeta: 1.75)) < 1e-9)
    #expect(deviation(here, single) < 1e-9)
    #expect(deviation(single, wide.conditioned(onBeta: 2.9)) < 1e-9)
    #expect(deviation(here, flow.conditioned(onBeta: 2)) > 1e-6)
  }

  @Test("What is impossible is refused in one line")
  func refusals() throws {
    let scratch = try Scratch()
    let two = "train --steps 1 --out \(scratch("m")) --flow "
    for (command, words) in [
      ("coupling --group SU5 --lattice 4x4 --beta 2", "SU4"),
      ("coupling --group SU3 --lattice 4x4 --beta 2 --option architecture=tutorial", "projection"),
      ("coupling --group SU3 --lattice 4x4 --beta 2 --option map=projection", "residual"),
      ("coupling --group U1 --lattice 4x4 --beta 2 --option architecture=residual", "U(1)"),
      ("coupling --group U1 --lattice 4x4 --beta 2 --option residual=true", "U(1)"),
      ("coupling --group SU2 --lattice 4x4x4 --beta 2 --option architecture=blocks", "3 dim"),
      ("coupling --group SU2 --lattice 4x4x4 --beta 2 --option architecture=plaquettes", "3 dim"),
      ("coupling --group SU2 --lattice 6x6 --beta 2 --option architecture=plaquettes", "6"),
      ("coupling --group SU2 --lattice 5x4x4 --beta 2", "5"),
      ("coupling --group SU2 --lattice 8 --beta 2", "2 dim"),
      ("coupling --group SU2 --lattice 4x4 --beta 3..2", "4..6"),
      ("coupling --group SU2 --lattice 4x4 --beta 1..", "4..6"),
      ("coupling --group SU2 --lattice 4x4 --beta 2 --option coupling_degree=2", "range"),
      ("regression --group SU2 --lattice 4x4 --beta 1..2", "range"),
      ("escorted --group SU2 --lattice 4x4 --beta 1..2 --from-beta 1", "range"),
      ("regression --group SU2 --lattice 4x4 --beta 2 --start m", "--start"),
    ] {
      let result = try CommandLineProgram.run(two + command)
      #expect(result.status == 64, "\(command): \(result.status)")
      #expect(result.errors.contains(words), "\(command): \(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch("m")), "\(command)")
    }
    let model = Self.train("SU2", lattice: "4x4", beta: "2", steps: 1, more: Self.small)
    #expect(try CommandLineProgram.run(model + " --out \(scratch("a"))").status == 0)
    for (command, words) in [
      ("--group SU3 --lattice 4x4 --start \(scratch("a"))", "SU3"),
      ("--group SU2 --lattice 4x4 --start \(scratch("a")) --option bins=4", "start"),
      ("--group SU2 --lattice 4x4x4 --start \(scratch("a"))", "3 dim"),
    ] {
      let result = try CommandLineProgram.run(two + "coupling --beta 2 " + command)
      #expect(result.status == 64, "\(command): \(result.status)")
      #expect(result.errors.contains(words), "\(command): \(result.errors)")
    }
    #expect(try CommandLineProgram.run("curve --model \(scratch("a")) --count 8").status == 64)
  }
}
