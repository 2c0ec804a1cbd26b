import GaugeFlow
import Testing

@testable import LatticeFlows

/// A map that reports its log-det with the wrong sign.
private struct FlippedLogDet: Bijection {
  let base: CouplingTransport<U1>
  func apply(to U: inout LinkField<U1>) -> Lanes { -base.apply(to: &U) }
  func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    -(try base.applyInverse(to: &U))
  }
}

/// A chain of layers that forgets the log-det of one of them, in both directions.
private struct ForgottenLayer: Bijection {
  let layers: [CouplingTransport<U1>]
  let forgotten: Int
  func apply(to U: inout LinkField<U1>) -> Lanes {
    var sum = Lanes.zero
    for (index, layer) in layers.enumerated() {
      let logDet = layer.apply(to: &U)
      if index != forgotten { sum += logDet }
    }
    return sum
  }
  func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    var sum = Lanes.zero
    for (index, layer) in layers.enumerated().reversed() {
      let logDet = try layer.applyInverse(to: &U)
      if index != forgotten { sum += logDet }
    }
    return sum
  }
}

/// A map that is not gauge covariant: one link is turned by a fixed angle times the next one's sine.
private struct NotCovariant: Bijection {
  func apply(to U: inout LinkField<U1>) -> Lanes {
    U.links[0].angle += 0.3 * sin(U.links[1].angle)
    return .zero
  }
  func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    U.links[0].angle -= 0.3 * sin(U.links[1].angle)
    return .zero
  }
}

/// A map that looks at other lanes.
private struct CrossingLanes: Bijection {
  func apply(to U: inout LinkField<U1>) -> Lanes {
    U.links[0].angle += U.plaquetteSum[0]
    return .zero
  }
  func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    U.links[0].angle -= U.plaquetteSum[0]
    return .zero
  }
}

/// A proposal whose density is wrong by a factor.
private struct WrongDensity: Proposal {
  let base: CouplingTransport<U1>
  /// What is added to `log q`.
  let error: @Sendable (LinkField<U1>) -> Lanes
  var lattice: Lattice { base.lattice }
  func sample(into U: inout LinkField<U1>, seed: UInt64, firstConfiguration: Int) -> Lanes {
    base.sample(into: &U, seed: seed, firstConfiguration: firstConfiguration) + error(U)
  }
  func logDensity(of U: LinkField<U1>) throws(InversionFailure) -> Lanes {
    try base.logDensity(of: U) + error(U)
  }
}

/// A broken part turns a law red, and the law that is meant to see it.
struct BrokenPartTests {
  private func flow(_ architecture: CouplingArchitecture = .blocks) throws -> CouplingFlow<U1> {
    var flow = try CouplingFlow<U1>(lattice: Lattice([4, 4]), architecture: architecture, seed: 9)
    flow.parameters = flow.parameters.map { 2 * $0 }
    return flow
  }

  private func broken(_ laws: [Law]) -> [String] { laws.filter { !$0.holds }.map { $0.name } }

  @Test("A log-det of the wrong sign breaks the law of the dense Jacobian alone")
  func flippedSign() throws {
    let map = FlippedLogDet(base: CouplingTransport(try flow()))
    let laws = bijectionLaws(
      of: map, on: map.base.lattice, tolerances: .singlePrecisionNetwork)
    #expect(broken(laws) == ["log-det against a dense Jacobian by sixth-order differences"])
  }

  @Test("A forgotten log-det of any layer breaks the law of the dense Jacobian")
  func forgottenLayer() throws {
    let flow = try flow()
    let layers = (0..<flow.layerCount).map { CouplingTransport(flow.layer($0)) }
    for forgotten in layers.indices {
      let map = ForgottenLayer(layers: layers, forgotten: forgotten)
      let laws = bijectionLaws(
        of: map, on: flow.lattice, tolerances: .singlePrecisionNetwork)
      #expect(broken(laws) == ["log-det against a dense Jacobian by sixth-order differences"])
    }
  }

