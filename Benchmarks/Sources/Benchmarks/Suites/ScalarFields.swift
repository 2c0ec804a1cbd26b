import GaugeFlow

private let extent = 64

/// Times one step of a kernel on 8 chains of φ⁴ theory, after some sweeps of heatbath.
private func kernel(
  _ name: String, unit: Benchmark.Unit, updates: Int?, work: Benchmark.Work? = nil,
  _ make: @escaping @Sendable (PhiFourAction, Lattice) throws -> KernelSequence<ScalarField>
) -> Benchmark {
  let items = Double((updates ?? 1) * laneCount)
  return Benchmark(name: name, unit: unit, items: items, work: work) {
    let lattice = try Lattice([extent, extent])
    let action = try PhiFourAction(massSquared: -1, lambda: 1)
    let kernels = try make(action, lattice)
    var state = ChainState(ScalarField(coldStart: lattice))
    var streams = ChainStreams(seed: 1, firstChain: 0)
    let heatbath = try ScalarHeatbath(action: action, on: lattice)
    for _ in 0..<50 { _ = heatbath.step(&state, using: &streams) }
    return {
      do { keep(try kernels.step(&state, using: &streams).acceptance[0]) } catch {
        preconditionFailure("\(error)")
      }
    }
  }
}

/// A site's force takes 8 operations in two dimensions, its share of the drift 2.
private let hmcOperations = Double(extent * extent * 20 * laneCount * 10)

private let rate = Benchmark.Unit.rate("1e6 sites/s", scale: 1e6)

let scalarFields = [
  kernel(
    "HMC, phi4 64x64, 20 leapfrog steps", unit: .time("ms per trajectory", scale: 1e3),
    updates: nil, work: .double(operations: hmcOperations)
  ) { action, _ in
    KernelSequence(
      try HybridMonteCarlo(
        action: action, integrator: .leapfrog, trajectoryLength: 1, steps: 20))
  },
  kernel("heatbath, phi4 64x64", unit: rate, updates: extent * extent) {
    KernelSequence(try ScalarHeatbath(action: $0, on: $1))
  },
  kernel("overrelaxation, phi4 64x64", unit: rate, updates: extent * extent) {
    KernelSequence(try ScalarOverrelaxation(action: $0, on: $1))
  },
  kernel("Metropolis, phi4 64x64", unit: rate, updates: extent * extent) {
    KernelSequence(try ScalarMetropolis(action: $0, on: $1))
  },
  Benchmark(
    name: "free field 64x64, samples", unit: .time("us per config", scale: 1e6),
    items: Double(laneCount)
  ) {
    let lattice = try Lattice([extent, extent])
    let prior = try FreeFieldPrior(massSquared: 0.1)
    var field = ScalarField(coldStart: lattice)
    var generator = LaneGenerator(seed: 1, purpose: .prior, firstConfiguration: 0, step: 0)
    return {
      prior.sample(into: &field, using: &generator)
      keep(field[0][0])
    }
  },
]
