import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

/// Sums of some hundred numbers of order 1, in another order.
private let roundingTolerance = 1e-12

@Suite("Molecular dynamics")
struct MolecularDynamicsTests {
  static let lattices = [[4, 6], [3, 5], [1, 4], [2, 2], [4, 3, 2], [2, 3, 2, 4], [6]]

  @Test("the U(1) force agrees with fourth-order differences of the action", arguments: lattices)
  func force(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let action = try WilsonAction<U1>(beta: 1.7)
    let U = hotField(lattice)
    var direction = AlgebraField<U1>(zero: lattice)
    var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
    direction.sampleGaussian(using: &generator)
    func energy(at time: Double) -> Lanes {
      var moved = U
      moved.advance(by: time, along: direction)
      return action.value(of: moved)
    }
    var gradient = AlgebraField<U1>(zero: lattice)
    action.accumulateGradient(of: U, into: &gradient)
    let h = 1e-3
    let difference =
      (8 * (energy(at: h) - energy(at: -h)) - (energy(at: 2 * h) - energy(at: -2 * h))) / (12 * h)
    // h^4 times fifth derivatives, and rounding divided by h.
    let tolerance = 1e-8 * Double(lattice.linkCount)
    #expect(all(abs(difference - gradient.dot(direction)) .< tolerance))
  }

