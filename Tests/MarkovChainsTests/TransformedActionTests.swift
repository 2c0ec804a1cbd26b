import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains
import Testing

/// A flow far from the identity, its parameters random: nothing about it is near the target.
private func randomFlow(
  _ name: String, _ extents: [Int], factor: Double = 3, seed: UInt64 = 4
) throws -> CouplingTransport<U1> {
  let smooth = CouplingMapKind.projection(components: 2)
  let architecture: CouplingArchitecture =
    switch name {
    case "blocks": .blocks
    case "smooth blocks":
      CouplingArchitecture(stages: [
        .init(geometry: .blocks, layers: 0, map: smooth, hidden: [6], activation: .tanh)
      ])
    default:
      CouplingArchitecture(stages: [
        .init(geometry: .stripes, layers: 8, map: smooth, hidden: [6], activation: .tanh)
      ])
    }
  var flow = try CouplingFlow<U1>(lattice: Lattice(extents), architecture: architecture, seed: seed)
  flow.parameters = flow.parameters.map { factor * $0 }
  return CouplingTransport(flow)
}

/// A map whose log-det is dropped, from the value and from the force.
private struct DroppedLogDet: DifferentiableBijection {
  let base: CouplingTransport<U1>
  func apply(to U: inout LinkField<U1>) -> Lanes { 0 * base.apply(to: &U) }
  func applyInverse(to U: inout LinkField<U1>) throws(InversionFailure) -> Lanes {
    0 * (try base.applyInverse(to: &U))
  }
  func applyWithPullback(to U: inout LinkField<U1>) -> (
    logDet: Lanes, pullback: (inout AlgebraField<U1>, Lanes) -> Void
  ) {
    let (logDet, pullback) = base.applyWithPullback(to: &U)
    return (0 * logDet, { gradient, _ in pullback(&gradient, .zero) })
  }
}

/// `U_0 <- U_1 U_0` on the first two links: a map of any group, its log-det 0.
private struct Shear<Group: SpectralGroup>: DifferentiableBijection {
  func apply(to U: inout LinkField<Group>) -> Lanes {
    U.links[0] = U.links[1] * U.links[0]
    return .zero
  }
  func applyInverse(to U: inout LinkField<Group>) throws(InversionFailure) -> Lanes {
    U.links[0] = U.links[1].adjoint * U.links[0]
    return .zero
  }
  func applyWithPullback(to U: inout LinkField<Group>) -> (
    logDet: Lanes, pullback: (inout AlgebraField<Group>, Lanes) -> Void
  ) {
    let inverse = U.links[1].adjoint
    return (
      apply(to: &U),
      { gradient, _ in
        gradient.elements[1] = gradient.elements[1] + gradient.elements[0]
        gradient.elements[0] = inverse.adjointAction(on: gradient.elements[0])
      }
    )
  }
}

private func momenta<Group: GaugeGroup>(_ lattice: Lattice, seed: UInt64 = 2)
  -> AlgebraField<Group>
{
  var result = AlgebraField<Group>(zero: lattice)
  var generator = LaneGenerator(seed: seed, purpose: .momenta, firstConfiguration: 0, step: 0)
  result.sampleGaussian(using: &generator)
  return result
}

@Suite("Hybrid Monte Carlo in the variables of a flow")
struct TransformedActionTests {
  private func action(_ map: any DifferentiableBijection<U1>, _ lattice: Lattice, beta: Double)
    throws -> TransformedAction<WilsonAction<U1>>
  { TransformedAction(try WilsonAction(beta: beta), through: map, on: lattice) }

  /// The largest deviation of the force from fourth-order differences along random directions, of the
  /// half of the configurations with the smaller ones, in units of the gradient's norm.
  private func forceDeviation<Base: GaugeAction>(
    _ action: TransformedAction<Base>, _ V: LinkField<Base.Group>, steps: [Double]
  ) -> Double {
    var gradient = AlgebraField<Base.Group>(zero: V.lattice)
    action.accumulateGradient(of: V, scaledBy: 1, into: &gradient)
    let norm = LaneMath.sqrt(gradient.dot(gradient))
    var worst = 0.0
    for seed in 1...6 {
      let direction: AlgebraField<Base.Group> = momenta(V.lattice, seed: UInt64(seed))
      func energy(_ time: Double) -> Lanes {
        var moved = V
        moved.advance(by: time, along: direction)
        return action.value(of: moved)
      }
      var best = Lanes(repeating: .infinity)
      for h in steps {
        let difference =
          (8 * (energy(h) - energy(-h)) - (energy(2 * h) - energy(-2 * h))) / (12 * h)
        best = min(best, abs(difference - gradient.dot(direction)) / norm)
      }
      worst = max(worst, (0..<laneCount).map { best[$0] }.sorted()[laneCount / 2])
    }
    return worst
  }

