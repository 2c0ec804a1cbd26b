/// How long chains run, and when they are looked at.
public struct ChainPlan: Sendable, Hashable {
  /// The number of updates before the first sample.
  public var thermalization: Int
  /// The number of updates from a sample to the next; the first sample comes `every` updates after
  /// the thermalisation.
  public var every: Int
  /// The number of samples of each chain.
  public var count: Int
  /// The number of updates between changes of the step size, in the first four fifths of the
  /// thermalisation; 0 for none.
  public var tuningInterval: Int
  /// The acceptance that is tuned for; nil for each kernel's own choice.
  public var targetAcceptance: Double?
  /// The most updates between two calls of the progress callback: where a run can be interrupted.
  public var reportInterval: Int

  /// A plan.
  public init(
    thermalization: Int, every: Int, count: Int, tuningInterval: Int = 0,
    targetAcceptance: Double? = nil, reportInterval: Int = 16
  ) {
    self.thermalization = thermalization
    self.every = every
    self.count = count
    self.tuningInterval = tuningInterval
    self.targetAcceptance = targetAcceptance
    self.reportInterval = reportInterval
  }

  /// The number of updates of the whole plan.
  public var updates: Int { thermalization + every * count }

  /// Checks that the numbers make sense.
  ///
  /// - Throws: `ChainError.parameter` where a number is negative, or `every` or `reportInterval` is
  ///   not positive.
  func validate() throws(ChainError) {
    func require(_ name: String, _ value: Int, atLeast least: Int) throws(ChainError) {
      guard value >= least, value < 1 << 31 else {
        throw .parameter(name: name, expected: "\(least) or more", value: Double(value))
      }
    }
    try require("thermalization", thermalization, atLeast: 0)
    try require("every", every, atLeast: 1)
    try require("count", count, atLeast: 0)
    try require("tuning interval", tuningInterval, atLeast: 0)
    try require("report interval", reportInterval, atLeast: 1)
  }

  /// Whether the step size changes after so many updates.
  func tunes(after updates: Int) -> Bool {
    tuningInterval > 0 && updates % tuningInterval == 0 && updates > 0
      && updates <= 4 * thermalization / 5
  }

  /// The number of samples that a chain has given after so many updates.
  public func samples(after updates: Int) -> Int {
    Swift.min(count, Swift.max(0, updates - thermalization) / every)
  }

  /// The next number of updates at which something has to happen.
  func nextStop(after updates: Int) -> Int {
    var next = Swift.min(self.updates, updates + reportInterval)
    if updates < thermalization {
      next = Swift.min(next, thermalization)
      if tuningInterval > 0 {
        next = Swift.min(next, (updates / tuningInterval + 1) * tuningInterval)
      }
    } else {
      let sample = (updates - thermalization) / every + 1
      next = Swift.min(next, thermalization + sample * every)
    }
    return next
  }
}

/// How far a run is.
public struct ChainProgress: Sendable, Hashable {
  /// The updates made of each chain.
  public let updates: Int
  /// The updates of the whole plan.
  public let totalUpdates: Int
  /// The samples given by each chain.
  public let samples: Int
  /// Whether the chains still thermalise.
  public let isThermalizing: Bool
}
