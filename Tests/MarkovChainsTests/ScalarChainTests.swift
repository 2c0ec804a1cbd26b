import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import MarkovChains
import Testing

/// Every algorithm for φ⁴ theory.
enum ScalarAlgorithm: String, CaseIterable, CustomStringConvertible, Sendable {
  case leapfrog, minimumNorm2, heatbath, overrelaxedMetropolis, multiHitMetropolis, independence

  var description: String { rawValue }

  func kernels(_ action: PhiFourAction, _ lattice: Lattice) throws -> KernelSequence<ScalarField> {
    switch self {
    case .leapfrog:
      return KernelSequence(
        try HybridMonteCarlo(
          action: action, integrator: .leapfrog, trajectoryLength: 0.9, steps: 5))
    case .minimumNorm2:
      return KernelSequence(
        try HybridMonteCarlo(
          action: action, integrator: .minimumNorm2, trajectoryLength: 0.9, steps: 3))
    case .heatbath: return KernelSequence(try ScalarHeatbath(action: action, on: lattice))
    case .overrelaxedMetropolis:
      return KernelSequence(try ScalarMetropolis(action: action, on: lattice, window: 0.8))
        .followed(by: try ScalarOverrelaxation(action: action, on: lattice), repetitions: 2)
    case .multiHitMetropolis:
      return KernelSequence(try ScalarMetropolis(action: action, on: lattice, window: 1.2, hits: 3))
    case .independence:
      let proposal = PriorProposal(try FreeFieldPrior(massSquared: 1), on: lattice)
      return KernelSequence(
        try IndependenceMetropolis(proposal: proposal, action: action, on: lattice)
      ).followed(by: try ScalarOverrelaxation(action: action, on: lattice))
    }
  }
}

/// `φ²`, `φ⁴`, `φ(x) φ(x+1)` and `φ(x) φ(x+L/2)` averaged over a chain of sites.
private func chainQuantities(_ field: ScalarField) -> [Lanes] {
  let L = field.lattice.volume
  var sums = [Lanes](repeating: .zero, count: 4)
  for x in 0..<L {
    let square = field[x] * field[x]
    sums[0] += square
    sums[1] += square * square
    sums[2] += field[x] * field[(x + 1) % L]
    sums[3] += field[x] * field[(x + L / 2) % L]
  }
  return sums.map { $0 / Double(L) }
}

@Suite("Chains of a scalar field")
struct ScalarChainTests {
  static let couplings = [(0.5, 0.1), (-1.0, 1.0), (0.0, 8.0), (-2.5, 1.2)]

  @Test("the transfer matrix is exact to ten digits: two grids agree, and the free field")
  func transferMatrix() throws {
    let tolerance = 1e-10
    for (massSquared, lambda) in Self.couplings {
      let a = TransferMatrix(massSquared: massSquared, lambda: lambda, length: 6)
      let b = TransferMatrix(
        massSquared: massSquared, lambda: lambda, length: 6, range: 8, count: 193)
      for (x, y) in zip(a.quantities, b.quantities) { #expect(abs(x - y) < tolerance) }
      #expect(abs(a.logZ - b.logZ) < tolerance)
    }
    let free = TransferMatrix(massSquared: 0.8, lambda: 0, length: 6)
    let prior = try FreeFieldPrior(massSquared: 0.8), lattice = try Lattice([6])
    #expect(abs(free.logZ - prior.logZ(on: lattice)) < tolerance)
    let square = (0..<6).reduce(0) { $0 + prior.propagator(at: [$1], on: lattice) } / 6
    #expect(abs(free.quantities[0] - square) < tolerance)
  }

  @Test(
    "every algorithm reproduces the transfer matrix at weak, strong and double-well coupling",
    arguments: ScalarAlgorithm.allCases)
  func quantumMechanics(algorithm: ScalarAlgorithm) throws {
    let lattice = try Lattice([6])
    for (massSquared, lambda) in Self.couplings {
      let exact = TransferMatrix(massSquared: massSquared, lambda: lambda, length: 6).quantities
      let action = try PhiFourAction(massSquared: massSquared, lambda: lambda)
      let means = try chainMeans(
        algorithm.kernels(action, lattice), lattice,
        plan: ChainPlan(thermalization: 300, every: 2, count: 1500), seed: 31, chainQuantities)
      for (mean, exact) in zip(means, exact) {
        #expect(
          abs(mean.pull(exact: exact)) < sigmas, "\(massSquared), \(lambda): \(mean) \(exact)")
      }
    }
  }

