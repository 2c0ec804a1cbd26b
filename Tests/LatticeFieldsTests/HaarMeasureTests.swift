import LaneMath
import LatticeFields
import Testing

/// Moments and eigenvalues of elements drawn from the Haar measure.
private struct HaarLaws<G: SpectralGroup> {
  /// Normal deviations beyond this have probability 6e-7; there are four numbers for each of six
  /// groups.
  let sigmas = 5.0

  /// `<|tr U|²> = 1`, `<|tr U|⁴> = 2`, `<(tr U)^N> = 1`: one invariant in `N ⊗ N̄`, two in its square,
  /// one in the `N`-th power, the determinant.
  func moments(packets: Int) {
    var generator = testGenerator(31)
    var sums = [Lanes](repeating: .zero, count: 4), squares = sums
    for _ in 0..<packets {
      let U = G.draw(&generator)
      let trace = ComplexLanes(U.realTrace, U.imaginaryTrace)
      var power = trace
      for _ in 1..<G.colors { power = power * trace }
      let square = trace.squaredMagnitude
      let values = [trace.re, square, square * square, power.re]
      for (index, value) in values.enumerated() {
        sums[index] += value
        squares[index] += value * value
      }
    }
    let count = Double(packets * laneCount)
    for (index, expected) in [0.0, 1, 2, 1].enumerated() {
      let mean = sums[index].laneSum / count
      let variance = squares[index].laneSum / count - mean * mean
      let error = (variance / count).squareRoot()
      #expect(abs(mean - expected) < sigmas * error, "\(G.name) moment \(index): \(mean) \(error)")
    }
  }

  /// The distribution of one eigenphase, chosen at random, against
  ///
  ///     ρ(θ) = (1/2π) [1 - (-1)^N (2/N) cos Nθ]
  ///
  /// which follows from `<tr U^k> = 0` but for `k = 0`, where it is `N`, and `|k| = N`, where it is
  /// `(-1)^{N-1}`, the sign of the determinant among the hooks of the power sum.
  func density(packets: Int) {
    var generator = testGenerator(32)
    let n = G.colors, bins = 40
    var counts = [Double](repeating: 0, count: bins)
    let phases = Buffer<Lanes>(count: n, repeating: .zero)
    for _ in 0..<packets {
      G.draw(&generator).storeEigenphases(to: phases.pointer)
      let choice = generator.uniform()
      for lane in 0..<laneCount {
        let phase = phases[Int(choice[lane] * Double(n))][lane]
        counts[min(bins - 1, Int((phase / (2 * .pi) + 0.5) * Double(bins)))] += 1
      }
    }
    let total = Double(packets * laneCount)
    var statistic = 0.0
    for bin in 0..<bins {
      let lower = 2 * .pi * (Double(bin) / Double(bins) - 0.5)
      let upper = lower + 2 * .pi / Double(bins)
      let waves =
        sin(Lanes(repeating: Double(n) * upper)) - sin(Lanes(repeating: Double(n) * lower))
      let sign = n % 2 == 0 ? -1.0 : 1.0
      let amplitude = G.isAbelian ? 0 : sign * 2 / Double(n * n)
      let probability = (upper - lower + amplitude * waves[0]) / (2 * .pi)
      let expected = total * probability
      statistic += (counts[bin] - expected) * (counts[bin] - expected) / expected
    }
    // Wilson and Hilferty's quantile of chi-square at a false-alarm rate of 1e-6.
    let freedom = Double(bins - 1), z = 4.7534
    let root = 1 - 2 / (9 * freedom) + z * (2 / (9 * freedom)).squareRoot()
    #expect(statistic < freedom * root * root * root, "\(G.name): chi-square \(statistic)")
  }
}

@Suite struct HaarMeasureTests {
  @Test("Moments of traces are those of the Haar measure")
  func moments() {
    HaarLaws<SU2>().moments(packets: 20_000)
    HaarLaws<SU<2>>().moments(packets: 20_000)
    HaarLaws<SU3>().moments(packets: 20_000)
    HaarLaws<SU4>().moments(packets: 10_000)
    HaarLaws<SU5>().moments(packets: 10_000)
    HaarLaws<SU6>().moments(packets: 10_000)
  }

  @Test("Eigenphases have the density of Weyl's formula")
  func density() {
    HaarLaws<U1>().density(packets: 10_000)
    HaarLaws<SU2>().density(packets: 10_000)
    HaarLaws<SU<2>>().density(packets: 10_000)
    HaarLaws<SU3>().density(packets: 10_000)
    HaarLaws<SU4>().density(packets: 10_000)
    HaarLaws<SU5>().density(packets: 5_000)
    HaarLaws<SU6>().density(packets: 5_000)
  }
}
