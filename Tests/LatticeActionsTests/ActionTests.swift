import LaneMath
import LatticeActions
import LatticeFields
import Testing

/// The laws of actions.
struct ActionLaws<A: GaugeAction> {
  let action: A
  /// Sums of some hundred plaquettes of order 1 times the coupling.
  let tolerance = 1e-10

  func symmetries(_ extents: [Int]) throws {
    let U = try LinkField<A.Group>.random(extents)
    let value = action.value(of: U)
    #expect((action.value(of: U.gaugeTransformed()) - value).largestMagnitude < tolerance)
    for mu in extents.indices {
      #expect((action.value(of: U.translated(by: mu)) - value).largestMagnitude < tolerance)
    }
    #expect(action.value(of: U.permuted(laneOrder)) == value.permuted(laneOrder))
  }

  /// `d/dε S(exp(ε X) U)` along a random direction on all links, by a fourth-order difference, whose
  /// error is `h⁴/30` times a fifth derivative, and rounding divided by `h`.
  func gradient(_ extents: [Int]) throws {
    let U = try LinkField<A.Group>.random(extents)
    var generator = LaneGenerator(seed: 9, purpose: .momenta, firstConfiguration: 0, step: 0)
    var direction = AlgebraField<A.Group>(zero: U.lattice)
    direction.sampleGaussian(using: &generator)
    var gradient = AlgebraField<A.Group>(zero: U.lattice)
    action.accumulateGradient(of: U, into: &gradient)
    let h = 1e-3, tolerance = 1e-7
    func value(_ step: Double) -> Lanes {
      var V = U
      for link in V.links.indices {
        V.links[link] =
          A.Group.exp(Lanes(repeating: step * h) * direction.elements[link]) * U.links[link]
      }
      return action.value(of: V)
    }
    let slope = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * h)
    #expect((slope - gradient.dot(direction)).largestMagnitude < tolerance)
    // Accumulating adds.
    var twice = gradient
    action.accumulateGradient(of: U, into: &twice)
    #expect((twice.dot(direction) - 2 * gradient.dot(direction)).largestMagnitude < tolerance)
  }

  /// The gradient of a gauge-invariant action is orthogonal to every gauge orbit.
  func orbit(_ extents: [Int]) throws {
    let U = try LinkField<A.Group>.random(extents)
    var generator = LaneGenerator(seed: 10, purpose: .momenta, firstConfiguration: 0, step: 0)
    let X = (0..<U.lattice.volume).map { _ in A.Group.Algebra.gaussian(using: &generator) }
    let h = 1e-3, tolerance = 1e-7
    func value(_ step: Double) -> Lanes {
      var V = U
      V.transform(by: X.map { A.Group.exp(Lanes(repeating: step * h) * $0) })
      return action.value(of: V)
    }
    #expect(((value(1) - value(-1)) / (2 * h)).largestMagnitude < tolerance)
  }
}

@Suite struct WilsonActionTests {
  @Test(
    "The action is invariant under gauge transformations and translations",
    arguments: someExtents)
  func symmetries(extents: [Int]) throws {
    try ActionLaws(action: WilsonAction<U1>(beta: 2.3)).symmetries(extents)
    try ActionLaws(action: WilsonAction<QuaternionGroup>(beta: 2.3)).symmetries(extents)
    try ActionLaws(action: WilsonAction<QuaternionGroup>(beta: 2.3)).orbit(extents)
  }

  @Test("The gradient is the derivative in every number of dimensions", arguments: someExtents)
  func gradient(extents: [Int]) throws {
    try ActionLaws(action: WilsonAction<U1>(beta: 2.3)).gradient(extents)
    try ActionLaws(action: WilsonAction<QuaternionGroup>(beta: 2.3)).gradient(extents)
  }

