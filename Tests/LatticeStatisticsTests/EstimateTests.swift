import LatticeStatistics
import Testing

@Suite("Estimate")
struct EstimateTests {
  static let printed: [(Double, Double, String)] = [
    (0.314981, 0.00072, "0.31498(72)"), (0.314981, 0.000719, "0.31498(72)"),
    (-0.314981, 0.0072, "-0.3150(72)"), (0.697775, 0.000199, "0.69778(20)"),
    (12.345, 1.52, "12.3(1.5)"), (12.345, 0.152, "12.35(15)"), (1234.4, 56.3, "1234(56)"),
    (1234.5678, 563, "1230(560)"), (0.5, 12.3, "1(12)"), (0.123, 2.5, "0.1(2.5)"),
    // Rounding that adds a digit to the error.
    (1.23456, 0.00996, "1.235(10)"), (1.23456, 0.0996, "1.23(10)"), (1.23456, 0.996, "1.2(1.0)"),
    (123.456, 9.96, "123(10)"), (0.99999, 0.012, "1.000(12)"),
    // Common powers of ten.
    (1.2345e-12, 5.6e-15, "1.2345(56)e-12"), (6.02214e23, 3.1e19, "6.02214(31)e23"),
    (-3e-9, 1e-7, "0.0(1.0)e-7"), (1e300, 1e298, "1.000(10)e300"),
    (0, 0.01, "0.000(10)"), (-0.0001, 0.5, "0.00(50)"), (2, 1e-13, "2.00000000000000(10)"),
    // No error, or none that is finite.
    (0.5, 0, "0.5(0)"), (0.5, .infinity, "0.5(∞)"), (0.5, .nan, "0.5(nan)"),
    (.nan, 0.1, "nan(0.1)"),
  ]

  @Test("prints the error in units of the last digits", arguments: printed)
  func printing(_ row: (Double, Double, String)) {
    #expect(Estimate(value: row.0, error: row.1, count: 1).description == row.2)
  }

  @Test("the deviation is signed, in units of the error")
  func deviation() {
    let estimate = Estimate(value: 1.5, error: 0.25, count: 10)
    #expect(estimate.deviation(from: 1) == 2)
    #expect(estimate.deviation(from: 2) == -2)
    #expect(zScore(estimate, exact: 1) == 2)
    #expect(estimate.deviation(from: Estimate(value: 1, error: 0, count: 1)) == 2)
    let other = Estimate(value: 0.25, error: 0.75, count: 10)
    #expect(abs(estimate.deviation(from: other) - 1.25 / 0.625.squareRoot()) < 1e-15)
  }

  @Test("a vanishing error makes any difference infinite, and none zero")
  func exactNumbers() {
    let exact = Estimate(value: 1, error: 0, count: 1)
    #expect(exact.deviation(from: 1) == 0)
    #expect(exact.deviation(from: 0) == .infinity)
    #expect(exact.deviation(from: 2) == -.infinity)
    #expect(exact.deviation(from: exact) == 0)
  }
}
