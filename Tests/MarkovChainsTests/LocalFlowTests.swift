import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains
import Testing

/// Flows of local fields where no exact solution is known: against heatbath chains and annealing.
@Suite("Flows of local fields in three dimensions")
struct LocalFlowTests {
  private func check<G: LocalGroup & DetunedHeatbathGroup>(
    _ group: G.Type, beta: Double, ess: Double
  ) throws {
    let lattice = try Lattice([3, 3, 4]), count = 4096
    let action = try WilsonAction<G>(beta: beta)
    var options = RegressionOptions()
    options.particles = 256
    options.intervals = 6
    let trainer = RegressionTrainer(
      basis: try LocalBasis<G>(
        lattice: lattice, elements: LocalBasis<G>.defaultElements(on: lattice, beta: beta)),
      path: AnnealingPath(to: beta), options: options, seed: 3, threads: 2)
    while !trainer.isComplete { _ = trainer.fitInterval() }
    let plaquettes = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    let logWeights = RegressionTransport(trainer.flow).logWeights(
      count: count, action: action, seed: 4, threads: 2
    ) { U, packet, _, _ in plaquettes.pointer[packet] = U.averagePlaquette }
    let weights = try LogWeights(logWeights)
    #expect(weights.effectiveSampleSize > ess, "\(G.name) \(weights.effectiveSampleSize)")
    let history = (0..<count).map { plaquettes.pointer[$0 / laneCount][$0 % laneCount] }
    let plaquette = try reweightedMean(history, logWeights: logWeights)
    let logZ = try weights.logPartitionFunction()

    // The plaquette of independent chains: one number each.
    var chains = try ChainRunner(
      KernelSequence(try Heatbath(action: action, on: lattice)), lattice: lattice, chains: 512,
      start: .hot, seed: 5, threads: 2)
    try chains.advance(by: 60)
    var means = Array(repeating: 0.0, count: 512)
    let samples = 10
    for _ in 0..<samples {
      try chains.advance(by: 4)
      for (packet, U) in chains.fields.enumerated() {
        let value = U.averagePlaquette
        for lane in 0..<laneCount {
          means[packet * laneCount + lane] += value[lane] / Double(samples)
        }
      }
    }
    let mean = means.reduce(0, +) / 512
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (511 * 512)
    let error = (variance + plaquette.error * plaquette.error).squareRoot()
    #expect(
      abs(plaquette.value - mean) < sigmas * error + 1e-4,
      "\(G.name): flow \(plaquette), heatbath \(mean) ± \(variance.squareRoot())")

    // log Z by annealing from the Haar measure, without any transport.
    let way = try Annealing<G>(
      .linear(from: 0, to: beta, steps: 60), update: Reweighting(action: WilsonAction<G>(beta: 1))
    ) { KernelSequence(try Heatbath(action: WilsonAction<G>(beta: $0), on: lattice)) }
    var run = try AnnealingRun(fromHaar: way, on: lattice, count: 2048, seed: 6, threads: 2)
    _ = try run.run()
    let annealed = try run.logPartitionFunctionRatio()
    let both = (annealed.error * annealed.error + logZ.error * logZ.error).squareRoot()
    #expect(
      abs(annealed.value - logZ.value) < sigmas * both + 1e-3,
      "\(G.name): log Z of the flow \(logZ), of annealing \(annealed)")
    #expect(both < 0.1)
  }

  @Test("plaquette and log Z are those of heatbath chains and of annealing")
  func chains() throws {
    try check(SU2.self, beta: 1, ess: 0.8)
    try check(SU3.self, beta: 2.4, ess: 0.7)
  }
}
