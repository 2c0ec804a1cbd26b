import Foundation
import Testing

@testable import GaugeFlow

/// What is reached by the name of a group runs as fast as code that knows the type.
///
/// Code that is not compiled for its group is some hundred times slower, so that a factor of 3 is
/// neither missed nor met by a busy machine.
@Suite("The speed of groups by name", .serialized)
struct GroupSpeedTests {
  private static let largestRatio = 3.0

  /// The shortest of several times of this thread, in seconds.
  private func shortest(_ body: () throws -> Void) rethrows -> Double {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
    var least = Double.infinity
    for _ in 0..<4 {
      let begin = now()
      try body()
      least = min(least, now() - begin)
    }
    return least
  }

  private func plan(_ group: String, _ algorithm: String, _ lattice: Lattice) throws
    -> MarkovChainPlan
  {
    var algorithm = try ChainAlgorithm(parsing: algorithm)
    algorithm.steps = 2
    return MarkovChainPlan(
      group: group, lattice: lattice, beta: 2, algorithm: algorithm, thermalization: 0, every: 1,
      count: 8, chains: 8, seed: 1, threads: 1)
  }

  /// The time of one update of a kernel of known type.
  private func direct<K: MarkovKernel>(_ kernel: K, _ lattice: Lattice) throws -> Double {
    var state = ChainState(K.Field(coldStart: lattice))
    var streams = ChainStreams(seed: 1, firstChain: 0)
    return try shortest { _ = try kernel.step(&state, using: &streams) }
  }

  @Test("Chains", arguments: ["heatbath", "hmc", "metropolis"])
  func chains(algorithm: String) throws {
    let lattice = try Lattice([4, 4, 4])
    func ratio<Group: HeatbathGroup>(_ group: Group.Type, _ known: Double) throws -> Double {
      let driver = try plan(Group.name, algorithm, lattice).makeChains()
      let time = try shortest {
        let schedule = ChainPlan(
          thermalization: driver.updates + 1, every: 1, count: 0, reportInterval: 1)
        _ = try driver.run(schedule, progress: { _ in true }, receive: { _ in })
      }
      return time / known
    }
    func known<Theory: LinkLinearAction>(_ action: Theory) throws -> Double
    where Theory.Group: HeatbathGroup {
      switch algorithm {
      case "heatbath": try direct(Heatbath(action: action, on: lattice), lattice)
      case "hmc":
        try direct(HybridMonteCarlo(action: action, trajectoryLength: 1, steps: 2), lattice)
      default: try direct(LocalMetropolis(action: action, on: lattice), lattice)
      }
    }
    for (name, ratio) in [
      ("SU2", try ratio(SU2.self, known(WilsonAction<SU2>(beta: 2)))),
      ("SU3", try ratio(SU3.self, known(WilsonAction<SU3>(beta: 2)))),
      ("SU5", try ratio(SU5.self, known(WilsonAction<SU5>(beta: 2)))),
    ] {
      #expect(ratio < Self.largestRatio, "\(name): \(ratio)")
    }
  }

  @Test("Observables")
  func observables() throws {
    let lattice = try Lattice([4, 4, 4])
    func ratio<Group: HeatbathGroup>(_ group: Group.Type, _ known: Double) throws -> Double {
      let source = ColdSource(groupName: Group.name, latticeExtents: lattice.extents)
      let plan = Measurement.Plan(observables: ["wilson-loops", "plaquette"], threads: 1)
      return try shortest { _ = try Measurement.run([source], plan) } / known
    }
    func known<Group: GaugeGroup>(_ loops: WilsonLoops<Group>) -> Double {
      let U = LinkField<Group>(coldStart: lattice)
      return shortest { _ = loops.measure(U) }
    }
    // Reading, checking and the plaquette come on top of the loops.
    for (name, ratio) in [
      ("SU3", try ratio(SU3.self, known(WilsonLoops<SU3>(on: lattice)))),
      ("SU5", try ratio(SU5.self, known(WilsonLoops<SU5>(on: lattice)))),
    ] {
      #expect(ratio < 2 * Self.largestRatio, "\(name): \(ratio)")
    }
  }

  /// Eight configurations of unit matrices.
  private struct ColdSource: ConfigurationSource {
    let groupName: String
    let latticeExtents: [Int]
    let location = "cold"
    let targetBeta: Double? = 1
    let count = 8
    func read(
      _ range: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>
    ) throws(EnsembleIOError) {
      let colors = EnsembleDescription.colors(of: groupName)!
      buffer.update(repeating: 0)
      for link in 0..<(buffer.count / (2 * colors * colors)) {
        for row in 0..<colors { buffer[2 * (link * colors * colors + row * (colors + 1))] = 1 }
      }
    }
    func logWeights() -> [Double]? { nil }
    func chains() -> [Int]? { nil }
  }
}
