import LaneMath
import LatticeFields

/// Where chains start.
public enum ChainStart: String, Sendable, CaseIterable {
  /// Without order: every link is drawn from the Haar measure.
  case hot
  /// Ordered: every link is the unit element.
  case cold
  /// Both: chains of even number start hot, those of odd number cold, so that a comparison between
  /// chains (R-hat, `ChainConvergence`) tells whether they have forgotten it.
  case mixed

  /// Whether a chain starts hot.
  public func isHot(chain: Int) -> Bool { self == .hot || (self == .mixed && chain % 2 == 0) }
}

/// Eight chains, their random streams and what their kernels did.
@usableFromInline
struct ChainPacket<Field: LatticeField>: Sendable {
  @usableFromInline var state: ChainState<Field>
  @usableFromInline var streams: ChainStreams
  @usableFromInline var statistics: [LaneStatistics]
  /// The number of the chain in lane 0.
  @usableFromInline let firstChain: Int
  /// The number of lanes that are chains of the run; the rest is padding, or part of the chain.
  @usableFromInline let lanes: Int

  @usableFromInline
  init(
    state: ChainState<Field>, streams: ChainStreams, kernels: Int, firstChain: Int, lanes: Int
  ) {
    self.state = state
    self.streams = streams
    self.firstChain = firstChain
    statistics = Array(repeating: LaneStatistics(), count: kernels)
    self.lanes = lanes
  }

  /// So many updates.
  mutating func advance(_ updates: Int, _ kernels: KernelSequence<Field>) throws(ChainError) {
    for _ in 0..<updates {
      for (index, entry) in kernels.entries.enumerated() {
        for _ in 0..<entry.repetitions {
          statistics[index].add(try entry.kernel.step(&state, using: &streams))
        }
      }
    }
  }
}

/// The fields of up to 8 chains at the time of a sample.
public struct ChainSample<Field: LatticeField> {
  /// The number of the sample in its chain.
  public let index: Int
  /// The number of the chain in lane 0.
  public let firstChain: Int
  /// The number of lanes that are chains of the run.
  public let lanes: Int
  /// The fields; to be read before the callback returns (a copy kept longer costs a copy of the
  /// memory).
  public let U: Field
}

/// Many independent Markov chains, in packets of 8 over threads; one by one where the lanes of a field
/// are parts of one configuration.
///
/// Every chain is a function of the seed, its number and the kernels alone: the same bits for any
/// number of threads, and when it goes on from a checkpoint. Step sizes, where they are tuned, depend
/// on the mean acceptance of all chains, taken in the order of the chains.
public struct ChainRunner<Field: LatticeField>: Sendable {
  /// The lattice.
  public let lattice: Lattice
  /// The number of chains.
  public let chains: Int
  /// The most threads to use.
  public var threads: Int
  /// The kernels of one update, as tuned so far.
  public internal(set) var kernels: KernelSequence<Field>
  /// The updates made of each chain.
  public internal(set) var updates: Int
  /// The samples of each chain that were received.
  public internal(set) var samples: Int
  @usableFromInline var packets: [ChainPacket<Field>]

  /// Chains at their start.
  ///
  /// - Throws: `ChainError.parameter` where there is no chain, or more than 2^31.
  @inlinable
  public init(
    _ kernels: KernelSequence<Field>, lattice: Lattice, chains: Int, start: ChainStart,
    seed: UInt64, threads: Int
  ) throws(ChainError) {
    try self.init(
      kernels, cold: Field(coldStart: lattice), chains: chains, start: start, seed: seed,
      threads: threads)
  }

  /// Chains at their start, in the memory layout of a given field.
  ///
  /// A chain whose lanes are parts of one configuration has a stream of random numbers for each lane.
  ///
  /// - Parameter cold: the field of a cold start.
  /// - Throws: `ChainError.parameter` where there is no chain, or more than 2^31 streams.
  @inlinable
  public init(
    _ kernels: KernelSequence<Field>, cold: Field, chains: Int, start: ChainStart, seed: UInt64,
    threads: Int
  ) throws(ChainError) {
    let perPacket = Field.configurationsPerPacket
    let streams = laneCount / perPacket
    guard chains > 0, chains < (1 << 31) / streams else {
      throw .parameter(name: "chains", expected: "1 or more", value: Double(chains))
    }
    var packets: [ChainPacket<Field>] = []
    for first in stride(from: 0, to: chains, by: perPacket) {
      var generator = LaneGenerator(
        seed: seed, purpose: .start, firstConfiguration: first * streams, step: 0)
      var U = start == .cold ? cold : cold.hotStart(using: &generator)
      if start == .mixed {
        var isCold = LaneMask(repeating: false)
        for lane in 0..<laneCount { isCold[lane] = !start.isHot(chain: first + lane / streams) }
        U.replace(where: isCold, by: cold)
      }
      packets.append(
        ChainPacket(
          state: ChainState(U),
          streams: ChainStreams(seed: seed, firstChain: first * streams),
          kernels: kernels.entries.count, firstChain: first,
          lanes: Swift.min(perPacket, chains - first)))
    }
    self.init(cold.lattice, chains, threads, kernels, packets)
  }

  @usableFromInline
  init(
    _ lattice: Lattice, _ chains: Int, _ threads: Int, _ kernels: KernelSequence<Field>,
    _ packets: [ChainPacket<Field>]
  ) {
    self.lattice = lattice
    self.chains = chains
    self.threads = threads
    self.kernels = kernels
    self.packets = packets
    updates = 0
    samples = 0
  }

