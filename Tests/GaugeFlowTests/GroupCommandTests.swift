import EnsembleIO
import Foundation
import GaugeFlow
import Testing

/// The program for the groups beyond U(1), and the files it writes.
@Suite("Every group on the command line", .serialized)
struct GroupCommandTests {
  /// A comparison of a suite of about forty at 5.2 standard deviations fails by chance once in 1e5.
  private static let largestDeviation = 5.2

  /// One measured number of a `measure --json`.
  private func quantity(_ json: [String: Any], _ observable: String, _ name: String? = nil) throws
    -> [String: Any]
  {
    let observables = try #require(json["observables"] as? [String: Any])
    let section = try #require(observables[observable] as? [String: Any], "\(observable)")
    guard let name else { return section }
    return try #require(section[name] as? [String: Any], "\(observable) \(name)")
  }

  @Test(
    "mcmc, measure and exact agree within errors in two dimensions",
    arguments: [
      ("SU2", "4x6", 2.2, "hmc --steps 2 --integrator minimum-norm-4", 2),
      ("SU2", "3x5", 5.0, "metropolis --hits 2", 5),
      ("SU3", "4x4", 5.0, "hmc --steps 5 --integrator leapfrog", 2),
      ("SU3", "5x3", 4.0, "metropolis --window 0.8 --hits 3", 5),
      ("SU4", "4x4", 8.0, "hmc --steps 5", 2),
      ("SU2", "5x4", 3.0, "heatbath", 2), ("SU2", "3x3", 8.0, "heatbath --overrelaxation 2", 1),
      ("SU3", "4x4", 6.0, "heatbath --overrelaxation 2", 1), ("SU3", "3x5", 2.0, "heatbath", 2),
      ("SU4", "4x3", 6.0, "heatbath --overrelaxation 1", 1),
      ("SU4", "3x4", 9.0, "metropolis --window 0.5 --hits 3", 3),
    ])
  func planarTheory(group: String, lattice: String, beta: Double, algorithm: String, every: Int)
    throws
  {
    let tunes = algorithm.hasPrefix("heatbath") ? "" : "--tune "
    let scratch = try Scratch()
    let run = try CommandLineProgram.run(
      "mcmc --group \(group) --lattice \(lattice) --beta \(beta) --algorithm \(algorithm) "
        + "\(tunes)--thermalize 150 --every \(every) --count 3200 --chains 16 --seed 11 "
        + "--out \(scratch("e")) --json")
    #expect(run.status == 0, "\(run.output)")
    let chains = try run.json()
    // What can be rejected is, and mostly is not.
    #expect((chains["acceptance_rate"] as? Double).map { $0 > 0.2 } ?? tunes.isEmpty)
    if algorithm.hasPrefix("hmc") {
      let energy = try #require(chains["exp_minus_delta_h"] as? [String: Double])
      let deviation = (energy["value"]! - 1) / energy["error"]!
      #expect(abs(deviation) < Self.largestDeviation, "<exp(-dH)> = \(energy)")
    }
    let names = "plaquette,action,wilson-loops,polyakov-loop"
    let measured = try CommandLineProgram.run(
      "measure \(scratch("e")) --observables \(names) --json")
    #expect(measured.status == 0, "\(measured.output)")
    let json = try measured.json()
    let exact = try CommandLineProgram.run(
      "exact --group \(group) --lattice \(lattice) --beta \(beta) --json"
    ).json()
    let plaquette = try quantity(json, "plaquette")
    #expect(plaquette["exact"] as? Double == exact["plaquette"] as? Double)
    let loops = try #require(exact["loops_by_area"] as? [String: Double])
    // Sides up to half the extents.
    let size = ["5x3": "2x1", "4x3": "2x1", "3x3": "1x1"][lattice] ?? "1x2"
    let loop = try quantity(json, "wilson-loops", size)
    #expect(loop["exact"] as? Double == loops[size == "1x1" ? "1" : "2"])
    for quantity in [
      plaquette, loop, try quantity(json, "action", "action"),
      try quantity(json, "wilson-loops", "creutz_1x1"), try quantity(json, "polyakov-loop", "re_0"),
      try quantity(json, "polyakov-loop", "im_1"),
    ] {
      // The imaginary part of a loop of SU(2) is zero, always.
      if quantity["value"] as? Double == 0, group == "SU2" { continue }
      let sigma = try #require(quantity["sigma"] as? Double, "\(quantity)")
      #expect(abs(sigma) < Self.largestDeviation, "\(group) \(algorithm): \(quantity)")
    }
  }