  @Test(
    "the force agrees with fourth-order differences of the action",
    arguments: [("smooth blocks", 2e-4), ("stripes", 2e-4), ("blocks", 2e-2)])
  func force(name: String, tolerance: Double) throws {
    // Rounding of the network in single precision over the step; splines have kinks besides.
    for extents in [[4, 4], [8, 4]] {
      let flow = try randomFlow(name, extents)
      let V = hotField(flow.lattice)
      let deviation = forceDeviation(
        try action(flow, flow.lattice, beta: 1.7), V, steps: [1e-2, 3e-3, 1e-3])
      #expect(deviation < tolerance, "\(extents)")
      // Without the log-det the force is another one.
      let dropped = TransformedAction(
        try WilsonAction<U1>(beta: 1.7), through: DroppedLogDet(base: flow), on: flow.lattice)
      var difference = AlgebraField<U1>(zero: flow.lattice)
      dropped.accumulateGradient(of: V, scaledBy: 1, into: &difference)
      try action(flow, flow.lattice, beta: 1.7)
        .accumulateGradient(of: V, scaledBy: -1, into: &difference)
      #expect(all(difference.dot(difference) .> 0.1))
    }
  }

  @Test("the force of another group, by the generic code of a map in double precision")
  func nonAbelianForce() throws {
    let lattice = try Lattice([3, 2, 2])
    let action = TransformedAction(
      try WilsonAction<SU3>(beta: 4), through: Shear<SU3>(), on: lattice)
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    let V = LinkField<SU3>(hotStart: lattice, using: &generator)
    #expect(forceDeviation(action, V, steps: [1e-3]) < 1e-8)
  }

  @Test("the gradient in one call is that of the pullback, and adds with its factor")
  func oneCall() throws {
    let flow = try randomFlow("blocks", [5, 3])
    let V = hotField(flow.lattice)
    var U = V, W = V
    let (logDet, pullback) = flow.applyWithPullback(to: &U)
    // A second evaluation while the first is kept.
    let other = flow.applyWithPullback(to: &W)
    var expected: AlgebraField<U1> = momenta(flow.lattice)
    var second = expected
    other.pullback(&second, Lanes(repeating: 0.3))
    pullback(&expected, Lanes(repeating: 0.3))
    var gradient = AlgebraField<U1>(zero: flow.lattice)
    var X = V
    let again = flow.applyWithGradient(
      to: &X, gradient: &gradient, logDetWeight: Lanes(repeating: 0.3)
    ) { $1 = momenta($0.lattice) }
    #expect(all(logDet .== again) && all(logDet .== other.logDet))
    for link in V.links.indices {
      #expect(all(X.links[link].angle .== U.links[link].angle))
      #expect(all(gradient.elements[link].value .== expected.elements[link].value))
      #expect(all(second.elements[link].value .== expected.elements[link].value))
    }
    let action = try action(flow, flow.lattice, beta: 2)
    var sum: AlgebraField<U1> = momenta(flow.lattice)
    var force = AlgebraField<U1>(zero: flow.lattice)
    action.accumulateGradient(of: V, scaledBy: 1, into: &force)
    action.accumulateGradient(of: V, scaledBy: -0.5, into: &sum)
    let start: AlgebraField<U1> = momenta(flow.lattice)
    for link in V.links.indices {
      let wanted = start.elements[link].value - 0.5 * force.elements[link].value
      #expect(all(abs(sum.elements[link].value - wanted) .< 1e-12))
    }
  }

  @Test("the action of the new variables is gauge invariant")
  func gaugeInvariance() throws {
    let flow = try randomFlow("blocks", [4, 4])
    let action = try action(flow, flow.lattice, beta: 2)
    let V = hotField(flow.lattice)
    var transformed = V
    transformed.transform(by: Array(hotField(flow.lattice, seed: 9).links.prefix(16)))
    // Rounding of the network's features to single precision.
    #expect(all(abs(action.value(of: transformed) - action.value(of: V)) .< 1e-4))
  }