  /// Advances every chain by so many updates; no tuning.
  ///
  /// - Throws: what a kernel throws; the chains are then at different updates.
  public mutating func advance(by count: Int) throws(ChainError) {
    let kernels = kernels
    let failures = Slots<ChainError>(count: packets.count)
    packets.withUnsafeMutableBufferPointer { packets in
      let base = packets.baseAddress!
      forEachPacket(count: packets.count, threads: threads) { index in
        do throws(ChainError) {
          try base[index].advance(count, kernels)
        } catch {
          failures.set(error, at: index)
        }
      }
    }
    for packet in packets.indices {
      if let failure = failures[packet] { throw failure }
    }
    updates += count
  }

  /// Runs a plan, or what is left of it.
  ///
  /// Where the run stands follows from `updates` and `samples`, so that after an interruption, or from
  /// a checkpoint, the same call goes on. Between two calls of `progress` the chains make at most
  /// `plan.reportInterval` updates.
  ///
  /// - Parameters:
  ///   - plan: the updates and samples.
  ///   - measure: makes what is kept of a packet's sample; called from several threads.
  ///   - progress: called between updates; false interrupts the run.
  ///   - receive: called with each packet's sample, sample after sample and in the order of the
  ///     chains; false interrupts the run after this sample of all chains.
  /// - Returns: whether the plan is done.
  /// - Throws: `ChainError` for a plan without sense or a kernel that failed; what `receive` throws:
  ///   the chains then stand where they were, and the next call gives the same sample, of all chains,
  ///   once more.
  public mutating func run<Measurement>(
    _ plan: ChainPlan, measure: @Sendable (ChainSample<Field>) -> Measurement,
    progress: (ChainProgress) -> Bool = { _ in true },
    receive: (ChainSample<Field>, Measurement) throws -> Bool
  ) throws -> Bool {
    try plan.validate()
    // A sample that was not received to its end is given again.
    var goesOn = try deliverSample(of: plan, measure, receive)
    while goesOn && updates < plan.updates {
      try advance(by: plan.nextStop(after: updates) - updates)
      if plan.tunes(after: updates) {
        let acceptances = statistics.map { $0.acceptanceRate }
        kernels = kernels.tuned(acceptances: acceptances, target: plan.targetAcceptance)
        resetStatistics()
      }
      if updates == plan.thermalization { resetStatistics() }
      goesOn = try deliverSample(of: plan, measure, receive)
      let report = ChainProgress(
        updates: updates, totalUpdates: plan.updates, samples: samples,
        isThermalizing: updates < plan.thermalization)
      goesOn = progress(report) && goesOn
    }
    return updates >= plan.updates
  }

  /// Runs a plan, or what is left of it, looking at the fields one packet after the other; see
  /// `run(_:measure:progress:receive:)`.
  public mutating func run(
    _ plan: ChainPlan, progress: (ChainProgress) -> Bool = { _ in true },
    receive: (ChainSample<Field>) throws -> Bool
  ) throws -> Bool {
    try run(plan, measure: { _ in }, progress: progress) { sample, _ in try receive(sample) }
  }

  /// Where a sample is due: measures in parallel, then hands over in order.
  private mutating func deliverSample<Measurement>(
    of plan: ChainPlan, _ measure: @Sendable (ChainSample<Field>) -> Measurement,
    _ receive: (ChainSample<Field>, Measurement) throws -> Bool
  ) throws -> Bool {
    let sinceStart = updates - plan.thermalization
    guard sinceStart > 0, sinceStart % plan.every == 0, sinceStart / plan.every > samples else {
      return true
    }
    let index = sinceStart / plan.every - 1
    let results = Slots<Measurement>(count: packets.count)
    let threads = Measurement.self == Void.self ? 1 : threads
    forEachPacket(count: packets.count, threads: threads) { packet in
      results.set(measure(sample(packet, index)), at: packet)
    }
    var goesOn = true
    for packet in packets.indices {
      if try !receive(sample(packet, index), results[packet]!) { goesOn = false }
    }
    samples = index + 1
    return goesOn
  }

  private func sample(_ packet: Int, _ index: Int) -> ChainSample<Field> {
    ChainSample(
      index: index, firstChain: packets[packet].firstChain, lanes: packets[packet].lanes,
      U: packets[packet].state.U)
  }

  /// What the kernels did since the last change of step size or the end of the thermalisation.
  public var statistics: [KernelStatistics] {
    kernels.entries.indices.map { index in
      KernelStatistics(
        name: kernels.entries[index].kernel.name,
        packets: packets.map { ($0.statistics[index], $0.lanes) })
    }
  }

  /// Starts the statistics anew.
  public mutating func resetStatistics() {
    for packet in packets.indices {
      packets[packet].statistics = kernels.entries.map { _ in LaneStatistics() }
    }
  }

  /// The fields of all chains, packet by packet, as they stand.
  public var fields: [Field] { packets.map { $0.state.U } }
}

/// One value for each packet, each with one writer.
final class Slots<Value>: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<Value?>
  private let count: Int
  init(count: Int) {
    self.count = count
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: nil, count: count)
  }
  deinit {
    pointer.deinitialize(count: count)
    pointer.deallocate()
  }
  func set(_ value: Value, at index: Int) { pointer[index] = value }
  subscript(index: Int) -> Value? { pointer[index] }
}
