import LaneMath
import LatticeActions
import LatticeFields
import MarkovChains
import Testing

@Suite("Chains in packets")
struct RunnerTests {
  /// All kernels one after the other.
  private func everything(_ lattice: Lattice) throws -> KernelSequence<LinkField<U1>> {
    let action = try WilsonAction<U1>(beta: 2)
    return KernelSequence(
      try HybridMonteCarlo(
        action: action, integrator: .minimumNorm2, trajectoryLength: 1, steps: 3)
    )
    .followed(by: try LocalMetropolis(action: action, on: lattice, window: 1))
    .followed(by: try WindingUpdate(action: action, on: lattice), repetitions: 2)
    .followed(by: try Heatbath(action: action, on: lattice))
    .followed(by: try Overrelaxation(action: action, on: lattice), repetitions: 2)
    .followed(
      by: try IndependenceMetropolis(
        proposal: IndependentLinks(lattice: lattice), action: action, on: lattice))
  }

  private let plan = ChainPlan(
    thermalization: 40, every: 3, count: 5, tuningInterval: 8, reportInterval: 5)

  /// All links at every sample, in the order in which they are received.
  private func history(
    _ runner: inout ChainRunner<LinkField<U1>>, interruptAfter updates: Int? = nil
  ) throws
    -> [Double]
  {
    var history: [Double] = []
    let isDone = try runner.run(plan, progress: { updates == nil || $0.updates < updates! }) {
      sample in
      #expect(sample.index >= 0)
      for lane in 0..<sample.lanes {
        for link in sample.U.links { history.append(link.angle[lane]) }
      }
      return true
    }
    #expect(isDone == (updates == nil))
    return history
  }

  private func runner(_ lattice: Lattice, chains: Int = 19, threads: Int, start: ChainStart = .hot)
    throws -> ChainRunner<LinkField<U1>>
  {
    try ChainRunner(
      everything(lattice), lattice: lattice, chains: chains, start: start, seed: 5,
      threads: threads)
  }

  @Test("one and two threads give the same bits, tuning and statistics included")
  func threads() throws {
    let lattice = try Lattice([3, 4])
    var one = try runner(lattice, threads: 1), two = try runner(lattice, threads: 2)
    let first = try history(&one), second = try history(&two)
    #expect(isSame(first, second))
    #expect(first.count == 19 * 5 * lattice.linkCount)
    #expect(one.statistics == two.statistics)
    #expect(isSame(one.checkpoint(), two.checkpoint()))
  }

  @Test("a run interrupted anywhere goes on to the same bits from its checkpoint")
  func resume() throws {
    let lattice = try Lattice([3, 4])
    var whole = try runner(lattice, threads: 1)
    let expected = try history(&whole)
    for updates in [3, 8, 22, 40, 41, 46] {
      var first = try runner(lattice, threads: 1)
      var links = try history(&first, interruptAfter: updates)
      var second = try runner(lattice, threads: 2, start: .cold)
      try second.restore(first.checkpoint())
      #expect(isSame(second.checkpoint(), first.checkpoint()))
      links += try history(&second)
      #expect(isSame(links, expected), "interrupted after \(updates)")
      #expect(second.statistics == whole.statistics)
    }
  }

  @Test("what receives the samples can stop the run between samples")
  func stop() throws {
    let lattice = try Lattice([3, 4])
    var whole = try runner(lattice, threads: 1)
    let expected = try history(&whole)
    var chains = try runner(lattice, threads: 1)
    var received = 0
    let isDone = try chains.run(plan) { sample in
      received += sample.lanes
      return sample.index < 1
    }
    #expect(!isDone && received == 2 * 19)
    let rest = try history(&chains)
    #expect(isSame(rest, Array(expected.suffix(rest.count))))
    #expect(rest.count == 3 * 19 * lattice.linkCount)
  }

