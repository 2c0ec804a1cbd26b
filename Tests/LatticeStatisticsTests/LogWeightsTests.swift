import Foundation
import LatticeStatistics
import Testing

/// A Gaussian target of width s under a unit normal proposal: everything is known.
///
/// w = sqrt(2 pi) exp(-c x^2), c = (1 / s^2 - 1) / 2;
/// Z = sqrt(2 pi) s; ESS = s^2 sqrt(2 / s^2 - 1).
private struct GaussianPair {
  let width: Double
  var logZ: Double { 0.5 * log(2 * Double.pi) + log(width) }
  var effectiveSampleSize: Double { width * width * (2 / (width * width) - 1).squareRoot() }
  func logWeight(_ x: Double) -> Double {
    0.5 * log(2 * Double.pi) - 0.5 * (1 / (width * width) - 1) * x * x
  }
}

@Suite("Log weights")
struct LogWeightsTests {
  /// 500 repetitions of 1000 samples. The sum of 500 squared normal deviations has a standard
  /// deviation of 31.6: 4 of them plus 2 % for the spread of the error alarm in fewer than 1e-4.
  private func expectUnit(_ deviations: [Double], _ location: SourceLocation = #_sourceLocation) {
    let count = Double(deviations.count)
    let meanSquare = deviations.reduce(0) { $0 + $1 * $1 } / count
    let mean = deviations.reduce(0, +) / count
    #expect(
      abs(meanSquare - 1) < 4 * (2 / count).squareRoot() + 0.02, "mean square \(meanSquare)",
      sourceLocation: location)
    // Half an error of bias times 500 repetitions would show; a few per cent are allowed for the
    // logarithm and for ratios.
    #expect(
      abs(mean) < 4 / count.squareRoot() + 0.05, "mean \(mean)", sourceLocation: location)
  }

  @Test("log Z from the proposal, from the target and from the bridge is right within its error")
  func partitionFunction() throws {
    // 1 / w on the target has the tail index 1 - width^2 = 0.19: its error has a finite error too.
    let pair = GaussianPair(width: 0.9)
    var reverse: [Double] = []
    var forward: [Double] = []
    var bridge: [Double] = []
    for seed in 0..<500 {
      var generator = TestGenerator(seed: 100 + UInt64(seed))
      let proposal = try LogWeights(generator.normals(1000).map(pair.logWeight))
      reverse.append(zScore(try proposal.logPartitionFunction(), exact: pair.logZ))
      let chain = autoregressive(generator.normals(1000), rho: 0.5)
      let target = try TargetLogWeights([chain.map { pair.logWeight(pair.width * $0) }])
      forward.append(
        zScore(try target.logPartitionFunction(), exact: pair.logZ))
      bridge.append(
        zScore(try target.bridgedLogPartitionFunction(proposal: proposal), exact: pair.logZ))
    }
    expectUnit(reverse)
    expectUnit(forward)
    expectUnit(bridge)
  }

  @Test("a bridge is at least as precise as either side alone")
  func bridgePrecision() throws {
    let pair = GaussianPair(width: 0.5)
    var generator = TestGenerator(seed: 4)
    let proposal = try LogWeights(generator.normals(20_000).map(pair.logWeight))
    let target = try TargetLogWeights([
      generator.normals(20_000).map { pair.logWeight(pair.width * $0) }
    ])
    let bridge = try target.bridgedLogPartitionFunction(proposal: proposal, sParameter: 0)
    let reverse = try proposal.logPartitionFunction()
    let forward = try target.logPartitionFunction(sParameter: 0, largestTailIndex: .infinity)
    #expect(bridge.error < 1.02 * reverse.error)
    #expect(bridge.error < 1.02 * forward.error)
    #expect(abs(zScore(bridge, exact: pair.logZ)) < 4)
    // Shifting all log weights shifts log Z; adding 1e3 rounds them at 1e-13.
    let shifted = try TargetLogWeights(target.chains.map { $0.map { $0 + 1000 } })
      .bridgedLogPartitionFunction(
        proposal: LogWeights(proposal.values.map { $0 + 1000 }), sParameter: 0)
    #expect(abs(shifted.value - bridge.value - 1000) < 1e-11)
    #expect(agree(shifted.error, bridge.error, to: 1e-9))
  }

  /// Thresholds of 4 sigma alarm falsely in 6e-5 of all cases.
  @Test("reverse and forward ESS agree with the exact one where the proposal covers the target")
  func effectiveSampleSize() throws {
    let pair = GaussianPair(width: 0.8)
    var generator = TestGenerator(seed: 3)
    let count = 100_000
    let reverse = try LogWeights(generator.normals(count).map(pair.logWeight))
    let target = try TargetLogWeights([
      generator.normals(count).map { pair.logWeight(pair.width * $0) }
    ])
    let estimate = try target.effectiveSampleSizeEstimate(sParameter: 0)
    #expect(abs(zScore(estimate, exact: pair.effectiveSampleSize)) < 4)
    #expect(abs(target.effectiveSampleSize - estimate.value) < 1e-12)
    // The error of the reverse one is of the same size.
    #expect(abs(reverse.effectiveSampleSize - pair.effectiveSampleSize) < 6 * estimate.error)
  }

  @Test("a missed region shows in the forward ESS and not in the reverse one")
  func missedRegion() throws {
    // Target: half its weight in a region that the proposal enters once in 10^6.
    let inside = [Double](repeating: 0, count: 5000)
    let reverse = try LogWeights(inside)
    let target = try TargetLogWeights([inside + inside.map { _ in log(1e6) }])
    #expect(reverse.effectiveSampleSize == 1)
    #expect(target.effectiveSampleSize < 1e-5)
  }

  @Test("weights may be shifted by any constant")
  func shift() throws {
    var generator = TestGenerator(seed: 8)
    let logs = generator.normals(1000).map { 0.5 * $0 }
    let a = try LogWeights(logs)
    for offset in [-1e4, 1e4] {
      let b = try LogWeights(logs.map { $0 + offset })
      // Adding 1e4 rounds log weights at 1e-12.
      #expect(abs(a.effectiveSampleSize - b.effectiveSampleSize) < 1e-10)
      #expect(abs(a.logMeanWeight + offset - b.logMeanWeight) < 1e-10)
      #expect(abs(try a.tailIndex() - b.tailIndex()) < 1e-8)
    }
  }

  @Test("the Metropolis acceptance rate is the mean of the smaller weight over all pairs")
  func acceptance() throws {
    var generator = TestGenerator(seed: 12)
    let logs = generator.normals(200)
    let weights = logs.map { exp($0) }
    var total = 0.0
    for i in weights.indices {
      for j in weights.indices where i != j { total += min(weights[i], weights[j]) }
    }
    let direct = total / Double(weights.count - 1) / weights.reduce(0, +)
    #expect(abs(try LogWeights(logs).metropolisAcceptanceRate - direct) < 1e-13)
    #expect(try LogWeights([Double](repeating: 3, count: 10)).metropolisAcceptanceRate == 1)
  }

  /// Log-normal weights of standard deviation sigma: acceptance erfc(sigma / 2), ESS exp(-sigma^2).
  @Test("the acceptance rate of log-normal weights is erfc(sigma / 2)")
  func logNormal() throws {
    var generator = TestGenerator(seed: 13)
    let weights = try LogWeights(generator.normals(200_000).map { 0.7 * $0 })
    // The standard deviation is below 0.5 / sqrt(2e5) = 0.0011; 5 of them alarm in 1e-6.
    #expect(abs(weights.metropolisAcceptanceRate - erfc(0.35)) < 0.0055)
  }

  @Test("equal weights are perfect")
  func equalWeights() throws {
    let weights = try LogWeights([Double](repeating: -7, count: 100))
    #expect(weights.effectiveSampleSize == 1)
    #expect(try weights.tailIndex() == -.infinity)
    let logZ = try weights.logPartitionFunction()
    #expect(logZ.value == -7 && logZ.error == 0)
    #expect(weights.normalizedWeights.allSatisfy { $0 == 0.01 })
  }

  @Test("weights of zero count as samples; undefined and vanishing weights are refused")
  func zeros() throws {
    let weights = try LogWeights([0, -.infinity, 0, -.infinity])
    #expect(weights.effectiveSampleSize == 0.5)
    #expect(abs(weights.logMeanWeight - log(0.5)) < 1e-15)
    #expect(throws: StatisticsError.allWeightsZero(count: 2)) {
      try LogWeights([-.infinity, -.infinity])
    }
    #expect(throws: StatisticsError.self) { try LogWeights([0, .nan]) }
    #expect(throws: StatisticsError.self) { try LogWeights([0, .infinity]) }
    #expect(throws: StatisticsError.self) { try LogWeights([]) }
    #expect(throws: StatisticsError.self) { try TargetLogWeights([[0, -.infinity]]) }
  }

  /// 500 repetitions of 1000 samples; thresholds as in `expectUnit`.
  @Test("reweighted means of independent samples are right within their errors")
  func reweightedMeans() throws {
    let pair = GaussianPair(width: 0.7)
    var deviations: [Double] = []
    for seed in 0..<500 {
      var generator = TestGenerator(seed: 3000 + UInt64(seed))
      let x = generator.normals(1000)
      let mean = try reweightedMean(x.map { $0 * $0 }, logWeights: x.map(pair.logWeight))
      deviations.append(zScore(mean, exact: pair.width * pair.width))
    }
    expectUnit(deviations)
  }

  @Test("sector weights add up to one and agree with the exact ones")
  func sectors() throws {
    let pair = GaussianPair(width: 0.7)
    var generator = TestGenerator(seed: 40)
    let x = generator.normals(20_000)
    let sectors = x.map { Int(($0 / 0.8).rounded()) }
    let weights = try sectorWeights(sectors, logWeights: x.map(pair.logWeight))
    #expect(abs(weights.reduce(0) { $0 + $1.weight.value } - 1) < 1e-12)
    #expect(weights.map(\.sector) == weights.map(\.sector).sorted())
    #expect(weights.reduce(0) { $0 + $1.count } == x.count)
    for weight in weights where abs(weight.sector) <= 1 {
      let edge = (Double(weight.sector) - 0.5) * 0.8 / pair.width
      let exact = normalDistribution(edge + 0.8 / pair.width) - normalDistribution(edge)
      // Three comparisons at 4.2 sigma alarm falsely in 8e-5 of all cases.
      #expect(abs(zScore(weight.weight, exact: exact)) < 4.2)
    }
    let single = try sectorWeights([Int](repeating: 2, count: 50))
    #expect(single.count == 1 && single[0].weight.value == 1 && single[0].weight.error == 0)
    // Chains frozen in different sectors say nothing about the shares.
    let frozen = [[Int](repeating: 0, count: 50), [Int](repeating: 1, count: 50)]
    #expect(throws: StatisticsError.constantSeries(value: 0.5, count: 100)) {
      try sectorWeights(frozen)
    }
  }
}

