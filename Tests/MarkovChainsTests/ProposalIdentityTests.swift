import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics
import MarkovChains
import Testing

/// A kernel that does nothing but report violations from a normal distribution of the given spread,
/// with a mean that is right, or wrong by a factor.
private struct ReportedViolations: MarkovKernel {
  let spread: Double
  let factor: Double
  var name: String { "hmc" }
  func linkUpdates(on lattice: Lattice) -> Int { 1 }
  func step(_ state: inout ChainState<LinkField<U1>>, using streams: inout ChainStreams)
    -> UpdateInfo
  {
    var generator = streams.next(.momenta)
    let deltaH = 0.5 * factor * spread * spread + spread * generator.normal()
    let accepted = metropolisDecision(deltaH, using: &streams)
    return UpdateInfo(
      acceptance: select(accepted, Lanes(repeating: 1), .zero), deltaH: deltaH)
  }
}

private func statistics<Kernel: MarkovKernel>(
  _ kernel: Kernel, on lattice: Lattice, thermalization: Int, updates: Int
) throws -> KernelStatistics {
  var runner = try ChainRunner(
    KernelSequence(kernel), lattice: lattice, chains: 64, start: .mixed, seed: 8, threads: 2)
  try runner.advance(by: thermalization)
  runner.resetStatistics()
  try runner.advance(by: updates)
  return runner.statistics[0]
}

@Suite("What must hold of energy violations")
struct ProposalIdentityTests {
  @Test("the balance of acceptance holds for molecular dynamics at large steps, for every group")
  func balance() throws {
    func check<Group: GaugeGroup>(
      _ action: WilsonAction<Group>, _ extents: [Int], steps: Int
    ) throws {
      let hmc = try HybridMonteCarlo(
        action: action, integrator: .leapfrog, trajectoryLength: 1, steps: steps)
      let found = try statistics(hmc, on: Lattice(extents), thermalization: 100, updates: 300)
      let identities = try #require(found.identities)
      #expect(found.acceptanceRate < 0.995 && found.acceptanceRate > 0.3, "\(found)")
      #expect(abs(identities.balance.deviation(from: 0)) < sigmas, "\(Group.name) \(identities)")
      #expect(abs(identities.expMinusDeltaH.deviation(from: 1)) < sigmas, "\(Group.name)")
      #expect(identities.deltaH.deviation(from: 0) > 3)
      // Small lattices: the violation is nearly normal, not quite.
      #expect(abs(found.acceptanceRate - identities.gaussianAcceptance) < 0.05)
    }
    try check(WilsonAction<U1>(beta: 2), [6, 6], steps: 4)
    try check(WilsonAction<SU2>(beta: 2.2), [3, 3, 3], steps: 8)
    try check(WilsonAction<SU3>(beta: 5.5), [2, 2, 2, 2], steps: 8)
  }

  @Test("a normal violation satisfies all three, one with a wrong mean breaks the exact ones")
  func reported() throws {
    let lattice = try Lattice([1])
    let right = try statistics(
      ReportedViolations(spread: 0.8, factor: 1), on: lattice, thermalization: 0, updates: 2000)
    let identities = try #require(right.identities)
    #expect(abs(identities.balance.deviation(from: 0)) < sigmas)
    #expect(abs(identities.expMinusDeltaH.deviation(from: 1)) < sigmas)
    #expect(abs(identities.deltaH.deviation(from: 0.32)) < sigmas)
    #expect(abs(try #require(identities.gaussianDeviation)) < sigmas)
    #expect(identities.expMinusDeltaH.error == right.expMinusDeltaHError)
    let wrong = try statistics(
      ReportedViolations(spread: 0.8, factor: 1.1), on: lattice, thermalization: 0, updates: 2000)
    #expect(abs(try #require(wrong.identities).balance.deviation(from: 0)) > sigmas)
  }

  @Test("local updates have nothing to say")
  func local() throws {
    let lattice = try Lattice([4, 4])
    let heatbath = try Heatbath(action: WilsonAction<U1>(beta: 1), on: lattice)
    let found = try statistics(heatbath, on: lattice, thermalization: 0, updates: 2)
    #expect(found.identities == nil)
  }

  @Test("mixed starts are hot in even chains and cold in odd ones, to the bits of either start")
  func mixedStart() throws {
    let lattice = try Lattice([3, 3])
    func fields(_ start: ChainStart) throws -> [LinkField<SU2>] {
      let kernel = try HybridMonteCarlo(
        action: WilsonAction<SU2>(beta: 1), trajectoryLength: 1, steps: 4)
      return try ChainRunner(
        KernelSequence(kernel), lattice: lattice, chains: 11, start: start, seed: 3, threads: 1
      ).fields
    }
    let mixed = try fields(.mixed), hot = try fields(.hot), cold = try fields(.cold)
    for chain in 0..<11 {
      let expected = ChainStart.mixed.isHot(chain: chain) ? hot : cold
      let (packet, lane) = (chain / laneCount, chain % laneCount)
      for link in mixed[packet].links.indices {
        #expect(
          mixed[packet].links[link].realTrace[lane] == expected[packet].links[link].realTrace[lane])
      }
    }
    #expect(mixed[0].links[0].realTrace[0] != 2 && mixed[0].links[0].realTrace[1] == 2)
  }
}
