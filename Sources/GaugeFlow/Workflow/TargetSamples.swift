import ExactResults
import LaneMath
import LatticeFields
import LatticeFlows
import MarkovChains

/// Samples of a target, on which the forward effective sample size of a flow is measured: exact ones
/// for U(1) in two dimensions, of many heatbath chains in every other case.
struct TargetSamples<Group: HeatbathGroup> {
  let lattice: Lattice
  let beta: Double
  let count: Int
  let seed: UInt64
  let threads: Int
  /// Sweeps before the first sample of a chain, each with an overrelaxation sweep.
  static var thermalization: Int { 200 }
  /// Sweeps between samples.
  static var every: Int { 10 }
  /// Samples of a chain.
  static var samplesPerChain: Int { 16 }
  /// Keeps the chains apart from those that a user runs with the same seed.
  static var stream: UInt64 { 0x7461_7267_6574 }

  /// A function of every sample, by chain: exact samples are one chain.
  ///
  /// - Returns: nil where the target cannot be sampled.
  func logWeights(_ logWeight: @Sendable (LinkField<Group>) throws(InversionFailure) -> Lanes)
    throws
    -> [[Double]]?
  {
    if let direct = try exactLogWeights(logWeight) { return [direct] }
    let rounds = min(Self.samplesPerChain, max(1, count / laneCount))
    let chains = (count + rounds - 1) / rounds
    var algorithm = try ChainAlgorithm(parsing: "heatbath")
    algorithm.overrelaxation = 1
    let plan = MarkovChainPlan(
      group: Group.name, lattice: lattice, beta: beta, algorithm: algorithm, thermalization: 0,
      every: 1, count: 0, chains: chains, seed: seed, threads: threads)
    var runner = try ChainRunner(
      plan.kernels(of: Group.self), lattice: lattice, chains: chains, start: .mixed,
      seed: seed ^ Self.stream, threads: threads)
    var result = [[Double]](repeating: [], count: chains)
    _ = try runner.run(
      ChainPlan(thermalization: Self.thermalization, every: Self.every, count: rounds),
      measure: { sample -> Lanes in
        do throws(InversionFailure) { return try logWeight(sample.U) } catch {
          return Lanes(repeating: .nan)
        }
      },
      receive: { sample, values in
        for lane in 0..<sample.lanes { result[sample.firstChain + lane].append(values[lane]) }
        return true
      })
    return result
  }

  /// The function on exact samples of U(1) in two dimensions; nil for another theory.
  private func exactLogWeights(
    _ logWeight: @Sendable (LinkField<Group>) throws(InversionFailure) -> Lanes
  ) throws -> [Double]? {
    guard lattice.dimension == 2, Group.self == U1.self else { return nil }
    let exact = try DirectSamplerU1(lattice: lattice, beta: beta)
    let packets = (count + laneCount - 1) / laneCount
    let results = Buffer<Lanes>(count: packets, repeating: .zero)
    forEachPacket(count: packets, threads: threads) { packet in
      var U = LinkField<U1>(coldStart: lattice)
      exact.sample(into: &U, seed: seed, firstConfiguration: packet * laneCount)
      guard let U = U as? LinkField<Group> else { return }
      do throws(InversionFailure) { results.pointer[packet] = try logWeight(U) } catch {
        results.pointer[packet] = Lanes(repeating: .nan)
      }
    }
    return (0..<count).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }
}
