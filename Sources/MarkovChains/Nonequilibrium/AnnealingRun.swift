import LaneMath
import LatticeActions
import LatticeFields
import LatticeStatistics

/// Fields on their way through an annealing schedule, in packets of 8 over threads.
///
/// Every field is a function of its start, the seed and its number: the same bits for any number of
/// threads. A value type: a copy is a checkpoint in memory, and ``run(reportInterval:progress:)``
/// goes on where it stands.
public struct AnnealingRun<Group: GaugeGroup>: Sendable {
  /// The schedule, the update and the kernels.
  public let annealing: Annealing<Group>
  /// The number of fields.
  public let count: Int
  /// The most threads to use.
  public var threads: Int
  /// How fields of small weight are replaced; nil for not at all.
  public let resampling: PopulationResampling?
  /// The steps made.
  public private(set) var steps: Int
  /// The number of times that a population was resampled.
  public private(set) var resamplings: Int
  private let seed: UInt64
  private let firstConfiguration: Int
  private var packets: [AnnealingPacket<Group>]

  /// Fields that begin with weight 1: equilibrium at the first coupling, whoever made it.
  ///
  /// - Parameters:
  ///   - annealing: the schedule, the update and the kernels.
  ///   - starts: the fields, 8 in each packet.
  ///   - count: the number of fields; the last packet may be filled up with fields that do not count.
  ///   - resampling: how fields of small weight are replaced.
  ///   - seed: of the random numbers.
  ///   - firstConfiguration: the number of the first field; fields of different number have
  ///     independent random numbers.
  ///   - threads: the most threads to use.
  /// - Throws: `ChainError.parameter` where `count` does not fit the packets.
  public init(
    _ annealing: Annealing<Group>, starts: [LinkField<Group>], count: Int,
    resampling: PopulationResampling? = nil, seed: UInt64, firstConfiguration: Int = 0,
    threads: Int
  ) throws(ChainError) {
    guard count > 0, (count + laneCount - 1) / laneCount == starts.count else {
      throw .parameter(
        name: "fields to anneal", expected: "as many as fill \(starts.count) packets",
        value: Double(count))
    }
    self.annealing = annealing
    self.count = count
    self.resampling = resampling
    self.seed = seed
    self.firstConfiguration = firstConfiguration
    self.threads = threads
    steps = 0
    resamplings = 0
    packets = starts.enumerated().map { index, U in
      AnnealingPacket(
        state: ChainState(U),
        streams: ChainStreams(seed: seed, firstChain: firstConfiguration + index * laneCount))
    }
  }

  /// Fields that begin at coupling 0: every link from the Haar measure.
  ///
  /// - Throws: `ChainError.parameter` where there is no field, or the schedule does not begin at 0.
  public init(
    fromHaar annealing: Annealing<Group>, on lattice: Lattice, count: Int,
    resampling: PopulationResampling? = nil, seed: UInt64, firstConfiguration: Int = 0,
    threads: Int
  ) throws(ChainError) {
    guard annealing.schedule.start == 0 else {
      throw .parameter(
        name: "first coupling of a start from the Haar measure", expected: "0",
        value: annealing.schedule.start)
    }
    var starts: [LinkField<Group>] = []
    for first in stride(from: 0, to: count, by: laneCount) {
      var generator = LaneGenerator(
        seed: seed, purpose: .start, firstConfiguration: firstConfiguration + first, step: 0)
      starts.append(LinkField(hotStart: lattice, using: &generator))
    }
    try self.init(
      annealing, starts: starts, count: count, resampling: resampling, seed: seed,
      firstConfiguration: firstConfiguration, threads: threads)
  }

  /// Whether the schedule is done.
  public var isDone: Bool { steps == annealing.schedule.steps }

