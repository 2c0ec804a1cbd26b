import LaneMath
import Testing

/// `log I_0(x)` and `log(2 I_1(x)/x)`, computed with 50 digits.
private let reference: [(x: Double, i0: Double, i1: Double)] = [
  (0.0, 0.0, 0.0),
  (1e-08, 2.5e-17, 1.25e-17),
  (0.001, 2.4999998437500175e-07, 1.2499999739583344e-07),
  (0.1, 0.0024984392338762438, 0.0012497396917860537),
  (0.7, 0.11894060391060185, 0.06063720063347891),
  (1.5, 0.4987873677156162, 0.2691783583519534),
  (3.0, 1.585307621813421, 0.9691033266155352),
  (5.520078, 3.7722241285317493, 2.656266947016013),
  (7.9, 5.964623228612125, 4.523036955685292),
  (10.0, 7.942972083118695, 6.2807659216701115),
  (12.5, 10.328635514617122, 8.454321534737264),
  (14.4, 12.156453908372137, 10.146359878255769),
  (15.5, 13.218985642074916, 11.137926424955149),
  (15.999, 13.701873203626777, 11.59020414182723),
  (16.0, 13.702841430371771, 11.591111953844534),
  (16.001, 13.703809659137548, 11.59201977151876),
  (17.0, 14.672038641262821, 12.501644796262788),
  (20.0, 17.589610428244274, 15.261369529525298),
  (24.0, 21.49735643706699, 18.991164825672207),
  (31.5, 28.860101129469573, 26.08712812606062),
  (47.0, 44.15867618260301, 40.990922016208025),
  (64.0, 61.003588563514214, 57.52997823216868),
  (100.0, 96.77973268994258, 92.86268445216331),
  (350.5, 346.6517382572071, 341.484096157428),
  (1000.0, 995.6273088898695, 989.4122005412178),
  (100000.0, 99993.32459998432, 99982.50481669987),
  (100000000.0, 99999989.8707211, 99999972.14318752),
]

@Suite("Normalisers of single-link distributions")
struct BesselNormalizerTests {
  /// Of 2e-15 relative in the number itself, and the rounding of its logarithm.
  private func tolerance(_ expected: Double) -> Double { 2e-15 + 5e-16 * expected }

  @Test("agree with 50-digit values, whatever the other lanes hold")
  func referenceValues() {
    for (row, (x, i0, i1)) in reference.enumerated() {
      for others in [0.5, 20, 40] {
        var argument = Lanes(repeating: others * others)
        argument[row % 8] = x * x
        let first = ScaledNormalizer.besselI0(squared: argument).logarithm[row % 8]
        let second = ScaledNormalizer.besselI1(squared: argument).logarithm[row % 8]
        #expect(Swift.abs(first - i0) <= tolerance(i0), "I0(\(x)): \(first), expected \(i0)")
        #expect(Swift.abs(second - i1) <= tolerance(i1), "I1(\(x)): \(second), expected \(i1)")
      }
    }
  }

  @Test("the sum of ratios is the sum of their logarithms")
  func ratios() {
    var generator = LaneGenerator(seed: 3, purpose: .verification, firstConfiguration: 0, step: 0)
    var sum = LogRatioSum()
    var expected = LaneCompensatedSum()
    for _ in 0..<1003 {
      let (u, v) = generator.uniformPair()
      let x = 40 * u, y = 40 * v
      let exponent = generator.normal()
      let (top, bottom) = (
        ScaledNormalizer.besselI1(squared: x * x), ScaledNormalizer.besselI0(squared: y * y)
      )
      sum.add(exponent: exponent, numerator: top, denominator: bottom)
      expected.add(exponent + (top.logarithm - bottom.logarithm))
    }
    // Rounding of a thousand sums of numbers of size 10, in partial sums of some hundreds.
    #expect(all(abs(sum.value - expected.value) .< 1e-10))
  }

  @Test("ratios of the same function are those of its logarithms, in every range")
  func ratiosOfOne() {
    var generator = LaneGenerator(seed: 4, purpose: .verification, firstConfiguration: 0, step: 0)
    for largest in [15.0, 31, 100] {
      for _ in 0..<100 {
        let (u, v) = generator.uniformPair()
        let xx = (largest * u) * (largest * u), yy = (largest * v) * (largest * v)
        var zero = LogRatioSum(), one = LogRatioSum()
        zero.addBesselI0(exponent: u, squared: xx, over: yy)
        one.addBesselI1(exponent: v, squared: xx, over: yy)
        let first =
          ScaledNormalizer.besselI0(squared: xx).logarithm
          - ScaledNormalizer.besselI0(squared: yy).logarithm
        let second =
          ScaledNormalizer.besselI1(squared: xx).logarithm
          - ScaledNormalizer.besselI1(squared: yy).logarithm
        // Rounding of logarithms up to 100.
        #expect(all(abs(zero.value - (u + first)) .< 1e-13))
        #expect(all(abs(one.value - (v + second)) .< 1e-13))
      }
    }
  }

  @Test("a thousand ratios of the largest size stay in range")
  func range() {
    var sum = LogRatioSum()
    let large = ScaledNormalizer.besselI1(squared: Lanes(repeating: 1e18))
    let small = ScaledNormalizer.besselI1(squared: .zero)
    for _ in 0..<1000 { sum.add(exponent: .zero, numerator: large, denominator: small) }
    let expected = 1000 * large.logarithm
    #expect(all(abs(sum.value - expected) .< 1e-12 * expected))
  }
}
