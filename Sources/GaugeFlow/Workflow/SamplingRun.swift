import EnsembleIO
import ExactResults
import Foundation
import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeObservables
import LatticeStatistics
import MarkovChains

/// What is to be sampled from a trained flow.
public struct SamplingPlan: Sendable {
  /// What happens with the weights.
  public enum Mode: String, Sendable, CaseIterable {
    /// Every proposal is kept with its weight.
    case weighted
    /// Proposals are accepted or rejected by independence Metropolis; the ensemble is one chain.
    case metropolis
  }

  /// The flow on the lattice to sample on.
  public var flow: CouplingFlow
  /// The coupling of the target.
  public var beta: Double
  /// The number of configurations.
  public var count: Int
  /// What happens with the weights.
  public var mode: Mode
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The number of threads.
  public var threads: Int
  /// The command line, for the ensemble's provenance.
  public var command = ""
  /// The SHA-256 of the model, for the ensemble's provenance.
  public var modelChecksum: String?

  /// A plan from its parts.
  public init(
    flow: CouplingFlow, beta: Double, count: Int, mode: Mode, seed: UInt64, threads: Int
  ) {
    self.flow = flow
    self.beta = beta
    self.count = count
    self.mode = mode
    self.seed = seed
    self.threads = threads
  }
}

/// Samples a flow into an ensemble directory; can be stopped and goes on to the same bits.
///
/// Proposal `i` depends on the seed and `i` alone. Beside the files of a weighted ensemble, one of a
/// Metropolis chain holds `proposal_log_weight.npy`, from which the chain's decisions follow.
public final class SamplingRun {
  /// The plan.
  public let plan: SamplingPlan
  private let writer: EnsembleWriter
  private let proposals: NPYAppender?
  private var logWeights: [Double] = []
  private var walk: IndependenceWalk
  private var current: [Double]
  private let action: WilsonAction<U1>
  private let transport: CouplingTransport

  /// Prepares an ensemble directory.
  ///
  /// - Throws: `EnsembleIOError.refusesToOverwrite` where there is an ensemble and neither `resume`
  ///   nor `overwrite` is asked for, `.badData` where the one to resume is another.
  public init(_ plan: SamplingPlan, directory: String, resume: Bool, overwrite: Bool) throws {
    self.plan = plan
    transport = CouplingTransport(plan.flow)
    action = try WilsonAction<U1>(beta: plan.beta)
    walk = IndependenceWalk(seed: plan.seed)
    let description = EnsembleDescription(
      group: U1.name, lattice: plan.flow.lattice.extents, beta: plan.beta,
      provenance: .init(
        version: programVersion, command: plan.command, seed: plan.seed,
        modelChecksum: plan.modelChecksum))
    current = Array(repeating: 0, count: description.valuesPerConfiguration)
    let isWeighted = plan.mode == .weighted
    let path = "\(directory)/proposal_log_weight.npy"
    if resume, AtomicFile.exists("\(directory)/ensemble.json") {
      let old = try EnsembleReader(directory, acceptPrefix: true)
      guard old.description.provenance.seed == plan.seed,
        old.description.provenance.modelChecksum == plan.modelChecksum,
        old.isWeighted == isWeighted
      else {
        throw EnsembleIOError(
          .badData, at: directory,
          expected: "an ensemble of this model, seed \(plan.seed) and mode \(plan.mode.rawValue)",
          found: "another")
      }
      var kept = old.count
      if isWeighted {
        logWeights = Array((try old.logWeights() ?? []).prefix(kept))
      } else {
        // A run can be stopped before this file is there.
        let saved =
          AtomicFile.exists(path) ? try NPYFile(path, acceptPrefix: true).values() : []
        kept = min(kept, saved.count)
        logWeights = Array(saved.prefix(kept))
        for logWeight in logWeights { _ = walk.propose(logWeight) }
        if kept > 0 { current = try old.configurations((kept - 1)..<kept) }
      }
      writer = try EnsembleWriter(resuming: directory, matching: description, keeping: kept)
      if isWeighted {
        proposals = nil
      } else if kept == 0 {
        proposals = try NPYAppender(
          creating: path, element: .float64, rowShape: [], overwrite: true)
      } else {
        proposals = try NPYAppender(
          resuming: path, element: .float64, rowShape: [], keeping: kept)
      }
    } else {
      writer = try EnsembleWriter(
        creating: directory, description: description, weighted: isWeighted,
        chained: !isWeighted, overwrite: overwrite || resume)
      if isWeighted {
        try AtomicFile.remove(path)
        proposals = nil
      } else {
        proposals = try NPYAppender(
          creating: path, element: .float64, rowShape: [], overwrite: true)
      }
    }
  }