  @Test("Algorithms agree with each other in four dimensions", arguments: ["SU2", "SU3"])
  func fourDimensions(group: String) throws {
    let scratch = try Scratch()
    let beta = group == "SU2" ? 1.8 : 4.5
    var found: [(value: Double, error: Double)] = []
    for algorithm in ["hmc --steps 3 --tune", "metropolis --hits 2 --tune", "heatbath"] {
      let run = try CommandLineProgram.run(
        "mcmc --group \(group) --lattice 2x3x2x3 --beta \(beta) --algorithm \(algorithm) "
          + "--thermalize 100 --every 2 --count 800 --chains 8 --seed 3 --force "
          + "--out \(scratch("e"))")
      #expect(run.status == 0, "\(run.errors)")
      let json = try CommandLineProgram.run(
        "measure \(scratch("e")) --observables plaquette --json"
      ).json()
      let plaquette = try quantity(json, "plaquette")
      #expect(plaquette["exact"] == nil)
      found.append((plaquette["value"] as! Double, plaquette["error"] as! Double))
    }
    for other in found.dropFirst() {
      let error = (found[0].error * found[0].error + other.error * other.error).squareRoot()
      #expect(abs(found[0].value - other.value) < Self.largestDeviation * error, "\(found)")
      #expect(error < 0.01)
    }
  }

  @Test(
    "Improved actions: algorithms agree, and nothing exact is set beside", arguments: ["U1", "SU3"])
  func improvedActions(group: String) throws {
    let scratch = try Scratch()
    let beta = group == "U1" ? 0.5 : 2.5
    var found: [(value: Double, error: Double)] = []
    for algorithm in ["hmc --steps 4", "heatbath --overrelaxation 1", "metropolis --hits 2"] {
      let run = try CommandLineProgram.run(
        "mcmc --group \(group) --action iwasaki --lattice 4x3x3 --beta \(beta) "
          + "--algorithm \(algorithm) --thermalize 100 --every 2 --count 800 --chains 8 "
          + "--seed 4 --force --out \(scratch("e"))")
      #expect(run.status == 0 && run.output.contains("iwasaki"), "\(run.errors)")
      let json = try CommandLineProgram.run(
        "measure \(scratch("e")) --observables plaquette --json"
      ).json()
      let plaquette = try quantity(json, "plaquette")
      found.append((plaquette["value"] as! Double, plaquette["error"] as! Double))
    }
    for other in found.dropFirst() {
      let error = (found[0].error * found[0].error + other.error * other.error).squareRoot()
      #expect(abs(found[0].value - other.value) < Self.largestDeviation * error, "\(found)")
      #expect(error < 0.01)
    }
    let description = try EnsembleReader(scratch("e")).description
    #expect(description.action.name == "iwasaki" && description.conventions.contains("c1"))
    #expect(description.action.couplings == ["beta": beta, "c0": 1 + 8 * 0.331, "c1": -0.331])
    // In two dimensions exact values exist for Wilson's action alone; a link may not meet itself.
    let plan = "mcmc --group \(group) --action dbw2 --beta 1 --thermalize 2 --count 8 --force "
    _ = try CommandLineProgram.run(
      plan + "--lattice 3x3 --algorithm hmc --steps 40 --out \(scratch("e"))")
    let measured = try CommandLineProgram.run("measure \(scratch("e")) --json").json()
    #expect(try quantity(measured, "plaquette")["exact"] == nil)
    let small = try CommandLineProgram.run(
      plan + "--lattice 4x2 --algorithm heatbath --out \(scratch("f"))")
    #expect(small.status == 64 && small.errors.contains("extents of 3"), "\(small.errors)")
  }

