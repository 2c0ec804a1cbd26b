import EnsembleIO
import LatticeFields
import LatticeFlows
import MarkovChains

/// What is to be trained, and for how long.
public struct TrainingPlan: Sendable {
  /// When training ends.
  public enum Limit: Sendable, Equatable {
    /// After so many steps: the same seed gives the same bits.
    case steps(Int)
    /// After so many seconds: schedules follow the clock, so that bits depend on the machine.
    case seconds(Double)
  }

  /// The name of the group.
  public var group: String
  /// The lattice.
  public var lattice: Lattice
  /// The target is Wilson's action at this coupling; the upper end where the architecture is for a range
  /// of couplings, of which every step then has its own.
  public var beta: Double
  /// What the flow is made of.
  public var architecture: CouplingArchitecture
  /// A trained model whose parameters the training begins with; `architecture` is its own, but for
  /// the range of couplings.
  public var start: CouplingModel?
  /// How it is trained.
  public var options: TrainingOptions
  /// When it ends.
  public var limit: Limit
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int

  /// A plan from its parts.
  public init(
    group: String, lattice: Lattice, beta: Double, architecture: CouplingArchitecture,
    options: TrainingOptions, limit: Limit, seed: UInt64, threads: Int,
    start: CouplingModel? = nil
  ) {
    self.group = group
    self.start = start
    self.lattice = lattice
    self.beta = beta
    self.architecture = architecture
    self.options = options
    self.limit = limit
    self.seed = seed
    self.threads = threads
  }

  /// Refuses an impossible plan before any work.
  ///
  /// - Throws: `EnsembleIOError`, `UnknownGroupError`, `LatticeError`, `TransferError` or `ActionError`,
  ///   each in one line.
  public func validate() throws {
    struct Task: CouplingGroupTask {
      let plan: TrainingPlan
      func run<Group: CouplingGroup & HeatbathGroup>(_ group: Group.Type) throws {
        _ = try plan.initialFlow(as: group)
      }
    }
    try Catalog.withCouplingGroup(named: group, Task(plan: self))
  }

  /// The flow that the training begins with.
  func initialFlow<Group: CouplingGroup>(as group: Group.Type) throws -> CouplingFlow<Group> {
    if let problem = architecture.problem(colors: Group.colors, dimension: lattice.dimension) {
      throw EnsembleIOError(
        .badData, at: "architecture", expected: problem.expected, found: problem.found)
    }
    guard let start else {
      return try CouplingFlow(lattice: lattice, architecture: architecture, seed: seed)
    }
    return try CouplingFlow(
      lattice: lattice, architecture: architecture, seed: seed,
      startingFrom: start.flow(as: Group.self), beta: beta)
  }

  /// What two runs must have in common for one to go on with the other.
  func key() throws -> String {
    "\(group) \(lattice) beta \(beta) seed \(seed) \(architecture) \(options)"
      + (try start.map { " start \(try $0.checksum())" } ?? "")
  }
}

/// How a training went: `training.json` of a model directory.
public struct TrainingRecord: Codable, Sendable, Equatable {
  /// The state at a moment of the training, on fresh samples.
  public struct Moment: Codable, Sendable, Equatable {
    /// Seconds of training so far.
    public var seconds: Double
    /// Steps so far.
    public var steps: Int
    /// Reverse effective sample size of some thousand fresh samples at the target, in the middle of a
    /// range of couplings.
    public var ess: Double
    /// The mean of `log q + S` over them.
    public var loss: Double
  }

  /// How good a flow for a range of couplings is at one of them.
  public struct CouplingMoment: Codable, Sendable, Equatable {
    /// The coupling.
    public var beta: Double
    /// Reverse effective sample size of fresh samples.
    public var ess: Double
    /// Effective sample size on samples of the target.
    public var forwardESS: Double?
  }

  /// The version of the program.
  public var version: String
  /// The seed.
  public var seed: UInt64
  /// How the flow was trained.
  public var options: TrainingOptions
  /// The course of the training.
  public var history: [Moment]
  /// Steps taken.
  public var steps: Int
  /// Seconds of training, without evaluations.
  public var seconds: Double
  /// The number of parameters.
  public var parameters: Int
  /// Whether the training ran to its end.
  public var isComplete: Bool
  /// Reverse effective sample size of fresh samples; 16,384, or fewer where fields are large. In the
  /// middle of a range of couplings.
  public var ess: Double
  /// Effective sample size on samples of the target: exact ones where those can be drawn, of heatbath
  /// chains else.
  public var forwardESS: Double?
  /// Acceptance rate of independence Metropolis.
  public var acceptanceRate: Double
  /// The ends of the range of couplings that the model serves, where it serves one.
  public var betaRange: [Double]?
  /// The effective sample sizes at couplings across that range.
  public var betas: [CouplingMoment]?
}

/// What ends a training other than its plan.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The loss or its gradient is no finite number any more.
  case diverged(step: Int, loss: Double)

  /// One line: what was expected, what was found, where.
  public var description: String {
    switch self {
    case .diverged(let step, let loss):
      "step \(step): expected a finite loss and gradient, found a loss of \(loss) "
        + "(a smaller learning rate may help)"
    }
  }
}
