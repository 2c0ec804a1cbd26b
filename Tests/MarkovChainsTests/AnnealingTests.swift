import ExactResults
import Glibc
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import MarkovChains
import Testing

/// A heatbath at a coupling, and a reflection.
private func heatbath<G: HeatbathGroup>(_ group: G.Type, _ lattice: Lattice, _ beta: Double) throws
  -> KernelSequence<LinkField<G>>
{
  let action = try WilsonAction<G>(beta: beta)
  return KernelSequence(try Heatbath(action: action, on: lattice))
    .followed(by: try Overrelaxation(action: action, on: lattice))
}

/// A way without transport.
private func plain<G: HeatbathGroup>(
  _ group: G.Type, _ lattice: Lattice, from start: Double = 0, to end: Double, steps: Int
) throws -> Annealing<G> {
  try Annealing(
    .linear(from: start, to: end, steps: steps),
    update: Reweighting(action: WilsonAction<G>(beta: 1))
  ) { try heatbath(group, lattice, $0) }
}

/// A way with a detuned heatbath.
private func detuned<G: DetunedHeatbathGroup>(
  _ group: G.Type, _ lattice: Lattice, from start: Double, to end: Double, steps: Int,
  _ detuning: Detuning
) throws -> Annealing<G> {
  try Annealing(
    .linear(from: start, to: end, steps: steps),
    update: DetunedHeatbath(
      action: WilsonAction<G>(beta: 1), on: lattice, detuning: detuning)
  ) { beta in
    KernelSequence(try Overrelaxation(action: WilsonAction<G>(beta: beta), on: lattice))
  }
}

/// One drift along the force of the action for a time that depends on the step: the map of U(1) fields
/// on a lattice so small that the Jacobian is a product of sums.
///
/// Only even sites of direction 0 move: no two of them are in a plaquette, so that the Jacobian is
/// diagonal.
private struct ForceTransport: Transport {
  typealias Group = U1
  let strength: Double

  func transport(_ U: inout LinkField<U1>, step: Int) -> Lanes {
    var logDet = Lanes.zero
    for x in 0..<U.lattice.volume where U.lattice.parity(of: x) == 0 {
      // θ' = θ - ε Im(U A): dθ'/dθ = 1 - ε Re(U A).
      let A = U.staple(at: x, mu: 0)
      let size = sqrt(A.squaredMagnitude)
      let phase = U[x, 0].angle + atan2(A.im, A.re)
      U[x, 0] = U1(angle: wrapAngle(U[x, 0].angle - strength * size * sin(phase)))
      logDet += log(1 - strength * size * cos(phase))
    }
    return logDet
  }
}

@Suite("Annealing")
struct AnnealingTests {
  /// The limit of a deviation in standard errors, for `count` numbers each: see `sigmas`.
  private func check(_ run: AnnealingRun<some GaugeGroup>, logZ: Double, within error: Double)
    throws
  {
    let estimate = try run.logPartitionFunctionRatio()
    #expect(abs(estimate.deviation(from: logZ)) < sigmas, "\(estimate), exact \(logZ)")
    #expect(estimate.error < error, "\(estimate)")
  }

  @Test("from the Haar measure, log Z and the weighted plaquette are exact: heatbath and HMC")
  func haar() throws {
    let lattice = try Lattice([4, 4])
    let exact = try ExactSU(colors: 2, volume: 16, beta: 2)
    let hybrid = try Annealing<SU2>(
      .linear(from: 0, to: 2, steps: 40), update: Reweighting(action: WilsonAction<SU2>(beta: 1))
    ) { beta in
      KernelSequence(
        try HybridMonteCarlo(
          action: WilsonAction<SU2>(beta: beta), integrator: .leapfrog, trajectoryLength: 1.5,
          steps: 4))
    }
    for way in [try plain(SU2.self, lattice, to: 2, steps: 40), hybrid] {
      var run = try AnnealingRun(fromHaar: way, on: lattice, count: 4004, seed: 3, threads: 2)
      #expect(try run.run())
      try check(run, logZ: exact.logPartitionFunction, within: 1.5e-2)
      var samples = WeightedSamples(logWeights: run.logWeights)
      for U in run.fields {
        let plaquette = U.averagePlaquette
        for lane in 0..<laneCount { samples.plaquettes.append(plaquette[lane]) }
      }
      samples.plaquettes.removeLast(4)
      let (value, error) = samples.plaquette
      #expect(abs(value - exact.averagePlaquette) < sigmas * error, "\(value) ± \(error)")
    }
  }