  @Test(
    "A killed run resumes to the same bits, for any number of threads",
    arguments: [
      ("SU3", "4x4x4x4", "hmc --steps 4 --tune", 12), ("SU2", "6x5", "metropolis --tune", 400),
      ("SU3", "4x4x4x3", "heatbath --overrelaxation 2", 12),
    ])
  func resume(group: String, lattice: String, algorithm: String, every: Int) throws {
    let scratch = try Scratch()
    let command =
      "mcmc --group \(group) --lattice \(lattice) --beta 3 --algorithm \(algorithm) "
      + "--thermalize 40 --every \(every) --count 37 --chains 10 --seed 5"
    let whole = try CommandLineProgram.run(command + " --threads 1 --out \(scratch("whole"))")
    #expect(whole.status == 0, "\(whole.errors)")
    let part = command + " --out \(scratch("part"))"
    let killed = try CommandLineProgram.run(part + " --threads 2", signalAfter: 0.3)
    #expect(killed.status == 0 || killed.errors.contains("--resume"), "\(killed.errors)")
    let other = part.replacingOccurrences(of: "--group \(group)", with: "--group SU4")
    let refused = try CommandLineProgram.run(other + " --resume")
    #expect(refused.status == 65 && refused.errors.contains("--group \(group)"))
    let again = try CommandLineProgram.run(
      part + " --threads 1 --resume", signalAfter: 0.2, signal: SIGKILL)
    #expect(again.status == 0 || again.status == SIGKILL, "\(again.errors)")
    let resumed = try CommandLineProgram.run(part + " --threads 2 --resume")
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(scratch.areEqual("whole", "part"))
    // A reader finds an ensemble of special unitary matrices.
    let reader = try EnsembleReader(scratch("part"))
    let colors = Int(group.dropFirst(2))!
    let extents = lattice.split(separator: "x").map { Int($0)! }
    #expect(reader.count == 37 && reader.description.group == group)
    let file = try NPYFile(scratch("part") + "/links.npy")
    #expect(file.header.element == .complex128)
    #expect(file.header.shape == [37, extents.count] + extents + [colors, colors])
  }

  @Test("A run file without a flow runs the chains of any group")
  func runFile() throws {
    let scratch = try Scratch()
    let text = """
      [theory]
      group = "SU3"
      lattice = [4, 4]
      beta = 3.0
      [mcmc]
      algorithm = "hmc"
      steps = 5
      count = 1600
      chains = 8
      [measure]
      observables = ["plaquette"]
      """
    try text.write(toFile: scratch("run.toml"), atomically: true, encoding: .utf8)
    let run = try CommandLineProgram.run(
      "run \(scratch("run.toml")) --out \(scratch("r")) --json")
    #expect(run.status == 0, "\(run.output)")
    let json = try run.json()
    #expect(json["holds"] as? Bool == true)
    let measured = try #require(json["measure_hmc"] as? [String: Any])
    #expect(try quantity(measured, "plaquette")["sigma"] as? Double != nil)
    for (old, new, word) in [
      ("\"SU3\"", "\"SU9\"", "SU6"), ("[4, 4]", "[4, 4]\naction = \"no\"", "wilson"),
      ("\"plaquette\"", "\"topological-charge\"", "U1"), ("\"hmc\"", "\"winding\"", "U1"),
    ] {
      let changed = text.replacingOccurrences(of: old, with: new)
      try changed.write(toFile: scratch("bad.toml"), atomically: true, encoding: .utf8)
      let bad = try CommandLineProgram.run("run \(scratch("bad.toml")) --out \(scratch("bad"))")
      #expect([64, 65].contains(bad.status) && bad.errors.contains(word), "\(bad.errors)")
      #expect(!FileManager.default.fileExists(atPath: scratch("bad")))
    }
  }

