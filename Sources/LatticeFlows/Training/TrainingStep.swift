/// What must be kept to go on with a training later.
public struct TrainingState: Sendable, Equatable {
  /// The parameters of the flow.
  public var parameters: [Double]
  /// The optimiser.
  public var optimizer: AdamOptimizer
  /// The number of steps taken.
  public var step: Int

  /// A state from its parts.
  public init(parameters: [Double], optimizer: AdamOptimizer, step: Int) {
    self.parameters = parameters
    self.optimizer = optimizer
    self.step = step
  }
}

/// What a step of a training found, on its own batch.
public struct TrainingStep: Sendable {
  /// The number of steps taken.
  public var step: Int
  /// `E_q[log q + S]`, an upper bound of `-log Z`; where there are no samples of the flow in the
  /// batch, `E_p[-S - log q]`, an upper bound of `log Z`.
  public var loss: Double
  /// The effective sample size of the batch, `E_q[w]²/E_q[w²]`, or where there are no samples of
  /// the flow `1/(E_p[w] E_p[1/w])`; noisy, and high where the batch missed something.
  public var effectiveSampleSize: Double
  /// The norm of the gradient before clipping.
  public var gradientNorm: Double
}