  @Test("from thermalised U(1) fields, by a transport with its Jacobian", arguments: [0, 0.04])
  func transport(strength: Double) throws {
    let lattice = try Lattice([4, 4])
    let (start, end) = (1.0, 1.6)
    let way = try Annealing<U1>(
      .linear(from: start, to: end, steps: 8),
      update: TransportUpdate(
        action: WilsonAction<U1>(beta: 1), transport: ForceTransport(strength: strength))
    ) { try heatbath(U1.self, lattice, $0) }
    let sampler = try DirectSamplerU1(lattice: lattice, beta: start)
    let starts = (0..<500).map { packet in
      var U = LinkField<U1>(coldStart: lattice)
      sampler.sample(into: &U, seed: 4, firstConfiguration: packet * laneCount)
      return U
    }
    var run = try AnnealingRun(way, starts: starts, count: 4000, seed: 5, threads: 2)
    _ = try run.run()
    let before = try ExactU1(volume: 16, beta: start), after = try ExactU1(volume: 16, beta: end)
    try check(
      run, logZ: after.logPartitionFunction - before.logPartitionFunction, within: 2e-2)
  }

  @Test("from equilibrium chains, with and without detuning, in two dimensions")
  func equilibrium() throws {
    func compare<G: DetunedHeatbathGroup>(
      _ group: G.Type, _ start: Double, _ end: Double, _ before: some ExactTheory2D,
      _ after: some ExactTheory2D
    ) throws {
      let lattice = try Lattice([8, 8])
      let exact = after.logPartitionFunction - before.logPartitionFunction
      let detunings = [nil, Detuning(1), Detuning(late: 1.6, early: 0.6)]
      for (index, detuning) in detunings.enumerated() {
        let way =
          try detuning.map {
            try detuned(group, lattice, from: start, to: end, steps: 20, $0)
          } ?? plain(group, lattice, from: start, to: end, steps: 20)
        var chains = try ChainRunner(
          heatbath(group, lattice, start), lattice: lattice, chains: 64, start: .hot, seed: 6,
          threads: 2)
        try chains.advance(by: 100)
        let weights = try way.weights(
          from: &chains, repetitions: 20, every: 10, seed: UInt64(7 + index))
        let estimate = try weights.logPartitionFunctionRatio()
        let message = "\(G.name) \(String(describing: detuning)): \(estimate), exact \(exact)"
        #expect(abs(estimate.deviation(from: exact)) < sigmas, "\(message)")
        #expect(estimate.error < 2e-2, "\(message)")
        #expect(weights.variance.value > 0.01 && weights.variance.value < 1)
      }
    }
    try compare(
      SU2.self, 2, 2.3, ExactSU(colors: 2, volume: 64, beta: 2),
      ExactSU(colors: 2, volume: 64, beta: 2.3))
    try compare(
      SU3.self, 5, 5.4, ExactSU(colors: 3, volume: 64, beta: 5),
      ExactSU(colors: 3, volume: 64, beta: 5.4))
    try compare(
      U1.self, 1, 1.2, ExactU1(volume: 64, beta: 1), ExactU1(volume: 64, beta: 1.2))
  }

