import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

/// The means over each of 64 chains of several quantities, gathered into samples.
private func means<G: GaugeGroup>(
  _ kernels: KernelSequence<LinkField<G>>, _ lattice: Lattice, plan: ChainPlan, seed: UInt64,
  _ quantities: @escaping @Sendable (LinkField<G>) -> [Lanes]
) throws -> [Sample] {
  let chains = 64
  var runner = try ChainRunner(
    kernels, lattice: lattice, chains: chains, start: .hot, seed: seed, threads: 2)
  var sums: [[Lanes]] = Array(repeating: [], count: chains / laneCount)
  _ = try runner.run(plan, measure: { quantities($0.U) }) { sample, values in
    let packet = sample.firstChain / laneCount
    if sums[packet].isEmpty { sums[packet] = values.map { _ in .zero } }
    for (index, value) in values.enumerated() { sums[packet][index] += value }
    return true
  }
  return sums[0].indices.map { index in
    var result = Sample()
    for values in sums { result.add(values[index] / Double(plan.count)) }
    return result
  }
}

/// The average plaquette and 1x2 rectangle, and the residual of `<|∂S|²> = <ΔS>` for each link.
///
/// The Laplacian of a loop of `n` links is `-n C_F` times the loop, `C_F` the Casimir invariant of the
/// fundamental representation: an identity of the distribution that needs no reference value.
private func quantities<G: GaugeGroup>(_ action: RectangleAction<G>, _ U: LinkField<G>) -> [Lanes] {
  let S = action.value(of: U)
  let plaquettes = U.plaquetteSum
  let plaquettePart = (-action.beta * action.plaquetteCoefficient) * plaquettes
  var gradient = AlgebraField<G>(zero: U.lattice)
  action.accumulateGradient(of: U, into: &gradient)
  let n = Double(G.colors)
  let casimir = G.isAbelian ? 1 : (n * n - 1) / (2 * n)
  let laplacian = -casimir * (4 * plaquettePart + 6 * (S - plaquettePart))
  let rectangles =
    (S - plaquettePart)
    / (-action.beta * action.rectangleCoefficient * 2 * Double(U.lattice.plaquetteCount))
  return [
    U.averagePlaquette, rectangles,
    (gradient.dot(gradient) - laplacian) / Double(U.lattice.linkCount),
  ]
}

@Suite("Every algorithm samples the rectangle-improved action")
struct RectangleActionChainTests {
  /// Plaquette and rectangle of two-dimensional U(1) from plaquettes in place of links.
  ///
  /// On a torus the plaquettes' angles are uniform under the Haar measure but for their sum, which
  /// vanishes. All but one are drawn from the von Mises distribution of the plaquette term and the
  /// rest of the action is a weight.
  private func fromPlaquettes(_ action: RectangleAction<U1>, _ lattice: Lattice) -> [(
    Double, Double
  )] {
    let volume = lattice.volume
    let c0 = action.beta * action.plaquetteCoefficient
    let c1 = action.beta * action.rectangleCoefficient
    var generator = LaneGenerator(seed: 8, purpose: .prior, firstConfiguration: 0, step: 0)
    var records: [(weight: Double, values: [Double])] = []
    for _ in 0..<20_000 {
      var angles = [Lanes](repeating: .zero, count: volume)
      for x in 1..<volume {
        angles[x] = generator.vonMises(concentration: Lanes(repeating: c0))
        angles[0] -= angles[x]
      }
      var plaquettes = Lanes.zero, rectangles = Lanes.zero
      for x in 0..<volume {
        plaquettes += cos(angles[x])
        for mu in 0..<2 { rectangles += cos(angles[x] + angles[lattice.forward(x, mu)]) }
      }
      let weight = exp(c0 * cos(angles[0]) + c1 * rectangles)
      for lane in 0..<laneCount {
        records.append(
          (
            weight[lane],
            [plaquettes[lane] / Double(volume), rectangles[lane] / Double(2 * volume)]
          ))
      }
    }
    let total = records.reduce(0) { $0 + $1.weight }
    return (0..<2).map { index in
      let mean = records.reduce(0) { $0 + $1.weight * $1.values[index] } / total
      let variance = records.reduce(0) {
        let term = $1.weight * ($1.values[index] - mean) / total
        return $0 + term * term
      }
      return (mean, variance.squareRoot())
    }
  }

  @Test(
    "two-dimensional U(1) agrees with direct draws of the plaquettes",
    arguments: RectangleImprovement.allCases)
  func plane(improvement: RectangleImprovement) throws {
    let lattice = try Lattice([3, 4])
    let action = try RectangleAction<U1>(improvement, beta: improvement == .dbw2 ? 0.2 : 0.6)
    let exact = fromPlaquettes(action, lattice)
    let plan = ChainPlan(thermalization: 60, every: 2, count: 400)
    let algorithms = [
      KernelSequence(try Heatbath(action: action, on: lattice)),
      KernelSequence(try Heatbath(action: action, on: lattice))
        .followed(by: try Overrelaxation(action: action, on: lattice), repetitions: 2),
      KernelSequence(try LocalMetropolis(action: action, on: lattice, window: 2, hits: 2)),
      KernelSequence(
        try HybridMonteCarlo(
          action: action, integrator: .minimumNorm2, trajectoryLength: 1, steps: 6)),
    ]
    for (index, kernels) in algorithms.enumerated() {
      let samples = try means(kernels, lattice, plan: plan, seed: UInt64(index)) {
        quantities(action, $0)
      }
      for (sample, expected) in zip(samples, exact) {
        let error = (sample.error * sample.error + expected.1 * expected.1).squareRoot()
        #expect(abs(sample.mean - expected.0) < sigmas * error, "\(index): \(sample), \(expected)")
        #expect(error < 4e-3)
      }
      #expect(abs(samples[2].pull(exact: 0)) < sigmas, "\(index): \(samples[2])")
    }
  }

