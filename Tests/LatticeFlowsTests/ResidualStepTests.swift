import LaneMath
import LatticeFields
import Testing

@testable import LatticeFlows

/// The laws of the residual step of one link.
private struct ResidualLaws<G: ResidualGroup> {
  typealias Step = ResidualStep<G>
  typealias Sample = ResidualSample<G>
  let scratch = Buffer<Lanes>(count: Swift.max(1, ResidualStep<G>.scratchCount), repeating: .zero)
  let minus = Lanes(repeating: -1)

  /// Rounding, magnified by `1/(1 - L)`.
  func rounding(_ sample: Sample) -> Double {
    3e-14 * Double(G.colors * G.colors) / (1 - sample.lipschitz.largestMagnitude)
  }
  /// `log det J` may have a pole at a distance of `1 - L`, and then a fifth derivative of
  /// `4!/(1 - L)^5`: differences with steps in proportion.
  func step(_ sample: Sample) -> Double { 2e-3 * (1 - sample.lipschitz.largestMagnitude) }
  /// Truncation and rounding of such differences, of functions of order N².
  func differences(_ sample: Sample) -> Double {
    let distance = 1 - sample.lipschitz.largestMagnitude
    return 1e-10 * Double(G.colors * G.colors) / (distance * distance)
  }

  /// Samples with `L` of tiny, moderate and almost the largest size; links that commute, and multiples of
  /// the unit element; no loops at all.
  func samples() -> [(String, Sample)] {
    var generator = LaneGenerator(
      seed: 31, purpose: .verification, firstConfiguration: 0, step: 0)
    var result: [(String, Sample)] = []
    for size in [0, 1e-200, 1e-9, 0.3, 0.8, 0.95] {
      let scale = size / G.lipschitzPerCoefficient
      let weights = [0.5, -0.3, 0.2].map { Lanes(repeating: $0 * scale) }
      let U = G.element(&generator), back = G.inverse(U)
      let random = (0..<3).map { _ in G.element(&generator) }
      result.append(("random \(size)", Sample(U: U, staples: random, coefficients: weights)))
      let X = G.direction(&generator)
      let commuting = [0.7, -0.4, 2.0].map {
        G.groupProduct(back, G.exponential(G.scaled(Lanes(repeating: $0), X)))
      }
      result.append(("commuting \(size)", Sample(U: U, staples: commuting, coefficients: weights)))
      for sign in [1.0, -1] {
        let one = Sample(
          U: U, staples: [back], coefficients: [Lanes(repeating: sign * scale)])
        result.append(("unit \(sign * size)", one))
      }
      // Lanes of every size, and nearly degenerate.
      let tilt = G.exponential(G.scaled(Lanes(repeating: 1e-7), X))
      var spread = Lanes.zero
      for lane in 0..<laneCount { spread[lane] = scale * (1 - 0.14 * Double(lane)) }
      let near = Sample(
        U: U, staples: [G.groupProduct(back, tilt), random[0]],
        coefficients: [0.999999 * spread, 1e-6 * spread])
      result.append(("near \(size)", near))
    }
    return result
  }

  func image(_ sample: Sample) -> (link: G, logDet: Lanes) {
    let (factor, logDet) = Step.apply(sample.omega, scratch: scratch.pointer)
    return (G.groupProduct(factor, sample.U), logDet)
  }

  /// The left gradient of `F + b log det J` with respect to the link, and `H`.
  func gradient(_ sample: Sample, _ g: G.Algebra, _ b: Lanes) -> (link: G.Algebra, H: G.Matrix) {
    var (link, H) = Step.pullback(
      sample.omega, cotangent: g, logDet: b, scratch: scratch.pointer)
    for i in sample.staples.indices {
      link = G.sum(
        link, Step.gradient(of: sample.loop(i), coefficient: sample.coefficients[i], H))
    }
    return (link, H)
  }

  func jacobian() {
    for (name, sample) in samples() {
      let base = image(sample)
      let back = G.inverse(base.link)
      var columns: [[Lanes]] = []
      for a in 0..<G.Algebra.dimension {
        var X = G.Algebra.zero
        X[a] = Lanes(repeating: 1)
        let values = [-2.0, -1, 1, 2].map {
          let moved = sample.moved(G.scaled(Lanes(repeating: $0 * 1e-3), X))
          return G.groupProduct(image(moved).link, back).logarithm
        }
        columns.append(
          (0..<G.Algebra.dimension).map {
            (8 * (values[2][$0] - values[1][$0]) - (values[3][$0] - values[0][$0]))
              * (1 / 0.012)
          })
      }
      let error = (logDeterminant(columns) - base.logDet).largestMagnitude
      #expect(error < differences(sample), "\(G.name), \(name): \(error)")
    }
  }