  @Test("in four dimensions plain and detuned free energies agree, and the fit lowers friction")
  func fourDimensions() throws {
    let lattice = try Lattice([4, 4, 4, 4])
    let (start, end, steps) = (2.2, 2.25, 12)
    let fit = try DetuningFit(
      DetunedHeatbath(action: WilsonAction<SU2>(beta: 1), on: lattice, detuning: .none),
      at: 2.225,
      kernels: KernelSequence(
        try Overrelaxation(action: WilsonAction<SU2>(beta: 2.225), on: lattice)),
      on: lattice, chains: 32, thermalization: 100, sweeps: 300, seed: 8, threads: 2)
    // Of the size that transport along the plaquette's gradient has.
    #expect(fit.single.late > 0.8 && fit.single.late < 3, "\(fit)")
    #expect(fit.frictionRatio < fit.singleFrictionRatio + 1e-12 && fit.frictionRatio > 0.2)
    #expect(fit.singleFrictionRatio < 0.85, "\(fit)")
    let ways = [
      try plain(SU2.self, lattice, from: start, to: end, steps: steps),
      try detuned(SU2.self, lattice, from: start, to: end, steps: steps, fit.single),
      try detuned(SU2.self, lattice, from: start, to: end, steps: steps, fit.detuning),
      try detuned(
        SU2.self, lattice, from: start, to: end, steps: steps, Detuning(late: 6, early: -3)),
    ]
    var estimates: [Estimate] = []
    for (index, way) in ways.enumerated() {
      var chains = try ChainRunner(
        heatbath(SU2.self, lattice, start), lattice: lattice, chains: 64, start: .hot, seed: 9,
        threads: 2)
      try chains.advance(by: 150)
      let weights = try way.weights(
        from: &chains, repetitions: index == 3 ? 16 : 8, every: 10, seed: UInt64(10 + index))
      let logWeights = try weights.weights()
      let variance = (1 / logWeights.effectiveSampleSize - 1) / Double(logWeights.count - 1)
      estimates.append(
        Estimate(
          value: logWeights.logMeanWeight, error: variance.squareRoot(), count: logWeights.count))
    }
    for (index, estimate) in estimates.enumerated() {
      #expect(abs(estimate.deviation(from: estimates[0])) < sigmas || index == 0, "\(estimates)")
      // Free energies of 45: a missing normaliser moves them by several units.
      #expect(estimate.error < (index == 3 ? 0.3 : 0.05), "\(estimates)")
    }
    // A measurement of its own: 44.864(9), from 32 steps.
    let reference = Estimate(value: 44.864, error: 0.009, count: 1)
    #expect(abs(estimates[1].deviation(from: reference)) < sigmas, "\(estimates)")
  }

  @Test("a run gives the same bits with one thread and with two, and after an interruption")
  func threads() throws {
    let lattice = try Lattice([4, 2])
    for resampling in [nil, try PopulationResampling(threshold: 0.9, populationSize: 24)] {
      let way = try plain(SU3.self, lattice, to: 6, steps: 12)
      var runs = try [1, 2].map { threads in
        try AnnealingRun(
          fromHaar: way, on: lattice, count: 44, resampling: resampling, seed: 12, threads: threads)
      }
      #expect(try runs[0].run())
      #expect(try !runs[1].run(reportInterval: 5) { $0.steps < 5 })
      #expect(runs[1].steps == 5 && !runs[1].isDone)
      #expect(try runs[1].run(reportInterval: 3))
      #expect(runs[0].logWeights == runs[1].logWeights)
      #expect(runs[0].resamplings == runs[1].resamplings)
      #expect((runs[0].resamplings > 0) == (resampling != nil))
      for (a, b) in zip(runs[0].fields, runs[1].fields) {
        #expect(a.withLanes { a in b.withLanes { b in a.elementsEqual(b) } })
      }
    }
  }

  @Test("the number of a field decides what becomes of it, not its packet")
  func numbering() throws {
    let lattice = try Lattice([2, 2])
    let way = try detuned(SU2.self, lattice, from: 0, to: 2, steps: 5, Detuning(0.5))
    var all = try AnnealingRun(fromHaar: way, on: lattice, count: 16, seed: 1, threads: 1)
    var part = try AnnealingRun(
      fromHaar: way, on: lattice, count: 8, seed: 1, firstConfiguration: 8, threads: 1)
    _ = try all.run()
    _ = try part.run()
    #expect(Array(all.logWeights[8...]) == part.logWeights)
  }

