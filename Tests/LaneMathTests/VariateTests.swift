// The C library's functions are the reference for densities and distribution functions.
import Glibc
import LaneMath
import Testing

// Every test here has a fixed seed. A bound of `sigmas` standard deviations is exceeded by chance
// with probability 1e-6, and the Kolmogorov-Smirnov bound with 2 exp(-2 x^2) = 1e-6; with fewer
// than 90 such comparisons in the file the false-alarm rate is below 1e-4.
private let sigmas = 4.9
private let kolmogorovBound = 2.7

/// The largest distance of the empirical distribution from `cumulative`, times sqrt(n), at `edges`.
private func kolmogorov(_ samples: [Double], _ edges: [Double], _ cumulative: [Double]) -> Double {
  let sorted = samples.sorted()
  var index = 0
  var worst = 0.0
  for (edge, expected) in zip(edges, cumulative) {
    while index < sorted.count && sorted[index] <= edge { index += 1 }
    worst = Swift.max(worst, Swift.abs(Double(index) / Double(sorted.count) - expected))
  }
  return worst * Double(sorted.count).squareRoot()
}

private func moment(_ samples: [Double], _ function: (Double) -> Double) -> (Double, Double) {
  var sum = CompensatedSum()
  var squares = CompensatedSum()
  for x in samples {
    let y = function(x)
    sum.add(y)
    squares.add(y * y)
  }
  let n = Double(samples.count)
  let mean = sum.value / n
  let variance = Swift.max(squares.value / n - mean * mean, 1e-300)
  return (mean, (variance / n).squareRoot())
}

private func draw(_ packets: Int, _ next: (inout LaneGenerator) -> Lanes) -> [Double] {
  var generator = LaneGenerator(
    seed: 31, purpose: .verification, firstConfiguration: 0, step: 0)
  var samples: [Double] = []
  samples.reserveCapacity(8 * packets)
  for _ in 0..<packets {
    let x = next(&generator)
    for lane in 0..<8 { samples.append(x[lane]) }
  }
  return samples
}

@Suite("Random variates")
struct VariateTests {
  @Test("uniform numbers are uniform in the open interval")
  func uniform() {
    let samples = draw(25_000) { $0.uniform() }
    #expect(samples.allSatisfy { $0 > 0 && $0 < 1 })
    let edges = (0...1000).map { Double($0) / 1000 }
    #expect(kolmogorov(samples, edges, edges) < kolmogorovBound)
    for power in 1...4 {
      let (mean, error) = moment(samples) { pow($0, Double(power)) }
      #expect(Swift.abs(mean - 1 / Double(power + 1)) < sigmas * error)
    }
  }