  @Test("HMC at λ = 0 has the free propagator at every momentum")
  func freePropagator() throws {
    let lattice = try Lattice([4, 6]), massSquared = 0.5
    let prior = try FreeFieldPrior(massSquared: massSquared)
    let action = try PhiFourAction(massSquared: massSquared, lambda: 0)
    let hmc = try HybridMonteCarlo(
      action: action, integrator: .minimumNorm2, trajectoryLength: 0.8, steps: 4)
    let modes = [[0, 0], [0, 1], [1, 0], [1, 2], [2, 3]]
    let waves = modes.map { k in
      (0..<lattice.volume).map { site -> (cos: Double, sin: Double) in
        let x = lattice.coordinates(of: site)
        let turns = Double(k[0] * x[0]) / 4 + Double(k[1] * x[1]) / 6
        let wave = sincos(Lanes(repeating: 2 * Double.pi * turns))
        return (wave.cos[0], wave.sin[0])
      }
    }
    let means = try chainMeans(
      KernelSequence(hmc), lattice, plan: ChainPlan(thermalization: 200, every: 2, count: 500),
      seed: 32
    ) { field in
      waves.map { wave in
        var real = Lanes.zero, imaginary = Lanes.zero
        for x in wave.indices {
          real += wave[x].cos * field[x]
          imaginary += wave[x].sin * field[x]
        }
        return (real * real + imaginary * imaginary) / Double(lattice.volume)
      }
    }
    for (mean, k) in zip(means, modes) {
      let exact = prior.propagator(at: k, on: lattice)
      #expect(abs(mean.pull(exact: exact)) < sigmas, "mode \(k): \(mean) \(exact)")
    }
  }

  @Test(
    "Schwinger-Dyson: <φ ∂S> = 1 and <φ³ ∂S> = 3 <φ²> in two and three dimensions",
    arguments: ScalarAlgorithm.allCases.filter { $0 != .independence })
  func schwingerDyson(algorithm: ScalarAlgorithm) throws {
    for (extents, massSquared, lambda) in [([4, 5], -1.0, 0.8), ([2, 3, 3], -2.0, 3.0)] {
      let lattice = try Lattice(extents)
      let action = try PhiFourAction(massSquared: massSquared, lambda: lambda)
      let means = try chainMeans(
        algorithm.kernels(action, lattice), lattice,
        plan: ChainPlan(thermalization: 100, every: 2, count: 300), seed: 33
      ) { field in
        var gradient = ScalarMomenta(zero: field.lattice)
        action.accumulateGradient(of: field, into: &gradient)
        var first = Lanes.zero, third = Lanes.zero
        for x in field.values.indices {
          let square = field[x] * field[x]
          first += field[x] * gradient[x]
          third += square * (field[x] * gradient[x] - 3)
        }
        return [first / Double(lattice.volume), third / Double(lattice.volume)]
      }
      #expect(abs(means[0].pull(exact: 1)) < sigmas, "\(extents): \(means[0])")
      #expect(abs(means[1].pull(exact: 0)) < sigmas, "\(extents): \(means[1])")
    }
  }

  @Test("reweighting from the free field gives log Z and <φ²> of the interacting chain")
  func reweighting() throws {
    let lattice = try Lattice([6])
    for (massSquared, lambda) in [(0.5, 0.1), (-1.0, 1.0)] {
      let exact = TransferMatrix(massSquared: massSquared, lambda: lambda, length: 6)
      let action = try PhiFourAction(massSquared: massSquared, lambda: lambda)
      let proposal = PriorProposal(try FreeFieldPrior(massSquared: 0.9), on: lattice)
      let count = 65_536
      let squares = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
      let logWeights = proposal.logWeights(count: count, action: action, seed: 3, threads: 2) {
        field, packet, _, _ in squares.pointer[packet] = chainQuantities(field)[0]
      }
      let exactZ = exact.logZ, exactSquare = exact.quantities[0]
      var weights = Sample(), residuals = Sample()
      for index in 0..<count {
        let weight = exp(Lanes(repeating: logWeights[index] - exactZ))[0]
        let square = squares[index / laneCount][index % laneCount]
        weights.add(weight)
        residuals.add(weight * (square - exactSquare))
      }
      #expect(abs(weights.pull(exact: 1)) < sigmas, "\(weights)")
      #expect(abs(residuals.pull(exact: 0)) < sigmas, "\(residuals)")
      #expect(abs(weights.mean - 1) < 0.05)
    }
  }

