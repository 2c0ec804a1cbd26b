import GaugeFlow

private let extent = 64
private let beta = 7.0

/// Times one step of a kernel on 8 chains.
private func kernel<K: MarkovKernel<LinkField<U1>>>(
  _ name: String, unit: Benchmark.Unit, items: (K, Lattice) -> Double, work: Benchmark.Work?,
  reference: Double? = nil, target: Double? = nil, _ make: (Lattice) throws -> K
) -> Benchmark {
  do {
    let lattice = try Lattice([extent, extent])
    let kernel = try make(lattice)
    return Benchmark(
      name: name, unit: unit, items: items(kernel, lattice), work: work, reference: reference,
      target: target
    ) {
      var state = ChainState(LinkField<U1>(coldStart: lattice))
      var streams = ChainStreams(seed: 1, firstChain: 0)
      let heatbath = try Heatbath(action: WilsonAction<U1>(beta: beta), on: lattice)
      for _ in 0..<50 { _ = heatbath.step(&state, using: &streams) }
      return {
        do { keep(try kernel.step(&state, using: &streams).acceptance[0]) } catch {
          preconditionFailure("\(error)")
        }
      }
    }
  } catch { preconditionFailure("\(error)") }
}

private func linkUpdates(_ kernel: some MarkovKernel<LinkField<U1>>, _ lattice: Lattice) -> Double {
  Double(kernel.linkUpdates(on: lattice) * laneCount)
}

/// A plaquette's force and its share of the drift take 35 operations, of which 12 are in the
/// polynomial of the sine.
private let hmcOperations = Double(extent * extent * 50 * laneCount * 35)

let markovChains = [
  kernel(
    "HMC, U(1) 64x64, 50 leapfrog steps", unit: .time("ms per trajectory", scale: 1e3),
    items: { _, _ in Double(laneCount) }, work: .double(operations: hmcOperations),
    reference: 36.8, target: 2
  ) { _ in
    try HybridMonteCarlo(
      action: WilsonAction<U1>(beta: beta), integrator: .leapfrog, trajectoryLength: 1, steps: 50)
  },
  kernel(
    "heatbath, U(1) 64x64", unit: .rate("1e6 links/s", scale: 1e6), items: linkUpdates, work: nil
  ) { try Heatbath(action: WilsonAction<U1>(beta: beta), on: $0) },
  kernel(
    "overrelaxation, U(1) 64x64", unit: .rate("1e6 links/s", scale: 1e6), items: linkUpdates,
    work: nil
  ) { try Overrelaxation(action: WilsonAction<U1>(beta: beta), on: $0) },
  kernel(
    "Metropolis, U(1) 64x64", unit: .rate("1e6 links/s", scale: 1e6), items: linkUpdates,
    work: nil
  ) { try LocalMetropolis(action: WilsonAction<U1>(beta: beta), on: $0) },
]