  @Test("normal numbers are normal, singly and in pairs")
  func normal() {
    let single = draw(25_000) { $0.normal() }
    let paired = draw(25_000) { $0.normalPair().1 }
    let edges = (-600...600).map { Double($0) / 100 }
    let cumulative = edges.map { 0.5 * erfc(-$0 / 2.0.squareRoot()) }
    for samples in [single, paired] {
      #expect(kolmogorov(samples, edges, cumulative) < kolmogorovBound)
      for (power, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)] {
        let (mean, error) = moment(samples) { pow($0, Double(power)) }
        #expect(Swift.abs(mean - expected) < sigmas * error, "moment \(power)")
      }
    }
  }

  @Test("the two numbers of a pair, and different lanes, are uncorrelated")
  func correlations() {
    let count = 50_000
    var generator = LaneGenerator(
      seed: 32, purpose: .verification, firstConfiguration: 8, step: 1)
    var sums = [Double](repeating: 0, count: 8)
    var pair = 0.0
    for _ in 0..<count {
      let (a, b) = generator.normalPair()
      for lane in 0..<8 {
        sums[lane] += a[lane] * a[(lane + 1) % 8]
        pair += a[lane] * b[lane]
      }
    }
    // A product of independent normal numbers has variance 1.
    for sum in sums { #expect(Swift.abs(sum) < sigmas * Double(count).squareRoot()) }
    #expect(Swift.abs(pair) < sigmas * Double(8 * count).squareRoot())
  }

  @Test(
    "von Mises angles follow exp(k cos t) at every concentration",
    arguments: [0, 1e-9, 0.1, 0.5, 2, 7, 40, 700, 1e4, 1e6, 1e9, -0.3, -5, -2e5])
  func vonMises(concentration: Double) {
    let samples = draw(25_000) { $0.vonMises(concentration: Lanes(repeating: concentration)) }
    #expect(samples.allSatisfy { $0 > -.pi && $0 <= .pi })
    let size = Swift.abs(concentration)
    // Around the centre of the distribution.
    let centred =
      concentration < 0 ? samples.map { $0 > 0 ? $0 - Double.pi : $0 + Double.pi } : samples
    let half = Swift.min(Double.pi, 11 / size.squareRoot())
    let bins = 1000
    let panels = 4
    func density(_ t: Double) -> Double {
      let s = Glibc.sin(0.5 * t)
      return Glibc.exp(-2 * size * s * s)
    }
    // Simpson's rule in every bin; its error at these widths is below 1e-10.
    var edges = [-half]
    var cumulative = [0.0]
    var cosine = 0.0
    let h = 2 * half / Double(bins * panels)
    for bin in 0..<bins {
      var integral = 0.0
      for panel in 0..<panels {
        let left = -half + h * Double(bin * panels + panel)
        for (t, weight) in [(left, 1.0), (left + 0.5 * h, 4.0), (left + h, 1.0)] {
          integral += weight * density(t) * h / 6
          let s = Glibc.sin(0.5 * t)
          cosine += weight * density(t) * 2 * s * s * h / 6
        }
      }
      edges.append(edges[0] + h * Double((bin + 1) * panels))
      cumulative.append(cumulative[bin] + integral)
    }
    let norm = cumulative[bins]
    #expect(
      kolmogorov(centred, edges, cumulative.map { $0 / norm }) < kolmogorovBound)
    let (mean, error) = moment(centred) {
      let s = Glibc.sin(0.5 * $0)
      return 2 * s * s
    }
    #expect(Swift.abs(mean - cosine / norm) < sigmas * error, "1 - <cos t>")
    let (sine, sineError) = moment(centred) { Glibc.sin($0) }
    #expect(Swift.abs(sine) < sigmas * sineError, "<sin t>")
  }

  @Test("a lane's angles do not depend on what the other lanes draw")
  func lanesAreIndependent() {
    let own = 3.0
    var expected: [Double] = []
    for others in [0, 3, -50, 1e6, .nan, .infinity] as [Double] {
      var generator = LaneGenerator(
        seed: 33, purpose: .heatbath, firstConfiguration: 16, step: 2)
      var concentration = Lanes(repeating: others)
      concentration[5] = own
      var angles: [Double] = []
      for turn in 0..<200 {
        angles.append(generator.vonMises(concentration: concentration)[5])
        // Single uniforms in between, some of them for the other lanes only.
        var mask = LaneMask(repeating: turn % 3 == 0)
        mask[5] = turn % 2 == 0
        let u = generator.uniform(where: mask)
        if mask[5] { angles.append(u[5]) }
      }
      if expected.isEmpty { expected = angles }
      #expect(angles == expected, "beside concentration \(others)")
    }
  }

  @Test("permuting configurations permutes the numbers")
  func permutations() {
    let order: [UInt32] = [3, 0, 7, 1, 6, 2, 5, 4]
    var straight = LaneGenerator(seed: 34, purpose: .prior, firstConfiguration: 0, step: 9)
    var permuted = LaneGenerator(
      seed: 34, purpose: .prior, configurations: SIMD8(order), step: 9)
    for _ in 0..<100 {
      let a = (straight.uniform(), straight.normal())
      let b = (permuted.uniform(), permuted.normal())
      let c = straight.vonMises(concentration: Lanes(repeating: 4))
      let d = permuted.vonMises(concentration: Lanes(repeating: 4))
      for lane in 0..<8 {
        let source = Int(order[lane])
        #expect(b.0[lane] == a.0[source] && b.1[lane] == a.1[source] && d[lane] == c[source])
      }
    }
  }

  @Test("streams of different seeds, purposes, steps and configurations differ")
  func streamsDiffer() {
    func first(_ seed: UInt64, _ purpose: RandomPurpose, _ index: Int, _ step: Int) -> UInt64 {
      var generator = ScalarGenerator(seed: seed, purpose: purpose, index: index, step: step)
      return generator.next()
    }
    var seen: Set<UInt64> = []
    for seed in [0, 1, 1 << 32, UInt64.max] as [UInt64] {
      for purpose in [RandomPurpose.prior, .momenta, .metropolis] {
        for index in 0..<4 { for step in 0..<4 { seen.insert(first(seed, purpose, index, step)) } }
      }
    }
    #expect(seen.count == 4 * 3 * 4 * 4)
  }

  @Test("ends where the concentration is infinite or not a number")
  func notANumber() {
    var generator = LaneGenerator(seed: 35, purpose: .prior, firstConfiguration: 0, step: 0)
    var concentration = Lanes(repeating: 1)
    concentration[0] = .nan
    concentration[1] = .infinity
    let angle = generator.vonMises(concentration: concentration)
    #expect(angle[0].isNaN && Swift.abs(angle[1]) < 1e-100 && angle[2].isFinite)
  }
}