  @Test(
    "trajectories are reversible to the rounding of the network", arguments: Integrator.all,
    ["smooth blocks", "stripes"])
  func reversibility(integrator: Integrator, name: String) throws {
    let flow = try randomFlow(name, [8, 4])
    let kernel = try HybridMonteCarlo(
      action: action(flow, flow.lattice, beta: 2), integrator: integrator, trajectoryLength: 1,
      steps: 20)
    let start = hotField(flow.lattice)
    var V = start
    var p: AlgebraField<U1> = momenta(flow.lattice)
    kernel.integrate(&V, momenta: &p)
    #expect(any(abs(V.links[0].angle - start.links[0].angle) .> 0.1))
    for link in p.elements.indices { p.elements[link].value = -p.elements[link].value }
    kernel.integrate(&V, momenta: &p)
    for link in start.links.indices {
      #expect(all(abs(V.links[link].angle - start.links[link].angle) .< 1e-5))
    }
  }

  @Test("<exp(-dH)> is 1 in equilibrium, at an acceptance far from 1", arguments: Integrator.all)
  func creutzEquality(integrator: Integrator) throws {
    let flow = try randomFlow("smooth blocks", [4, 4])
    let steps = integrator.order == 2 ? (integrator == .leapfrog ? 6 : 3) : 2
    var runner = try ChainRunner(
      KernelSequence(
        try HybridMonteCarlo(
          action: action(flow, flow.lattice, beta: 2), integrator: integrator,
          trajectoryLength: 1.2, steps: steps)),
      lattice: flow.lattice, chains: 64, start: .hot, seed: 3, threads: 2)
    try runner.advance(by: 200)
    runner.resetStatistics()
    try runner.advance(by: 400)
    let statistics = runner.statistics[0]
    let pull = (statistics.expMinusDeltaH! - 1) / statistics.expMinusDeltaHError!
    #expect(abs(pull) < sigmas, "\(statistics)")
    #expect(statistics.acceptanceRate < 0.98 && statistics.acceptanceRate > 0.2)
  }

  /// A flow whose log-det matters and whose forces a step of 1/4 resolves: those of splines, less.
  private func exactnessFlow(_ name: String) throws -> CouplingTransport<U1> {
    try randomFlow(
      name, name == "stripes" ? [4, 4] : [4, 3], factor: name == "blocks" ? 3 : 6)
  }

  /// The deviations from 0 of what one step changes in the images, from exact samples that are pulled
  /// back to the variables of the flow; and the acceptance. Does not depend on how chains mix.
  private func changes(
    _ flow: CouplingTransport<U1>, _ map: any DifferentiableBijection<U1>, limit: Double?
  ) throws -> (pulls: [Double], acceptance: Double) {
    let beta = 1.2
    let sampler = try DirectSamplerU1(lattice: flow.lattice, beta: beta)
    let action = TransformedAction(
      try WilsonAction<U1>(beta: beta), through: map, on: flow.lattice, forceLimit: limit)
    let kernel = try HybridMonteCarlo(action: action, trajectoryLength: 1.5, steps: 6)
    func quantities(_ U: LinkField<U1>) -> [Lanes] {
      let loops = U.averageWilsonLoops(mu: 0, nu: 1, upTo: 2, by: 2)
      return [loops[0], loops[1], loops[3], U.topologicalCharge * U.topologicalCharge]
    }
    var samples = Array(repeating: Sample(), count: 4)
    var acceptance = Sample()
    for packet in 0..<2000 {
      var U = LinkField<U1>(coldStart: flow.lattice)
      sampler.sample(into: &U, seed: 5, firstConfiguration: packet * laneCount)
      let before = quantities(U)
      _ = try flow.applyInverse(to: &U)
      var state = ChainState(U)
      var streams = ChainStreams(seed: 6, firstChain: packet * laneCount)
      acceptance.add(kernel.step(&state, using: &streams).acceptance)
      let after = quantities(state.U.mapped(by: flow))
      for index in samples.indices { samples[index].add(after[index] - before[index]) }
    }
    return (samples.map { $0.pull(exact: 0) }, acceptance.mean)
  }

