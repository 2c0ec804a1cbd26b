import LaneMath

/// How a flow is trained.
public struct TrainingOptions: Sendable, Codable, Equatable {
  /// The estimator of the gradient of the reverse Kullback-Leibler divergence.
  public enum Estimator: String, Sendable, Codable, CaseIterable {
    /// The path gradient: without the score term, whose mean is zero; its variance vanishes where
    /// the flow is exact (arXiv:2207.08219).
    case path
    /// The total derivative of `log q - log p` along the samples.
    case plain
  }

  /// The number of samples of a step, a multiple of 8.
  public var batch: Int
  /// The learning rate at the end of the warm-up.
  public var learningRate: Double
  /// The part of the training in which the learning rate rises from zero; then it falls as a cosine.
  public var warmup: Double
  /// The learning rate at the end, as a fraction of the largest.
  public var finalRate: Double
  /// The estimator of the gradient of the reverse divergence.
  public var estimator: Estimator
  /// The part of each batch that consists of samples of the target, on which the forward divergence
  /// is minimised; 0 is pure reverse training.
  public var forwardFraction: Double
  /// The norm to which gradients are clipped.
  public var largestNorm: Double
  /// The part of the training in which `β` rises linearly to its target, from `annealingStart β`.
  public var annealing: Double
  /// Where annealing begins, as a fraction of `β`.
  public var annealingStart: Double

  /// Options, each with its default.
  public init(
    batch: Int = 128, learningRate: Double = 1e-2, warmup: Double = 0.02,
    finalRate: Double = 0.005, estimator: Estimator = .path, forwardFraction: Double = 0,
    largestNorm: Double = 20, annealing: Double = 0.1, annealingStart: Double = 0.3
  ) {
    self.batch = batch
    self.learningRate = learningRate
    self.warmup = warmup
    self.finalRate = finalRate
    self.estimator = estimator
    self.forwardFraction = forwardFraction
    self.largestNorm = largestNorm
    self.annealing = annealing
    self.annealingStart = annealingStart
  }

  /// The learning rate when the given fraction of the training is over.
  func rate(at progress: Double) -> Double {
    if progress < warmup { return learningRate * Swift.max(progress, 1e-3) / warmup }
    let phase = Double.pi * (progress - warmup) / Swift.max(1e-9, 1 - warmup)
    return learningRate
      * (finalRate + (1 - finalRate) * 0.5 * (1 + cos(Lanes(repeating: phase))[0]))
  }

  /// The fraction of `β` at which a step is trained.
  func couplingFraction(at progress: Double) -> Double {
    progress >= annealing
      ? 1 : annealingStart + (1 - annealingStart) * progress / annealing
  }
}
