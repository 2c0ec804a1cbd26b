import ExactResults
import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import Testing

@testable import LatticeFlows

/// Layers with exact determinants, fitted along a path.
struct FourierLayerTrainerTests {
  private static func train(
    layers: Int, newtonSteps: Int = 2, particles: Int = 512, threads: Int = 2
  ) throws -> (chain: FourierLayerChain, reports: [FourierLayerTrainer.Report]) {
    var options = RegressionOptions()
    options.particles = particles
    options.intervals = layers
    let trainer = FourierLayerTrainer(
      basis: try FourierBasis(
        lattice: Lattice([8, 8]), elements: FourierBasis.linearPathElements),
      path: AnnealingPath(to: 2), options: options, newtonSteps: newtonSteps, seed: 3,
      threads: threads)
    var reports: [FourierLayerTrainer.Report] = []
    while !trainer.isComplete { reports.append(try trainer.fitLayer()) }
    return (trainer.chain, reports)
  }

  private static func logWeights(_ chain: FourierLayerChain, count: Int) throws -> [Double] {
    let lattice = chain.layers[0].basis.lattice
    let results = Buffer<Lanes>(count: count / laneCount, repeating: .zero)
    forEachPacket(count: count / laneCount, threads: 2) { packet in
      var U = LinkField<U1>(coldStart: lattice)
      var generator = LaneGenerator(
        seed: 11, purpose: .prior, firstConfiguration: packet * laneCount, step: 0)
      U.sampleHaar(using: &generator)
      let logDet = chain.apply(to: &U)
      results.pointer[packet] = 2 * U.plaquetteSum + logDet
    }
    return (0..<count).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }

  @Test("Eight layers reach an ESS above .98 at 8x8, with the exact log Z")
  func exactness() throws {
    let (chain, reports) = try Self.train(layers: 8)
    for report in reports {
      #expect(report.residual <= report.initialResidual)
      #expect(report.effectiveSampleSize > 0.9)
    }
    let weights = try LogWeights(Self.logWeights(chain, count: 4096))
    #expect(weights.effectiveSampleSize > 0.98, "\(weights.effectiveSampleSize)")
    let logZ = try weights.logPartitionFunction()
    let exact = try ExactU1(volume: 64, beta: 2).logPartitionFunction
    // No integrator: nothing is left for one. False alarms: 4e-8.
    #expect(abs(logZ.value - exact) < 5.5 * logZ.error, "expected \(exact), found \(logZ)")
  }

  @Test("Gauss-Newton steps do better than the continuous solution")
  func newton() throws {
    let plain = try Self.train(layers: 4, newtonSteps: 0).chain
    let refined = try Self.train(layers: 4, newtonSteps: 2).chain
    let ess = try [plain, refined].map {
      try LogWeights(Self.logWeights($0, count: 2048)).effectiveSampleSize
    }
    #expect(ess[1] > ess[0] + 0.01, "\(ess)")
  }

  @Test("A fit has the same bits for any number of threads, and its inverse leads back")
  func bits() throws {
    let (chain, _) = try Self.train(layers: 3, particles: 64)
    let other = try Self.train(layers: 3, particles: 64, threads: 1).chain
    #expect(chain.layers.map(\.coefficients) == other.layers.map(\.coefficients))
    var generator = LaneGenerator(seed: 8, purpose: .prior, firstConfiguration: 0, step: 0)
    var U = LinkField<U1>(coldStart: chain.layers[0].basis.lattice)
    U.sampleHaar(using: &generator)
    let start = U
    let logDet = chain.apply(to: &U)
    let back = try chain.applyInverse(to: &U)
    #expect(abs(logDet + back).max() < 1e-8)
    for link in U.links.indices {
      #expect(abs(wrapAngle(U.links[link].angle - start.links[link].angle)).max() < 1e-8)
    }
  }
}