  /// Makes the steps that are left.
  ///
  /// - Parameters:
  ///   - reportInterval: the most steps between two calls of `progress`.
  ///   - progress: called between steps; false interrupts the run.
  /// - Returns: whether the schedule is done.
  /// - Throws: what a kernel or the update throws; the fields are then at different steps.
  public mutating func run(
    reportInterval: Int = 16, progress: (AnnealingProgress) -> Bool = { _ in true }
  ) throws(ChainError) -> Bool {
    let total = annealing.schedule.steps
    var goesOn = true
    while goesOn && steps < total {
      // Resampling brings all fields together after each step.
      let interval = resampling == nil ? Swift.max(1, reportInterval) : 1
      try advance(to: Swift.min(total, steps + interval))
      // At the end weights are what is asked for.
      if let resampling, steps < total { resample(resampling) }
      goesOn = progress(
        AnnealingProgress(steps: steps, totalSteps: total, repetition: 0, repetitions: 1))
    }
    return isDone
  }

  private mutating func advance(to end: Int) throws(ChainError) {
    let (annealing, range) = (annealing, steps..<end)
    let failures = Slots<ChainError>(count: packets.count)
    packets.withUnsafeMutableBufferPointer { packets in
      let base = packets.baseAddress!
      forEachPacket(count: packets.count, threads: threads) { index in
        do throws(ChainError) {
          for step in range {
            base[index].logWeight.add(
              try annealing.advance(
                &base[index].state, step: step, using: &base[index].streams))
          }
        } catch {
          failures.set(error, at: index)
        }
      }
    }
    for packet in packets.indices {
      if let failure = failures[packet] { throw failure }
    }
    steps = end
  }

  private mutating func resample(_ resampling: PopulationResampling) {
    let size = resampling.populationSize
    let logWeights = logWeights
    for first in stride(from: 0, to: count, by: size) {
      let members = first..<Swift.min(count, first + size)
      var generator = ScalarGenerator(
        seed: seed, purpose: .populationResampling, index: firstConfiguration + first, step: steps)
      guard
        let (replacements, logMean) = resampling.replacements(
          logWeights: Array(logWeights[members]), offset: generator.uniform())
      else { continue }
      resamplings += 1
      for (to, from) in replacements { copyField(from: first + from, to: first + to) }
      for member in members {
        packets[member / laneCount].logWeight.set(logMean, lane: member % laneCount)
      }
    }
  }

  private mutating func copyField(from source: Int, to target: Int) {
    let (a, b) = (source % laneCount, target % laneCount)
    let values = packets[source / laneCount].state.U.withLanes { $0.map { $0[a] } }
    packets[target / laneCount].state.U.withMutableLanes { to in
      for index in to.indices { to[index][b] = values[index] }
    }
    packets[target / laneCount].state.fieldsChanged()
  }

  /// The logarithms of the weights, field by field. Their exponentials have the mean
  /// `Z(λ_t) / Z(λ_0)`, resampled or not.
  public var logWeights: [Double] {
    (0..<count).map { packets[$0 / laneCount].logWeight.value[$0 % laneCount] }
  }

  /// The fields as they stand, 8 in each packet.
  public var fields: [LinkField<Group>] { packets.map { $0.state.U } }

  /// The logarithms of weights that are independent: of the fields, or once there was resampling, of
  /// the mean weight of each population.
  public var independentLogWeights: [Double] {
    guard let resampling, resamplings > 0 else { return logWeights }
    let all = logWeights
    return stride(from: 0, to: count, by: resampling.populationSize).map { first in
      let members = all[first..<Swift.min(count, first + resampling.populationSize)]
      let logCount = log(Lanes(repeating: Double(members.count)))[0]
      return logSumExp(Array(members)) - logCount
    }
  }

  /// `log Z(λ_t) - log Z(λ_0)` with its error.
  ///
  /// - Throws: `StatisticsError` for too few independent weights, and for a tail too heavy for an error.
  public func logPartitionFunctionRatio() throws(StatisticsError) -> Estimate {
    try LogWeights(independentLogWeights).logPartitionFunction()
  }
}

/// Eight fields on their way.
struct AnnealingPacket<Group: GaugeGroup>: Sendable {
  var state: ChainState<LinkField<Group>>
  var streams: ChainStreams
  var logWeight = LaneCompensatedSum()
}

extension LaneCompensatedSum {
  /// Puts a number in the place of the sum in one lane.
  fileprivate mutating func set(_ value: Double, lane: Int) {
    var old = self.value, new = Lanes.zero
    for other in 0..<laneCount where other != lane { new[other] = old[other] }
    old[lane] = value
    new[lane] = value
    self = LaneCompensatedSum()
    add(new)
  }
}