  /// The configurations that are written so far.
  public var count: Int { writer.count }
  /// The number of configurations that are on disk.
  public var committedCount: Int { writer.committedCount }
  /// Whether all configurations are there.
  public var isComplete: Bool { writer.count >= plan.count }

  /// Samples until the count is reached.
  ///
  /// - Parameter progress: called with the number of configurations; sampling stops, with everything
  ///   written, where it returns false.
  /// - Returns: the seconds that this call took.
  public func run(progress: (Int) -> Bool = { _ in true }) throws -> Double {
    let start = ContinuousClock.now
    let size = writer.valuesPerConfiguration
    // About a megabyte of links for each thread.
    let packets = max(1, min(64, (1 << 17) / (size * laneCount))) * plan.threads
    let block = packets * laneCount
    let links = Buffer<Double>(count: block * size, repeating: 0)
    let weights = Buffer<Double>(count: block, repeating: 0)
    var goesOn = true
    while goesOn, !isComplete {
      let first = writer.count
      // Whole packets of the numbering from zero, whatever was kept.
      let base = first / laneCount * laneCount
      let number = min(block - (first - base), plan.count - first)
      let used = (first - base + number + laneCount - 1) / laneCount
      forEachPacket(count: used, threads: plan.threads) { packet in
        var U = LinkField<U1>(coldStart: transport.lattice)
        let logDensity = transport.sample(
          into: &U, seed: plan.seed, firstConfiguration: base + packet * laneCount)
        let logWeight = -action.value(of: U) - logDensity
        for lane in 0..<laneCount {
          let index = packet * laneCount + lane
          weights.pointer[index] = logWeight[lane]
          U.store(
            lane: lane,
            into: UnsafeMutableBufferPointer(start: links.pointer + index * size, count: size))
        }
      }
      let skipped = first - base
      try append(
        UnsafeBufferPointer(start: links.pointer + skipped * size, count: number * size),
        (0..<number).map { weights.pointer[skipped + $0] })
      goesOn = progress(writer.count)
    }
    try proposals?.flush()
    try writer.flush()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Closes the files.
  public func close() throws {
    try proposals?.close()
    try writer.close()
  }

  private func append(_ links: UnsafeBufferPointer<Double>, _ logWeights: [Double]) throws {
    self.logWeights += logWeights
    guard let proposals else {
      try writer.append(links: links, logWeights: logWeights)
      return
    }
    let size = writer.valuesPerConfiguration
    for (index, logWeight) in logWeights.enumerated() {
      let number = walk.count
      if walk.propose(logWeight) == number {
        current = Array(links[(index * size)..<((index + 1) * size)])
      }
      proposals.append([logWeight])
      // The log weights first: a configuration on disk without its own could not be gone on from.
      if proposals.pendingByteCount >= 1 << 13 { try proposals.flush() }
      try current.withUnsafeBufferPointer { try writer.append(links: $0, chains: [0]) }
    }
    try proposals.flush()
  }

  /// What the weights of all proposals say.
  ///
  /// - Parameter directory: the ensemble, from which the sectors are measured.
  public func diagnostics(directory: String) throws -> SamplingDiagnostics {
    try SamplingDiagnostics(
      logWeights: logWeights, acceptanceRate: plan.mode == .metropolis ? walk.acceptanceRate : nil,
      transport: transport, beta: plan.beta, seed: plan.seed, threads: plan.threads,
      sectors: sectors(directory))
  }

  private func sectors(_ directory: String) throws -> [Int] {
    guard transport.lattice.dimension == 2 else { return [] }
    let reader = try EnsembleReader(directory)
    let charge = try ObservableCatalog<U1>().observable(
      named: "topological-charge", on: transport.lattice)
    let measurement = EnsembleMeasurement([charge], on: transport.lattice, threads: plan.threads)
    var histories = measurement.emptyHistories(beta: plan.beta)
    _ = try measurement.measure(reader, into: &histories)
    return topologicalSectors(of: histories) ?? []
  }
}

/// The topological charges of a set of histories, or nil where the charge was not measured.
public func topologicalSectors(of histories: MeasurementHistories) -> [Int]? {
  guard let history = histories.observables.first(where: { $0.name == "topological-charge" }),
    let index = history.components.firstIndex(of: "charge")
  else { return nil }
  return history.values[index].map { Int($0.rounded()) }
}

/// What every sampler reports: both effective sample sizes, log Z against exact, sectors, tails.
public struct SamplingDiagnostics: Sendable {
  /// The number of proposals.
  public let count: Int
  /// Reverse effective sample size, of the proposals.
  public let effectiveSampleSize: Double
  /// Forward effective sample size, on exact samples where those can be drawn.
  public let forwardEffectiveSampleSize: Double?
  /// Acceptance rate of independence Metropolis: of the chain, or expected of one.
  public let acceptanceRate: Double
  /// Pareto index of the weights' tail; nil for too few samples.
  public let tailIndex: Double?
  /// `log Z` from the mean weight; the error is NaN where the weights do not support one.
  public let logZ: Estimate
  /// `log Z` exactly, in two dimensions.
  public let exactLogZ: Double?
  /// The effective sample size of drawing plaquettes without learning anything.
  public let learningFreeEffectiveSampleSize: Double?
  /// Weight by topological sector, with the exact probability.
  public let sectors: [(weight: SectorWeight, exact: Double?)]
  /// Why there are no error bars, where there are none.
  public let refusal: StatisticsError?

