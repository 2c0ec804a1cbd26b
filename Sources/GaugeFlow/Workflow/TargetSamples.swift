import ExactResults
import LaneMath
import LatticeFields
import LatticeFlows
import MarkovChains
import Synchronization

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

  /// `log w` of every sample, by chain: exact samples are one chain.
  ///
  /// - Parameter logWeight: of a packet of samples; the second argument is the number of the first, for
  ///   random numbers.
  func logWeights(
    _ logWeight: @Sendable (LinkField<Group>, Int) throws(InversionFailure) -> Lanes
  ) throws -> [[Double]] {
    let packets = try map { U, number -> Lanes in
      do throws(InversionFailure) { return try logWeight(U, number) } catch {
        return Lanes(repeating: .nan)
      }
    }
    var result: [[Double]] = []
    for packet in packets {
      while result.count < packet.firstChain + packet.chains { result.append([]) }
      for lane in 0..<packet.lanes {
        result[packet.firstChain + (packet.chains == 1 ? 0 : lane)].append(packet.value[lane])
      }
    }
    return result
  }

  /// The samples, in packets.
  func fields() throws -> [LinkField<Group>] { try map { U, _ in U }.map(\.value) }

  /// A value of a packet of samples, and which chains they are of.
  private struct Packet<Value> {
    let firstChain: Int
    /// The number of chains that the packet is of: one where samples are exact.
    let chains: Int
    let lanes: Int
    let value: Value
  }

  private func map<Value: Sendable>(_ body: @Sendable (LinkField<Group>, Int) -> Value) throws
    -> [Packet<Value>]
  {
    if let direct = try exactMap(body) { return direct }
    let rounds = min(Self.samplesPerChain, max(1, count / laneCount))
    let chains = (count + rounds - 1) / rounds
    let padded = (chains + laneCount - 1) / laneCount * laneCount
    var algorithm = try ChainAlgorithm(parsing: "heatbath")
    algorithm.overrelaxation = 1
    let plan = MarkovChainPlan(
      group: Group.name, lattice: lattice, beta: beta, algorithm: algorithm, thermalization: 0,
      every: 1, count: 0, chains: chains, seed: seed, threads: threads)
    var runner = try ChainRunner(
      plan.kernels(of: Group.self), lattice: lattice, chains: chains, start: .mixed,
      seed: seed ^ Self.stream, threads: threads)
    var result: [Packet<Value>] = []
    _ = try runner.run(
      ChainPlan(thermalization: Self.thermalization, every: Self.every, count: rounds),
      measure: { body($0.U, $0.index * padded + $0.firstChain) },
      receive: { sample, value in
        result.append(
          Packet(
            firstChain: sample.firstChain, chains: sample.lanes, lanes: sample.lanes, value: value))
        return true
      })
    return result
  }

  /// The same for exact samples of U(1) in two dimensions; nil for another theory.
  private func exactMap<Value: Sendable>(_ body: @Sendable (LinkField<Group>, Int) -> Value) throws
    -> [Packet<Value>]?
  {
    guard lattice.dimension == 2, Group.self == U1.self else { return nil }
    let exact = try DirectSamplerU1(lattice: lattice, beta: beta)
    let packets = (count + laneCount - 1) / laneCount
    let values = Mutex([Value?](repeating: nil, count: packets))
    forEachPacket(count: packets, threads: threads) { packet in
      var links = LinkField<U1>(coldStart: lattice)
      exact.sample(into: &links, seed: seed, firstConfiguration: packet * laneCount)
      guard let U = links as? LinkField<Group> else { return }
      let value = body(U, packet * laneCount)
      values.withLock { $0[packet] = value }
    }
    return values.withLock { $0 }.enumerated().compactMap { packet, value in
      value.map {
        Packet(
          firstChain: 0, chains: 1, lanes: min(laneCount, count - packet * laneCount), value: $0)
      }
    }
  }
}
