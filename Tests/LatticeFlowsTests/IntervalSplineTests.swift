import LaneMath
import Testing

@testable import LatticeFlows

/// The laws of the interval spline, at random, near-identity and extreme parameters, near both ends.
struct IntervalSplineTests {
  static let splines = [
    IntervalSpline(bins: 1, length: 1), IntervalSpline(bins: 2, length: 2 * .pi),
    IntervalSpline(bins: 8, length: 2 * .pi), IntervalSpline(bins: 8, length: 1),
    IntervalSpline(bins: 10, length: 1),
  ]
  /// Sizes of the parameters: the identity, near it, ordinary, and beyond the clamps.
  static let scales: [Double] = [0, 1e-3, 1, 4, 30]

  /// A point and its distance from the upper end, each as precise as it can be.
  struct Place {
    var x: Lanes
    var complement: Lanes
  }

  /// A spline with parameters, and points.
  struct Case {
    let spline: IntervalSpline
    let parameters: Buffer<FloatLanes>
    let scratch: Buffer<Lanes>
    var places: [Place] = []

    init(_ spline: IntervalSpline, scale: Double, seed: UInt64) {
      self.spline = spline
      var generator = LaneGenerator(
        seed: seed, purpose: .verification, firstConfiguration: 0, step: 0)
      parameters = Buffer(count: spline.parameterCount, repeating: .zero)
      for k in 0..<parameters.count { parameters[k] = (scale * generator.normal()).single }
      scratch = Buffer(count: spline.scratchCount, repeating: .zero)
      let length = spline.length
      for _ in 0..<16 {
        let x = length * generator.uniform()
        places.append(Place(x: x, complement: length - x))
      }
      for small in [1e-3, 1e-8, 1e-14, 1e-100] {
        let distance = length * small * generator.uniform()
        places.append(Place(x: distance, complement: length - distance))
        places.append(Place(x: length - distance, complement: distance))
      }
      places.append(Place(x: .zero, complement: Lanes(repeating: length)))
      places.append(Place(x: Lanes(repeating: length), complement: .zero))
    }

    func apply(_ place: Place) -> IntervalSpline.Point {
      spline.apply(
        place.x, complement: place.complement, parameters: parameters.pointer,
        scratch: scratch.pointer)
    }
    func invert(_ place: Place) throws(InversionFailure) -> IntervalSpline.Point {
      try spline.invert(
        place.x, complement: place.complement, parameters: parameters.pointer,
        scratch: scratch.pointer)
    }
  }

  @Test("Zero parameters give the identity, relative to the distance from either end")
  func identity() {
    for spline in Self.splines {
      let some = Case(spline, scale: 0, seed: 1)
      for place in some.places {
        let point = some.apply(place)
        // Knots are sums of widths.
        let tolerance = 1e-14
        let left = abs(point.value - place.x), right = abs(point.complement - place.complement)
        #expect(all(left .<= tolerance * place.x + 1e-300))
        #expect(all(right .<= tolerance * place.complement + 1e-300))
        #expect(abs(point.logDerivative).max() < tolerance)
      }
    }
  }