  @Test(
    "The gradient through plaquettes and the gradient through staples agree",
    arguments: someExtents)
  func paths(extents: [Int]) throws {
    let U = try LinkField<U1>.random(extents)
    let beta = 1.7
    var gradient = AlgebraField<U1>(zero: U.lattice)
    try WilsonAction<U1>(beta: beta).accumulateGradient(of: U, into: &gradient)
    for mu in extents.indices {
      for x in 0..<U.lattice.volume {
        let force = U1.algebraProjection(of: U[x, mu], times: U.staple(at: x, mu: mu))
        #expect((gradient[x, mu].value - beta * force.value).largestMagnitude < rounding)
      }
    }
  }

  @Test("The action is -beta times the number of plaquettes on a cold start, with no force")
  func coldStart() throws {
    let U = LinkField<QuaternionGroup>(coldStart: try Lattice([3, 4, 2]))
    let action = try WilsonAction<QuaternionGroup>(beta: 1.5)
    #expect((action.value(of: U) + 1.5 * 72).largestMagnitude < rounding)
    var gradient = AlgebraField<QuaternionGroup>(zero: U.lattice)
    action.accumulateGradient(of: U, into: &gradient)
    #expect(gradient.dot(gradient) == .zero)
  }

  @Test("The action of U(1) is -beta times the sum of cosines")
  func convention() throws {
    let U = try LinkField<U1>.random([4, 5])
    var sum = Lanes.zero
    for x in 0..<20 { sum += LaneMath.cos(U.plaquette(at: x, mu: 0, nu: 1).angle) }
    #expect(
      (try WilsonAction<U1>(beta: 3).value(of: U) + 3 * sum).largestMagnitude < rounding)
  }

  @Test(
    "A coupling that is not finite is refused in one line",
    arguments: [Double.nan, .infinity, -.infinity])
  func coupling(beta: Double) {
    do throws(ActionError) {
      _ = try WilsonAction<U1>(beta: beta)
      Issue.record("beta \(beta) was accepted")
    } catch {
      #expect(error.description == "beta: expected a finite number, given \(beta)")
    }
  }
}

@Suite struct ActionAlgebraTests {
  @Test("Sums and multiples of actions are actions", arguments: [[4, 3], [2, 3, 2]])
  func combinations(extents: [Int]) throws {
    let first = try WilsonAction<QuaternionGroup>(beta: 1.2)
    let second = try WilsonAction<QuaternionGroup>(beta: 0.5)
    let combined = first + 3 * second
    let equivalent = try WilsonAction<QuaternionGroup>(beta: 2.7)
    let U = try LinkField<QuaternionGroup>.random(extents)
    #expect((combined.value(of: U) - equivalent.value(of: U)).largestMagnitude < rounding * 100)
    var ours = AlgebraField<QuaternionGroup>(zero: U.lattice), other = ours
    combined.accumulateGradient(of: U, into: &ours)
    equivalent.accumulateGradient(of: U, into: &other)
    for link in ours.elements.indices {
      let difference = ours.elements[link] - other.elements[link]
      #expect(difference.dot(difference).largestMagnitude < rounding * rounding)
    }
    try ActionLaws(action: combined).symmetries(extents)
    try ActionLaws(action: combined).gradient(extents)
  }

  @Test("The Haar prior has no action and no force, and its partition function is 1")
  func haar() throws {
    let prior = HaarPrior<U1>()
    var generator = LaneGenerator(seed: 4, purpose: .prior, firstConfiguration: 0, step: 0)
    var U = LinkField<U1>(coldStart: try Lattice([8, 8]))
    prior.sample(into: &U, using: &generator)
    #expect(prior.value(of: U) == .zero)
    #expect(prior.logZ(on: U.lattice) == 0)
    var gradient = AlgebraField<U1>(zero: U.lattice)
    prior.accumulateGradient(of: U, into: &gradient)
    #expect(gradient.dot(gradient) == .zero)
    // The mean of 512 cosines of variance 1/2: beyond 5 standard deviations once in 1.7e6.
    #expect(abs(U.averagePlaquette.laneSum / 8) < 5 * (0.5 / 512.0).squareRoot())
  }
}