@Suite("Tail index")
struct TailIndexTests {
  // The fit of the generalised Pareto distribution in arviz 0.22 (its PSIS code, prior included) on
  // the same tail: weights exp(f(g)), g the normals of the reference generator.
  @Test("agrees with an independent implementation of the estimator")
  func reference() throws {
    func check(
      _ seed: UInt64, _ count: Int, _ expected: Double, _ logWeight: (Double) -> Double
    ) throws {
      let found = try paretoTailIndex(
        logWeights: referenceNormals(seed: seed, count: count).map(logWeight))
      #expect(agree(found, expected, to: 1e-9), "expected \(expected), found \(found)")
    }
    try check(71, 2000, 0.7161157362073077) { 0.4 * $0 * $0 }
    try check(72, 500, 0.4883278674204466) { 1.5 * $0 }
    try check(73, 30, 1.0034304162817094) { 0.3 * $0 }
    try check(74, 4096, -1.609617389426508) { -$0 * $0 }
  }

  /// The mean over 100 sets has an error of (1 + k) / sqrt(3 sqrt(n) 100) < 0.008; the threshold
  /// of 0.05 leaves room for the bias of the prior, which is accounted for.
  @Test("finds the index of exact Pareto weights", arguments: [0.1, 0.3, 0.5, 0.7, 1.0, 1.5])
  func pareto(index: Double) throws {
    var mean = 0.0
    let count = 10_000
    let tail = 300.0
    for seed in 0..<100 {
      var generator = TestGenerator(seed: 500 + UInt64(seed))
      let logs = (0..<count).map { _ in -index * log(generator.uniform()) }
      mean += try paretoTailIndex(logWeights: logs) / 100
    }
    let expected = (index * tail + 5) / (tail + 10)
    #expect(abs(mean - expected) < 0.05, "expected \(expected), found \(mean)")
  }