  func inverse() throws {
    for (name, sample) in samples() {
      let L = sample.lipschitz
      // The error bound of the inverse is 1e-13, and more for the largest L.
      let tolerance = 1e-13 + rounding(sample)
      let forward = image(sample)
      let (U, logDet) = try Step.invert(
        forward.link, staple: sample.staple, lipschitz: L, scratch: scratch.pointer)
      #expect(G.distance(U, sample.U) < tolerance, "\(G.name), \(name)")
      #expect((logDet - forward.logDet).largestMagnitude < 20 * tolerance, "\(G.name), \(name)")
      var other = sample
      other.U = try Step.invert(
        sample.U, staple: sample.staple, lipschitz: L, scratch: scratch.pointer
      ).link
      #expect(G.distance(image(other).link, sample.U) < tolerance, "\(G.name), \(name)")
    }
    let (_, sample) = samples()[3]
    for L in [1.0, 1.7, .nan] {
      #expect(throws: InversionFailure.self) {
        var bounds = sample.lipschitz
        bounds[5] = L
        _ = try Step.invert(
          sample.U, staple: sample.staple, lipschitz: bounds, scratch: scratch.pointer)
      }
    }
  }

  /// A constant close to 1 is still inverted, within its bound; a step that is not finite is an error.
  func extremes() throws {
    var generator = LaneGenerator(
      seed: 35, purpose: .verification, firstConfiguration: 0, step: 0)
    for sign in [1.0, -1] {
      let L = 0.999
      let c = Lanes(repeating: sign * L / G.lipschitzPerCoefficient)
      let U = G.element(&generator), A = G.inverse(U)
      for staple in [A, G.element(&generator)] {
        let sample = Sample(U: U, staples: [staple], coefficients: [c])
        let back = try Step.invert(
          image(sample).link, staple: sample.staple, lipschitz: Lanes(repeating: L),
          scratch: scratch.pointer)
        #expect(G.distance(back.link, U) < 2 * rounding(sample), "\(G.name), \(sign)")
      }
    }
    let broken = G.scaled(Lanes(repeating: .nan), G.direction(&generator))
    let sample = Sample(
      U: G.element(&generator), staples: [G.exponential(broken)],
      coefficients: [Lanes(repeating: 0.1)])
    #expect(throws: InversionFailure.self) {
      _ = try Step.invert(
        sample.U, staple: sample.staple, lipschitz: sample.lipschitz, scratch: scratch.pointer)
    }
  }

  func equivariance() {
    var generator = LaneGenerator(
      seed: 32, purpose: .verification, firstConfiguration: 0, step: 0)
    for (name, sample) in samples() {
      let turn = G.element(&generator), back = G.inverse(turn)
      var turned = sample
      turned.U = G.groupProduct(turn, sample.U)
      turned.staples = sample.staples.map { G.groupProduct($0, back) }
      let tolerance = rounding(sample)
      let a = image(sample), b = image(turned)
      #expect(G.distance(b.link, G.groupProduct(turn, a.link)) < tolerance, "\(G.name), \(name)")
      #expect((a.logDet - b.logDet).largestMagnitude < tolerance, "\(G.name), \(name)")
      let g = G.direction(&generator), one = Lanes(repeating: 1)
      let x = gradient(sample, g, one), y = gradient(turned, G.turned(turn, g), one)
      #expect(G.distance(G.turned(turn, x.link), y.link) < tolerance, "\(G.name), \(name)")
      for i in sample.staples.indices {
        let difference =
          Step.coefficientDerivative(sample.loop(i), x.H)
          - Step.coefficientDerivative(turned.loop(i), y.H)
        #expect(difference.largestMagnitude < tolerance, "\(G.name), \(name)")
      }
    }
  }

  func pullback() {
    var generator = LaneGenerator(
      seed: 33, purpose: .verification, firstConfiguration: 0, step: 0)
    for (name, sample) in samples() {
      let tolerance = differences(sample)
      let b = generator.normal()
      var B = G.zeroMatrix
      for _ in 0..<2 { B = G.adding(G.element(&generator), generator.normal(), B) }
      func value(_ sample: Sample) -> Lanes {
        let (link, logDet) = image(sample)
        return G.potential(link, B).value + b * logDet
      }
      let slope = G.potential(image(sample).link, B).slope
      let (link, H) = gradient(sample, slope, b)
      func check(_ expected: Lanes, _ what: String, _ curve: (Double) -> Sample) {
        let slope = residualSlope(step: step(sample)) { value(curve($0)) }
        let error = (slope - expected).largestMagnitude
        #expect(error < tolerance, "\(G.name), \(name), \(what): \(error)")
      }
      for _ in 0..<3 {
        let X = G.direction(&generator)
        check(G.product(link, X), "link") { sample.moved(G.scaled(Lanes(repeating: $0), X)) }
      }
      for i in sample.staples.indices {
        let loop = sample.loop(i), c = sample.coefficients[i]
        check(Step.coefficientDerivative(loop, H), "coefficient") {
          var moved = sample
          moved.coefficients[i] += $0
          return moved
        }
        // U exp(Y) A = exp(Ad_U Y) U A.
        let Y = G.direction(&generator)
        let along = G.product(
          Step.gradient(of: loop, coefficient: c, H), G.turned(sample.U, Y))
        check(along, "staple") {
          var moved = sample
          let factor = G.exponential(G.scaled(Lanes(repeating: $0), Y))
          moved.staples[i] = G.groupProduct(factor, sample.staples[i])
          return moved
        }
      }
    }
  }

  func score() {
    var generator = LaneGenerator(
      seed: 34, purpose: .verification, firstConfiguration: 0, step: 0)
    for (name, sample) in samples() {
      let s = G.direction(&generator), one = Lanes(repeating: 1)
      let (a, H) = Step.pushScore(sample.omega, score: s, scratch: scratch.pointer)
      let total = gradient(sample, a, one)
      let tolerance = rounding(sample) / (1 - sample.lipschitz.largestMagnitude)
      #expect(G.distance(total.link, s) < tolerance, "\(G.name), \(name)")
      for i in sample.staples.indices {
        let difference =
          Step.coefficientDerivative(sample.loop(i), H)
          - Step.coefficientDerivative(sample.loop(i), total.H)
        #expect(difference.largestMagnitude < tolerance, "\(G.name), \(name)")
      }
    }
  }

  /// The answer in a lane is the same, to the bit, where all lanes hold what that lane holds.
  func independence() throws {
    var generator = LaneGenerator(
      seed: 36, purpose: .verification, firstConfiguration: 0, step: 0)
    func answers(_ sample: Sample, _ g: G.Algebra, _ b: Lanes) throws -> [Lanes] {
      let omega = sample.omega, memory = scratch.pointer
      let image = Step.apply(omega, scratch: memory)
      let pulled = Step.pullback(omega, cotangent: g, logDet: b, scratch: memory)
      let pushed = Step.pushScore(omega, score: g, scratch: memory)
      let origin = try Step.invert(
        sample.U, staple: sample.staple, lipschitz: sample.lipschitz, scratch: memory)
      return [
        lanes(of: image.factor), [image.logDet], lanes(of: pulled.link), lanes(of: pulled.omega),
        lanes(of: pushed.score), lanes(of: pushed.omega), lanes(of: origin.link),
        [origin.logDet],
      ].flatMap { $0 }
    }
    for (name, sample) in samples() {
      let g = G.direction(&generator), b = generator.normal()
      let mixed = try answers(sample, g, b)
      for lane in 0..<laneCount {
        let single = Sample(
          U: broadcast(sample.U, lane: lane),
          staples: sample.staples.map { broadcast($0, lane: lane) },
          coefficients: sample.coefficients.map { broadcast($0, lane: lane) })
        let alone = try answers(single, broadcast(g, lane: lane), broadcast(b, lane: lane))
        let isSame = zip(mixed, alone).allSatisfy { $0[lane].bitPattern == $1[lane].bitPattern }
        #expect(isSame, "\(G.name), \(name), lane \(lane)")
      }
    }
  }
}

