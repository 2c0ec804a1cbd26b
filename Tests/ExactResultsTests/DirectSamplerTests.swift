import ExactResults
import LaneMath
import LatticeFields
import Testing

/// Statistical tests pass while a mean lies within five standard errors: a false alarm has
/// probability 6e-7 per number, below 1e-4 for all numbers of this file together. Seeds are fixed.
private let sigmas = 5.0

/// Means and their standard errors of independent numbers.
private struct Sample {
  private var sums: [(count: Double, sum: Double, square: Double)]

  init(_ quantities: Int) { sums = Array(repeating: (0, 0, 0), count: quantities) }

  mutating func add(_ value: Double, to quantity: Int) {
    sums[quantity].count += 1
    sums[quantity].sum += value
    sums[quantity].square += value * value
  }

  func pull(_ quantity: Int, exact: Double) -> Double {
    let (count, sum, square) = sums[quantity]
    let mean = sum / count
    let variance = max(square / count - mean * mean, 1e-12)
    return (mean - exact) / (variance / count).squareRoot()
  }
}

@Suite("The direct sampler of two-dimensional U(1)")
struct DirectSamplerTests {
  @Test(
    "reproduces plaquette, loops, sectors and <Q^2>, with every link and every loop around uniform",
    arguments: [([4, 4], 2.0), ([3, 5], 1), ([8, 8], 5), ([2, 2], 0.5)] as [([Int], Double)])
  func exactness(extents: [Int], beta: Double) throws {
    let lattice = try Lattice(extents)
    let (rows, columns) = (extents[0], extents[1])
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    let exact = try ExactU1(volume: lattice.volume, beta: beta)
    var U = LinkField<U1>(coldStart: lattice)
    var sample = Sample(12)
    let packets = 500
    for packet in 0..<packets {
      sampler.sample(into: &U, seed: 7, firstConfiguration: 8 * packet)
      for lane in 0..<8 {
        func link(_ site: Int, _ mu: Int) -> Double { U[site, mu].angle[lane] }
        var (plaquette, flux) = (0.0, 0.0)
        var fluxOfBlock = 0.0
        for site in 0..<lattice.volume {
          let angle = wrapAngle(
            Lanes(
              repeating: link(site, 0) + link(lattice.forward(site, 0), 1)
                - link(lattice.forward(site, 1), 0) - link(site, 1)))
          plaquette += cos(angle)[0]
          flux += angle[0]
          if site == 0 || site == columns { fluxOfBlock += angle[0] }
        }
        let charge = (flux / (2 * Double.pi)).rounded()
        sample.add(plaquette / Double(lattice.volume), to: 0)
        sample.add(charge * charge, to: 1)
        sample.add(charge, to: 2)
        sample.add(charge == 0 ? 1 : 0, to: 3)
        sample.add(abs(charge) == 1 ? 1 : 0, to: 4)
        // The rectangle of the two plaquettes at the origin and its neighbour along axis 0.
        sample.add(cos(Lanes(repeating: fluxOfBlock))[0], to: 5)
        // Loops around the torus, at a row and a column inside the tree.
        var (first, second) = (0.0, 0.0)
        for row in 0..<rows { first += link(row * columns + 1, 0) }
        for column in 0..<columns { second += link(columns + column, 1) }
        for (index, angle) in [first, second, first + second].enumerated() {
          sample.add(cos(Lanes(repeating: angle))[0], to: 6 + index)
        }
        // Single links, on the tree and off it.
        sample.add(cos(Lanes(repeating: link(1, 1)))[0], to: 9)
        sample.add(sin(Lanes(repeating: link(0, 0)))[0], to: 10)
        sample.add(cos(Lanes(repeating: link(columns - 1, 1) + link(0, 0)))[0], to: 11)
      }
    }
    let expected = [
      exact.averagePlaquette, exact.topologicalChargeSquared, 0, exact.sectors.probability(of: 0),
      2 * exact.sectors.probability(of: 1), try exact.wilsonLoop(area: 2), 0, 0, 0, 0, 0, 0,
    ]
    for (quantity, value) in expected.enumerated() {
      let pull = sample.pull(quantity, exact: value)
      #expect(abs(pull) < sigmas, "quantity \(quantity), expected \(value): \(pull) sigma")
    }
  }

  @Test("gives a configuration that does not depend on the lane or the packet")
  func laneIndependence() throws {
    let sampler = try DirectSamplerU1(lattice: Lattice([4, 6]), beta: 3)
    var one = LinkField<U1>(coldStart: sampler.lattice)
    var two = one
    sampler.sample(into: &one, seed: 3, firstConfiguration: 0)
    sampler.sample(into: &two, seed: 3, firstConfiguration: 5)
    for link in one.links.indices {
      for lane in 5..<8 {
        #expect(one.links[link].angle[lane] == two.links[link].angle[lane - 5])
      }
    }
  }

  @Test("refuses a lattice that is not two-dimensional")
  func refusal() throws {
    let lattice = try Lattice([4, 4, 4])
    #expect(throws: ExactResultError.dimensions(expected: "2", found: 3)) {
      try DirectSamplerU1(lattice: lattice, beta: 1)
    }
  }
}
