import LaneMath
import LatticeActions
import LatticeFields
import Testing

func randomScalar(_ extents: [Int], seed: UInt64 = 1) throws -> ScalarField {
  var generator = LaneGenerator(seed: seed, purpose: .start, firstConfiguration: 0, step: 0)
  return ScalarField(hotStart: try Lattice(extents), using: &generator)
}

@Suite("Scalar φ⁴ theory")
struct PhiFourTests {
  static let lattices = [
    [1], [2], [7], [4, 6], [3, 5], [1, 4], [2, 2], [4, 3, 2], [2, 3, 2, 4],
  ]
  /// Sums of some hundred terms of order 10.
  private let roundingTolerance = 1e-10
  private let couplings = [(0.7, 0.0), (-1.3, 0.8), (0.0, 8.0)]

  @Test("the action is the formula, written out site by site", arguments: lattices)
  func formula(extents: [Int]) throws {
    let field = try randomScalar(extents), lattice = field.lattice
    for (massSquared, lambda) in couplings {
      let action = try PhiFourAction(massSquared: massSquared, lambda: lambda)
      var sum = Lanes.zero
      for x in 0..<lattice.volume {
        let value = field[x]
        var laplacian = Lanes.zero
        for mu in extents.indices {
          var ahead = lattice.coordinates(of: x), behind = ahead
          ahead[mu] += 1
          behind[mu] -= 1
          laplacian += 2 * value - field[lattice.site(at: ahead)] - field[lattice.site(at: behind)]
        }
        sum += value * laplacian + massSquared * value * value
        sum += lambda * value * value * value * value
      }
      #expect((action.value(of: field) - sum).largestMagnitude < roundingTolerance)
    }
  }

  @Test(
    "translations, reflections, swaps of axes and φ -> -φ leave the action as it is",
    arguments: lattices)
  func symmetries(extents: [Int]) throws {
    let field = try randomScalar(extents), lattice = field.lattice
    let action = try PhiFourAction(massSquared: -1.3, lambda: 0.8)
    let value = action.value(of: field)
    func same(_ other: ScalarField) {
      #expect((action.value(of: other) - value).largestMagnitude < roundingTolerance)
    }
    for mu in extents.indices {
      same(field.translated(by: mu))
      same(field.reflected(along: mu))
    }
    var negative = field
    for x in negative.values.indices { negative[x] = -negative[x] }
    #expect(action.value(of: negative) == value)
    let reversed = try Lattice(Array(extents.reversed()))
    var swapped = ScalarField(constant: 0, on: reversed)
    for x in 0..<lattice.volume {
      swapped[reversed.site(at: lattice.coordinates(of: x).reversed())] = field[x]
    }
    same(swapped)
    var permuted = field
    for x in permuted.values.indices { permuted[x] = permuted[x].permuted(laneOrder) }
    #expect(action.value(of: permuted) == value.permuted(laneOrder))
  }

