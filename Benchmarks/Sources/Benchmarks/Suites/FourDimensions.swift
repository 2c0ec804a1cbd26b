import GaugeFlow

// Chains in four dimensions. The references are MILC's SU(3) updates and openQCD's ym1 on one core of
// an AVX-512 machine, compiled by gcc -O3 -march=native, double precision.

/// Times one step of a kernel on 8 chains that have been thermalised a little.
private func benchmark<G: HeatbathGroup, K: MarkovKernel<LinkField<G>>>(
  _ name: String, _ extents: [Int], beta: Double, thermalization: Int,
  unit: Benchmark.Unit, items: @escaping @Sendable (K, Lattice) -> Double,
  work: (@Sendable (K, Lattice) -> Double)? = nil, reference: Double? = nil,
  target: Double? = nil, _ make: @escaping @Sendable (WilsonAction<G>, Lattice) throws -> K
) -> Benchmark {
  do {
    let lattice = try Lattice(extents)
    let action = try WilsonAction<G>(beta: beta)
    let kernel = try make(action, lattice)
    return Benchmark(
      name: name, unit: unit, items: items(kernel, lattice),
      work: work.map { .double(operations: $0(kernel, lattice)) }, reference: reference,
      target: target
    ) {
      var state = ChainState(LinkField<G>(coldStart: lattice))
      var streams = ChainStreams(seed: 1, firstChain: 0)
      let heatbath = try Heatbath(action: action, on: lattice)
      for _ in 0..<thermalization { _ = heatbath.step(&state, using: &streams) }
      return {
        do { keep(try kernel.step(&state, using: &streams).acceptance[0]) } catch {
          preconditionFailure("\(error)")
        }
      }
    }
  } catch { preconditionFailure("\(error)") }
}

/// A heatbath sweep and so many overrelaxation sweeps as one kernel.
private struct Mixed<G: HeatbathGroup>: MarkovKernel {
  typealias Field = LinkField<G>
  let heatbath: Heatbath<WilsonAction<G>>
  let overrelaxation: Overrelaxation<WilsonAction<G>>
  let sweeps: Int
  var name: String { "mixed" }
  func linkUpdates(on lattice: Lattice) -> Int { (1 + sweeps) * lattice.linkCount }
  func step(_ state: inout ChainState<Field>, using streams: inout ChainStreams) -> UpdateInfo {
    for _ in 0..<sweeps { _ = overrelaxation.step(&state, using: &streams) }
    return heatbath.step(&state, using: &streams)
  }
}

private func updates<K: MarkovKernel>(_ kernel: K, _ lattice: Lattice) -> Double {
  Double(kernel.linkUpdates(on: lattice) * laneCount)
}

/// The operations of an overrelaxation update of SU(3) in four dimensions: twelve products of
/// matrices and their sum, the product with the link, and two rotations of rows in each subgroup.
private func overrelaxationOperations<K: MarkovKernel>(_ kernel: K, _ lattice: Lattice) -> Double {
  updates(kernel, lattice) * (12 * 198 + 6 * 18 + 198 + 5 * 84 + 3 * 60)
}

/// The operations of an SU(3) force step on a link: one and a half plaquettes of six products each,
/// one of them by half and one of antihermitian matrices, the exponential and its product.
private func forceOperations<K: MarkovKernel>(_ kernel: K, _ lattice: Lattice) -> Double {
  updates(kernel, lattice) * (1.5 * (5 * 198 + 2 * 110 + 4 * 16 + 40) + 18 * 12 + 90 + 150 + 198)
}

private let millions = Benchmark.Unit.rate("1e6 links/s", scale: 1e6)