  @Test("a sample whose receiver fails is given again, whole, from a checkpoint too")
  func failingReceiver() throws {
    struct DiskIsFull: Error {}
    let lattice = try Lattice([3, 4])
    var whole = try runner(lattice, threads: 1)
    let expected = try history(&whole)
    var chains = try runner(lattice, threads: 2)
    #expect(throws: DiskIsFull.self) {
      try chains.run(plan) { sample in
        if sample.index == 2 && sample.firstChain == 8 { throw DiskIsFull() }
        return true
      }
    }
    #expect(chains.samples == 2)
    var resumed = try runner(lattice, threads: 1, start: .cold)
    try resumed.restore(chains.checkpoint())
    let rest = try history(&resumed)
    #expect(rest.count == 3 * 19 * lattice.linkCount)
    #expect(isSame(rest, Array(expected.suffix(rest.count))))
  }

  @Test("a chain does not depend on how many others there are, nor on its lane")
  func independence() throws {
    let lattice = try Lattice([3, 4])
    var many = try runner(lattice, chains: 19, threads: 1)
    var few = try runner(lattice, chains: 3, threads: 1)
    try many.advance(by: 12)
    try few.advance(by: 12)
    for chain in 0..<3 {
      for link in 0..<lattice.linkCount {
        #expect(few.fields[0].links[link].angle[chain] == many.fields[0].links[link].angle[chain])
      }
    }
    // The same chains in other lanes, beside other neighbours.
    let kernels = try everything(lattice)
    var shifted = ChainState(LinkField<U1>(coldStart: lattice))
    var straight = shifted
    var shiftedStreams = ChainStreams(seed: 5, firstChain: 4)
    var straightStreams = ChainStreams(seed: 5, firstChain: 0)
    for _ in 0..<12 {
      _ = try kernels.step(&shifted, using: &shiftedStreams)
      _ = try kernels.step(&straight, using: &straightStreams)
    }
    for link in 0..<lattice.linkCount {
      for lane in 0..<4 {
        #expect(shifted.U.links[link].angle[lane] == straight.U.links[link].angle[lane + 4])
      }
    }
  }

  @Test("the action that a state remembers is that of its field to the bit")
  func cachedAction() throws {
    let lattice = try Lattice([4, 3])
    let action = try WilsonAction<U1>(beta: 2)
    var state = ChainState(hotField(lattice))
    var streams = ChainStreams(seed: 1, firstChain: 0)
    let kernels = try everything(lattice)
    for _ in 0..<20 {
      for entry in kernels.entries {
        _ = try entry.kernel.step(&state, using: &streams)
        if let known = state.cachedAction { #expect(known == action.value(of: state.U)) }
      }
    }
  }

  @Test("tuning reaches the target acceptance and stops with the thermalisation")
  func tuning() throws {
    let lattice = try Lattice([8, 8])
    let action = try WilsonAction<U1>(beta: 4)
    let plan = ChainPlan(
      thermalization: 200, every: 1, count: 100, tuningInterval: 10, targetAcceptance: 0.7)
    let hmc = try HybridMonteCarlo(
      action: action, integrator: .leapfrog, trajectoryLength: 2, steps: 40)
    let metropolis = try LocalMetropolis(action: action, on: lattice, window: 3)
    var runner = try ChainRunner(
      KernelSequence(hmc).followed(by: metropolis), lattice: lattice, chains: 16, start: .hot,
      seed: 1, threads: 2)
    _ = try runner.run(plan) { _ in true }
    for statistics in runner.statistics {
      // The number of steps is whole: its neighbours differ by some percent in acceptance.
      #expect(abs(statistics.acceptanceRate - 0.7) < 0.1, "\(statistics)")
      #expect(statistics.updates == 16 * 100)
    }
    #expect(runner.kernels.entries[0].kernel.tunedParameters[0] < 40)
  }

  @Test("cold and hot starts are what they say")
  func starts() throws {
    let lattice = try Lattice([4, 4])
    let cold = try runner(lattice, threads: 1, start: .cold)
    let hot = try runner(lattice, threads: 1)
    #expect(cold.fields.count == 3)
    #expect(all(cold.fields[0].averagePlaquette .== 1))
    #expect(all(abs(hot.fields[0].averagePlaquette) .< 0.8))
    #expect(hot.fields[0].links[0].angle != hot.fields[1].links[0].angle)
  }

  @Test("a checkpoint of other chains is refused and changes nothing")
  func refusal() throws {
    let lattice = try Lattice([3, 4])
    var chains = try runner(lattice, threads: 1)
    let before = chains.checkpoint()
    let fewer = try runner(lattice, chains: 3, threads: 1).checkpoint()
    let larger = try runner(try Lattice([4, 4]), threads: 1).checkpoint()
    var broken = before
    broken.links[7] = .nan
    var negative = before
    negative.parameters[1] = [-1]
    for wrong in [fewer, larger, broken, negative] {
      #expect(throws: ChainError.self) { try chains.restore(wrong) }
      #expect(isSame(chains.checkpoint(), before))
    }
    #expect(throws: ChainError.self) {
      try chains.run(ChainPlan(thermalization: 1, every: 0, count: 1)) { _ in true }
    }
  }

  @Test("a kernel that never returns a finite action is rejected, not followed")
  func notANumber() throws {
    let lattice = try Lattice([3, 4])
    let action = try WilsonAction<U1>(beta: 1e300)
    var state = ChainState(hotField(lattice))
    let before = state.U
    var streams = ChainStreams(seed: 1, firstChain: 0)
    let hmc = try HybridMonteCarlo(
      action: action, integrator: .leapfrog, trajectoryLength: 1e10, steps: 3)
    _ = hmc.step(&state, using: &streams)
    for link in before.links.indices {
      #expect(state.U.links[link].angle == before.links[link].angle)
    }
  }
}

/// Equality as a plain truth: a failure shall not print thousands of numbers.
private func isSame<Value: Equatable>(_ a: Value, _ b: Value) -> Bool { a == b }