  @Test("The inverse undoes the map, with the same derivatives")
  func inverse() throws {
    for spline in Self.splines {
      for scale in Self.scales {
        for seed in 1...4 as ClosedRange<UInt64> {
          let some = Case(spline, scale: scale, seed: seed)
          for place in some.places {
            let point = some.apply(place)
            #expect(all(point.derivative .> 0))
            let back = try some.invert(Place(x: point.value, complement: point.complement))
            // Rounding of knots, over h'; and the quadratic equation between bins of very different
            // shapes.
            let lost = scale <= 1 ? 1e-13 : 1e-10
            let tolerance = 4e-14 / point.derivative + lost
            let error = abs(back.value - place.x)
            #expect(all(error .<= tolerance), "scale \(scale): \(error) > \(tolerance)")
            let drift = 4 * abs(point.logDerivativeSlope) * (error + 1e-15) + 1e-9
            let difference = abs(back.logDerivative - point.logDerivative)
            #expect(
              all((difference .<= drift) .| (difference .<= 1e-4 * scale)),
              "scale \(scale): \(difference) > \(drift)")
          }
        }
      }
    }
  }

  @Test("Near an end the map, its complement and the inverse keep relative precision")
  func ends() throws {
    for spline in Self.splines {
      for scale in Self.scales {
        let some = Case(spline, scale: scale, seed: 3)
        let length = spline.length
        func place(_ distance: Lanes, _ isUpper: Bool) -> Place {
          isUpper
            ? Place(x: length - distance, complement: distance)
            : Place(x: distance, complement: length - distance)
        }
        for isUpper in [false, true] {
          let atWall = some.apply(place(.zero, isUpper))
          #expect((isUpper ? atWall.complement : atWall.value) == .zero)
          for small in [1e-14, 1e-20, 1e-100, 1e-200] {
            let distance = Lanes(repeating: small * length)
            let point = some.apply(place(distance, isUpper))
            let image = isUpper ? point.complement : point.value
            // h = h'(0) x + h''(0) x²/2, the second part being rounding where h''/h' is not too large.
            let bend = abs(atWall.logDerivativeSlope) * distance
            let error = abs(image / (atWall.derivative * distance) - 1)
            // A handful of operations.
            #expect(all(error .< 4e-15 + 2 * bend), "scale \(scale), \(small): \(error)")
            let back = try some.invert(Place(x: point.value, complement: point.complement))
            let preimage = isUpper ? back.complement : back.value
            let lost = abs(preimage / distance - 1)
            #expect(all(lost .< 1e-13), "scale \(scale), \(small): inverse \(lost)")
          }
        }
      }
    }
  }

  @Test("Derivatives agree with fourth-order differences")
  func derivatives() {
    for spline in Self.splines {
      for scale in [1e-3, 1, 2] {
        let some = Case(spline, scale: scale, seed: 5)
        for place in some.places where all(min(place.x, place.complement) .> 1e-2) {
          let here = some.apply(place)
          var first = Lanes(repeating: .infinity), second = first
          // Of several steps the best: a knot may lie inside a longer one.
          for h in [1e-3, 1e-4, 1e-5] {
            let p = [-2 * h, -h, h, 2 * h].map {
              some.apply(Place(x: place.x + $0, complement: place.complement - $0))
            }
            func slope(_ v: (IntervalSpline.Point) -> Lanes) -> Lanes {
              (8 * (v(p[2]) - v(p[1])) - (v(p[3]) - v(p[0]))) / (12 * h)
            }
            first = min(first, abs(slope { $0.value } / here.derivative - 1))
            first = min(first, abs(-slope { $0.complement } / here.derivative - 1))
            second = min(second, abs(slope { $0.logDerivative } - here.logDerivativeSlope))
          }
          // Rounding over a step of 1e-5 where h' is small.
          #expect(first.max() < 1e-6, "scale \(scale): \(first)")
          #expect(all(second .< 1e-5 * (1 + abs(here.logDerivativeSlope))), "\(second)")
          #expect(abs(LaneMath.log(here.derivative) - here.logDerivative).max() < 1e-14)
        }
      }
    }
  }

  @Test("Pullbacks agree with differences of every parameter")
  func pullback() {
    for spline in Self.splines {
      for scale in [1e-3, 1, 2] {
        let some = Case(spline, scale: scale, seed: 6)
        var generator = LaneGenerator(
          seed: 8, purpose: .verification, firstConfiguration: 0, step: 1)
        let a = generator.normal(), b = generator.normal()
        let gradient = Buffer<FloatLanes>(count: spline.parameterCount, repeating: .zero)
        for place in some.places {
          let amount = spline.pullback(
            place.x, complement: place.complement, parameters: some.parameters.pointer, a: a,
            b: b, parameterGradient: gradient.pointer, scratch: some.scratch.pointer)
          let here = some.apply(place)
          let expected = a * here.derivative + b * here.logDerivativeSlope
          #expect(abs(amount - expected).max() < 1e-9 * (1 + abs(expected).max()))
          for k in 0..<spline.parameterCount {
            let saved = some.parameters[k]
            var best = Lanes(repeating: .infinity)
            for h in [1e-2, 1e-3, 1e-4, 1e-5, 1e-6] as [Float] {
              func value(_ raw: FloatLanes) -> Lanes {
                some.parameters[k] = raw
                let point = some.apply(place)
                return a * point.value + b * point.logDerivative
              }
              let up = saved + h, down = saved - h, up2 = saved + 2 * h, down2 = saved - 2 * h
              // The steps that single precision made of h and 2 h.
              let near = (value(up) - value(down)) / (up.double - down.double)
              let far = (value(up2) - value(down2)) / (up2.double - down2.double)
              let slope = (4 * near - far) * (1.0 / 3)
              best = min(best, abs(slope - gradient[k].double))
            }
            some.parameters[k] = saved
            // Knots move with the parameters and may pass x.
            let size = 1 + abs(gradient[k].double).max()
            #expect(best.max() < 1e-4 * size, "scale \(scale) parameter \(k): \(best)")
          }
        }
      }
    }
  }

  @Test("Parameters that are not numbers are an error of the inverse, not an answer")
  func notANumber() {
    for spline in Self.splines {
      let some = Case(spline, scale: 1, seed: 2)
      for k in 0..<spline.parameterCount { some.parameters[k][3] = .nan }
      for place in some.places {
        #expect(throws: InversionFailure.self) { _ = try some.invert(place) }
      }
    }
  }
}
