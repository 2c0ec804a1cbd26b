import LatticeStatistics
import Testing

/// A result of ArviZ 0.19.0 (`rhat` of the rank and folded parts, `ess` with methods bulk and tail)
/// on the autoregressive series of the reference generator, and on functions of them.
struct ConvergenceRow: Sendable, CustomTestStringConvertible {
  var name: String
  var chains: [[Double]]
  var bulk, folded, bulkCount, tailCount: Double
  var testDescription: String { name }
}

private func series(_ rho: Double, _ seeds: ClosedRange<UInt64>, _ count: Int) -> [[Double]] {
  seeds.map { referenceSeries(rho: rho, seed: $0, count: count) }
}

private func row(
  _ name: String, _ chains: [[Double]], _ bulk: Double, _ folded: Double, _ bulkCount: Double,
  _ tailCount: Double
) -> ConvergenceRow {
  ConvergenceRow(
    name: name, chains: chains, bulk: bulk, folded: folded, bulkCount: bulkCount,
    tailCount: tailCount)
}

private let rows: [ConvergenceRow] = [
  row(
    "independent", series(0, 1...4, 500), 0.9994668767258486, 0.9984051476548202,
    2057.541492524567, 1705.0621211341224),
  row(
    "rho 0.9", series(0.9, 1...4, 1000), 1.0089393586591184, 1.008035262759233,
    196.3199707761597, 390.92181399490613),
  row(
    "one of three shifted, odd length",
    zip(series(0.5, 1...3, 401), [0, 0.7, 0]).map { chain, shift in chain.map { $0 + shift } },
    1.050362829893835, 0.999007364553429, 85.07550019009656, 282.6928776711867),
  row(
    "one of four wider",
    zip(series(0.3, 11...14, 600), [1.0, 1, 1, 3]).map { chain, width in chain.map { $0 * width } },
    0.9998878241309938, 1.1604808976010748, 1339.0459665876854, 35.82439611856093),
  row(
    "one chain", series(0.8, 5...5, 777), 1.0138263892796688, 0.9998708649395937,
    81.34627505969976, 246.71911149338814),
  row(
    "antithetic", series(-0.7, 21...22, 300), 0.9997274549415959, 0.9989529464805066,
    1666.890750230186, 443.9549999521826),
  row(
    "whole numbers", series(0.9, 31...33, 800).map { $0.map { $0.rounded(.toNearestOrEven) } },
    1.0172983101493738, 1.0031745631533604, 167.84202509307704, 272.3550646053375),
  row(
    "slower than the chains are long", series(0.995, 41...43, 200), 1.4275569312707914,
    1.132174542353364, 6.58513725550973, 16.073582072066667),
]

/// Agreement asked of the reference: normal quantiles to 1e-15, sums of thousands of terms.
private let referenceTolerance = 1e-9