  @Test("the force and the step in one pass are those of the plain formula", arguments: lattices)
  func fusedStep(extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let action = try WilsonAction<U1>(beta: 1.7)
    // A link that closes on itself is no term linear in itself: only the difference test covers it.
    let isLinear = extents.allSatisfy { $0 > 1 }
    let start = hotField(lattice, seed: 3)
    var momenta = AlgebraField<U1>(zero: lattice)
    var generator = LaneGenerator(seed: 4, purpose: .momenta, firstConfiguration: 0, step: 0)
    momenta.sampleGaussian(using: &generator)
    var fused = (U: start, momenta: momenta), plain = (U: start, momenta: momenta)
    for (kick, drift) in [(0.1, 0.3), (0.0, 0.2), (-0.2, 0.0), (0.3, -0.1)] {
      action.evolve(&fused.U, momenta: &fused.momenta, kick: kick, drift: drift)
      if isLinear {
        PlainWilsonAction(beta: 1.7).evolve(
          &plain.U, momenta: &plain.momenta, kick: kick, drift: drift)
      } else {
        var gradient = AlgebraField<U1>(zero: lattice)
        action.accumulateGradient(of: plain.U, into: &gradient)
        for link in gradient.elements.indices {
          plain.momenta.elements[link] =
            plain.momenta.elements[link] - Lanes(repeating: kick) * gradient.elements[link]
        }
        plain.U.advance(by: drift, along: plain.momenta)
      }
    }
    for link in start.links.indices {
      #expect(
        all(abs(fused.U.links[link].angle - plain.U.links[link].angle) .< roundingTolerance))
      let difference = fused.momenta.elements[link] - plain.momenta.elements[link]
      #expect(all(abs(difference.value) .< roundingTolerance))
    }
  }

  @Test("sums and multiples of actions evolve as the one action that they are")
  func combinations() throws {
    let lattice = try Lattice([3, 4])
    let half = try WilsonAction<U1>(beta: 0.6)
    let whole = try WilsonAction<U1>(beta: 1.8)
    let combined = half + 2.0 * half
    let start = hotField(lattice, seed: 3)
    var a = (U: start, momenta: AlgebraField<U1>(zero: lattice)), b = a
    for _ in 0..<5 {
      whole.evolve(&a.U, momenta: &a.momenta, kick: 0.2, drift: 0.1)
      combined.evolve(&b.U, momenta: &b.momenta, kick: 0.2, drift: 0.1)
    }
    #expect(all(abs(whole.value(of: a.U) - combined.value(of: b.U)) .< roundingTolerance))
  }

  @Test("trajectories are reversible", arguments: Integrator.all, [[6, 5], [3, 4, 2]])
  func reversibility(integrator: Integrator, extents: [Int]) throws {
    let lattice = try Lattice(extents)
    let kernel = try HybridMonteCarlo(
      action: WilsonAction<U1>(beta: 2), integrator: integrator, trajectoryLength: 2, steps: 20)
    let start = hotField(lattice)
    var U = start
    var momenta = AlgebraField<U1>(zero: lattice)
    var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
    momenta.sampleGaussian(using: &generator)
    kernel.integrate(&U, momenta: &momenta)
    #expect(any(abs(U.links[0].angle - start.links[0].angle) .> 0.1))
    for link in momenta.elements.indices {
      momenta.elements[link] = U1Algebra(value: -momenta.elements[link].value)
    }
    kernel.integrate(&U, momenta: &momenta)
    let tolerance = 1e-10
    for link in start.links.indices {
      #expect(all(abs(U.links[link].angle - start.links[link].angle) .< tolerance))
    }
  }

  @Test(
    "the energy violation falls with the power of the step size that is the integrator's order",
    arguments: Integrator.all)
  func order(integrator: Integrator) throws {
    let lattice = try Lattice([4, 6])
    let action = try WilsonAction<U1>(beta: 2)
    let start = hotField(lattice)
    func violation(_ steps: Int) throws -> Double {
      let kernel = try HybridMonteCarlo(
        action: action, integrator: integrator, trajectoryLength: 1, steps: steps)
      var U = start
      var momenta = AlgebraField<U1>(zero: lattice)
      var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
      momenta.sampleGaussian(using: &generator)
      let before = 0.5 * momenta.dot(momenta) + action.value(of: U)
      kernel.integrate(&U, momenta: &momenta)
      let after = 0.5 * momenta.dot(momenta) + action.value(of: U)
      return ((after - before) * (after - before)).laneSum.squareRoot()
    }
    let coarse = integrator.order == 2 ? 20 : 5
    let ratio = try violation(coarse) / violation(2 * coarse)
    // The next order of the step size is still visible at these steps.
    let expected = integrator.order == 2 ? 4.0 : 16.0
    #expect(abs(ratio / expected - 1) < 0.2, "ratio \(ratio)")
  }

  @Test("minimum-norm schemes violate energy less than leapfrog at the same number of forces")
  func minimumNorm() throws {
    let lattice = try Lattice([8, 8])
    let action = try WilsonAction<U1>(beta: 4)
    func rate(_ integrator: Integrator, _ steps: Int) throws -> Double {
      var runner = try ChainRunner(
        KernelSequence(
          try HybridMonteCarlo(
            action: action, integrator: integrator, trajectoryLength: 1, steps: steps)),
        lattice: lattice, chains: 8, start: .cold, seed: 1, threads: 1)
      try runner.advance(by: 20)
      runner.resetStatistics()
      try runner.advance(by: 100)
      return runner.statistics[0].deltaH!
    }
    let leapfrog = try rate(.leapfrog, 10)
    #expect(try rate(.minimumNorm2, 5) < 0.5 * leapfrog)
    #expect(try rate(.minimumNorm4, 2) < 0.5 * leapfrog)
  }

  @Test("<exp(-dH)> is 1 in equilibrium, at an acceptance far from 1", arguments: Integrator.all)
  func creutzEquality(integrator: Integrator) throws {
    let lattice = try Lattice([6, 4])
    let steps = integrator.order == 2 ? (integrator == .leapfrog ? 4 : 2) : 1
    var runner = try ChainRunner(
      KernelSequence(
        try HybridMonteCarlo(
          action: WilsonAction<U1>(beta: 2), integrator: integrator, trajectoryLength: 1.2,
          steps: steps)),
      lattice: lattice, chains: 64, start: .hot, seed: 3, threads: 2)
    try runner.advance(by: 200)
    runner.resetStatistics()
    try runner.advance(by: 400)
    let statistics = runner.statistics[0]
    let pull = (statistics.expMinusDeltaH! - 1) / statistics.expMinusDeltaHError!
    #expect(abs(pull) < sigmas, "\(statistics)")
    #expect(statistics.acceptanceRate < 0.98)
    #expect(statistics.updates == 64 * 400)
  }

  @Test("integrators merge neighbouring stages and count their forces")
  func schedules() {
    #expect(Integrator.leapfrog.schedule(steps: 50).count == 51)
    #expect(Integrator.leapfrog.forcesPerStep == 1)
    #expect(Integrator.minimumNorm2.forcesPerStep == 2)
    #expect(Integrator.minimumNorm4.forcesPerStep == 5)
    for integrator in Integrator.all {
      let schedule = integrator.schedule(steps: 3)
      #expect(schedule.count == 3 * integrator.forcesPerStep + 1)
      #expect(abs(schedule.reduce(0) { $0 + $1.kick } - 3) < 1e-14)
      #expect(abs(schedule.reduce(0) { $0 + $1.drift } - 3) < 1e-14)
    }
    let driftFirst = Integrator(
      name: "position leapfrog", order: 2, stages: [.drift(0.5), .kick(1), .drift(0.5)])
    #expect(driftFirst.schedule(steps: 2).map { $0.kick } == [0, 1, 1])
    #expect(driftFirst.schedule(steps: 2).map { $0.drift } == [0.5, 1, 0.5])
  }
}
