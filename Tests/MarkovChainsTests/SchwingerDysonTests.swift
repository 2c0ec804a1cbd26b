import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

/// The residuals of the identities along 64 chains, each chain's mean a sample.
private func residuals<Theory: GaugeAction>(
  of theory: Theory, along kernels: KernelSequence<LinkField<Theory.Group>>, _ lattice: Lattice,
  updates: Int, seed: UInt64
) throws -> [Sample] {
  let identities = try SchwingerDyson(action: theory, on: lattice)
  let plan = ChainPlan(thermalization: 60, every: 1, count: updates)
  var runner = try ChainRunner(
    kernels, lattice: lattice, chains: 64, start: .hot, seed: seed, threads: 2)
  var sums = Array(
    repeating: Array(repeating: Lanes.zero, count: identities.components.count), count: 8)
  _ = try runner.run(plan, measure: { identities.residuals(of: $0.U) }) { sample, values in
    for (index, value) in values.enumerated() {
      sums[sample.firstChain / laneCount][index] += value
    }
    return true
  }
  return identities.components.indices.map { index in
    var sample = Sample()
    for packet in sums { sample.add(packet[index] / Double(updates)) }
    return sample
  }
}

private func molecularDynamics<Theory: GaugeAction>(
  _ theory: Theory, steps: Int = 3
) throws -> KernelSequence<LinkField<Theory.Group>> {
  KernelSequence(
    try HybridMonteCarlo(
      action: theory, integrator: .minimumNorm2, trajectoryLength: 1, steps: steps))
}

/// Couplings that differ from plane to plane, `S = -Σ_planes β_p Σ Re tr P / N`; one direction's
/// staples may be forgotten in the staple sum, as an error in a kernel would.
private struct AnisotropicAction: LinkLinearAction {
  typealias Group = U1
  var couplings: [Double]
  var forgetsStaple = false

  private func plane(_ mu: Int, _ nu: Int) -> Double { couplings[mu + nu - 1] }

  func value(of U: LinkField<U1>) -> Lanes {
    var sum = Lanes.zero
    for mu in 0..<U.lattice.dimension {
      for nu in (mu + 1)..<max(mu + 1, U.lattice.dimension) {
        for x in 0..<U.lattice.volume {
          sum -= plane(mu, nu) * U.plaquette(at: x, mu: mu, nu: nu).realTrace
        }
      }
    }
    return sum
  }
  func accumulateGradient(
    of U: LinkField<U1>, scaledBy factor: Double, into gradient: inout AlgebraField<U1>
  ) {
    for mu in 0..<U.lattice.dimension {
      for nu in 0..<U.lattice.dimension where nu != mu {
        for x in 0..<U.lattice.volume {
          let sine =
            sin(U.plaquette(at: x, mu: mu, nu: nu).angle)
            - sin(U.plaquette(at: U.lattice.backward(x, nu), mu: mu, nu: nu).angle)
          gradient[x, mu].value += factor * plane(min(mu, nu), max(mu, nu)) * sine
        }
      }
    }
  }
  var stapleCoupling: Double { couplings[0] }
  var smallestExtent: Int { 2 }
  var reach: LoopReach { .plaquettes }
  func addStaple(at x: Int, mu: Int, in U: LinkView<U1>, to sum: inout ComplexLanes) {
    let volume = U.volume
    for nu in 0..<U.dimension where nu != mu {
      let ahead = U.forward[mu * volume + x], above = U.forward[nu * volume + x]
      let below = U.backward[nu * volume + x]
      U1.add(U[ahead, nu] * U[above, mu].adjoint * U[x, nu].adjoint, to: &sum)
      if forgetsStaple && mu == 0 && nu == 1 && x == 0 { continue }
      let corner = U.forward[mu * volume + below]
      U1.add(U[corner, nu].adjoint * U[below, mu].adjoint * U[below, nu], to: &sum)
    }
  }
}