  /// On a lattice of extent 1 the links of that direction are the spins of a chain with couplings to
  /// neighbours and next neighbours, and the integral over three of them is a sum.
  @Test("hybrid Monte Carlo is right where rectangles contain a link twice")
  func shortDirection() throws {
    let lattice = try Lattice([1, 3])
    let action = try RectangleAction<U1>(.iwasaki, beta: 0.5)
    let c0 = action.beta * action.plaquetteCoefficient
    let c1 = action.beta * action.rectangleCoefficient
    // Periodic functions of two differences: 64 points each are exact to rounding.
    let points = 64
    var z = 0.0, first = 0.0
    func cosine(_ step: Int) -> Double {
      cos(Lanes(repeating: 2 * .pi * Double(step) / Double(points)))[0]
    }
    for i in 0..<points {
      for j in 0..<points {
        let steps = [i, j, -i - j]
        let plaquettes = steps.reduce(0) { $0 + cosine($1) }
        // Around the short direction the flux doubles; around three sites, a pair of plaquettes has
        // the flux of the third, reversed.
        let rectangles = steps.reduce(0) { $0 + cosine(2 * $1) } + plaquettes
        let weight = exp(Lanes(repeating: c0 * plaquettes + c1 * rectangles))[0]
        z += weight
        first += weight * plaquettes / 3
      }
    }
    let samples = try means(
      KernelSequence(HybridMonteCarlo(action: action, trajectoryLength: 1, steps: 6)), lattice,
      plan: ChainPlan(thermalization: 60, every: 1, count: 2000), seed: 1
    ) { [$0.averagePlaquette] }
    #expect(abs(samples[0].pull(exact: first / z)) < sigmas, "\(samples[0]), \(first / z)")
    #expect(samples[0].error < 2e-3)
    #expect(throws: ChainError.self) {
      try Heatbath(action: action, on: Lattice([2, 4]))
    }
  }

  @Test("four-dimensional U(1): heatbath, Metropolis and hybrid Monte Carlo agree")
  func space() throws {
    let lattice = try Lattice([3, 3, 3, 3])
    let action = try RectangleAction<U1>(.symanzik, beta: 0.7)
    let plan = ChainPlan(thermalization: 40, every: 2, count: 40)
    let algorithms = [
      KernelSequence(try Heatbath(action: action, on: lattice))
        .followed(by: try Overrelaxation(action: action, on: lattice)),
      KernelSequence(try LocalMetropolis(action: action, on: lattice, window: 2, hits: 2)),
      KernelSequence(try HybridMonteCarlo(action: action, trajectoryLength: 1, steps: 5)),
    ]
    let results = try algorithms.enumerated().map { index, kernels in
      try means(kernels, lattice, plan: plan, seed: UInt64(index)) { quantities(action, $0) }
    }
    agree(results)
  }

  @Test("SU(2) and SU(3): Metropolis and hybrid Monte Carlo agree in two and three dimensions")
  func matrices() throws {
    try compare(SU2.self, [3, 3, 3], .iwasaki, beta: 1)
    try compare(SU3.self, [3, 4], .dbw2, beta: 0.6)
    try compare(SU3.self, [3, 3, 3], .symanzik, beta: 4)
  }

  private func compare<G: GaugeGroup>(
    _ group: G.Type, _ extents: [Int], _ improvement: RectangleImprovement, beta: Double
  ) throws {
    let lattice = try Lattice(extents)
    let action = try RectangleAction<G>(improvement, beta: beta)
    let metropolis = KernelSequence(
      try LocalMetropolis(action: action, on: lattice, window: 1, hits: 4))
    let hmc = KernelSequence(
      try HybridMonteCarlo(action: action, trajectoryLength: 1, steps: 6))
    let plan = ChainPlan(thermalization: 40, every: 2, count: 60)
    agree([
      try means(metropolis, lattice, plan: plan, seed: 1) { quantities(action, $0) },
      try means(hmc, lattice, plan: plan, seed: 2) { quantities(action, $0) },
    ])
  }

  private func agree(_ results: [[Sample]]) {
    for a in results.indices {
      #expect(abs(results[a][2].pull(exact: 0)) < sigmas, "\(results[a])")
      for b in (a + 1)..<Swift.max(a + 1, results.count) {
        for index in 0..<2 {
          #expect(abs(results[a][index].pull(against: results[b][index])) < sigmas, "\(results)")
        }
      }
    }
  }
}
