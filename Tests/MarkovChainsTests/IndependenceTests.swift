import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains
import Testing

@Suite("Independence Metropolis")
struct IndependenceTests {
  @Test("a chain over weighted samples visits them with the frequencies of the target")
  func frequencies() {
    // Samples of the uniform law on three points, to be corrected to the law 1 : 2 : 5.
    let weights = [1.0, 2, 5]
    var generator = ScalarGenerator(seed: 4, purpose: .verification)
    var means = Array(repeating: Sample(), count: 3)
    var rates = Sample()
    for chain in 0..<200 {
      let points = (0..<2000).map { _ in Int(3 * generator.uniform()) }
      let logWeights = points.map { log(Lanes(repeating: weights[$0]))[0] }
      let result = metropolisChain(logWeights: logWeights, seed: 9, chain: chain)
      #expect(result.indices.count == points.count)
      let visited = result.indices.dropFirst(100).map { points[$0] }
      for point in 0..<3 {
        means[point].add(
          Double(visited.filter { $0 == point }.count) / Double(visited.count))
      }
      rates.add(result.acceptanceRate)
    }
    for point in 0..<3 { #expect(abs(means[point].pull(exact: weights[point] / 8)) < sigmas) }
    // Σ_ij (1/3) p_i min(1, w_j/w_i), the stationary acceptance; the start changes it by 1/2000.
    var expected = 0.0
    for i in 0..<3 {
      for j in 0..<3 { expected += weights[i] / 8 * min(1, weights[j] / weights[i]) / 3 }
    }
    #expect(abs(rates.mean - expected) < sigmas * rates.error + 1e-3)
  }

  @Test("samples of zero weight, or none, are never kept, and equal weights are always accepted")
  func edges() {
    let result = metropolisChain(
      logWeights: [-.infinity, -.infinity, 0, .nan, -.infinity, -2000, 3], seed: 1)
    #expect(result.indices == [0, 0, 2, 2, 2, 2, 6])
    #expect(metropolisChain(logWeights: [.nan, 1], seed: 1).indices == [0, 1])
    #expect(metropolisChain(logWeights: [1, 1, 1, 1], seed: 1).acceptanceRate == 1)
    #expect(metropolisChain(logWeights: [], seed: 1).indices.isEmpty)
    #expect(metropolisChain(logWeights: [5], seed: 1).acceptanceRate == 0)
  }

  @Test("the rate of a long chain is the one that the weights predict")
  func rate() throws {
    var generator = LaneGenerator(seed: 2, purpose: .verification, firstConfiguration: 0, step: 0)
    var difference = Sample()
    for chain in 0..<64 {
      let logWeights = (0..<2000).map { _ in generator.normal()[0] }
      let rate = metropolisChain(logWeights: logWeights, seed: 3, chain: chain).acceptanceRate
      difference.add(try rate - LogWeights(logWeights).metropolisAcceptanceRate)
    }
    // The prediction is that of the stationary chain; its bias and the start's are of order 1/2000.
    #expect(abs(difference.mean) < sigmas * difference.error + 2e-3, "\(difference)")
  }

  @Test("as a kernel it knows its density, and asks for it after another kernel")
  func kernel() throws {
    let lattice = try Lattice([2, 3])
    let action = try WilsonAction<U1>(beta: 1)
    let proposal = IndependentLinks(lattice: lattice)
    let kernel = try IndependenceMetropolis(proposal: proposal, action: action, on: lattice)
    var state = ChainState(hotField(lattice))
    var streams = ChainStreams(seed: 1, firstChain: 0)
    for _ in 0..<20 {
      _ = try kernel.step(&state, using: &streams)
      let density = try proposal.logDensity(of: state.U)
      #expect(state.cachedLogDensity == density)
      #expect(state.cachedAction == action.value(of: state.U))
    }
    _ = try Heatbath(action: action, on: lattice).step(&state, using: &streams)
    #expect(state.cachedLogDensity == nil)
  }
}