@Suite("Schwinger-Dyson identities hold along chains, for every group and dimension")
struct SchwingerDysonChainTests {
  @Test(
    "exact samples have mean 0, and a coupling that is wrong by 2 per cent shows",
    arguments: [([3, 5], 0.7), ([4, 2], 2.0), ([12, 12], 5.0)] as [([Int], Double)])
  func exactSamples(extents: [Int], beta: Double) throws {
    let lattice = try Lattice(extents)
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    let right = try SchwingerDyson(action: WilsonAction<U1>(beta: beta), on: lattice)
    let wrong = try SchwingerDyson(action: WilsonAction<U1>(beta: 1.02 * beta), on: lattice)
    var samples = Array(repeating: Sample(), count: right.components.count)
    var wrongMean = Sample()
    for packet in 0..<(lattice.volume > 100 ? 500 : 12_000) {
      var U = LinkField<U1>(coldStart: lattice)
      sampler.sample(into: &U, seed: 31, firstConfiguration: packet * laneCount)
      for (index, value) in right.residuals(of: U).enumerated() { samples[index].add(value) }
      wrongMean.add(wrong.residuals(of: U)[0])
    }
    for sample in samples { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
    // A fraction 0.02 of the plaquette, many errors away.
    let expected = -0.02 * (try ExactU1(volume: lattice.volume, beta: beta).averagePlaquette)
    #expect(abs(wrongMean.pull(exact: expected)) < sigmas)
    #expect(wrongMean.pull(exact: 0) < -4, "\(wrongMean.pull(exact: 0)) sigma")
  }

  @Test("every algorithm of two-dimensional U(1)", arguments: Algorithm.allCases)
  func algorithms(algorithm: Algorithm) throws {
    let lattice = try Lattice([4, 3])
    let found = try residuals(
      of: WilsonAction<U1>(beta: 1.3), along: algorithm.kernels(lattice, 1.3), lattice,
      updates: 400, seed: 41)
    for sample in found { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
    let wrong = try residuals(
      of: WilsonAction<U1>(beta: 1.05 * 1.3), along: algorithm.kernels(lattice, 1.3), lattice,
      updates: 400, seed: 41)
    #expect(wrong[0].pull(exact: 0) < -sigmas, "\(wrong[0].pull(exact: 0)) sigma")
  }

  @Test("two to four dimensions, extents of 1 and 2 included", arguments: [0, 1, 2, 3, 4])
  func dimensions(number: Int) throws {
    func check<Group: GaugeGroup>(_ action: WilsonAction<Group>, _ extents: [Int]) throws {
      let lattice = try Lattice(extents)
      let found = try residuals(
        of: action, along: molecularDynamics(action), lattice, updates: 120, seed: 51)
      for sample in found {
        #expect(abs(sample.pull(exact: 0)) < sigmas, "\(Group.name) \(lattice) \(sample)")
      }
      let wrong = try residuals(
        of: WilsonAction<Group>(beta: 1.1 * action.beta), along: molecularDynamics(action),
        lattice, updates: 120, seed: 51)
      #expect(wrong[0].pull(exact: 0) < -sigmas, "\(Group.name) \(wrong[0].pull(exact: 0))")
    }
    switch number {
    case 0:
      try check(WilsonAction<U1>(beta: 1.1), [3, 2, 4])
      try check(WilsonAction<U1>(beta: 0.9), [2, 3, 2, 2])
      try check(WilsonAction<U1>(beta: 1.1), [1, 4, 3])
    case 1:
      try check(WilsonAction<SU2>(beta: 2.2), [3, 4])
      try check(WilsonAction<SU2>(beta: 2.2), [2, 1, 3])
    case 2: try check(WilsonAction<SU2>(beta: 2.0), [2, 3, 2, 2])
    case 3:
      try check(WilsonAction<SU3>(beta: 5), [3, 2])
      try check(WilsonAction<SU3>(beta: 5.5), [2, 2, 2, 2])
    default: try check(WilsonAction<SU<4>>(beta: 8), [3, 2, 1])
    }
  }

  @Test("an anisotropy of 5 per cent that leaves the average alone shows in the planes")
  func anisotropy() throws {
    let lattice = try Lattice([4, 4, 4])
    let sampled = AnisotropicAction(couplings: [1.05, 0.95, 1.0])
    let found = try residuals(
      of: WilsonAction<U1>(beta: 1), along: molecularDynamics(sampled), lattice, updates: 300,
      seed: 61)
    let own = try residuals(
      of: sampled, along: molecularDynamics(sampled), lattice, updates: 300, seed: 61)
    for sample in own { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
    // Components 01 02 10 12 20 21 after the mean; planes 01, 02, 12.
    #expect(found[1].pull(exact: 0) > sigmas && found[3].pull(exact: 0) > sigmas)
    #expect(found[2].pull(exact: 0) < -sigmas && found[5].pull(exact: 0) < -sigmas)
    #expect(abs(found[0].mean) < 0.3 * abs(found[1].mean))
  }

  @Test("a heatbath that forgets one of 48 staples shows")
  func forgottenStaple() throws {
    let lattice = try Lattice([3, 4])
    let beta = 1.5
    let action = try WilsonAction<U1>(beta: beta)
    var broken = AnisotropicAction(couplings: [beta])
    let sound = try residuals(
      of: action, along: KernelSequence(try Heatbath(action: broken, on: lattice)), lattice,
      updates: 1500, seed: 71)
    for sample in sound { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
    broken.forgetsStaple = true
    let found = try residuals(
      of: action, along: KernelSequence(try Heatbath(action: broken, on: lattice)), lattice,
      updates: 4000, seed: 71)
    let worst = found.reduce(0) { max($0, abs($1.pull(exact: 0))) }
    #expect(worst > sigmas, "worst \(worst) sigma")
  }
}
