import EnsembleIO
import LatticeFields
import LatticeFlows
import MarkovChains

/// A training of a coupling flow of any group that writes checkpoints into a model directory and can be
/// stopped and resumed.
public final class TrainingRun {
  /// The plan.
  public let plan: TrainingPlan
  private let session: any TrainingSession
  /// The seconds between two checkpoints.
  public static let checkpointInterval = 20.0

  /// Prepares a training in a directory.
  ///
  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in the directory, if there is one.
  ///   - overwrite: whether a model in the directory may be replaced.
  /// - Throws: `EnsembleIOError.refusesToOverwrite` where there is a model and neither is asked for;
  ///   what `TrainingPlan.validate` throws for an impossible plan.
  public init(_ plan: TrainingPlan, directory: String, resume: Bool, overwrite: Bool) throws {
    self.plan = plan
    session = try Catalog.withCouplingGroup(
      named: plan.group,
      SessionTask(plan: plan, directory: directory, resume: resume, overwrite: overwrite))
  }

  /// The fraction of the training that is over.
  public var progress: Double { session.progress }

  /// Trains until the limit.
  ///
  /// - Parameter report: called after every step with the fraction that is over and what the step
  ///   found; training stops, with a checkpoint, where it returns false.
  /// - Returns: how it went; `isComplete` is false where it was stopped.
  /// - Throws: `TrainingError.diverged`, with the last checkpoint as it was; `EnsembleIOError`.
  public func run(
    _ report: (Double, TrainingStep) -> Bool
  ) throws -> (model: CouplingModel, record: TrainingRecord) {
    try session.run(report)
  }

  private struct SessionTask: CouplingGroupTask {
    let plan: TrainingPlan
    let directory: String
    let resume: Bool
    let overwrite: Bool

    func run<Group: CouplingGroup & HeatbathGroup>(
      _ group: Group.Type
    ) throws -> any TrainingSession {
      try CouplingSession<Group>(
        plan, directory: directory, resume: resume, overwrite: overwrite)
    }
  }
}

/// A training of a group that the caller need not know.
protocol TrainingSession: AnyObject {
  var progress: Double { get }
  func run(
    _ report: (Double, TrainingStep) -> Bool
  ) throws -> (model: CouplingModel, record: TrainingRecord)
}
