import EnsembleIO
import LatticeFields
import LatticeFlows
import MarkovChains

/// What a continuous flow is to be fitted for, and how.
public struct RegressionPlan: Sendable {
  /// The name of the group.
  public var group: String
  /// The lattice.
  public var lattice: Lattice
  /// The coupling of the target, Wilson's action.
  public var beta: Double
  /// The family of velocity fields; nil for the first of the group.
  public var basis: String?
  /// The velocity fields; nil for the default ones.
  public var elements: [String]?
  /// How many elements are to be selected from the catalog of the basis, in place of a given list.
  public var selected: Int?
  /// A second lattice to fit on, so that coefficients can be continued in `1/V` to others.
  public var companion: Lattice?
  /// The path; nil for that of the basis.
  public var path: AnnealingPath.Kind?
  /// How the flow is fitted; the default of the family before anything is changed.
  public var options: RegressionOptions
  /// The Markov chain update after each interval, for escorted annealing.
  public var escort: ChainAlgorithm?
  /// The number of fresh samples on which the flow is judged; nil for some thousands, fewer where they
  /// are large.
  public var evaluationCount: Int?
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int

  /// A plan from its parts, all else at its default.
  public init(group: String, lattice: Lattice, beta: Double, seed: UInt64, threads: Int) {
    self.group = group
    self.lattice = lattice
    self.beta = beta
    self.seed = seed
    self.threads = threads
    options = Self.defaultOptions(group: group, basis: nil, lattice: lattice)
  }

  /// How flows of a family are fitted by default.
  private static func defaultOptions(group: String, basis: String?, lattice: Lattice)
    -> RegressionOptions
  {
    struct Task: VelocityBasisTask {
      func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) -> RegressionOptions
      where Basis.Group: DetunedHeatbathGroup { Basis.defaultOptions }
    }
    return
      (try? Catalog.withVelocityBasis(group: group, family: basis, on: lattice, Task()))
      ?? RegressionOptions()
  }

  /// The options that are understood; others are an error.
  public static let keys =
    [
      "basis", "elements", "select", "path", "particles", "intervals", "grading", "ridge", "clip",
      "tolerance", "integrator", "evaluation", "companion",
    ] + escortKeys
  private static let escortKeys = [
    "escort", "overrelaxation", "trajectory_length", "trajectory_steps",
  ]

  /// Takes options of a run file or a command line; what is not given keeps its default.
  ///
  /// - Throws: `.badData` naming the option, what it may be, and what was found.
  public mutating func apply(_ given: RunOptions, escorted: Bool) throws {
    try given.allow(Self.keys)
    let families = Catalog.velocityBaseNames.filter { $0.group == group }.map(\.family)
    if !families.isEmpty, let family = try given.text("basis", oneOf: families) {
      basis = family
      options = Self.defaultOptions(group: group, basis: family, lattice: lattice)
    }
    elements = try given.texts("elements") ?? elements
    if let extents = try given.integers("companion", in: 1...(1 << 20)) {
      companion = try Lattice(extents)
      guard companion?.volume != lattice.volume else {
        throw given.failure("companion", expected: "a lattice of another volume")
      }
    }
    selected = try given.integer("select", in: 1...10_000) ?? selected
    if let name = try given.text("path", oneOf: AnnealingPath.Kind.allCases.map(\.rawValue)) {
      path = AnnealingPath.Kind(rawValue: name)
    }
    if let particles = try given.integer("particles", in: 8...(1 << 24)) {
      guard particles.isMultiple(of: 8) else {
        throw given.failure("particles", expected: "a multiple of 8")
      }
      options.particles = particles
    }
    options.intervals = try given.integer("intervals", in: 1...100_000) ?? options.intervals
    options.grading = try given.positiveNumber("grading") ?? options.grading
    options.ridge = try given.positiveNumber("ridge") ?? options.ridge
    options.clip = try given.positiveNumber("clip") ?? options.clip
    options.tolerance = try given.positiveNumber("tolerance") ?? options.tolerance
    options.integrator =
      try given.text("integrator", oneOf: LowStorageIntegrator.all.map(\.name))
      ?? options.integrator
    evaluationCount = try given.integer("evaluation", in: 8...(1 << 30)) ?? evaluationCount
    try applyEscort(given, escorted: escorted)
  }

  /// The Markov step between intervals: short trajectories of hybrid Monte Carlo by default, which are
  /// their own time reversal.
  private mutating func applyEscort(_ given: RunOptions, escorted: Bool) throws {
    guard escorted else {
      for key in Self.escortKeys where given.values[key] != nil {
        throw given.failure(key, expected: "none but with --flow escorted")
      }
      return
    }
    var algorithm = try ChainAlgorithm(parsing: try given.text("escort") ?? "hmc")
    algorithm.overrelaxation = try given.integer("overrelaxation", in: 0...1000) ?? 0
    algorithm.trajectoryLength = try given.positiveNumber("trajectory_length") ?? 0.5
    algorithm.steps = try given.integer("trajectory_steps", in: 1...100_000) ?? 4
    escort = algorithm
  }

  /// What two fits must have in common for one to go on with the other.
  var key: String {
    "\(group) \(lattice) beta \(beta) \(basis ?? "-") \(elements ?? []) \(selected ?? 0) "
      + "\(path?.rawValue ?? "-") \(options) \(escort?.settings.description ?? "-") "
      + "\(companion?.description ?? "-") seed \(seed)"
  }
}
