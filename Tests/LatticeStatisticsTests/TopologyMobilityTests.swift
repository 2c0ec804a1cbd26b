import LatticeStatistics
import Testing

/// Whole charges that hop to a neighbour with probability `rate` in a step, by Metropolis with the
/// weight `exp(-Q²/(2 s²))`, from a start in equilibrium.
private func charges(
  _ length: Int, rate: Double, width: Double, generator: inout TestGenerator
) -> [Double] {
  var Q = (width * generator.normals(1)[0]).rounded()
  return (0..<length).map { _ in
    if generator.uniform() < rate {
      let other = Q + (generator.uniform() < 0.5 ? 1 : -1)
      if generator.uniform() < exponential((Q * Q - other * other) / (2 * width * width)) {
        Q = other
      }
    }
    return Q
  }
}

private func ensemble(
  _ chains: Int, _ length: Int, rate: Double, width: Double, seed: UInt64
) -> [[Double]] {
  var generator = TestGenerator(seed: seed)
  return (0..<chains).map { _ in
    charges(length, rate: rate, width: width, generator: &generator)
  }
}

/// `Σ Q² exp(-Q²/(2 s²)) / Σ exp(-Q²/(2 s²))`.
private func exactSquare(width: Double) -> Double {
  let terms = (-60...60).map { Q -> (Double, Double) in
    let square = Double(Q * Q)
    let weight = exponential(-square / (2 * width * width))
    return (weight, weight * square)
  }
  return terms.reduce(0) { $0 + $1.1 } / terms.reduce(0) { $0 + $1.0 }
}

@Suite("Frozen topology")
struct TopologyMobilityTests {
  @Test("chains that move are not warned of, those that hardly move or stand still are")
  func verdicts() throws {
    for seed in 0..<20 as Range<UInt64> {
      let moving = try TopologyMobility(
        charges: ensemble(8, 4000, rate: 0.5, width: 1.5, seed: seed))
      #expect(moving.verdict == .moving && moving.warning == nil, "\(moving)")
      let slow = try TopologyMobility(
        charges: ensemble(8, 4000, rate: 4e-3, width: 1.5, seed: seed))
      #expect(slow.verdict == .slow, "\(slow)")
      let frozen = try TopologyMobility(
        charges: ensemble(8, 4000, rate: 1e-5, width: 1.5, seed: seed))
      #expect(frozen.verdict == .frozen, "\(frozen)")
    }
  }

  @Test("charges near whole numbers count as them, and noise around one does not count as movement")
  func nearlyWhole() throws {
    var generator = TestGenerator(seed: 7)
    let noise = generator.normals(400).map { 3 + 0.05 * $0 }
    let found = try TopologyMobility(charges: [noise, noise.map { $0 - 3 }])
    #expect(found.changes == [0, 0] && found.verdict == .frozen)
    #expect(found.chainsDisagree && found.rHat == .infinity)
    #expect(
      found.warning == "topology is frozen: 2 of 2 chains of 400 configurations never change their "
        + "charge, chains sit in different sectors")
    #expect(try TopologyMobility(charges: [[0, 0, 0, 0, 0]]).verdict == .frozen)
  }

  @Test("the warning states its numbers")
  func numbers() throws {
    let chain = (0..<1000).map { Double($0 / 200 % 2) }
    let found = try TopologyMobility(charges: [chain, chain])
    #expect(found.changes == [4, 4] && found.verdict == .slow)
    #expect(found.warning!.hasPrefix("topology moves too slowly for honest errors: 8 changes"))
    #expect(throws: StatisticsError.self) { try TopologyMobility(charges: [[1, 2, 3]]) }
  }

  /// The point of it all: where it gives no warning the error of <Q²> covers the exact value as one
  /// sigma should (0.68; 150 repetitions: a standard deviation of 0.038, and 4 of them are allowed
  /// together with 0.03 for errors that are themselves known to 20%), where it warns they need not.
  @Test("without a warning the error of <Q^2> is honest; frozen chains have a dishonest one")
  func honesty() throws {
    let exact = exactSquare(width: 1.5)
    func coverage(rate: Double, seed: UInt64) throws -> (silent: Double, covered: Double) {
      var silent = 0, covered = 0
      for repetition in 0..<150 as Range<UInt64> {
        let chains = ensemble(4, 1500, rate: rate, width: 1.5, seed: seed + repetition)
        if try TopologyMobility(charges: chains).verdict == .moving { silent += 1 }
        let estimate = try gammaMethod(chains.map { $0.map { $0 * $0 } }, origin: .chainMeans)
        if abs(estimate.deviation(from: exact)) < 1 { covered += 1 }
      }
      return (Double(silent) / 150, Double(covered) / 150)
    }
    let moving = try coverage(rate: 0.5, seed: 1000)
    let slow = try coverage(rate: 0.004, seed: 2000)
    #expect(moving.silent > 0.98)
    #expect(abs(moving.covered - 0.683) < 0.18)
    #expect(slow.silent < 0.02 && slow.covered < 0.55)
  }
}