  @Test("resampling keeps the mean weight and the weighted plaquette")
  func resampling() throws {
    let lattice = try Lattice([4, 4])
    let exact = try ExactSU(colors: 2, volume: 16, beta: 2.4)
    var run = try AnnealingRun(
      fromHaar: plain(SU2.self, lattice, to: 2.4, steps: 10), on: lattice, count: 6400,
      resampling: PopulationResampling(threshold: 0.8, populationSize: 40), seed: 14, threads: 2)
    _ = try run.run()
    #expect(run.resamplings > 160)
    #expect(run.independentLogWeights.count == 160)
    let logWeights = try LogWeights(run.independentLogWeights)
    let error = ((1 / logWeights.effectiveSampleSize - 1) / 159).squareRoot()
    let deviation = logWeights.logMeanWeight - exact.logPartitionFunction
    #expect(abs(deviation) < sigmas * error && error < 3e-2, "\(deviation) ± \(error)")
    // The weighted plaquette, its error from the populations.
    let weights = try LogWeights(run.logWeights).normalizedWeights
    let fields = run.fields
    var parts = Sample(), norms = Sample()
    for population in 0..<160 {
      var (sum, norm) = (0.0, 0.0)
      for member in (40 * population)..<(40 * population + 40) {
        let plaquette = fields[member / laneCount].averagePlaquette[member % laneCount]
        norm += 160 * weights[member]
        sum += 160 * weights[member] * (plaquette - exact.averagePlaquette)
      }
      parts.add(sum)
      norms.add(norm)
    }
    #expect(abs(norms.mean - 1) < 1e-9)
    #expect(abs(parts.pull(exact: 0)) < sigmas && parts.error < 5e-3, "\(parts)")
  }

  @Test("schedules: linear, and steps that dissipate equally")
  func schedules() throws {
    let linear = try AnnealingSchedule.linear(from: 1, to: 2, steps: 4)
    #expect(linear.couplings == [1, 1.25, 1.5, 1.75, 2])
    let constant = try AnnealingSchedule.equalDissipation(
      from: 1, to: 2, steps: 4, friction: [(1.5, 7)])
    for (a, b) in zip(constant.couplings, linear.couplings) { #expect(abs(a - b) < 1e-12) }
    // √Γ = λ: the length is λ²/2.
    let grid = (0...8).map { (coupling: 1 + Double($0) / 8, friction: 0.0) }
      .map { ($0.coupling, $0.coupling * $0.coupling) }
    for (start, end) in [(1.0, 2.0), (2.0, 1.0)] {
      let schedule = try AnnealingSchedule.equalDissipation(
        from: start, to: end, steps: 6, friction: grid)
      #expect(schedule.start == start && schedule.end == end && schedule.steps == 6)
      for (t, coupling) in schedule.couplings.enumerated() {
        let square = start * start + (end * end - start * start) * Double(t) / 6
        #expect(abs(coupling - square.squareRoot()) < 1e-4)
      }
    }
  }

  @Test("what cannot be is refused with a line that says what was expected and given")
  func refusals() throws {
    let lattice = try Lattice([3, 4])
    let action = try WilsonAction<SU2>(beta: 1)
    #expect(throws: ChainError.self) { try AnnealingSchedule(couplings: [1]) }
    #expect(throws: ChainError.self) { try AnnealingSchedule.linear(from: 0, to: 1, steps: 0) }
    #expect(throws: ChainError.self) { try AnnealingSchedule.linear(from: 0, to: .nan, steps: 2) }
    for friction in [[], [(1.0, -1.0)], [(2.0, 1.0), (1.0, 1.0)]] {
      #expect(throws: ChainError.self) {
        try AnnealingSchedule.equalDissipation(from: 0, to: 1, steps: 2, friction: friction)
      }
    }
    #expect(throws: ChainError.self) {
      try DetunedHeatbath(action: action, on: lattice, detuning: Detuning(.infinity))
    }
    #expect(throws: ChainError.self) {
      try DetunedHeatbath(action: action, on: lattice, detuning: .none, order: .checkerboard)
    }
    #expect(throws: ChainError.self) {
      try DetunedHeatbath(action: action, on: Lattice([1, 4]), detuning: .none)
    }
    #expect(throws: ChainError.self) { try PopulationResampling(threshold: 2, populationSize: 8) }
    #expect(throws: ChainError.self) { try PopulationResampling(populationSize: 1) }
    let way = try plain(SU2.self, lattice, from: 1, to: 2, steps: 2)
    #expect(throws: ChainError.self) {
      try AnnealingRun(fromHaar: way, on: lattice, count: 8, seed: 1, threads: 1)
    }
    #expect(throws: ChainError.self) {
      try AnnealingRun(
        way, starts: [LinkField(coldStart: lattice)], count: 9, seed: 1, threads: 1)
    }
  }
}