  @Test("<exp(-ΔH)> = 1 and trajectories run backward")
  func dynamics() throws {
    let lattice = try Lattice([6, 4])
    let action = try PhiFourAction(massSquared: -1, lambda: 1)
    let hmc = try HybridMonteCarlo(
      action: action, integrator: .minimumNorm2, trajectoryLength: 1, steps: 3)
    var runner = try ChainRunner(
      KernelSequence(hmc), lattice: lattice, chains: 64, start: .cold, seed: 3, threads: 2)
    try runner.advance(by: 200)
    runner.resetStatistics()
    try runner.advance(by: 400)
    let statistics = runner.statistics[0]
    let pull = (statistics.expMinusDeltaH! - 1) / statistics.expMinusDeltaHError!
    #expect(abs(pull) < sigmas, "\(statistics)")
    #expect(statistics.acceptanceRate > 0.5 && statistics.acceptanceRate < 0.98)

    let start = runner.fields[0]
    var field = start
    var momenta = ScalarMomenta(zero: lattice)
    var generator = LaneGenerator(seed: 4, purpose: .momenta, firstConfiguration: 0, step: 0)
    momenta.sampleGaussian(using: &generator)
    hmc.integrate(&field, momenta: &momenta)
    for x in momenta.values.indices { momenta[x] = -momenta[x] }
    hmc.integrate(&field, momenta: &momenta)
    for x in start.values.indices { #expect(all(abs(field[x] - start[x]) .< 1e-12)) }
  }

  /// All kernels one after the other, with tuning.
  private func runner(threads: Int, start: ChainStart = .hot) throws -> ChainRunner<ScalarField> {
    let lattice = try Lattice([3, 4])
    let action = try PhiFourAction(massSquared: -1, lambda: 1)
    var kernels = KernelSequence<ScalarField>()
    for algorithm in ScalarAlgorithm.allCases {
      for entry in try algorithm.kernels(action, lattice).entries {
        kernels = kernels.followed(by: entry.kernel, repetitions: entry.repetitions)
      }
    }
    return try ChainRunner(
      kernels, lattice: lattice, chains: 19, start: start, seed: 5, threads: threads)
  }

  @Test("one and two threads, and a run resumed anywhere, give the same bits")
  func bits() throws {
    let plan = ChainPlan(thermalization: 20, every: 3, count: 4, tuningInterval: 4)
    func history(_ runner: inout ChainRunner<ScalarField>, stop: Int? = nil) throws -> [Double] {
      var history: [Double] = []
      _ = try runner.run(plan, progress: { stop == nil || $0.updates < stop! }) { sample in
        for lane in 0..<sample.lanes {
          for value in sample.U.values { history.append(value[lane]) }
        }
        return true
      }
      return history
    }
    var one = try runner(threads: 1), two = try runner(threads: 2)
    let expected = try history(&one), other = try history(&two)
    let isSame = expected == other && one.checkpoint() == two.checkpoint()
    #expect(isSame)
    #expect(expected.count == 19 * 4 * 12)
    for stop in [3, 8, 22, 27] {
      var first = try runner(threads: 1)
      let begin = try history(&first, stop: stop)
      var second = try runner(threads: 2, start: .cold)
      try second.restore(first.checkpoint())
      let end = try history(&second)
      let isResumed = begin + end == expected
      #expect(isResumed, "stopped after \(stop)")
    }
  }

  @Test("parameters and lattices out of range are refused in one line")
  func errors() throws {
    let action = try PhiFourAction(massSquared: 1, lambda: 1)
    let thin = try Lattice([4, 1]), plane = try Lattice([4, 4])
    for make in [
      { _ = try ScalarHeatbath(action: action, on: thin) },
      { _ = try ScalarOverrelaxation(action: action, on: thin) },
      { _ = try ScalarMetropolis(action: action, on: thin) },
      { _ = try ScalarMetropolis(action: action, on: plane, window: 0) },
      { _ = try ScalarMetropolis(action: action, on: plane, hits: 0) },
      {
        _ = try ScalarMetropolis(action: action, on: plane).withTunedParameters([.infinity])
      },
    ] as [() throws -> Void] {
      do {
        try make()
        Issue.record("no error")
      } catch {
        let text = "\(error)"
        #expect(text.contains("expected") && !text.contains("\n"))
      }
    }
  }
}
