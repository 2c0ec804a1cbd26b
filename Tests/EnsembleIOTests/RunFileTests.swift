import Foundation
import Testing

@testable import EnsembleIO

@Suite("Run files")
struct RunFileTests {
  static let example = """
    title = "U(1)"
    seed = 5
    threads = 2
    [theory]
    group = "U1"
    lattice = [8, 8]
    beta = 2
    [train]
    flow = "coupling"
    seconds = 20
    batch = 64
    learning_rate = 1e-3
    layers = 16
    map = "spline"
    hidden = [8, 8]
    anneal = true
    [sample]
    count = 20000
    mode = "both"
    [mcmc]
    algorithm = "hmc"
    count = 100
    steps = 10
    trajectory_length = 1.0
    start = "cold"
    [measure]
    observables = ["plaquette", "wilson-loops"]
    [output]
    directory = "out"
    """

  func parse(_ text: String) throws -> RunFile {
    try RunFile(parsing: Data(text.utf8), at: "run.toml")
  }

  @Test("Every key arrives")
  func allKeys() throws {
    let file = try parse(Self.example)
    #expect(file.title == "U(1)" && file.seed == 5 && file.threads == 2)
    #expect(file.theory == .init(group: "U1", lattice: [8, 8], beta: 2, action: "wilson"))
    let train = try #require(file.train)
    #expect(train.flow == "coupling" && train.seconds == 20 && train.steps == nil)
    #expect(train.batch == 64 && train.learningRate == 1e-3)
    #expect(try train.options.integer("layers", in: 1...100) == 16)
    #expect(try train.options.text("map", oneOf: ["spline", "projection"]) == "spline")
    #expect(try train.options.integers("hidden") == [8, 8])
    #expect(try train.options.boolean("anneal") == true)
    #expect(train.options.values.count == 4)
    #expect(file.sample == .init(count: 20000, mode: .both))
    let chain = try #require(file.markovChain)
    #expect(chain.algorithm == "hmc" && chain.steps == 10 && chain.trajectoryLength == 1)
    #expect(chain.startsCold && chain.thermalize == 100 && chain.every == 1)
    #expect(file.measure?.observables == ["plaquette", "wilson-loops"])
    #expect(file.outputDirectory == "out")
    #expect(file.source == Self.example)
  }

  @Test(
    "A wrong value gets one line: where, what was expected, what was given",
    arguments: [
      (
        "beta = 2", "beta = \"two\"",
        "run.toml: theory.beta: expected a number of 0 or more, found 'two'"
      ),
      (
        "beta = 2", "beta = nan",
        "run.toml: theory.beta: expected a finite number of 0 or more, found nan"
      ),
      (
        "beta = 2", "beta = -1",
        "run.toml: theory.beta: expected a finite number of 0 or more, found -1"
      ),
      ("beta = 2", "", "run.toml: theory.beta: expected a number, found nothing"),
      (
        "beta = 2", "betta = 2",
        "run.toml: theory: expected one of the keys action, beta, group, lattice, found 'betta'"
      ),
      (
        "\"U1\"", "\"U2\"",
        "run.toml: theory.group: expected a group (U1, SU2, SU3, ...), found 'U2'"
      ),
      (
        "[8, 8]\nbeta", "[8, 0]\nbeta",
        "run.toml: theory.lattice: expected a list of integers from 1 to 1048576, found [8, 0]"
      ),
      (
        "[8, 8]\nbeta", "8\nbeta",
        "run.toml: theory.lattice: expected a list of integers from 1 to 1048576, found 8"
      ),
      (
        "[8, 8]\nbeta", "[]\nbeta",
        "run.toml: theory.lattice: expected 1 to 4 extents, like [8, 8], found []"
      ),
      ("seconds = 20", "", "run.toml: train: expected 'seconds' or 'steps', found neither"),
      (
        "seconds = 20", "seconds = 0",
        "run.toml: train.seconds: expected a positive number, found 0"
      ),
      (
        "seconds = 20", "seconds = inf",
        "run.toml: train.seconds: expected a finite number, found inf"
      ),
      (
        "batch = 64", "batch = 6.4",
        "run.toml: train.batch: expected an integer from 1 to 16777216, found 6.4"
      ),
      (
        "count = 20000", "count = 0",
        "run.toml: sample.count: expected an integer of 1 or more, found 0"
      ),
      (
        "\"both\"", "\"all\"",
        "run.toml: sample.mode: expected one of weighted, metropolis, both, found 'all'"
      ),
      ("start = \"cold\"", "start = 1", "run.toml: mcmc.start: expected one of hot, cold, found 1"),
      (
        "[output]", "[outputs]",
        "run.toml: expected the keys title, seed, threads and the sections [theory], [train], [sample], [mcmc], [measure], [output], found the section [outputs]"
      ),
      (
        "seed = 5", "sead = 5",
        "run.toml: expected the keys title, seed, threads and the sections [theory], [train], [sample], [mcmc], [measure], [output], found the key 'sead'"
      ),
      ("seed = 5", "seed = -5", "run.toml: seed: expected an integer of 0 or more, found -5"),
      (
        "seed = 5", "seed = 2020-01-01",
        "run.toml: seed: expected a number, a text, true, false or a list, found a date"
      ),
      (
        "layers = 16", "layers = {a = 1}", "run.toml: train.layers: expected a value, found a table"
      ),
      (
        "\"plaquette\", ", "\"wilson-loops\", ",
        "run.toml: measure.observables: expected observables, each once, found [\"wilson-loops\", \"wilson-loops\"]"
      ),
    ])
  func wrongValue(old: String, new: String, line: String) {
    #expect(Self.example.contains(old))
    let text = Self.example.replacingOccurrences(of: old, with: new)
    let error = failure { _ = try parse(text) }
    #expect(error?.description == line)
    #expect(error?.exitStatus == 65)
  }

