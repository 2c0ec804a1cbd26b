import LatticeStatistics
import Testing
@Suite struct Bench {
  @Test func bench() throws {
    var g = TestGenerator(seed: 1)
    let chains = (0..<8).map { _ in autoregressive(g.normals(12500), rho: 0.8) }
    let c = ContinuousClock()
    let t = try c.measure { for _ in 0..<5 { _ = try ChainConvergence(chains) } }
    print("conv 1e5 x5", t)
    let t2 = try c.measure { for _ in 0..<5 { _ = try ThermalizationCut(chains) } }
    print("cut 1e5 x5", t2)
  }
}
