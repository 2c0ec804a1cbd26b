import Foundation

/// What `gaugeflow run FILE.toml` is to do.
///
/// ```toml
/// title = "U(1) on 8x8"
/// seed = 1
///
/// [theory]
/// group = "U1"
/// lattice = [8, 8]
/// beta = 2.0
///
/// [train]
/// flow = "coupling"
/// seconds = 20
///
/// [sample]
/// count = 20000
///
/// [measure]
/// observables = ["plaquette", "topological-charge"]
/// ```
///
/// An unknown key is an error that names it and the allowed ones; in `[train]` the keys that are not
/// the training's own are options of the flow, which the flow checks.
public struct RunFile: Sendable, Equatable {
  /// `[theory]`: what to sample.
  public struct Theory: Sendable, Equatable {
    /// `U1`, `SU2`, `SU3`, ...
    public var group: String
    /// The extents, 1 to 4 of them.
    public var lattice: [Int]
    /// The inverse coupling.
    public var beta: Double
    /// The action's name, `wilson` by default.
    public var action: String
  }

  /// `[train]`: how to train a flow.
  public struct Train: Sendable, Equatable {
    /// The flow's name.
    public var flow: String
    /// The time to train for, in seconds.
    public var seconds: Double?
    /// The number of steps to train for; with `seconds` too, what comes first ends the training.
    public var steps: Int?
    /// The configurations per step.
    public var batch: Int?
    /// The size of the optimiser's steps.
    public var learningRate: Double?
    /// The directory of a coupling model whose parameters the training begins with.
    public var start: String?
    /// The flow's own options: layers, map, hidden, ...
    public var options: RunOptions
  }

  /// What corrects the flow's samples.
  public enum SampleMode: String, Sendable, CaseIterable {
    /// Reweighting.
    case weighted
    /// The independence Metropolis chain.
    case metropolis
    /// Both, on the same samples.
    case both
  }

  /// `[sample]`: how many configurations to draw from the flow.
  public struct Sample: Sendable, Equatable {
    /// The number of configurations.
    public var count: Int
    /// What corrects them.
    public var mode: SampleMode
  }

  /// `[mcmc]`: a Markov chain of the same theory beside the flow.
  public struct MarkovChain: Sendable, Equatable {
    /// `hmc`, `heatbath`, `metropolis`, `winding`, ...
    public var algorithm: String
    /// The number of configurations to keep, over all chains.
    public var count: Int
    /// Updates before the first configuration.
    public var thermalize: Int
    /// Updates between configurations.
    public var every: Int
    /// The number of independent chains.
    public var chains: Int
    /// Overrelaxation sweeps per update.
    public var overrelaxation: Int
    /// Integration steps of a trajectory.
    public var steps: Int?
    /// The length of a trajectory.
    public var trajectoryLength: Double?
    /// Whether the chains begin with all links 1 instead of random ones.
    public var startsCold: Bool
  }

  /// `[measure]`: what to measure.
  public struct Measure: Sendable, Equatable {
    /// The observables' names.
    public var observables: [String]
  }

  /// The file.
  public let path: String
  /// Its text, to be kept beside the results.
  public let source: String
  /// A title for the report.
  public var title: String?
  /// The seed of all random numbers, 1 by default.
  public var seed: UInt64
  /// The number of threads, if the file says one.
  public var threads: Int?
  /// What to sample.
  public var theory: Theory
  /// How to train; `nil` if no flow is wanted.
  public var train: Train?
  /// How many to draw; `nil` if none.
  public var sample: Sample?
  /// The Markov chain; `nil` if none.
  public var markovChain: MarkovChain?
  /// What to measure; `nil` if nothing.
  public var measure: Measure?
  /// The run directory, if the file names one.
  public var outputDirectory: String?

  /// Reads a run file.
  ///
  /// - Throws: `.missingInput`; `.badData` saying the file and key, what was expected and found.
  public init(_ path: String) throws(EnsembleIOError) {
    try self.init(parsing: AtomicFile.read(path, limit: 1 << 24), at: path)
  }

  /// Reads the text of a run file.
  public init(parsing data: Data, at path: String) throws(EnsembleIOError) {
    self.path = path
    source = String(decoding: data, as: UTF8.self)
    var tables: [String: RunOptions] = [:]
    var values: [String: RunValue] = [:]
    for (key, node) in try TOMLTree.parse(data, at: path).sorted(by: { $0.key < $1.key }) {
      switch node {
      case .value(let value): values[key] = value
      case .table(let table): tables[key] = try Self.section(table, path, key)
      }
    }
    let sections = ["theory", "train", "sample", "mcmc", "measure", "output"]
    let top = RunOptions(values, at: path)
    if let unknown = (Array(tables.keys) + values.keys)
      .filter({
        sections.contains($0)
          ? tables[$0] == nil : !(["title", "seed", "threads"].contains($0) && tables[$0] == nil)
      })
      .min()
    {
      throw .badData(
        path,
        expected: "the keys title, seed, threads and the sections "
          + sections.map { "[\($0)]" }.joined(separator: ", "),
        found: tables[unknown] == nil ? "the key '\(unknown)'" : "the section [\(unknown)]")
    }
    title = try top.text("title")
    seed = UInt64(try top.integer("seed", in: 0...Int.max) ?? 1)
    threads = try top.integer("threads", in: 1...4096)
    guard let theory = tables["theory"] else {
      throw .badData(path, expected: "a section [theory]", found: "none")
    }
    self.theory = try Self.theory(theory)
    train = try tables["train"].map(Self.train)
    sample = try tables["sample"].map(Self.sample)
    markovChain = try tables["mcmc"].map(Self.markovChain)
    measure = try tables["measure"].map(Self.measure)
    if let output = tables["output"] {
      try output.allow(["directory"])
      outputDirectory = try output.text("directory")
    }
    if sample != nil, train == nil {
      throw .badData(path, expected: "a section [train] with [sample]", found: "none")
    }
  }

