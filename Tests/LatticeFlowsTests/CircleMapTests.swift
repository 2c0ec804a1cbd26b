import LaneMath
import Testing

@testable import LatticeFlows

/// The laws of the circle maps, at random, near-identity and extreme parameters, edges included.
struct CircleMapTests {
  /// The kinds of maps that are tested; a new map is one line.
  static let maps: [(String, any CircleMap)] = [
    ("spline 1", CircularSpline(bins: 1)), ("spline 2", CircularSpline(bins: 2)),
    ("spline 8", CircularSpline(bins: 8)), ("spline 10", CircularSpline(bins: 10)),
    ("projection 1", ProjectionMixture(components: 1)),
    ("projection 2", ProjectionMixture(components: 2)),
    ("projection 6", ProjectionMixture(components: 6)),
  ]
  /// Sizes of the parameters: the identity, near it, ordinary, and beyond the clamps.
  static let scales: [Double] = [0, 1e-3, 1, 4, 30]

  /// One map with parameters and points, each in every lane.
  private struct Case {
    var parameters: Buffer<FloatLanes>
    var scratch: Buffer<Lanes>
    var points: [Lanes]
  }

  private func makeCase(_ map: any CircleMap, scale: Double, seed: UInt64) -> Case {
    var generator = LaneGenerator(
      seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
    let parameters = Buffer<FloatLanes>(count: map.parameterCount, repeating: .zero)
    for k in 0..<map.parameterCount { parameters[k] = (scale * generator.normal()).single }
    var points: [Lanes] = []
    for _ in 0..<16 { points.append((2 * generator.uniform() - 1) * Double.pi) }
    points += [
      Lanes(repeating: .pi), Lanes(repeating: -.pi), .zero, Lanes(repeating: 1e-12),
      Lanes(repeating: .pi - 1e-12), Lanes(repeating: -.pi + 1e-12),
    ]
    return Case(
      parameters: parameters, scratch: Buffer(count: max(1, map.scratchCount), repeating: .zero),
      points: points)
  }

  @Test("Zero parameters give the identity", arguments: maps.indices)
  func identity(index: Int) {
    let (name, map) = Self.maps[index]
    let some = makeCase(map, scale: 0, seed: 1)
    for x in some.points {
      let value = map.apply(
        x, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
      // Rounding of sums of knots.
      #expect(abs(value.y - x).max() < 1e-14, "\(name)")
      #expect(abs(value.logDerivative).max() < 1e-14, "\(name)")
    }
  }

  @Test("The inverse undoes the map, with the same derivative", arguments: maps.indices)
  func inverse(index: Int) throws {
    let (name, map) = Self.maps[index]
    for scale in Self.scales {
      for seed in 1...4 as ClosedRange<UInt64> {
        let some = makeCase(map, scale: scale, seed: seed)
        for x in some.points {
          let value = map.apply(
            x, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
          #expect(all(value.derivative .> 0), "\(name) scale \(scale)")
          let (back, _, logDerivative) = try map.invert(
            value.y, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
          // y is known to a few ulp of its size; x is then known to that over h'.
          let uncertainty = 4e-15 + 1e-16 * abs(value.y)
          // A quadratic equation between bins of very different shapes loses some digits more.
          let lost = scale <= 1 ? 1e-13 : 1e-10
          let tolerance = 8 * uncertainty / value.derivative + lost
          let error = abs(wrapAngle(back - x))
          #expect(all(error .<= tolerance), "\(name) scale \(scale): \(error) > \(tolerance)")
          // log h' at the returned point, which is that far away.
          let drift = 4 * abs(value.logDerivativeSlope) * (error + 1e-15) + 1e-9
          let difference = abs(logDerivative - value.logDerivative)
          #expect(
            all((difference .<= drift) .| (difference .<= 1e-4 * scale)),
            "\(name) scale \(scale): \(difference) > \(drift)")
        }
      }
    }
  }

  @Test("Derivatives agree with differences", arguments: maps.indices)
  func derivatives(index: Int) {
    let (name, map) = Self.maps[index]
    for scale in [1e-3, 1, 2] {
      let some = makeCase(map, scale: scale, seed: 5)
      func value(_ x: Lanes) -> CircleMapValue {
        map.apply(
          wrapAngle(x), parameters: some.parameters.pointer, scratch: some.scratch.pointer)
      }
      for x in some.points {
        // Of two steps the better: a knot may lie inside the longer one.
        var first = Lanes(repeating: .infinity), second = first
        let here = value(x)
        for h in [1e-4, 1e-6] {
          let up = value(x + h), down = value(x - h)
          let slope = wrapAngle(up.y - down.y) / (2 * h)
          let logSlope = (up.logDerivative - down.logDerivative) / (2 * h)
          // One step's change of log h', which a knot in between may make one-sided.
          let change = abs(up.logDerivative - down.logDerivative)
          first = min(first, abs(slope / here.derivative - 1) - change)
          second = min(second, abs(logSlope - here.logDerivativeSlope))
        }
        // Rounding of y over a step of 1e-6, where h' is as small as 1e-4.
        #expect(first.max() < 1e-4, "\(name) scale \(scale): \(first)")
        // h'' jumps at the knots, where the point ±π always is.
        let isKnot = abs(x) .> Lanes(repeating: .pi - 1e-5)
        let allowed = 1e-3 * (1 + abs(here.logDerivativeSlope))
        #expect(all(isKnot .| (second .< allowed)), "\(name) scale \(scale): \(second)")
        #expect(
          abs(LaneMath.log(here.derivative) - here.logDerivative).max() < 1e-14, "\(name)")
      }
    }
  }

  @Test("Pullbacks agree with differences of every parameter", arguments: maps.indices)
  func pullback(index: Int) {
    let (name, map) = Self.maps[index]
    for scale in [1e-3, 1, 2] {
      let some = makeCase(map, scale: scale, seed: 6)
      var generator = LaneGenerator(
        seed: 8, purpose: .verification, firstConfiguration: 0, step: 1)
      let a = generator.normal(), b = generator.normal()
      let gradient = Buffer<FloatLanes>(count: map.parameterCount, repeating: .zero)
      for x in some.points {
        let amount = map.pullback(
          x, parameters: some.parameters.pointer, a: a, b: b,
          parameterGradient: gradient.pointer, scratch: some.scratch.pointer)
        let here = map.apply(
          x, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
        let expected = a * (here.derivative - 1) + b * here.logDerivativeSlope
        #expect(abs(amount - expected).max() < 1e-9 * (1 + abs(expected).max()), "\(name)")
        for k in 0..<map.parameterCount {
          let saved = some.parameters[k]
          var best = Lanes(repeating: .infinity)
          for h in [1e-2, 1e-3, 1e-4, 1e-5] as [Float] {
            var values: [Lanes] = []
            var places: [Lanes] = []
            for step in [h, -h] {
              some.parameters[k] = saved + step
              let value = map.apply(
                x, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
              values.append(a * value.y + b * value.logDerivative)
              places.append(some.parameters[k].double)
            }
            // The step that single precision made of h.
            let slope = (values[0] - values[1]) / (places[0] - places[1])
            best = min(best, abs(slope - gradient[k].double))
          }
          some.parameters[k] = saved
          // h² times the third derivative; knots move with the parameters and may pass x.
          let size = 1 + abs(gradient[k].double).max()
          let passed = best .> Lanes(repeating: 2e-3 * size)
          let isKnot = abs(x) .> Lanes(repeating: .pi - 1e-5)
          var count = 0
          for lane in 0..<laneCount where passed[lane] && !isKnot[lane] { count += 1 }
          #expect(count == 0, "\(name) scale \(scale) parameter \(k): \(best)")
        }
      }
    }
  }

  @Test("A lane's result does not depend on the other lanes", arguments: maps.indices)
  func lanes(index: Int) throws {
    let (name, map) = Self.maps[index]
    let some = makeCase(map, scale: 3, seed: 7)
    let alone = Buffer<FloatLanes>(count: map.parameterCount, repeating: .zero)
    for x in some.points {
      let value = map.apply(
        x, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
      let inverse = try map.invert(
        value.y, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
      for lane in 0..<laneCount {
        for k in 0..<map.parameterCount {
          alone[k] = FloatLanes(repeating: some.parameters[k][lane])
        }
        let single = map.apply(
          Lanes(repeating: x[lane]), parameters: alone.pointer, scratch: some.scratch.pointer)
        let singleInverse = try map.invert(
          Lanes(repeating: value.y[lane]), parameters: alone.pointer,
          scratch: some.scratch.pointer)
        #expect(single.y[0] == value.y[lane], "\(name)")
        #expect(single.logDerivative[0] == value.logDerivative[lane], "\(name)")
        #expect(singleInverse.x[0] == inverse.x[lane], "\(name)")
        #expect(singleInverse.logDerivative[0] == inverse.logDerivative[lane], "\(name)")
      }
    }
  }

  @Test("The map is continuous around the circle", arguments: maps.indices)
  func seam(index: Int) {
    let (name, map) = Self.maps[index]
    let some = makeCase(map, scale: 2, seed: 9)
    let right = map.apply(
      Lanes(repeating: .pi), parameters: some.parameters.pointer, scratch: some.scratch.pointer)
    let left = map.apply(
      Lanes(repeating: -.pi), parameters: some.parameters.pointer, scratch: some.scratch.pointer)
    // Rounding of knots, times the steepness.
    let tolerance = 1e-13 * (1 + right.derivative.max())
    #expect(abs(right.y - left.y - 2 * Double.pi).max() < tolerance, "\(name)")
    #expect(abs(right.logDerivative - left.logDerivative).max() < 1e-10, "\(name)")
  }

  @Test("Parameters that are not numbers are an error of the inverse, not an answer")
  func notANumber() {
    for (name, map) in Self.maps {
      let some = makeCase(map, scale: 1, seed: 2)
      for k in 0..<map.parameterCount { some.parameters[k][3] = .nan }
      #expect(throws: InversionFailure.self, "\(name)") {
        _ = try map.invert(
          .zero, parameters: some.parameters.pointer, scratch: some.scratch.pointer)
      }
    }
  }
}
