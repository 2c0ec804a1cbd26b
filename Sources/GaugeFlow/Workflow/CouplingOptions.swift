import EnsembleIO
import LatticeFlows

/// How a coupling flow is made and trained, from the options of a run file or a command line.
public struct CouplingOptions: Sendable {
  /// What the flow is made of.
  public var architecture: CouplingArchitecture
  /// How it is trained.
  public var training: TrainingOptions

  /// The options that are understood; others are an error.
  public static let keys = [
    "architecture", "layers", "map", "bins", "components", "hidden", "activation", "pair_loops",
    "harmonics", "estimator", "forward_fraction", "annealing", "annealing_start", "final_rate",
    "warmup", "largest_norm",
  ]

  /// Reads options; what is not given keeps the default of the named architecture.
  ///
  /// - Throws: `.badData` naming the option, what it may be, and what was found.
  public init(_ options: RunOptions, batch: Int? = nil, learningRate: Double? = nil)
    throws(EnsembleIOError)
  {
    try options.allow(Self.keys)
    let names = Catalog.couplingArchitectures.map(\.name)
    let name = try options.text("architecture", oneOf: names) ?? names[0]
    var architecture = Catalog.couplingArchitecture(named: name)!
    for index in architecture.stages.indices {
      var stage = architecture.stages[index]
      stage.layers = try options.integer("layers", in: 1...1024) ?? stage.layers
      stage.hidden = try options.integers("hidden", in: 1...1024) ?? stage.hidden
      stage.harmonics = try options.integer("harmonics", in: 1...16) ?? stage.harmonics
      stage.pairLoops = try options.boolean("pair_loops") ?? stage.pairLoops
      if let name = try options.text("activation", oneOf: Activation.allCases.map(\.rawValue)) {
        stage.activation = Activation(rawValue: name)!
      }
      let bins = try options.integer("bins", in: 2...64)
      let components = try options.integer("components", in: 1...64)
      switch try options.text("map", oneOf: ["spline", "projection"]) {
      case "spline": stage.map = .spline(bins: bins ?? 10)
      case "projection": stage.map = .projection(components: components ?? 2)
      default:
        switch stage.map {
        case .spline(let old): stage.map = .spline(bins: bins ?? old)
        case .projection(let old): stage.map = .projection(components: components ?? old)
        }
      }
      architecture.stages[index] = stage
    }
    var training = TrainingOptions()
    if let batch {
      guard batch.isMultiple(of: 8), (8...(1 << 20)).contains(batch) else {
        throw EnsembleIOError(
          .badData, at: "batch", expected: "a multiple of 8 up to \(1 << 20)", found: "\(batch)")
      }
      training.batch = batch
    }
    training.learningRate = learningRate ?? training.learningRate
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
    self.architecture = architecture
    self.training = training
  }
}