private func mixed<G: HeatbathGroup>(
  _ group: G.Type, _ extents: [Int], beta: Double, reference: Double?, target: Double?
) -> Benchmark {
  let name = extents.map(String.init).joined(separator: "x")
  return benchmark(
    "heatbath + 4 overrelaxation, \(G.name) \(name)", extents, beta: beta, thermalization: 3,
    unit: millions, items: updates, reference: reference, target: target
  ) { (action: WilsonAction<G>, lattice) in
    Mixed(
      heatbath: try Heatbath(action: action, on: lattice),
      overrelaxation: try Overrelaxation(action: action, on: lattice), sweeps: 4)
  }
}

private func forceStep<G: HeatbathGroup>(
  _ group: G.Type, _ extents: [Int], beta: Double, work: Bool, reference: Double?, target: Double?
) -> Benchmark {
  let name = extents.map(String.init).joined(separator: "x")
  return benchmark(
    "HMC, \(G.name) \(name), a force step of leapfrog x20", extents, beta: beta,
    thermalization: 3, unit: .time("ms per step and config", scale: 1e3),
    items: { _, _ in Double(laneCount) * 20 }, work: work ? forceOperations : nil,
    reference: reference, target: target
  ) { (action: WilsonAction<G>, lattice) in
    try HybridMonteCarlo(action: action, integrator: .leapfrog, trajectoryLength: 1, steps: 20)
  }
}

let fourDimensions = [
  benchmark(
    "heatbath, SU(3) 8x8x8x8", [8, 8, 8, 8], beta: 6, thermalization: 3, unit: millions,
    items: updates, reference: 1.43, target: 3 * 1.43
  ) { (action: WilsonAction<SU3>, lattice) in try Heatbath(action: action, on: lattice) },
  benchmark(
    "overrelaxation, SU(3) 8x8x8x8", [8, 8, 8, 8], beta: 6, thermalization: 3, unit: millions,
    items: updates, work: overrelaxationOperations, reference: 2.26, target: 3 * 2.26
  ) { (action: WilsonAction<SU3>, lattice) in try Overrelaxation(action: action, on: lattice) },
  mixed(SU3.self, [8, 8, 8, 8], beta: 6, reference: 1.84, target: 3 * 1.84),
  benchmark(
    "heatbath, SU(3) 16x16x16x16", [16, 16, 16, 16], beta: 6, thermalization: 2, unit: millions,
    items: updates, reference: 0.60, target: 5 * 0.60
  ) { (action: WilsonAction<SU3>, lattice) in try Heatbath(action: action, on: lattice) },
  benchmark(
    "overrelaxation, SU(3) 16x16x16x16", [16, 16, 16, 16], beta: 6, thermalization: 2,
    unit: millions, items: updates, work: overrelaxationOperations, reference: 0.77,
    target: 5 * 0.77
  ) { (action: WilsonAction<SU3>, lattice) in try Overrelaxation(action: action, on: lattice) },
  forceStep(SU3.self, [8, 8, 8, 8], beta: 6, work: true, reference: 4.4, target: 1.76),
  benchmark(
    "HMC, SU(3) 8x8x8x8, tau 1, fourth order x3", [8, 8, 8, 8], beta: 6, thermalization: 3,
    unit: .time("ms per trajectory and config", scale: 1e3),
    items: { _, _ in Double(laneCount) }, reference: 82, target: 82 / 2.5
  ) { (action: WilsonAction<SU3>, lattice) in
    try HybridMonteCarlo(
      action: action, integrator: .minimumNorm4, trajectoryLength: 1, steps: 3)
  },
  benchmark(
    "heatbath, SU(2) 8x8x8x8", [8, 8, 8, 8], beta: 2.4, thermalization: 3, unit: millions,
    items: updates
  ) { (action: WilsonAction<SU2>, lattice) in try Heatbath(action: action, on: lattice) },
  mixed(SU2.self, [8, 8, 8, 8], beta: 2.4, reference: nil, target: nil),
  forceStep(SU2.self, [8, 8, 8, 8], beta: 2.4, work: false, reference: nil, target: nil),
  mixed(SU4.self, [8, 8, 8, 8], beta: 10.8, reference: nil, target: nil),
]
