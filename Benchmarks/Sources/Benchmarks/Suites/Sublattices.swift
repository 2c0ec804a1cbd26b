import GaugeFlow

// One SU(3) chain whose lanes are the blocks of its lattice, beside the eight chains of the same lists
// in four dimensions: the same kernels, so what differs is the border and the memory.

private typealias Divided = SublatticeLinkField<SU3>

private func benchmark<K: MarkovKernel<SublatticeLinkField<SU3>>>(
  _ name: String, _ extent: Int, unit: Benchmark.Unit,
  items: @escaping @Sendable (K, Lattice) -> Double, reference: Double? = nil,
  target: Double? = nil,
  _ make: @escaping @Sendable (WilsonAction<SU3>, SublatticeLayout) throws -> K
) -> Benchmark {
  do {
    let lattice = try Lattice([extent, extent, extent, extent])
    let layout = try SublatticeLayout(lattice)
    let action = try WilsonAction<SU3>(beta: 6)
    let kernel = try make(action, layout)
    return Benchmark(
      name: "\(name), SU(3) \(lattice), one chain in blocks", unit: unit,
      items: items(kernel, lattice), reference: reference, target: target
    ) {
      var state = ChainState(Divided(coldStart: layout))
      var streams = ChainStreams(seed: 1, firstChain: 0)
      let heatbath = try sweep(layout) { block throws(ChainError) in
        try Heatbath(action: action, on: block)
      }
      for _ in 0..<3 { _ = heatbath.step(&state, using: &streams) }
      return {
        do { keep(try kernel.step(&state, using: &streams).acceptance[0]) } catch {
          preconditionFailure("\(error)")
        }
      }
    }
  } catch { preconditionFailure("\(error)") }
}

private func sweep<Base: LinkSweep>(
  _ layout: SublatticeLayout, _ make: (Lattice) throws(ChainError) -> Base
) throws(ChainError) -> SublatticeSweep<Base> { try SublatticeSweep(on: layout, make) }

private func updates<K: MarkovKernel>(_ kernel: K, _ lattice: Lattice) -> Double {
  Double(kernel.linkUpdates(on: lattice))
}

private let millions = Benchmark.Unit.rate("1e6 links/s", scale: 1e6)

private func list(
  _ extent: Int, heatbathReference: Double, overrelaxationReference: Double, times: Double
) -> [Benchmark] {
  [
    benchmark(
      "heatbath", extent, unit: millions, items: updates, reference: heatbathReference,
      target: times * heatbathReference
    ) { action, layout in
      try sweep(layout) { block throws(ChainError) in try Heatbath(action: action, on: block) }
    },
    benchmark(
      "overrelaxation", extent, unit: millions, items: updates,
      reference: overrelaxationReference, target: times * overrelaxationReference
    ) { action, layout in
      try sweep(layout) { block throws(ChainError) in
        try Overrelaxation(action: action, on: block)
      }
    },
    benchmark(
      "HMC, a force step of leapfrog x10", extent,
      unit: .time("ms per step and config", scale: 1e3), items: { _, _ in 10 },
      reference: extent == 8 ? 4.4 : nil, target: extent == 8 ? 1.76 : nil
    ) { action, _ in
      try HybridMonteCarlo(
        action: SublatticeAction(action), integrator: .leapfrog, trajectoryLength: 0.5, steps: 10)
    },
  ]
}

let sublattices =
  list(8, heatbathReference: 1.43, overrelaxationReference: 2.26, times: 3)
  + list(16, heatbathReference: 0.60, overrelaxationReference: 0.77, times: 5)