  @Test(
    "one step from exact samples leaves plaquette, Wilson loops and <Q^2> as they are",
    arguments: ["blocks", "smooth blocks", "stripes"], [nil, 0.3])
  func invariance(name: String, limit: Double?) throws {
    // 24 numbers at 5.5 standard errors: false alarm below 1e-5.
    let flow = try exactnessFlow(name)
    let result = try changes(flow, flow, limit: limit)
    for pull in result.pulls { #expect(abs(pull) < sigmas, "\(result)") }
    // Chains that stand still would prove nothing.
    #expect(result.acceptance > 0.05)
  }

  @Test("a dropped log-det breaks the law of exact samples, and that of long chains")
  func droppedLogDet() throws {
    let flow = try exactnessFlow("smooth blocks")
    let result = try changes(flow, DroppedLogDet(base: flow), limit: nil)
    #expect(result.pulls.contains { abs($0) > sigmas }, "\(result)")
    let long = try pulls(DroppedLogDet(base: flow), flow.lattice, steps: 6)
    #expect(abs(long[0]) > sigmas, "\(long)")
  }

  /// The deviations of plaquette, `W(2x2)`, `W(2x1)` and `<Q²>` of long chains from the exact values.
  private func pulls(
    _ map: any DifferentiableBijection<U1>, _ lattice: Lattice, steps: Int, limit: Double? = nil
  ) throws -> [Double] {
    let beta = 1.2
    let action = TransformedAction(
      try WilsonAction<U1>(beta: beta), through: map, on: lattice, forceLimit: limit)
    let kernel = try HybridMonteCarlo(action: action, trajectoryLength: 1.5, steps: steps)
    var probe = try ChainRunner(
      KernelSequence(kernel), lattice: lattice, chains: 64, start: .hot, seed: 21, threads: 2)
    try probe.advance(by: 50)
    // Chains that stand still would be those of the start.
    #expect(probe.statistics[0].acceptanceRate > 0.05)
    let means = try chainMeans(
      KernelSequence(kernel), lattice, plan: ChainPlan(thermalization: 100, every: 2, count: 400),
      seed: 20
    ) { V in
      let U = V.mapped(by: map)
      let loops = U.averageWilsonLoops(mu: 0, nu: 1, upTo: 2, by: 2)
      return [U.averagePlaquette, loops[1], loops[3], U.topologicalCharge * U.topologicalCharge]
    }
    let exact = try ExactU1(volume: lattice.volume, beta: beta)
    let values = [
      exact.averagePlaquette, try exact.wilsonLoop(area: 2), try exact.wilsonLoop(area: 4),
      exact.topologicalChargeSquared,
    ]
    return zip(means, values).map { $0.pull(exact: $1) }
  }

  @Test(
    "the images of long chains reproduce the exact plaquette, Wilson loops and <Q^2>",
    arguments: ["blocks", "smooth blocks", "stripes"])
  func exactness(name: String) throws {
    // 12 numbers at 5.5 standard errors: false alarm below 1e-5.
    let flow = try exactnessFlow(name)
    let pulls = try pulls(flow, flow.lattice, steps: 6)
    for pull in pulls { #expect(abs(pull) < sigmas, "\(pulls)") }
  }

  @Test("softened forces change the trajectories and leave the distribution exact")
  func softenedForces() throws {
    let flow = try randomFlow("blocks", [4, 3])
    let exact = try action(flow, flow.lattice, beta: 1.2)
    let soft = TransformedAction(exact.base, through: flow, on: flow.lattice, forceLimit: 0.5)
    let V = hotField(flow.lattice)
    var gradient = AlgebraField<U1>(zero: flow.lattice), softened = gradient
    exact.accumulateGradient(of: V, scaledBy: 1, into: &gradient)
    soft.accumulateGradient(of: V, scaledBy: 2, into: &softened)
    for link in V.links.indices {
      let g = gradient.elements[link].value, s = softened.elements[link].value
      #expect(all(abs(s - 2 * g / LaneMath.sqrt(1 + 4 * g * g)) .< 1e-12))
    }
    // Four numbers at 5.5 standard errors.
    let pulls = try pulls(flow, flow.lattice, steps: 6, limit: 0.5)
    for pull in pulls { #expect(abs(pull) < sigmas, "\(pulls)") }
  }

  @Test("one and two threads give the same bits, and a checkpoint goes on to them")
  func bits() throws {
    let lattice = try Lattice([4, 3])
    func runner(_ threads: Int, _ start: ChainStart = .hot) throws -> ChainRunner<LinkField<U1>> {
      let kernel = try HybridMonteCarlo(
        action: action(randomFlow("blocks", [4, 3]), lattice, beta: 2), trajectoryLength: 1,
        steps: 4)
      return try ChainRunner(
        KernelSequence(kernel), lattice: lattice, chains: 19, start: start, seed: 5,
        threads: threads)
    }
    var one = try runner(1), two = try runner(2)
    try one.advance(by: 13)
    try two.advance(by: 13)
    let same = one.checkpoint() == two.checkpoint()
    #expect(same && one.statistics == two.statistics)
    var resumed = try runner(2, .cold)
    try resumed.restore(one.checkpoint())
    try one.advance(by: 9)
    try resumed.advance(by: 9)
    let goesOn = one.checkpoint() == resumed.checkpoint()
    #expect(goesOn && one.statistics == resumed.statistics)
  }
}
