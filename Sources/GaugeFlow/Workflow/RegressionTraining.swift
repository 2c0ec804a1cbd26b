import EnsembleIO
import Foundation
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// How a fit went: `training.json` of a model directory.
public struct RegressionRecord: Codable, Sendable, Equatable {
  /// The fit at the end of an interval of the flow time.
  public struct Moment: Codable, Sendable, Equatable {
    /// Seconds of the fit so far.
    public var seconds: Double
    /// Intervals so far.
    public var steps: Int
    /// The coupling.
    public var beta: Double
    /// The effective sample size of the particles of the fit, which know the coefficients.
    public var ess: Double
    /// The variance of the residual of the continuity equation.
    public var residual: Double
    /// The same variance without a flow.
    public var variance: Double
    /// The number of integrator steps of the interval.
    public var integratorSteps: Int
  }

  /// The version of the program.
  public var version: String
  /// The seed.
  public var seed: UInt64
  /// How the flow was fitted.
  public var options: RegressionOptions
  /// The course of the fit.
  public var history: [Moment]
  /// Intervals fitted.
  public var steps: Int
  /// Seconds of the fit, the selection of elements included, evaluations not.
  public var seconds: Double
  /// The number of coefficients at all flow times.
  public var parameters: Int
  /// Whether the fit ran to its end.
  public var isComplete: Bool
  /// The number of fresh samples that the flow was judged on.
  public var evaluationCount: Int
  /// The effective sample size of fresh samples.
  public var ess: Double
  /// The effective sample size on samples of the target.
  public var forwardESS: Double?
  /// Acceptance rate of independence Metropolis.
  public var acceptanceRate: Double
  /// The largest change of `log w` of a sample when the integrator's steps are halved.
  public var integrationError: Double
}

/// Fits a continuous flow into a model directory; can be stopped after any interval and goes on to the
/// same bits.
public enum RegressionTraining {
  /// What the progress callback is told.
  public struct Progress: Sendable {
    /// The fraction of the fit that is over.
    public var fraction: Double
    /// The effective sample size of the particles.
    public var effectiveSampleSize: Double
  }

  /// Fits a flow.
  ///
  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in the directory, if there is one.
  ///   - overwrite: whether a model in the directory may be replaced.
  ///   - progress: called after every interval; the fit stops, with a checkpoint, where it returns
  ///     false.
  /// - Returns: how it went; `isComplete` is false where it was stopped, and there is no model yet.
  /// - Throws: `EnsembleIOError.refusesToOverwrite` where there is a model and neither is asked for,
  ///   `UnknownVelocityBasisError`, and what the basis throws for elements or lattices that do not
  ///   fit.
  public static func run(
    _ plan: RegressionPlan, directory: String, resume: Bool, overwrite: Bool,
    progress: (Progress) -> Bool
  ) throws -> RegressionRecord {
    let checkpoint = Checkpoint(directory: directory, name: "fit")
    if !resume, AtomicFile.exists("\(directory)/\(RegressionModel.fileName)") || checkpoint.exists {
      guard overwrite else {
        throw EnsembleIOError(
          .refusesToOverwrite, at: directory, expected: "a directory without a model",
          found: "one (--force replaces it, --resume goes on)")
      }
      for name in [
        RegressionModel.fileName, "training.json", "fit.json", FitState.fileName,
        "checkpoint.json",
      ] { try AtomicFile.remove("\(directory)/\(name)") }
    }
    return try withoutActuallyEscaping(progress) { progress in
      try Catalog.withVelocityBasis(
        group: plan.group, family: plan.basis, on: plan.lattice,
        Task(plan: plan, directory: directory, checkpoint: checkpoint, progress: progress))
    }
  }

  private struct Task: VelocityBasisTask {
    let plan: RegressionPlan
    let directory: String
    let checkpoint: Checkpoint
    let progress: (Progress) -> Bool

    func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) throws -> RegressionRecord
    where Basis.Group: DetunedHeatbathGroup {
      try Fit<Basis>(plan: plan, directory: directory, checkpoint: checkpoint).run(progress)
    }
  }
}