  @Test("Matrices in a bare file measure as the ensemble, and what is no group element is refused")
  func bareMatrices() throws {
    let scratch = try Scratch()
    for group in ["SU2", "SU3"] {
      let colors = Int(group.dropFirst(2))!
      let home = scratch(group)
      _ = try CommandLineProgram.run(
        "mcmc --group \(group) --lattice 3x4 --beta 2 --algorithm metropolis --thermalize 5 "
          + "--count 20 --chains 1 --out \(home)")
      let ensemble = try CommandLineProgram.run("measure \(home) --json")
      // The file alone is measured where there is nothing around it.
      let bare = scratch("\(group).npy")
      try FileManager.default.copyItem(atPath: home + "/links.npy", toPath: bare)
      let alone = try CommandLineProgram.run("measure \(bare) --beta 2 --json")
      #expect(ensemble.status == 0 && ensemble.output == alone.output, "\(alone.output)")

      // Every entry of one link in turn.
      let values = try NPYFile(home + "/links.npy").values()
      for entry in 0..<(2 * colors * colors) {
        var wrong = values
        let perConfiguration = values.count / 20
        wrong[13 * perConfiguration + 5 * 2 * colors * colors + entry] += 0.01
        let path = scratch("wrong.npy")
        let file = try NPYAppender(
          creating: path, element: .complex128, rowShape: [2, 3, 4, colors, colors],
          overwrite: true)
        file.append(wrong)
        try file.close()
        let result = try CommandLineProgram.run("measure \(path)")
        #expect(result.status == 65 && result.errors.contains("configuration 13"), "\(entry)")
        #expect(result.errors.contains(group))
      }
    }
    // Unitary, but of determinant -1.
    let sources = try UnitaryArray(determinant: -1)
    #expect(throws: MeasurementError.self) {
      _ = try Measurement.run([sources], .init(threads: 1))
    }
    #expect(try Measurement.run([UnitaryArray(determinant: 1)], .init(threads: 1))?.count == 1)
  }

  /// One configuration of diagonal matrices of U(3).
  private struct UnitaryArray: ConfigurationSource {
    let determinant: Double
    let location = "matrices"
    let groupName = "SU3"
    let latticeExtents = [2, 2]
    let targetBeta: Double? = nil
    let count = 1
    init(determinant: Double) throws { self.determinant = determinant }
    func read(
      _ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>
    ) throws(EnsembleIOError) {
      for index in buffer.indices {
        let entry = index % 18
        buffer[index] = entry == 0 ? determinant : entry % 8 == 0 ? 1 : 0
      }
    }
    func logWeights() -> [Double]? { nil }
    func chains() -> [Int]? { nil }
  }

  @Test("Ensembles of other groups or actions are not joined")
  func otherTheories() throws {
    let scratch = try Scratch()
    for group in ["U1", "SU2", "SU3"] {
      _ = try CommandLineProgram.run(
        "mcmc --group \(group) --lattice 3x3 --beta 2 --algorithm hmc --thermalize 2 --count 8 "
          + "--out \(scratch(group))")
    }
    let joined = try CommandLineProgram.run("measure \(scratch("SU2")) \(scratch("SU3"))")
    #expect(joined.status == 65 && joined.errors.contains("expected group SU2, found SU3"))
    let file = scratch("SU3") + "/ensemble.json"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    _ = try CommandLineProgram.run(
      "mcmc --group SU3 --lattice 3x3 --beta 2 --algorithm hmc --thermalize 2 --count 8 "
        + "--out \(scratch("other"))")
    try text.replacingOccurrences(of: "\"wilson\"", with: "\"other\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let actions = try CommandLineProgram.run("measure \(scratch("other")) \(scratch("SU3"))")
    #expect(actions.status == 65 && actions.errors.contains("wilson"), "\(actions.errors)")
    // An action without exact results or reweighting in the coupling.
    let other = try CommandLineProgram.run("measure \(scratch("SU3")) --json")
    #expect(other.status == 0)
    #expect(try quantity(other.json(), "plaquette")["exact"] == nil)
    let moved = try CommandLineProgram.run("measure \(scratch("SU3")) --to-beta 2.1")
    #expect(moved.status == 65 && moved.errors.contains("Wilson's action"))
    // Matrices of one group under the name of another.
    try text.replacingOccurrences(of: "\"SU3\"", with: "\"SU2\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let renamed = try CommandLineProgram.run("measure \(scratch("SU3"))")
    #expect(renamed.status == 65 && renamed.errors.contains("shape"), "\(renamed.errors)")
    try text.replacingOccurrences(of: "\"SU3\"", with: "\"SU7\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let unknown = try CommandLineProgram.run("measure \(scratch("SU3"))")
    #expect(unknown.status == 65, "\(unknown.errors)")
  }
}

/// Tasks that are called with the type of a group.
struct GroupDispatchTests {
  private struct Name: GroupTask {
    func run<Group: HeatbathGroup>(_ group: Group.Type) throws -> String {
      if Group.colors == 4 { throw UnknownGroupError(found: "four") }
      return "\(Group.self) \(Group.colors)"
    }
  }

  @Test("A task runs for the group of the name, once, with its concrete type")
  func dispatch() throws {
    #expect(Catalog.groupNames == ["U1", "SU2", "SU3", "SU4", "SU5", "SU6"])
    #expect(try Catalog.withGroup(named: "U1", Name()) == "U1 1")
    #expect(try Catalog.withGroup(named: "SU6", Name()) == "SU<6> 6")
    #expect(throws: UnknownGroupError(found: "four")) {
      try Catalog.withGroup(named: "SU4", Name())
    }
    let error = #expect(throws: UnknownGroupError.self) {
      try Catalog.withGroup(named: "G2", Name())
    }
    #expect("\(try #require(error))".contains("SU6, given G2"))
  }
}