  /// The error that says the value of a key, written `section.key`, is wrong.
  public func failure(_ key: String, expected: String, found: String) -> EnsembleIOError {
    .badData("\(path): \(key)", expected: expected, found: found)
  }
}

extension RunFile {
  private static func section(
    _ table: [String: TOMLTree], _ path: String, _ name: String
  ) throws(EnsembleIOError) -> RunOptions {
    var values: [String: RunValue] = [:]
    for (key, node) in table {
      guard case .value(let value) = node else {
        throw .badData("\(path): \(name).\(key)", expected: "a value", found: "a table")
      }
      values[key] = value
    }
    return RunOptions(values, at: path, section: name)
  }

  private static func theory(_ section: RunOptions) throws(EnsembleIOError) -> Theory {
    try section.allow(["group", "lattice", "beta", "action"])
    let groups = "a group (U1, SU2, SU3, ...)"
    let group = try section.required(section.text("group"), "group", groups)
    guard EnsembleDescription.colors(of: group) != nil else {
      throw section.failure("group", expected: groups)
    }
    let extents = "1 to 4 extents, like [8, 8]"
    let lattice = try section.required(
      section.integers("lattice", in: 1...(1 << 20)), "lattice", extents)
    guard (1...4).contains(lattice.count) else {
      throw section.failure("lattice", expected: extents)
    }
    let beta = try section.required(
      section.number("beta", in: 0...Double.infinity), "beta", "a number")
    return Theory(
      group: group, lattice: lattice, beta: beta, action: try section.text("action") ?? "wilson")
  }

  private static func train(_ section: RunOptions) throws(EnsembleIOError) -> Train {
    let own = ["flow", "seconds", "steps", "batch", "learning_rate", "start"]
    let train = Train(
      flow: try section.required(section.text("flow"), "flow", "the name of a flow"),
      seconds: try section.positiveNumber("seconds"),
      steps: try section.integer("steps", in: 1...Int.max),
      batch: try section.integer("batch", in: 1...(1 << 24)),
      learningRate: try section.positiveNumber("learning_rate"),
      start: try section.text("start"), options: section.without(own))
    // Other flows are fitted in one pass.
    guard train.start == nil || train.flow == "coupling" else {
      throw section.failure("start", expected: "none but with the flow coupling")
    }
    guard train.seconds != nil || train.steps != nil || train.flow != "coupling" else {
      throw .badData(
        section.location, expected: "'seconds' or 'steps'", found: "neither")
    }
    return train
  }

  private static func sample(_ section: RunOptions) throws(EnsembleIOError) -> Sample {
    try section.allow(["count", "mode"])
    let count = try section.required(
      section.integer("count", in: 1...Int.max), "count", "a number of configurations")
    let mode = try section.text("mode", oneOf: SampleMode.allCases.map(\.rawValue))
    return Sample(count: count, mode: mode.flatMap(SampleMode.init) ?? .both)
  }

  private static func markovChain(_ section: RunOptions) throws(EnsembleIOError) -> MarkovChain {
    try section.allow([
      "algorithm", "count", "thermalize", "every", "chains", "overrelaxation", "steps",
      "trajectory_length", "start",
    ])
    let count = try section.required(
      section.integer("count", in: 1...Int.max), "count", "a number of configurations")
    return MarkovChain(
      algorithm: try section.required(
        section.text("algorithm"), "algorithm", "the name of an algorithm"),
      count: count,
      thermalize: try section.integer("thermalize", in: 0...Int.max) ?? 100,
      every: try section.integer("every", in: 1...Int.max) ?? 1,
      chains: try section.integer("chains", in: 1...(1 << 20)) ?? 8,
      overrelaxation: try section.integer("overrelaxation", in: 0...Int.max) ?? 0,
      steps: try section.integer("steps", in: 1...Int.max),
      trajectoryLength: try section.positiveNumber("trajectory_length"),
      startsCold: try section.text("start", oneOf: ["hot", "cold"]) == "cold")
  }

  private static func measure(_ section: RunOptions) throws(EnsembleIOError) -> Measure {
    try section.allow(["observables"])
    let names = try section.required(
      section.texts("observables"), "observables", "a list of observables")
    guard !names.isEmpty, Set(names).count == names.count else {
      throw section.failure("observables", expected: "observables, each once")
    }
    return Measure(observables: names)
  }
}
