import EnsembleIO
import LatticeFields
import LatticeFlows

/// How a coupling flow is made and trained, from the options of a run file or a command line.
public struct CouplingOptions: Sendable {
  /// What the flow is made of.
  public var architecture: CouplingArchitecture
  /// How it is trained.
  public var training: TrainingOptions

  /// The options that are understood; others are an error.
  public static let keys = architectureKeys + trainingKeys
  private static let architectureKeys = [
    "architecture", "layers", "map", "bins", "components", "hidden", "activation", "pair_loops",
    "harmonics", "centred", "residual", "coupling_degree",
  ]
  private static let trainingKeys = [
    "estimator", "forward_fraction", "annealing", "annealing_start", "final_rate", "warmup",
    "largest_norm",
  ]

  /// Reads options; what is not given keeps the default of the named architecture for the group.
  ///
  /// - Parameters:
  ///   - group: the name of a group of the catalog.
  ///   - betaRange: the couplings that the flow is to serve, where it is not for one.
  ///   - start: the model that the training begins with, whose architecture it keeps.
  /// - Throws: `.badData` naming the option, what it may be, and what was found.
  public init(
    _ options: RunOptions, group: String, on lattice: Lattice,
    betaRange: ClosedRange<Double>? = nil, start: CouplingModel? = nil, batch: Int? = nil,
    learningRate: Double? = nil
  ) throws(EnsembleIOError) {
    try options.allow(Self.keys)
    if let start {
      for key in Self.architectureKeys where options.values[key] != nil {
        throw options.failure(key, expected: "none with a model to start from")
      }
      architecture = start.architecture
    } else {
      architecture = try Self.architecture(options, group: group, on: lattice)
    }
    if let betaRange {
      let degree = architecture.stages.map(\.couplingDegree).max() ?? 0
      architecture = architecture.conditioned(
        onBetas: betaRange,
        degree: try options.integer("coupling_degree", in: 1...8) ?? (degree > 0 ? degree : 2))
    } else {
      guard options.values["coupling_degree"] == nil else {
        throw options.failure("coupling_degree", expected: "none but with a range of couplings")
      }
      architecture = architecture.unconditioned()
    }
    training = try Self.training(
      options, batch: batch, learningRate: learningRate ?? architecture.learningRate)
    // What is trained already would only be spoilt by a weaker coupling.
    if start != nil, options.values["annealing"] == nil { training.annealing = 0 }
  }

  private static func architecture(
    _ options: RunOptions, group: String, on lattice: Lattice
  ) throws(EnsembleIOError) -> CouplingArchitecture {
    let colors = EnsembleDescription.colors(of: group) ?? 1
    let entries = Catalog.couplingArchitectures(colors: colors, dimension: lattice.dimension)
    let name = try options.text("architecture", oneOf: entries.map(\.name)) ?? entries[0].name
    var architecture = entries.first { $0.name == name }!.value
    for index in architecture.stages.indices {
      var stage = architecture.stages[index]
      stage.layers = try options.integer("layers", in: 1...1024) ?? stage.layers
      stage.hidden = try options.integers("hidden", in: 1...1024) ?? stage.hidden
      stage.harmonics = try options.integer("harmonics", in: 1...16) ?? stage.harmonics
      stage.pairLoops = try options.boolean("pair_loops") ?? stage.pairLoops
      stage.isCentred = try options.boolean("centred") ?? stage.isCentred
      stage.hasResidual = try options.boolean("residual") ?? stage.hasResidual
      if let name = try options.text("activation", oneOf: Activation.allCases.map(\.rawValue)) {
        stage.activation = Activation(rawValue: name)!
      }
      let bins = try options.integer("bins", in: 2...64)
      let components = try options.integer("components", in: 1...64)
      switch try options.text("map", oneOf: ["spline", "projection", "residual"]) {
      case "spline": stage.map = .spline(bins: bins ?? 10)
      case "projection": stage.map = .projection(components: components ?? 2)
      case "residual": stage.map = .residual
      default:
        switch stage.map {
        case .spline(let old): stage.map = .spline(bins: bins ?? old)
        case .projection(let old): stage.map = .projection(components: components ?? old)
        case .residual: break
        }
      }
      architecture.stages[index] = stage
    }
    if let problem = architecture.problem(colors: colors, dimension: lattice.dimension) {
      throw EnsembleIOError(
        .badData, at: "\(options.location): architecture \(name)", expected: problem.expected,
        found: problem.found)
    }
    return architecture
  }

  private static func training(
    _ options: RunOptions, batch: Int?, learningRate: Double
  ) throws(EnsembleIOError) -> TrainingOptions {
    var training = TrainingOptions()
    if let batch {
      guard batch.isMultiple(of: 8), (8...(1 << 20)).contains(batch) else {
        throw EnsembleIOError(
          .badData, at: "batch", expected: "a multiple of 8 up to \(1 << 20)", found: "\(batch)")
      }
      training.batch = batch
    }
    training.learningRate = learningRate
    if let name = try options.text(
      "estimator", oneOf: TrainingOptions.Estimator.allCases.map(\.rawValue))
    {
      training.estimator = TrainingOptions.Estimator(rawValue: name)!
    }
    training.forwardFraction =
      try options.number("forward_fraction", in: 0...1) ?? training.forwardFraction
    training.annealing = try options.number("annealing", in: 0...1) ?? training.annealing
    training.annealingStart =
      try options.number("annealing_start", in: 0...1) ?? training.annealingStart
    training.finalRate = try options.number("final_rate", in: 0...1) ?? training.finalRate
    training.warmup = try options.number("warmup", in: 0...1) ?? training.warmup
    training.largestNorm = try options.positiveNumber("largest_norm") ?? training.largestNorm
    return training
  }
}

extension CouplingArchitecture {
  /// The largest learning rate by default: splines on checkerboards, whose networks have many taps, do
  /// not bear the one that suits the others.
  fileprivate var learningRate: Double {
    stages.contains { $0.geometry == .checkerboard && $0.map != .residual }
      ? 0.003 : TrainingOptions().learningRate
  }
}