  /// Computes the diagnostics.
  ///
  /// - Parameters:
  ///   - logWeights: `log w` of the proposals.
  ///   - acceptanceRate: of the chain that was made of them, or nil to expect it.
  ///   - sectors: the topological charge of each configuration of the ensemble; a chain's are
  ///     counted, where `acceptanceRate` is given, others weighted.
  public init(
    logWeights: [Double], acceptanceRate: Double?, transport: some Proposal<LinkField<U1>>,
    beta: Double,
    seed: UInt64, threads: Int, sectors: [Int], forwardCount: Int = 8192
  ) throws {
    let weights = try LogWeights(logWeights)
    count = weights.count
    effectiveSampleSize = weights.effectiveSampleSize
    self.acceptanceRate = acceptanceRate ?? weights.metropolisAcceptanceRate
    tailIndex = try? weights.tailIndex()
    var refusal: StatisticsError?
    do throws(StatisticsError) { logZ = try weights.logPartitionFunction() } catch {
      refusal = error
      logZ = Estimate(value: weights.logMeanWeight, error: .nan, count: weights.count)
    }
    forwardEffectiveSampleSize = try forwardESS(
      of: transport, beta: beta, count: forwardCount, seed: seed, threads: threads)
    let volume = transport.lattice.volume
    let exact = transport.lattice.dimension == 2 ? try? ExactU1(volume: volume, beta: beta) : nil
    exactLogZ = exact?.logPartitionFunction
    learningFreeEffectiveSampleSize = exact?.learningFreeEffectiveSampleSize
    var found: [SectorWeight] = []
    if !sectors.isEmpty, refusal == nil {
      do throws(StatisticsError) {
        found =
          acceptanceRate == nil
          ? try sectorWeights(sectors, logWeights: logWeights)
          : try sectorWeights([sectors])
      } catch { refusal = error }
    }
    let probabilities = exact?.sectors
    self.sectors = found.map { ($0, probabilities?.probability(of: $0.sector)) }
    self.refusal = refusal
  }
}

extension MeasurementHistories {
  /// The histories of the Markov chain that independence Metropolis makes of weighted samples.
  ///
  /// The same measurements serve both corrections: the chain repeats the values of the sample at
  /// which it stands.
  public func metropolis(seed: UInt64) throws(MeasurementError) -> MeasurementHistories {
    precondition(logWeights != nil, "independence Metropolis of samples without weights")
    let walk = metropolisChain(logWeights: logWeights ?? [], seed: seed)
    var result = MeasurementHistories(
      groupName: groupName, lattice: lattice, beta: beta,
      observables: observables.map {
        ObservableHistory(
          name: $0.name, components: $0.components, derived: $0.derived,
          values: $0.components.map { _ in [] })
      })
    try result.append(
      values: observables.map { $0.values.map { series in walk.indices.map { series[$0] } } },
      plaquetteSums: plaquetteSums.isEmpty ? [] : walk.indices.map { plaquetteSums[$0] },
      chains: walk.indices.map { _ in 0 })
    return result
  }
}