  @Test("A map that is not gauge covariant breaks that law alone")
  func notCovariant() throws {
    let laws = bijectionLaws(of: NotCovariant(), on: try Lattice([3, 3]))
    #expect(broken(laws) == ["gauge covariant: f(gU) = g f(U), with the same log-det"])
  }

  @Test("A map that looks at other lanes breaks the law of the lanes")
  func crossingLanes() throws {
    let laws = bijectionLaws(of: CrossingLanes(), on: try Lattice([3, 3]))
    #expect(broken(laws).contains("permuted lanes give permuted results"))
  }

  @Test("A missing Haar factor, constant or not, breaks the law of log Z")
  func wrongDensity() throws {
    let base = CouplingTransport(
      try CouplingFlow<U1>(lattice: Lattice([4, 4]), architecture: .blocks, seed: 2))
    let right = WrongDensity(base: base) { _ in .zero }
    // One link's Haar volume is taken as 2π.
    let constant = WrongDensity(base: base) { _ in
      -log(Lanes(repeating: 2 * Double.pi))
    }
    let factor = WrongDensity(base: base) { U in -0.5 * cos(U.plaquette(at: 0, mu: 0, nu: 1).angle)
    }
    let exact = try ExactU1(volume: 16, beta: 0.5).logPartitionFunction
    let action = try WilsonAction<U1>(beta: 0.5)
    func laws(_ proposal: WrongDensity) -> [Law] {
      proposalLaws(of: proposal, action: action, exactLogZ: exact, count: 16384)
    }
    let name = "log Z of the weights agrees with the exact value, in standard errors"
    #expect(broken(laws(right)).isEmpty)
    #expect(broken(laws(constant)) == [name])
    // log <exp(0.5 cos P)> at β = 0.5 is 0.17, some ten standard errors of log Z.
    #expect(broken(laws(factor)) == [name])
  }

  @Test(
    "A mask with a frozen loop that contains a link that moves breaks the laws of mask and Jacobian"
  )
  func brokenMask() throws {
    let lattice = try Lattice([4, 4])
    let stage = CouplingArchitecture.Stage(
      geometry: .stripes, layers: 1, map: .projection(components: 2), hidden: [4],
      activation: .tanh)
    var geometry = try StripeGeometry.make(
      lattice: lattice, direction: 0, offset: 0, pairLoops: true, hiddenLayers: 1)
    #expect(geometry.contradiction() == nil)
    // Where the first frozen plaquettes were, the network sees the active ones.
    var invariants = LoopTable()
    for loop in 0..<geometry.invariants.count {
      let active = lattice.boundary(of: [lattice.site(at: [loop % 4, 0])])
      let own = Dictionary(
        uniqueKeysWithValues: geometry.invariants.terms(of: loop).map { ($0.link, $0.sign) })
      invariants.append(loop < 8 ? active : own)
    }
    geometry.invariants = invariants
    geometry.centres = geometry.centres.map { _ in -1 }
    var flow = CouplingFlow<U1>(
      lattice: lattice, architecture: CouplingArchitecture(stages: [stage]),
      named: [
        NamedCouplingLayer(
          name: "stripes.00", area: nil,
          layer: CouplingLayer(
            geometry: geometry, map: ProjectionMixture(components: 2), stage: stage))
      ])
    for index in flow.parameters.indices {
      flow.parameters[index] = 0.6 * Double(index % 7 - 3) / 3
    }
    #expect(flow.maskContradictions().count == 1)
    #expect(flow.maskContradictions().first?.contains("which moves") == true)
    let names = broken(couplingLaws(of: flow))
    #expect(
      names.contains("masks: active loops move along their own patterns, frozen loops stand still"))
    #expect(
      names.contains("each layer: log-det against a dense Jacobian by sixth-order differences"))
  }

  @Test("A residual that is not a number breaks its law")
  func notANumber() {
    #expect(!Law("nan", residual: .nan, tolerance: 1, reason: "none").holds)
  }

  @Test("A flow whose parameters are not numbers breaks its laws")
  func nanParameters() throws {
    var flow = try flow()
    flow.parameters[flow.parameters.count / 2] = .nan
    #expect(!couplingLaws(of: flow).hold)
  }
}