  @Test("the gradient agrees with fourth-order differences, and adds", arguments: lattices)
  func gradient(extents: [Int]) throws {
    let field = try randomScalar(extents)
    var direction = ScalarMomenta(zero: field.lattice)
    var generator = LaneGenerator(seed: 4, purpose: .momenta, firstConfiguration: 0, step: 0)
    direction.sampleGaussian(using: &generator)
    for (massSquared, lambda) in couplings {
      let first = try PhiFourAction(massSquared: massSquared, lambda: lambda)
      let action = 0.5 * first + (try FreeFieldPrior(massSquared: 0.3))
      func value(_ time: Double) -> Lanes {
        var moved = field
        moved.advance(by: time, along: direction)
        return action.value(of: moved)
      }
      var gradient = ScalarMomenta(zero: field.lattice)
      action.accumulateGradient(of: field, into: &gradient)
      // A polynomial of degree four: the difference is exact up to rounding divided by h.
      let h = 1e-2, tolerance = 1e-9
      let slope = (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h)
      let scale = 1 + gradient.dot(direction).largestMagnitude
      #expect((slope - gradient.dot(direction)).largestMagnitude < tolerance * scale)
      var twice = gradient
      action.accumulateGradient(of: field, into: &twice)
      #expect(
        (twice.dot(direction) - 2 * gradient.dot(direction)).largestMagnitude < tolerance * scale)
    }
  }

  @Test("the step in one pass is the kick, then the drift", arguments: lattices)
  func fusedStep(extents: [Int]) throws {
    let action = try PhiFourAction(massSquared: -1.3, lambda: 0.8)
    let start = try randomScalar(extents)
    var momenta = ScalarMomenta(zero: start.lattice)
    var generator = LaneGenerator(seed: 5, purpose: .momenta, firstConfiguration: 0, step: 0)
    momenta.sampleGaussian(using: &generator)
    var fused = (field: start, momenta: momenta), plain = fused
    for (kick, drift) in [(0.01, 0.03), (0.0, 0.02), (-0.02, 0.0), (0.03, -0.01)] {
      action.evolve(&fused.field, momenta: &fused.momenta, kick: kick, drift: drift)
      action.accumulateGradient(of: plain.field, scaledBy: -kick, into: &plain.momenta)
      plain.field.advance(by: drift, along: plain.momenta)
    }
    for x in start.values.indices {
      #expect((fused.field[x] - plain.field[x]).largestMagnitude < roundingTolerance)
      #expect((fused.momenta[x] - plain.momenta[x]).largestMagnitude < roundingTolerance)
    }
  }

  @Test("hopping parameters name the same theory, and come back")
  func hopping() throws {
    for (extents, kappa, lambda) in [
      ([6], 0.3, 0.5), ([4, 3], 0.18, 1.1), ([2, 3, 2, 3], 0.12, 0),
    ] {
      let dimension = extents.count
      let action = try PhiFourAction(kappa: kappa, lambda: lambda, dimension: dimension)
      let psi = try randomScalar(extents), lattice = psi.lattice
      var field = psi, expected = Lanes.zero
      for x in 0..<lattice.volume {
        field[x] = kappa.squareRoot() * psi[x]
        let square = psi[x] * psi[x]
        var hop = Lanes.zero
        for mu in extents.indices { hop += psi[lattice.forward(x, mu)] }
        expected += square - 2 * kappa * psi[x] * hop
        expected += lambda * ((square - 1) * (square - 1) - 1)
      }
      #expect((action.value(of: field) - expected).largestMagnitude < roundingTolerance)
      let back = action.hoppingParameters(dimension: dimension)
      #expect(abs(back.kappa - kappa) < 1e-14 && abs(back.lambda - lambda) < 1e-13)
    }
    // The branch below m² = -2D.
    let deep = try PhiFourAction(massSquared: -7, lambda: 0.4)
    let (kappa, lambda) = deep.hoppingParameters(dimension: 2)
    let again = try PhiFourAction(kappa: kappa, lambda: lambda, dimension: 2)
    #expect(abs(again.massSquared + 7) < 1e-12 && abs(again.lambda - 0.4) < 1e-12)
  }

  @Test("the canonical form with m² and g = 6λ is the same action of √2 φ")
  func canonical() throws {
    let field = try randomScalar([4, 3]), lattice = field.lattice
    let massSquared = -0.6, lambda = 0.7
    let action = try PhiFourAction(massSquared: massSquared, lambda: lambda)
    var expected = Lanes.zero
    for x in 0..<lattice.volume {
      let value = 2.0.squareRoot() * field[x], square = value * value
      for mu in 0..<2 {
        let step = 2.0.squareRoot() * field[lattice.forward(x, mu)] - value
        expected += 0.5 * step * step
      }
      expected += 0.5 * massSquared * square + (6 * lambda / 24) * square * square
    }
    #expect((action.value(of: field) - expected).largestMagnitude < roundingTolerance)
  }

  @Test("couplings that have no distribution are refused in one line")
  func errors() {
    for make in [
      { _ = try PhiFourAction(massSquared: .nan, lambda: 1) },
      { _ = try PhiFourAction(massSquared: 1, lambda: .infinity) },
      { _ = try PhiFourAction(massSquared: 1, lambda: -0.1) },
      { _ = try PhiFourAction(massSquared: 0, lambda: 0) },
      { _ = try PhiFourAction(kappa: 0, lambda: 1, dimension: 2) },
      { _ = try FreeFieldPrior(massSquared: 0) },
      { _ = try FreeFieldPrior(massSquared: .nan) },
    ] as [() throws -> Void] {
      do {
        try make()
        Issue.record("no error")
      } catch {
        let text = "\(error)"
        #expect(text.contains("expected") && text.contains("given") && !text.contains("\n"))
      }
    }
  }
}
