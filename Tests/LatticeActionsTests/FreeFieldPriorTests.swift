import LaneMath
import LatticeActions
import LatticeFields
import LatticeFourier
import LatticeStatistics
import Testing

/// Each statistical test has a false-alarm rate of 1e-5; seeds are fixed.
private let falseAlarm = 1e-5

@Suite("The free scalar field")
struct FreeFieldPriorTests {
  private static let lattices = [[1], [2], [5], [6], [4, 3], [3, 4], [2, 2, 3], [2, 1, 2, 4]]

  /// Samples of a prior, packet after packet.
  private func samples(
    _ prior: FreeFieldPrior, _ lattice: Lattice, packets: Int, _ visit: (ScalarField) -> Void
  ) {
    var field = ScalarField(coldStart: lattice)
    for packet in 0..<packets {
      var generator = LaneGenerator(
        seed: 11, purpose: .prior, firstConfiguration: packet * laneCount, step: 0)
      prior.sample(into: &field, using: &generator)
      visit(field)
    }
  }

  /// `1/2 ∂²S/∂φ(x)∂φ(y)`, column by column from the gradient, which is linear.
  private func matrix(_ prior: FreeFieldPrior, _ lattice: Lattice) -> [[Double]] {
    (0..<lattice.volume).map { y in
      var field = ScalarField(constant: 0, on: lattice)
      field[y] = Lanes(repeating: 1)
      var gradient = ScalarMomenta(zero: lattice)
      prior.accumulateGradient(of: field, into: &gradient)
      return gradient.values.map { 0.5 * $0[0] }
    }
  }

  /// The logarithm of the determinant and the inverse of a positive matrix, by Gauss and Jordan.
  private func eliminate(_ matrix: [[Double]]) -> (logDet: Double, inverse: [[Double]]) {
    let n = matrix.count
    var rows = matrix.enumerated().map { i, row in
      row + (0..<n).map { $0 == i ? 1.0 : 0.0 }
    }
    var logDet = 0.0
    for i in 0..<n {
      let pivot = rows[i][i]
      logDet += log(Lanes(repeating: pivot))[0]
      rows[i] = rows[i].map { $0 / pivot }
      for j in 0..<n where j != i {
        let factor = rows[j][i]
        for k in 0..<(2 * n) { rows[j][k] -= factor * rows[i][k] }
      }
    }
    return (logDet, rows.map { Array($0[n...]) })
  }

  @Test("log Z is that of the dense determinant", arguments: lattices)
  func logZ(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    for massSquared in [0.01, 0.7, 30] {
      let prior = try FreeFieldPrior(massSquared: massSquared)
      let logDet = eliminate(matrix(prior, lattice)).logDet
      let logPi = log(Lanes(repeating: Double.pi))[0]
      let expected = 0.5 * (Double(lattice.volume) * logPi - logDet)
      // The elimination loses as many digits as the matrix is ill-conditioned, here two.
      #expect(abs(prior.logZ(on: lattice) - expected) < 1e-11)
      let field = try randomScalar(extents)
      let density = prior.logDensity(of: field)
      #expect((density + prior.value(of: field) + expected).largestMagnitude < 1e-10)
    }
  }

  @Test("every mode has its variance, by a χ² of its power", arguments: lattices)
  func modes(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let prior = try FreeFieldPrior(massSquared: 0.4)
    let fourier = FourierTransform(lattice)
    var power = [Double](repeating: 0, count: lattice.volume)
    let packets = 512
    samples(prior, lattice, packets: packets) { field in
      let spectrum = fourier.powerSpectrum(of: field.density)
      for k in 0..<lattice.volume {
        power[k] += spectrum[fourier.mode(at: lattice.coordinates(of: k)).index].laneSum
      }
    }
    let single = falseAlarm / Double(2 * lattice.volume)
    for site in 0..<lattice.volume {
      let k = lattice.coordinates(of: site)
      // A mode that is its own conjugate is one real number, any other has two.
      let isReal = zip(k, extents).allSatisfy { k, extent in (2 * k) % extent == 0 }
      let degrees = packets * laneCount * (isReal ? 1 : 2)
      let statistic = power[site] / prior.propagator(at: k, on: lattice) * (isReal ? 1 : 2)
      let tail = chiSquaredTail(statistic, degreesOfFreedom: degrees)
      #expect(tail > single && 1 - tail > single, "mode \(k): P \(tail)")
    }
  }

  @Test(
    "the covariance of every pair of sites is the inverse of the dense matrix", arguments: lattices)
  func covariance(extents: [Int]) throws {
    let lattice = try Lattice(extents), volume = lattice.volume
    let prior = try FreeFieldPrior(massSquared: 0.4)
    let exact = eliminate(matrix(prior, lattice)).inverse.map { $0.map { 0.5 * $0 } }
    var sums = [Lanes](repeating: .zero, count: volume * volume)
    let packets = 2048
    samples(prior, lattice, packets: packets) { field in
      for x in 0..<volume {
        for y in 0...x { sums[x * volume + y] += field[x] * field[y] }
      }
    }
    let threshold = normalThreshold(falseAlarm: falseAlarm, comparisons: volume * (volume + 1) / 2)
    let count = Double(packets * laneCount)
    for x in 0..<volume {
      for y in 0...x {
        let mean = sums[x * volume + y].laneSum / count
        // Wick's theorem gives the variance of the product.
        let variance = exact[x][x] * exact[y][y] + exact[x][y] * exact[x][y]
        let pull = (mean - exact[x][y]) / (variance / count).squareRoot()
        #expect(abs(pull) < threshold, "sites \(x), \(y): \(pull)")
      }
    }
  }

  @Test("<S> is V/2 and its variance V/2, whatever the mass", arguments: [0.02, 1, 50])
  func equipartition(massSquared: Double) throws {
    let lattice = try Lattice([6, 5])
    let prior = try FreeFieldPrior(massSquared: massSquared)
    var sum = 0.0
    let packets = 512
    samples(prior, lattice, packets: packets) { sum += prior.value(of: $0).laneSum }
    // 2S is χ² distributed with V degrees of freedom, and sums of such numbers are again.
    let tail = chiSquaredTail(
      2 * sum, degreesOfFreedom: lattice.volume * packets * laneCount)
    #expect(tail > falseAlarm / 2 && 1 - tail > falseAlarm / 2, "P \(tail)")
  }

  @Test("a configuration does not depend on its packet or lane")
  func lanes() throws {
    let lattice = try Lattice([4, 6])
    let prior = try FreeFieldPrior(massSquared: 0.4)
    func draw(_ first: Int) -> ScalarField {
      var generator = LaneGenerator(
        seed: 3, purpose: .prior, firstConfiguration: first, step: 0)
      var field = ScalarField(coldStart: lattice)
      prior.sample(into: &field, using: &generator)
      return field
    }
    let a = draw(0), b = draw(3)
    for x in 0..<lattice.volume {
      for lane in 0..<5 { #expect(a[x][lane + 3] == b[x][lane]) }
    }
  }
}
