import LaneMath
import LatticeActions
import LatticeFields
import LatticeFourier
import LatticeObservables
import Testing

private func randomScalar(_ extents: [Int], seed: UInt64 = 1) throws -> ScalarField {
  var generator = LaneGenerator(seed: seed, purpose: .start, firstConfiguration: 0, step: 0)
  return ScalarField(hotStart: try Lattice(extents), using: &generator)
}

@Suite struct ScalarObservableTests {
  @Test(
    "The components are the moments and the lowest mode of the transform", arguments: someExtents)
  func components(extents: [Int]) throws {
    let field = try randomScalar(extents), volume = Double(field.lattice.volume)
    let observables = ScalarObservables(on: field.lattice)
    let values = observables.measure(field)
    let M = field.magnetization
    var k = extents.map { _ in 0 }
    k[k.count - 1] = 1
    let fourier = FourierTransform(field.lattice)
    let spectrum = fourier.powerSpectrum(of: field.density)
    let expected = [
      M, abs(M), M * M, M * M * M * M,
      field.values.reduce(Lanes.zero) { $0 + $1 * $1 } / volume,
      field.values.reduce(Lanes.zero) { $0 + $1 * $1 * $1 * $1 } / volume,
      spectrum[fourier.mode(at: k).index],
    ]
    #expect(values.count == observables.components.count)
    for (value, exact) in zip(values, expected) {
      #expect((value - exact).largestMagnitude < rounding)
    }
    for mu in extents.indices {
      for (value, moved) in zip(values, observables.measure(field.translated(by: mu))) {
        #expect((value - moved).largestMagnitude < rounding)
      }
    }
  }

  @Test("Gradients of the derived quantities are those of fourth-order differences")
  func gradients() throws {
    let observables = ScalarObservables(on: try Lattice([4, 6]))
    let means = [0.1, 0.2, 0.3, 0.2, 0.7, 0.9, 1.4]
    #expect(observables.derived.count == 4)
    for derived in observables.derived {
      let point = derived.indices.map { means[$0] }
      let slopes = derived.gradient(point)
      for index in point.indices {
        let h = 1e-3 * point[index]
        func value(_ step: Double) -> Double {
          var moved = point
          moved[index] += step * h
          return derived.value(moved)
        }
        let slope = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * h)
        #expect(abs(slope - slopes[index]) < 1e-8 * (1 + abs(slope)), "\(derived.name)")
      }
    }
  }

  @Test("The second-moment correlation length of the free propagator is 1/m, to the last digits")
  func freeCorrelationLength() throws {
    let lattice = try Lattice([4, 12]), massSquared = 0.09
    let prior = try FreeFieldPrior(massSquared: massSquared)
    let observables = ScalarObservables(on: lattice)
    let xi = try #require(observables.derived.first { $0.name == "correlation-length" })
    let M2 = prior.propagator(at: [0, 0], on: lattice) / Double(lattice.volume)
    let lowest = prior.propagator(at: [0, 1], on: lattice)
    #expect(xi.indices == [2, 6])
    #expect(abs(xi.value([M2, lowest]) - 1 / massSquared.squareRoot()) < rounding)
  }

  @Test("Two-point functions of a scalar field are the sums written out")
  func twoPoint() throws {
    let field = try randomScalar([3, 4]), lattice = field.lattice
    let slices = TwoPointFunction(on: lattice, form: .timeSlices, subtractsMean: false)
    let values = slices.measure(field)
    for (t, value) in values.enumerated() {
      var sum = Lanes.zero
      for x in 0..<lattice.volume {
        for y in 0..<lattice.volume {
          let distance = lattice.coordinates(of: y)[1] - lattice.coordinates(of: x)[1]
          if (distance + 4) % 4 == t { sum += field[x] * field[y] }
        }
      }
      #expect((value - sum / Double(lattice.volume)).largestMagnitude < rounding)
    }
  }
}