  @Test("bounded weights have a negative index")
  func bounded() throws {
    var generator = TestGenerator(seed: 1)
    let logs = (0..<10_000).map { _ in log(generator.uniform()) }
    // Uniform weights have k = -1.
    #expect(abs(try paretoTailIndex(logWeights: logs) + 1) < 0.35)
  }

  @Test("no error bar where weights are too heavy; the error names index and limit")
  func refusal() throws {
    var generator = TestGenerator(seed: 2)
    let logs = (0..<10_000).map { _ in -1.2 * log(generator.uniform()) }
    let values = generator.normals(10_000)
    let index = try paretoTailIndex(logWeights: logs)
    let refusal = StatisticsError.weightsTooHeavy(tailIndex: index, limit: 0.7)
    #expect(throws: refusal) { try LogWeights(logs).logPartitionFunction() }
    #expect(throws: refusal) { try reweightedMean(values, logWeights: logs) }
    #expect(throws: refusal) { try reweightedMean([values], logWeights: [logs]) }
    #expect(throws: refusal) {
      try jackknife(observables: [[values]], logWeights: [logs], function: { $0[0] })
    }
    #expect(throws: refusal) {
      try sectorWeights(values.map { $0 > 0 ? 1 : 0 }, logWeights: logs)
    }
    #expect("\(refusal)".contains("0.7"))
    // Who insists gets a number.
    let forced = try reweightedMean(values, logWeights: logs, largestTailIndex: .infinity)
    #expect(forced.error.isFinite)
  }

  @Test("the verdict changes at 0.5 and above 0.7")
  func verdict() {
    #expect(TailVerdict(tailIndex: -.infinity) == .trustworthy)
    #expect(TailVerdict(tailIndex: 0.49) == .trustworthy)
    #expect(TailVerdict(tailIndex: 0.5) == .doubtful)
    #expect(TailVerdict(tailIndex: 0.7) == .doubtful)
    #expect(TailVerdict(tailIndex: 0.71) == .tooHeavy)
    #expect(TailVerdict(tailIndex: .infinity) == .tooHeavy)
    #expect(TailVerdict(tailIndex: .nan) == .tooHeavy)
  }

  @Test("one giant weight above a plateau is never called light")
  func outlier() throws {
    var logs = [Double](repeating: 0, count: 1000)
    logs[17] = 20
    #expect(try paretoTailIndex(logWeights: logs) == .infinity)
    #expect(throws: StatisticsError.self) { try LogWeights(logs).logPartitionFunction() }
  }

  @Test("too few weights to judge are refused")
  func tooFew() {
    #expect(throws: StatisticsError.tooShort(what: "weights", expected: 25, found: 24)) {
      try paretoTailIndex(logWeights: [Double](repeating: 0, count: 24))
    }
  }
}
