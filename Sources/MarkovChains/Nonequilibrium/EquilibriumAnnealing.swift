import LaneMath
import LatticeFields
import LatticeStatistics

/// Weights of annealing that began in equilibrium chains again and again.
public struct AnnealingWeights: Sendable {
  /// `log w`, `[chain][repetition]`.
  public let histories: [[Double]]

  /// Takes the logarithms of weights, `[chain][repetition]`.
  public init(histories: [[Double]]) { self.histories = histories }

  /// All weights, chain after chain.
  ///
  /// - Throws: `StatisticsError` where there are none.
  public func weights() throws(StatisticsError) -> LogWeights {
    try LogWeights(histories.flatMap { $0 })
  }

  /// `log Z(λ_n) - log Z(λ_0)` with its error, the starts being taken as independent.
  ///
  /// - Throws: `StatisticsError` for fewer than 25 weights, and for a tail too heavy for an error.
  public func logPartitionFunctionRatio() throws(StatisticsError) -> Estimate {
    try weights().logPartitionFunction()
  }

  /// The variance of `log w` with its error, that of a mean of squares.
  ///
  /// Twice the dissipated work where the distribution is normal; the effective sample size is
  /// then `exp(-Var)`.
  public var variance: Estimate {
    let values = histories.flatMap { $0 }
    let n = Double(values.count)
    let mean = total(values) / n
    let squares = values.map { ($0 - mean) * ($0 - mean) }
    let variance = total(squares) / (n - 1)
    let spread = total(squares.map { ($0 - variance) * ($0 - variance) }) / (n - 1)
    return Estimate(value: variance, error: (spread / n).squareRoot(), count: values.count)
  }
}

extension Annealing {
  /// Annealing from equilibrium chains: each chain goes on, and every so many updates its field is the
  /// start of a way along the schedule.
  ///
  /// - Parameters:
  ///   - chains: equilibrium chains at the first coupling, thermalised by the caller.
  ///   - repetitions: the number of starts from each chain.
  ///   - every: the updates of the chains before each start.
  ///   - seed: of the random numbers on the way; not that of the chains.
  ///   - progress: called between steps; false interrupts.
  ///   - receive: called with each finished repetition, its fields and weights.
  /// - Returns: the weights of the finished repetitions.
  /// - Throws: what a kernel throws.
  public func weights(
    from chains: inout ChainRunner<LinkField<Group>>, repetitions: Int, every updates: Int,
    seed: UInt64, progress: (AnnealingProgress) -> Bool = { _ in true },
    receive: (Int, AnnealingRun<Group>) -> Void = { _, _ in }
  ) throws(ChainError) -> AnnealingWeights {
    var histories: [[Double]] = Array(repeating: [], count: chains.chains)
    let padded = (chains.chains + laneCount - 1) / laneCount * laneCount
    var goesOn = true
    for repetition in 0..<repetitions where goesOn {
      try chains.advance(by: updates)
      var run = try AnnealingRun(
        self, starts: chains.fields, count: chains.chains, seed: seed,
        firstConfiguration: repetition * padded, threads: chains.threads)
      let isDone = try run.run { report in
        goesOn = progress(
          AnnealingProgress(
            steps: report.steps, totalSteps: report.totalSteps, repetition: repetition,
            repetitions: repetitions))
        return goesOn
      }
      guard isDone else { break }
      for (chain, logWeight) in run.logWeights.enumerated() { histories[chain].append(logWeight) }
      receive(repetition, run)
    }
    return AnnealingWeights(histories: histories)
  }
}

/// The sum of numbers, rounding errors carried beside it.
func total(_ numbers: some Sequence<Double>) -> Double {
  var sum = CompensatedSum()
  for number in numbers { sum.add(number) }
  return sum.value
}
