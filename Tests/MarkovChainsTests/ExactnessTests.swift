import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

@Suite("Every algorithm samples two-dimensional U(1)")
struct ExactnessTests {
  @Test(
    "long chains reproduce the exact plaquette and <Q^2> on lattices that are odd or not square",
    arguments: Algorithm.allCases)
  func longChains(algorithm: Algorithm) throws {
    for (extents, beta) in [([3, 5], 1.2), ([4, 2], 0.7)] {
      let lattice = try Lattice(extents)
      let exact = try ExactU1(volume: lattice.volume, beta: beta)
      let means = try chainMeans(
        algorithm.kernels(lattice, beta), lattice,
        plan: ChainPlan(thermalization: 100, every: 2, count: 600), seed: 20
      ) { [$0.averagePlaquette, $0.topologicalCharge * $0.topologicalCharge] }
      #expect(abs(means[0].pull(exact: exact.averagePlaquette)) < sigmas, "plaquette \(means[0])")
      #expect(
        abs(means[1].pull(exact: exact.topologicalChargeSquared)) < sigmas, "charge \(means[1])")
    }
  }

  @Test(
    "one step from exact samples leaves plaquette, loops, <Q^2> and the action's square as they are",
    arguments: Algorithm.allCases)
  func invariance(algorithm: Algorithm) throws {
    let lattice = try Lattice([3, 2])
    let beta = 1.3
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    let kernels = try algorithm.kernels(lattice, beta)
    var samples = Array(repeating: Sample(), count: 6)
    for packet in 0..<4000 {
      var U = LinkField<U1>(coldStart: lattice)
      sampler.sample(into: &U, seed: 5, firstConfiguration: packet * laneCount)
      let before = quantities(U)
      var state = ChainState(U)
      var streams = ChainStreams(seed: 6, firstChain: packet * laneCount)
      _ = try kernels.step(&state, using: &streams)
      for (index, value) in quantities(state.U).enumerated() {
        samples[index].add(value - before[index])
      }
    }
    for sample in samples { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
  }

  @Test(
    "single proposals satisfy detailed balance: <f(U) g(U')> is symmetric from exact samples",
    arguments: ["hmc", "winding", "independence"])
  func detailedBalance(name: String) throws {
    let lattice = try Lattice([2, 3])
    let beta = 1.1
    let action = try WilsonAction<U1>(beta: beta)
    let sampler = try DirectSamplerU1(lattice: lattice, beta: beta)
    let kernel: AnyMarkovKernel<LinkField<U1>> =
      switch name {
      case "hmc":
        // Steps so large that many trajectories are rejected.
        AnyMarkovKernel(
          try HybridMonteCarlo(
            action: action, integrator: .leapfrog, trajectoryLength: 1.5, steps: 2))
      case "winding": AnyMarkovKernel(try WindingUpdate(action: action, on: lattice))
      default:
        AnyMarkovKernel(
          try IndependenceMetropolis(
            proposal: IndependentLinks(lattice: lattice), action: action, on: lattice))
      }
    var samples = Array(repeating: Sample(), count: 15)
    var acceptance = Sample()
    for packet in 0..<6000 {
      var U = LinkField<U1>(coldStart: lattice)
      sampler.sample(into: &U, seed: 15, firstConfiguration: packet * laneCount)
      let f = quantities(U)
      var state = ChainState(U)
      var streams = ChainStreams(seed: 16, firstChain: packet * laneCount)
      acceptance.add(try kernel.step(&state, using: &streams).acceptance)
      let g = quantities(state.U)
      var index = 0
      for a in 0..<6 {
        for b in (a + 1)..<6 {
          samples[index].add(f[a] * g[b] - g[a] * f[b])
          index += 1
        }
      }
    }
    #expect(acceptance.mean > 0.03 && acceptance.mean < 0.95)
    for sample in samples { #expect(abs(sample.pull(exact: 0)) < sigmas, "\(sample)") }
  }

  @Test("the winding update moves frozen chains between sectors with the exact probabilities")
  func sectors() throws {
    let lattice = try Lattice([16, 16])
    let beta = 7.0
    let action = try WilsonAction<U1>(beta: beta)
    let exact = try ExactU1(volume: lattice.volume, beta: beta)
    let hmc = try HybridMonteCarlo(
      action: action, integrator: .minimumNorm2, trajectoryLength: 1, steps: 6)
    let plan = ChainPlan(thermalization: 60, every: 2, count: 200)
    let kernels = KernelSequence(hmc)
      .followed(by: try WindingUpdate(action: action, on: lattice), repetitions: 2)
    let means = try chainMeans(kernels, lattice, plan: plan, seed: 77) { U in
      let Q = U.topologicalCharge
      let charge = abs(Q)
      return [
        U.averagePlaquette, Q, Q * Q, hits(charge, 0), hits(charge, 1), hits(charge, 2),
      ]
    }
    #expect(abs(means[0].pull(exact: exact.averagePlaquette)) < sigmas)
    #expect(abs(means[1].pull(exact: 0)) < sigmas)
    #expect(abs(means[2].pull(exact: exact.topologicalChargeSquared)) < sigmas)
    for charge in 0...2 {
      let probability = exact.sectors.probability(of: charge) * (charge == 0 ? 1 : 2)
      #expect(abs(means[3 + charge].pull(exact: probability)) < sigmas, "|Q| = \(charge)")
    }
    // Without it the chains keep the sector of their start.
    let frozen = try chainMeans(KernelSequence(hmc), lattice, plan: plan, start: .cold, seed: 77) {
      [$0.topologicalCharge * $0.topologicalCharge]
    }
    #expect(frozen[0].mean < 0.3 * exact.topologicalChargeSquared)
  }

  @Test("a smooth field of charge q has charge q and the same flux in every plaquette")
  func smoothField() throws {
    for extents in [[4, 6], [5, 3], [1, 7], [2, 2]] {
      let lattice = try Lattice(extents)
      var U = LinkField<U1>(coldStart: lattice)
      let charge = Lanes(0, 1, -1, 2, -2, 1, 0, -1)
      addWinding(charge, to: &U)
      let bound = Double(lattice.volume) / 2
      for lane in 0..<laneCount where abs(charge[lane]) < bound {
        #expect(abs(U.topologicalCharge[lane] - charge[lane]) < 1e-12)
        for x in 0..<lattice.volume {
          let flux = U.plaquette(at: x, mu: 0, nu: 1).reunitarized.angle[lane]
          #expect(abs(flux - 2 * .pi * charge[lane] / Double(lattice.volume)) < 1e-12)
        }
      }
    }
  }
}

/// 1 in the lanes where a charge is the given one, 0 elsewhere.
private func hits(_ charge: Lanes, _ value: Double) -> Lanes {
  select(abs(charge - value) .< 0.5, Lanes(repeating: 1), .zero)
}

/// Plaquette, 2x1 loop, Q², Q, the square of the plaquette and one link, which a gauge-invariant
/// distribution leaves uniform.
private func quantities(_ U: LinkField<U1>) -> [Lanes] {
  let plaquette = U.averagePlaquette
  let Q = U.topologicalCharge
  return [
    plaquette, U.wilsonLoop(at: 0, mu: 0, r: 2, nu: 1, t: 1).realTrace, Q * Q,
    plaquette * plaquette, U[1, 0].realTrace, Q,
  ]
}