@Suite("Convergence between chains")
struct ChainConvergenceTests {
  @Test("agrees with ArviZ 0.19 on autoregressive series", arguments: rows)
  func reference(_ row: ConvergenceRow) throws {
    let found = try ChainConvergence(row.chains)
    for (name, value, expected) in [
      ("bulk", found.bulk, row.bulk), ("folded", found.folded, row.folded),
      ("bulk effective count", found.bulkEffectiveCount, row.bulkCount),
      ("tail effective count", found.tailEffectiveCount, row.tailCount),
    ] {
      #expect(
        agree(value, expected, to: referenceTolerance), "\(name): \(value), expected \(expected)")
    }
  }

  /// R-hat of 8 independent chains of 2000 entries is 1 + O(1/1000) with a spread of 2e-4 between
  /// repetitions: 1.01 is tens of its sigma away. The test of equal means, at 1%, alarms more than 10 times
  /// in 200 repetitions, or 4 in 20, with probability below 1e-5.
  @Test("chains of one distribution have R-hat below 1.01, and their means pass the test")
  func oneDistribution() throws {
    var largest = 0.0
    for (rho, length) in [(0.0, 2000), (0.8, 12_000)] {
      var alarms = 0
      for seed in 0..<(rho == 0 ? 200 : 20) {
        var generator = TestGenerator(seed: 500 + UInt64(seed))
        let chains = (0..<8).map { _ in autoregressive(generator.normals(length), rho: rho) }
        let found = try ChainConvergence(chains)
        largest = max(largest, found.rHat)
        if found.significance!.pValue < 0.01 { alarms += 1 }
      }
      #expect(Double(alarms) <= (rho == 0 ? 10 : 4), "rho \(rho): \(alarms) alarms")
    }
    #expect(largest < 1.01, "largest R-hat \(largest)")
  }

  /// Short, slow chains are where a test of equal means goes wrong first: 8 chains of 20 to 60
  /// autocorrelation times. 300 repetitions at 1%: expected 3; more than 14
  /// at twice that rate have probability 3e-4, at the nominal one 1e-6.
  @Test("short chains have a large R-hat and no significance", arguments: [200, 500])
  func shortChains(length: Int) throws {
    var alarms = 0
    var above = 0
    for seed in 0..<300 {
      var generator = TestGenerator(seed: 9000 + UInt64(seed))
      let chains = (0..<8).map { _ in autoregressive(generator.normals(length), rho: 0.8) }
      let found = try ChainConvergence(chains)
      if found.significance?.pValue ?? 1 < 0.01 { alarms += 1 }
      if !found.hasConverged {
        above += 1
        #expect(found.isTooShort)
      }
    }
    #expect(alarms < 15, "\(alarms) of 300 alarms at 1%")
    #expect(above > 200)
  }

  @Test("a chain shifted by half a sigma is caught, and named as disagreement")
  func shifted() throws {
    for seed in 0..<25 {
      var generator = TestGenerator(seed: 100 + UInt64(seed))
      var chains = (0..<4).map { _ in generator.normals(1500) }
      chains[2] = chains[2].map { $0 + 0.5 }
      let found = try ChainConvergence(chains)
      #expect(found.bulk > 1.01 && found.folded < 1.01)
      #expect(found.significance!.pValue < 1e-6)
      #expect("\(found)".contains("chains disagree"))
    }
  }

  @Test("a chain that is wider, or has heavy tails, is caught by the folded version alone")
  func folded() throws {
    for seed in 0..<25 {
      var generator = TestGenerator(seed: 200 + UInt64(seed))
      var chains = (0..<4).map { _ in generator.normals(1500) }
      // Student's distribution of one degree: location 0 and no variance at all.
      chains[1] = zip(generator.normals(1500), generator.normals(1500)).map { $0 / $1 }
      let found = try ChainConvergence(chains)
      #expect(found.folded > 1.01 && found.bulk < 1.01, "\(found)")
      #expect("\(found)".contains("differ in width"))
    }
  }

  @Test("a common drift is caught by splitting")
  func drift() throws {
    var generator = TestGenerator(seed: 31)
    let chains = (0..<4).map { _ in
      generator.normals(1000).enumerated().map { $1 + 1e-3 * Double($0) }
    }
    #expect(try ChainConvergence(chains).bulk > 1.01)
  }

  @Test("nothing changes under monotone maps of the data, except the folded part")
  func ranks() throws {
    let chains = series(0.7, 61...64, 300)
    let plain = try ChainConvergence(chains)
    let mapped = try ChainConvergence(chains.map { $0.map { exponential(3 * $0) } })
    #expect(plain.bulk == mapped.bulk)
    #expect(plain.bulkEffectiveCount == mapped.bulkEffectiveCount)
  }

  @Test("chains that never move: infinite where they differ, an error where they do not")
  func frozen() throws {
    let found = try ChainConvergence([[1, 1, 1, 1, 1], [2, 2, 2, 2, 2]])
    #expect(found.rHat == .infinity && !found.hasConverged)
    #expect("\(found)".contains("∞"))
    #expect(throws: StatisticsError.constantSeries(value: 3, count: 8)) {
      try ChainConvergence([[3, 3, 3, 3], [3, 3, 3, 3]])
    }
    #expect(throws: StatisticsError.tooShort(what: "entries of a chain", expected: 4, found: 3)) {
      try ChainConvergence([[1, 2, 3], [1, 2, 3, 4]])
    }
    #expect(throws: StatisticsError.self) { try ChainConvergence([[1, 2, .nan, 4]]) }
    #expect(throws: StatisticsError.self) { try ChainConvergence([]) }
  }

  @Test("the last entries of longer chains are used")
  func lengths() throws {
    let chains = series(0.5, 71...72, 400)
    let longer = try ChainConvergence([chains[0], [9, 9, 9] + chains[1]])
    #expect(longer == (try ChainConvergence(chains)))
    #expect(longer.count == 800)
  }
}

@Suite("Ratios of variances")
struct VarianceRatioTests {
  // scipy.stats.f.sf, SciPy 1.13.
  @Test("Fisher's tail agrees with SciPy")
  func fisher() {
    for (f, a, b, expected) in [
      (1.5, 3, 10, 0.27377655597859696), (4.2, 1, 7.5, 0.07692121518500611),
      (0.3, 15, 200, 0.9950445457814068), (2, 7, 1000, 0.052302463130071),
      (30, 1, 12, 0.00014133254629265367), (1.01, 63, 5000, 0.4546753296517),
      (9, 2.5, 3.5, 0.04012951852219092),
    ] {
      #expect(agree(fisherTail(f, a, b), expected, to: 1e-10), "\(f) \(a) \(b)")
    }
    #expect(agree(fisherTail(2, 5, 1e12), chiSquaredTail(10, degreesOfFreedom: 5), to: 1e-12))
    #expect(fisherTail(0, 2, 3) == 1 && fisherTail(.infinity, 2, 3) == 0)
    #expect(fisherTail(.nan, 2, 3).isNaN)
  }

  // scipy.stats.norm.isf(scipy.stats.t.sf(t, n)), SciPy 1.13.
  @Test("a Student deviation as a normal one agrees with SciPy")
  func student() {
    for (t, n, expected) in [
      (2.0, 5.0, 1.6355228967003494), (-4, 9, -2.9566084449940493), (6.5, 40, 5.33841992784291),
      (0.3, 2.5, 0.2697632834019684),
    ] {
      #expect(agree(normalDeviation(ofStudent: t, degreesOfFreedom: n), expected, to: 1e-10))
    }
    #expect(normalDeviation(ofStudent: 0, degreesOfFreedom: 4) == 0)
    #expect(normalDeviation(ofStudent: -1e9, degreesOfFreedom: 1e5) == -37)
  }
}
