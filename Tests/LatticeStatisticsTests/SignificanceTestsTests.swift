import LatticeStatistics
import Testing

@Suite("Significance tests")
struct SignificanceTestsTests {
  // Values of scipy 1.17: norm.ppf, chi2.sf.
  @Test("the normal quantile inverts the normal distribution")
  func quantile() {
    let table: [(Double, Double)] = [
      (1e-300, -37.0470962993612), (1e-10, -6.361340902404056), (0.001, -3.090232306167813),
      (0.3, -0.5244005127080409), (0.7, 0.5244005127080407), (0.975, 1.959963984540054),
    ]
    for (p, x) in table {
      #expect(abs(normalQuantile(p) - x) < 1e-14 * max(1, abs(x)), "p = \(p)")
    }
    #expect(normalQuantile(0.5) == 0)
    #expect(normalQuantile(0) == -.infinity && normalQuantile(1) == .infinity)
    #expect(normalQuantile(-0.1).isNaN && normalQuantile(.nan).isNaN)
    for step in 1..<1000 {
      let p = Double(step) / 1000
      #expect(agree(normalDistribution(normalQuantile(p)), p, to: 1e-14))
    }
  }

  @Test("thresholds give back their false-alarm rate")
  func thresholds() {
    #expect(agree(normalFalseAlarm(normalThreshold(falseAlarm: 1e-4)), 1e-4, to: 1e-12))
    let z = normalThreshold(falseAlarm: 1e-4, comparisons: 100)
    #expect(agree(100 * normalFalseAlarm(z), 1e-4, to: 1e-4))
  }

  @Test("chi-squared tails agree with a table")
  func chiSquaredTable() {
    let table: [(Double, Int, Double)] = [
      (1, 1, 0.31731050786291115), (3, 5, 0.6999858358786276), (30, 5, 1.4748581038443073e-05),
      (100, 80, 0.064570368921133), (200, 40, 3.764893576001532e-23), (0.01, 3, 0.9997348349413444),
    ]
    for (x, degrees, p) in table {
      let found = chiSquaredTail(x, degreesOfFreedom: degrees)
      #expect(agree(found, p, to: 1e-12), "expected \(p), found \(found)")
    }
    #expect(chiSquared(observed: [10, 0], expected: [10, 0]).pValue == 1)
    #expect(chiSquared(observed: [10, 1], expected: [11, 0]).pValue == 0)
  }

  /// P values of true hypotheses are uniform: 1000 of them fill 10 bins evenly (P of that test
  /// below 1e-4 in 1e-4 of all cases), by both tests at once.
  @Test("p values of true hypotheses are uniform")
  func uniform() {
    var kolmogorov = [Int](repeating: 0, count: 10)
    var pearson = [Int](repeating: 0, count: 10)
    for seed in 0..<1000 {
      var generator = TestGenerator(seed: 900 + UInt64(seed))
      let sample = generator.normals(400)
      kolmogorov[min(9, Int(10 * kolmogorovSmirnov(sample, cdf: normalDistribution).pValue))] += 1
      var counts = [Int](repeating: 0, count: 20)
      for x in sample { counts[min(19, Int(20 * normalDistribution(x)))] += 1 }
      let expected = [Double](repeating: 20, count: 20)
      pearson[min(9, Int(10 * chiSquared(observed: counts, expected: expected).pValue))] += 1
    }
    let even = [Double](repeating: 100, count: 10)
    #expect(chiSquared(observed: kolmogorov, expected: even).pValue > 1e-4, "\(kolmogorov)")
    #expect(chiSquared(observed: pearson, expected: even).pValue > 1e-4, "\(pearson)")
  }

  // kolmogorov of scipy.special 1.17, at D such that the corrected lambda takes these values.
  @Test("Kolmogorov's distribution agrees with a table on both sides of its two series")
  func kolmogorovTable() {
    let table: [(Double, Double)] = [
      (0.3, 0.9999906941986655), (0.7, 0.7112351950296893), (0.99, 0.2808738392255489),
      (1.01, 0.25943416909359746), (1.5, 0.022217962616525127), (2.5, 7.453306344157342e-06),
    ]
    for (lambda, p) in table {
      // A sample of 100 equal entries has D = max(F, 1 - F).
      let distance = lambda / (10 + 0.12 + 0.011)
      var sample = (0..<100).map { (Double($0) + 0.5) / 100 }
      // Shifting a perfect sample up by distance - 1/200 makes D equal to `distance`.
      sample = sample.map { $0 + distance - 0.005 }
      let test = kolmogorovSmirnov(sample) { min(1, max(0, $0)) }
      #expect(abs(test.statistic - distance) < 1e-12)
      #expect(agree(test.pValue, p, to: 1e-9), "lambda \(lambda): \(test.pValue) not \(p)")
    }
  }

  @Test("a false hypothesis is found")
  func power() {
    var generator = TestGenerator(seed: 5)
    let sample = generator.normals(2000).map { $0 + 0.2 }
    #expect(kolmogorovSmirnov(sample, cdf: normalDistribution).pValue < 1e-6)
  }
}
