import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

@Suite("Chains whose lanes are the blocks of one configuration")
struct SublatticeChainTests {
  /// A hot configuration on the whole lattice and in blocks.
  private func start<G: GaugeGroup>(_ group: G.Type, _ layout: SublatticeLayout) -> (
    whole: LinkField<G>, divided: SublatticeLinkField<G>
  ) {
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    let U = LinkField<G>(hotStart: layout.lattice, using: &generator)
    return (U, SublatticeLinkField(U, layout: layout))
  }

  /// The largest difference of two configurations, that of lane 0 and that in blocks.
  private func difference<G: GaugeGroup>(_ whole: LinkField<G>, _ divided: SublatticeLinkField<G>)
    -> Double
  {
    var a = [Double](repeating: 0, count: whole.lattice.linkCount * G.scalarsPerLink), b = a
    a.withUnsafeMutableBufferPointer { whole.store(lane: 0, into: $0) }
    b.withUnsafeMutableBufferPointer { divided.store(lane: 0, into: $0) }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  // MARK: The same bits

  @Test("overrelaxation by colours gives the same bits on the whole lattice and in blocks")
  func overrelaxation() throws {
    for (extents, blocks) in [([8, 4], [4, 2]), ([4, 16], [1, 8]), ([4, 8, 4], [2, 2, 2])] {
      try overrelax(U1.self, extents, blocks)
      try overrelax(SU2.self, extents, blocks)
      try overrelax(SU3.self, extents, blocks)
      try overrelax(SU<4>.self, extents, blocks)
    }
    try overrelax(SU3.self, [4, 2, 4, 4], [2, 1, 2, 2])
    try overrelax(SU2.self, [4, 2, 2, 8], [2, 1, 1, 4])
  }

  private func overrelax<G: HeatbathGroup>(_ group: G.Type, _ extents: [Int], _ blocks: [Int])
    throws
  {
    let layout = try SublatticeLayout(Lattice(extents), blocks: blocks)
    let action = try WilsonAction<G>(beta: 2)
    let fields = start(group, layout)
    var whole = ChainState(fields.whole), divided = ChainState(fields.divided)
    var streams = ChainStreams(seed: 1, firstChain: 0)
    let kernel = try Overrelaxation(action: action, on: layout.lattice, order: .checkerboard)
    let inBlocks = try SublatticeSweep(on: layout) { block throws(ChainError) in
      try Overrelaxation(action: action, on: block, order: .checkerboard)
    }
    #expect(difference(whole.U, divided.U) == 0)
    for _ in 0..<5 {
      _ = kernel.step(&whole, using: &streams)
      _ = inBlocks.step(&divided, using: &streams)
      #expect(difference(whole.U, divided.U) == 0, "\(G.name) on \(layout)")
    }
    #expect(difference(fields.whole, divided.U) > 0.1)
  }

  @Test("a checkerboard is refused where it is none")
  func checkerboard() throws {
    let action = try WilsonAction<U1>(beta: 1)
    #expect(throws: ChainError.self) {
      try Heatbath(action: action, on: Lattice([4, 5]), order: .checkerboard)
    }
    // Even extents, but odd ones of the blocks.
    let layout = try SublatticeLayout(Lattice([6, 8]), blocks: [2, 4])
    #expect(throws: ChainError.self) {
      try SublatticeSweep(on: layout) { block throws(ChainError) in
        try Heatbath(action: action, on: block, order: .checkerboard)
      }
    }
    let improved = try RectangleAction<U1>(.iwasaki, beta: 1)
    let wide = try SublatticeLayout(Lattice([6, 6, 6]))
    #expect(throws: ChainError.self) {
      try SublatticeSweep(on: wide) { block throws(ChainError) in
        try Heatbath(action: improved, on: block)
      }
    }
  }

  @Test("a trajectory from the same momenta ends at the same links but for rounding")
  func trajectory() throws {
    for (extents, blocks) in [([8, 4], [4, 2]), ([6, 4, 4], [2, 2, 2])] {
      try follow(U1.self, extents, blocks)
      try follow(SU2.self, extents, blocks)
      try follow(SU3.self, extents, blocks)
    }
    try follow(SU3.self, [4, 2, 4, 4], [2, 1, 2, 2])
  }

  private func follow<G: GaugeGroup>(_ group: G.Type, _ extents: [Int], _ blocks: [Int]) throws {
    let layout = try SublatticeLayout(Lattice(extents), blocks: blocks)
    let action = try WilsonAction<G>(beta: 3)
    var (whole, divided) = start(group, layout)
    var generator = LaneGenerator(seed: 2, purpose: .momenta, firstConfiguration: 0, step: 0)
    var p = AlgebraField<G>(zero: layout.lattice)
    p.sampleGaussian(using: &generator)
    var q = SublatticeAlgebraField(p, layout: layout)
    let kernel = try HybridMonteCarlo(action: action, trajectoryLength: 0.5, steps: 4)
    let inBlocks = try HybridMonteCarlo(
      action: SublatticeAction(action), trajectoryLength: 0.5, steps: 4)
    let before = q.kineticEnergy + inBlocks.action.value(of: divided)
    kernel.integrate(&whole, momenta: &p)
    inBlocks.integrate(&divided, momenta: &q)
    // Forces are sums in another order; a short trajectory does not magnify their rounding.
    #expect(difference(whole, divided) < 1e-12, "\(G.name) on \(layout)")
    let after = q.kineticEnergy + inBlocks.action.value(of: divided)
    #expect(abs(after[0] - before[0]) < 2)
  }

  // MARK: The same physics

  /// The means of the plaquette over each of 64 chains.
  private func plaquettes<F: LatticeField>(
    _ kernels: KernelSequence<F>, plan: ChainPlan, cold: F, seed: UInt64, chains: Int = 64,
    _ quantity: @escaping @Sendable (F) -> Lanes
  ) throws -> Sample {
    var runner = try ChainRunner(
      kernels, cold: cold, chains: chains, start: .hot, seed: seed, threads: 2)
    var sums = [Double](repeating: 0, count: chains)
    _ = try runner.run(plan, measure: { quantity($0.U) }) { sample, value in
      for lane in 0..<sample.lanes { sums[sample.firstChain + lane] += value[lane] }
      return true
    }
    var result = Sample()
    for sum in sums { result.add(sum / Double(plan.count)) }
    return result
  }

  private func algorithms<G: HeatbathGroup>(_ action: WilsonAction<G>, _ layout: SublatticeLayout)
    throws -> [(String, KernelSequence<SublatticeLinkField<G>>)]
  {
    [
      (
        "heatbath",
        KernelSequence(
          try SublatticeSweep(on: layout) { block throws(ChainError) in
            try Heatbath(action: action, on: block)
          }
        ).followed(
          by: try SublatticeSweep(on: layout) { block throws(ChainError) in
            try Overrelaxation(action: action, on: block)
          })
      ),
      (
        "metropolis",
        KernelSequence(
          try SublatticeSweep(on: layout) { block throws(ChainError) in
            try LocalMetropolis(action: action, on: block, window: 1.2, hits: 3)
          })
      ),
      (
        "hmc",
        KernelSequence(
          try HybridMonteCarlo(action: SublatticeAction(action), trajectoryLength: 1, steps: 6))
      ),
    ]
  }

  private func compare<G: HeatbathGroup>(
    _ action: WilsonAction<G>, _ extents: [Int], _ blocks: [Int], exact: (Int) throws -> Double
  ) throws {
    let layout = try SublatticeLayout(Lattice(extents), blocks: blocks)
    let expected = try exact(layout.lattice.volume)
    for (name, kernels) in try algorithms(action, layout) {
      let sample = try plaquettes(
        kernels, plan: ChainPlan(thermalization: 60, every: 1, count: 150),
        cold: SublatticeLinkField(coldStart: layout), seed: 3
      ) { Lanes(repeating: $0.averagePlaquette) }
      #expect(abs(sample.pull(exact: expected)) < sigmas, "\(G.name) \(name) on \(layout)")
      #expect(sample.error < 2e-3)
    }
  }

  @Test("in two dimensions every algorithm gives the exact plaquette")
  func plane() throws {
    for (extents, blocks) in [([8, 4], [4, 2]), ([3, 16], [1, 8]), ([6, 8], [2, 4])] {
      try compare(WilsonAction<U1>(beta: 1.4), extents, blocks) {
        try ExactU1(volume: $0, beta: 1.4).averagePlaquette
      }
      try compare(WilsonAction<SU2>(beta: 2.2), extents, blocks) {
        try ExactSU(colors: 2, volume: $0, beta: 2.2).averagePlaquette
      }
      try compare(WilsonAction<SU3>(beta: 4), extents, blocks) {
        try ExactSU(colors: 3, volume: $0, beta: 4).averagePlaquette
      }
    }
  }

  @Test("in four dimensions SU(3) has the plaquette that it has on whole lattices")
  func space() throws {
    let lattice = try Lattice([4, 4, 4, 4])
    let layout = try SublatticeLayout(lattice)
    let action = try WilsonAction<SU3>(beta: 5.5)
    let plan = ChainPlan(thermalization: 20, every: 1, count: 20)
    let kernels = KernelSequence(try Heatbath(action: action, on: lattice))
      .followed(by: try Overrelaxation(action: action, on: lattice))
    let whole = try plaquettes(
      kernels, plan: plan, cold: LinkField(coldStart: lattice), seed: 5
    ) { $0.averagePlaquette }
    let divided = try plaquettes(
      algorithms(action, layout)[0].1, plan: plan,
      cold: SublatticeLinkField(coldStart: layout), seed: 6
    ) { Lanes(repeating: $0.averagePlaquette) }
    #expect(abs(whole.pull(against: divided)) < sigmas, "\(whole) \(divided)")
    #expect(divided.error < 1e-3)
  }

  @Test("rectangle-improved actions agree with whole lattices, by heatbath and by trajectories")
  func rectangles() throws {
    let lattice = try Lattice([12, 6])
    let layout = try SublatticeLayout(lattice, reach: .rectangles)
    let action = try RectangleAction<SU2>(.symanzik, beta: 1.8)
    let plan = ChainPlan(thermalization: 40, every: 1, count: 60)
    let whole = try plaquettes(
      KernelSequence(try Heatbath(action: action, on: lattice)), plan: plan,
      cold: LinkField(coldStart: lattice), seed: 5
    ) { $0.averagePlaquette }
    let heatbath = try SublatticeSweep(on: layout) { block throws(ChainError) in
      try Heatbath(action: action, on: block)
    }
    let hmc = try HybridMonteCarlo(
      action: SublatticeAction(action), trajectoryLength: 1, steps: 6)
    for (seed, kernels) in [KernelSequence(heatbath), KernelSequence(hmc)].enumerated() {
      let divided = try plaquettes(
        kernels, plan: plan,
        cold: SublatticeLinkField(coldStart: layout), seed: UInt64(seed)
      ) { Lanes(repeating: $0.averagePlaquette) }
      #expect(abs(whole.pull(against: divided)) < sigmas, "\(whole) \(divided)")
      #expect(divided.error < 4e-3)
    }
  }

  // MARK: One chain, not eight

  private func everything(_ lattice: Lattice) throws -> KernelSequence<SublatticeLinkField<SU2>> {
    let layout = try SublatticeLayout(lattice)
    let action = try WilsonAction<SU2>(beta: 2)
    var result = KernelSequence<SublatticeLinkField<SU2>>()
    for (_, kernels) in try algorithms(action, layout) {
      for entry in kernels.entries { result = result.followed(by: entry.kernel) }
    }
    return result
  }

  private let plan = ChainPlan(
    thermalization: 20, every: 3, count: 4, tuningInterval: 8, reportInterval: 5)

  private func history(
    _ runner: inout ChainRunner<SublatticeLinkField<SU2>>, interruptAfter updates: Int? = nil
  ) throws -> [Double] {
    var history: [Double] = []
    _ = try runner.run(plan, progress: { updates == nil || $0.updates < updates! }) { sample in
      #expect(sample.lanes == 1)
      var values = [Double](
        repeating: 0,
        count: SublatticeLinkField<SU2>.scalarsPerConfiguration(on: sample.U.lattice))
      values.withUnsafeMutableBufferPointer { sample.U.store(lane: 0, into: $0) }
      history += [Double(sample.firstChain)] + values
      return true
    }
    return history
  }

  private func runner(_ chains: Int, threads: Int, start: ChainStart = .hot) throws
    -> ChainRunner<SublatticeLinkField<SU2>>
  {
    let lattice = try Lattice([4, 4, 4])
    return try ChainRunner(
      everything(lattice), lattice: lattice, chains: chains, start: start, seed: 5,
      threads: threads)
  }

  @Test("a packet is one chain: samples, threads, checkpoints and statistics")
  func runner() throws {
    var whole = try runner(3, threads: 1)
    let expected = try history(&whole)
    #expect(whole.fields.count == 3)
    #expect(expected.count == 3 * 4 * (1 + 8 * 3 * 64))
    var two = try runner(3, threads: 2)
    let parallel = try history(&two)
    let isSame = expected == parallel
    #expect(isSame && two.statistics == whole.statistics)
    #expect(whole.statistics[0].updates == 3 * 12)
    for updates in [8, 20, 23] {
      var first = try runner(3, threads: 1)
      var links = try history(&first, interruptAfter: updates)
      var second = try runner(3, threads: 2, start: .cold)
      let checkpoint = first.checkpoint()
      try second.restore(checkpoint)
      let isRestored = second.checkpoint() == checkpoint
      #expect(isRestored)
      links += try history(&second)
      let goesOn = links == expected
      #expect(goesOn, "interrupted after \(updates)")
    }
    // Fewer chains are the first of many.
    var one = try runner(1, threads: 1)
    try one.advance(by: 4)
    var three = try runner(3, threads: 1)
    try three.advance(by: 4)
    #expect(one.fields[0].averagePlaquette == three.fields[0].averagePlaquette)
    #expect(three.fields[1].averagePlaquette != three.fields[0].averagePlaquette)
  }

  @Test("a trajectory is accepted or rejected as a whole")
  func decision() throws {
    let layout = try SublatticeLayout(Lattice([8, 8]))
    let action = try WilsonAction<SU2>(beta: 4)
    var generator = LaneGenerator(seed: 1, purpose: .start, firstConfiguration: 0, step: 0)
    var state = ChainState(SublatticeLinkField<SU2>(hotStart: layout, using: &generator))
    var streams = ChainStreams(seed: 1, firstChain: 0)
    // Steps so large that about half of the trajectories are rejected.
    let kernel = try HybridMonteCarlo(
      action: SublatticeAction(action), integrator: .leapfrog, trajectoryLength: 1, steps: 4)
    var accepted = 0
    for _ in 0..<60 {
      let before = state.U.averagePlaquette
      let info = kernel.step(&state, using: &streams)
      #expect(info.acceptance == Lanes(repeating: info.acceptance[0]))
      #expect(info.deltaH == Lanes(repeating: info.deltaH![0]))
      #expect((state.U.averagePlaquette == before) == (info.acceptance[0] == 0))
      accepted += info.acceptance[0] == 1 ? 1 : 0
      #expect(state.cachedAction == kernel.action.value(of: state.U))
    }
    #expect(accepted > 10 && accepted < 55)
  }
}