@Suite struct ResidualStepTests {
  @Test("log det J is that of the Jacobian by differences")
  func jacobian() {
    ResidualLaws<U1>().jacobian()
    ResidualLaws<SU2>().jacobian()
    ResidualLaws<SU<2>>().jacobian()
    ResidualLaws<SU3>().jacobian()
    ResidualLaws<SU4>().jacobian()
  }

  @Test("Forward and inverse undo each other up to L = 0.95; L of 1 and more is an error")
  func inverse() throws {
    try ResidualLaws<U1>().inverse()
    try ResidualLaws<SU2>().inverse()
    try ResidualLaws<SU<2>>().inverse()
    try ResidualLaws<SU3>().inverse()
    try ResidualLaws<SU4>().inverse()
  }

  @Test("Steps near the end of what can be inverted, and steps that are not finite")
  func extremes() throws {
    try ResidualLaws<U1>().extremes()
    try ResidualLaws<SU2>().extremes()
    try ResidualLaws<SU3>().extremes()
    try ResidualLaws<SU4>().extremes()
  }

  @Test("The step turns with its loops")
  func equivariance() {
    ResidualLaws<U1>().equivariance()
    ResidualLaws<SU2>().equivariance()
    ResidualLaws<SU<2>>().equivariance()
    ResidualLaws<SU3>().equivariance()
    ResidualLaws<SU4>().equivariance()
  }

  @Test("The pullback is the derivative by differences: link, coefficients and staples")
  func pullback() {
    ResidualLaws<U1>().pullback()
    ResidualLaws<SU2>().pullback()
    ResidualLaws<SU<2>>().pullback()
    ResidualLaws<SU3>().pullback()
    ResidualLaws<SU4>().pullback()
  }

  @Test("The score that is pushed forward pulls back to the score")
  func score() {
    ResidualLaws<U1>().score()
    ResidualLaws<SU2>().score()
    ResidualLaws<SU<2>>().score()
    ResidualLaws<SU3>().score()
    ResidualLaws<SU4>().score()
  }

  @Test("No lane's answer depends on another lane, to the bit")
  func independence() throws {
    try ResidualLaws<U1>().independence()
    try ResidualLaws<SU2>().independence()
    try ResidualLaws<SU3>().independence()
    try ResidualLaws<SU4>().independence()
  }
}
