import LatticeStatistics
import Testing

/// A normally distributed violation of mean `s²/2` and variance `s²`, which satisfies every identity.
private func violations(
  _ count: Int, spread: Double, seed: UInt64, meanFactor: Double = 1
) -> [[Double]] {
  var generator = TestGenerator(seed: seed)
  return (0..<4).map { _ in
    generator.normals(count / 4).map { 0.5 * meanFactor * spread * spread + spread * $0 }
  }
}

@Suite("Acceptance identities")
struct AcceptanceIdentityTests {
  /// Three deviations in each of 300 repetitions, counted beyond 2 sigma: 0.0455 expected, with a
  /// standard deviation of 0.012; 0.11 is 5 of them.
  @Test(
    "hold for a normal violation at any size, with errors that are right", arguments: [0.2, 1, 2.5])
  func normal(spread: Double) throws {
    var outside = [0, 0, 0]
    for seed in 0..<300 as Range<UInt64> {
      let found = try AcceptanceIdentities(
        deltaH: violations(2000, spread: spread, seed: 300 + seed))
      // The exponential of a violation of spread 2.5 is far from normal: it has no part in this.
      if spread < 2, abs(found.expMinusDeltaH.deviation(from: 1)) > 2 { outside[0] += 1 }
      if abs(found.balance.deviation(from: 0)) > 2 { outside[1] += 1 }
      if abs(found.gaussianDifference?.deviation(from: 0) ?? 0) > 2 { outside[2] += 1 }
    }
    for count in outside { #expect(Double(count) / 300 < 0.11, "\(outside)") }
  }

  @Test("acceptance, prediction and mean are those of the normal distribution")
  func values() throws {
    let found = try AcceptanceIdentities(deltaH: violations(400_000, spread: 1, seed: 1))
    // erfc(√(1/2)/2) = erfc(0.353553390593274).
    #expect(agree(gaussianAcceptance(meanDeltaH: 0.5), 0.617075077451974, to: 1e-12))
    #expect(abs(found.acceptance.deviation(from: 0.617075077451974)) < 4.5)
    #expect(abs(found.deltaH.deviation(from: 0.5)) < 4.5)
    let step = 1e-5
    let slope =
      (gaussianAcceptance(meanDeltaH: 0.5 + step) - gaussianAcceptance(meanDeltaH: 0.5 - step))
      / (2 * step)
    #expect(agree(gaussianAcceptanceSlope(meanDeltaH: 0.5), slope, to: 1e-8))
    #expect(gaussianAcceptance(meanDeltaH: -1) == 1)
  }

  @Test("a violation with a mean that is 20 per cent wrong breaks the exact identities")
  func wrongMean() throws {
    let found = try AcceptanceIdentities(
      deltaH: violations(40_000, spread: 1, seed: 2, meanFactor: 1.2))
    #expect(abs(found.expMinusDeltaH.deviation(from: 1)) > 6)
    #expect(abs(found.balance.deviation(from: 0)) > 6)
    // Acceptance and prediction move together: the third identity is blind to this.
    #expect(abs(found.gaussianDifference!.deviation(from: 0)) < 6)
  }

  @Test("a symmetric mixture that is not normal keeps the exact identities and breaks the third")
  func notNormal() throws {
    // Spreads 0.2 and 3 in turn: each satisfies P(x) exp(-x) = P(-x), so the mixture does.
    var generator = TestGenerator(seed: 3)
    let chain = generator.normals(100_000).enumerated().map { index, normal in
      let spread = index % 2 == 0 ? 0.2 : 2.5
      return 0.5 * spread * spread + spread * normal
    }
    let found = try AcceptanceIdentities(deltaH: [chain])
    #expect(abs(found.balance.deviation(from: 0)) < 4.5)
    #expect(abs(found.gaussianDifference!.deviation(from: 0)) > 20)
  }

  @Test("a mean that is zero within its error gives no prediction; short input is an error")
  func edges() throws {
    let found = try AcceptanceIdentities(deltaH: violations(400, spread: 1e-3, seed: 4))
    #expect(found.gaussianDifference == nil)
    #expect(throws: StatisticsError.self) { try AcceptanceIdentities(deltaH: [[0.1, 0.2]]) }
    #expect(throws: StatisticsError.self) {
      try AcceptanceIdentities(deltaH: [[0, 0, 0, 0, 0, 0]])
    }
  }
}