  @Test("What is not TOML is said with its line and column")
  func notTOML() {
    let error = failure { _ = try parse("seed = 5\n[theory\n") }
    #expect(error?.location.hasPrefix("run.toml:2:") == true, "\(String(describing: error))")
    #expect(
      failure { _ = try parse("seed = 1\nseed = 2\n") }?.location.hasPrefix("run.toml:2") == true)
    #expect(
      failure { _ = try RunFile(parsing: Data([0xFF, 0xFE]), at: "x") }?.expected
        == "a text in UTF-8")
    #expect(failure { _ = try parse("\"a\\u0000b\" = 1") }?.kind == .badData)
    #expect(failure { _ = try RunFile("no/such/file.toml") }?.exitStatus == 66)
  }

  @Test("A file cut off anywhere is read or refused, never a crash")
  func cutAnywhere() {
    let bytes = Array(Self.example.utf8)
    for length in 0..<bytes.count {
      do {
        _ = try RunFile(parsing: Data(bytes[..<length]), at: "run.toml")
      } catch {
        #expect(error.kind == .badData)
      }
    }
  }

  @Test("The run files of the repository are read")
  func repositoryFiles() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let small = try RunFile("\(root)/notebooks-data/runs/u1-8x8.toml")
    #expect(small.theory == .init(group: "U1", lattice: [8, 8], beta: 2, action: "wilson"))
    #expect(small.sample == .init(count: 20000, mode: .both))
    let large = try RunFile("\(root)/notebooks-data/runs/u1-16x16-beta7.toml")
    #expect(large.theory.lattice == [16, 16] && large.theory.beta == 7)
    #expect(large.train?.flow == "regression" && large.train?.steps == 32)
    for name in ["u1-16x16-beta7-coupling", "su3-16x16-beta6"] {
      #expect(try RunFile("\(root)/notebooks-data/runs/\(name).toml").train != nil)
    }
  }

  @Test("Options of a flow come from words too, and those nobody knows are refused")
  func options() throws {
    let options = try RunOptions(
      arguments: ["layers=16", "map=spline", "hidden=[8, 8]", "rate=1e-3", "flag=true"])
    #expect(try options.integer("layers") == 16)
    #expect(try options.text("map") == "spline")
    #expect(try options.integers("hidden") == [8, 8])
    #expect(try options.number("rate") == 1e-3)
    #expect(try options.boolean("flag") == true)
    #expect(try options.integer("absent") == nil)
    let error = failure { try options.allow(["layers", "map", "hidden", "rate"]) }
    #expect(
      error?.description
        == "--option: expected one of the keys hidden, layers, map, rate, found 'flag'")
    let wrong = failure { _ = try options.integer("rate") }
    #expect(wrong?.description == "--option: rate: expected an integer, found 0.001")
    #expect(failure { _ = try RunOptions(arguments: ["layers"]) }?.expected == "KEY=VALUE")
    #expect(failure { _ = try RunOptions(arguments: ["=3"]) }?.expected == "KEY=VALUE")
  }
}
