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
import Synchronization

/// What is to be sampled from a trained flow.
public struct SamplingPlan: Sendable {
  /// What happens with the weights.
  public enum Mode: String, Sendable, CaseIterable {
    /// Every proposal is kept with its weight.
    case weighted
    /// Proposals are accepted or rejected by independence Metropolis; the ensemble is one chain.
    case metropolis
  }

  /// What draws the configurations.
  public var source: any WeightedSource
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

  /// The number of target samples for the forward effective sample size.
  public var forwardCount = 8192

  /// A plan from its parts.
  public init(
    source: any WeightedSource, count: Int, mode: Mode, seed: UInt64, threads: Int
  ) {
    self.source = source
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
  private let source: any WeightedSource

  /// Prepares an ensemble directory.
  ///
  /// - Throws: `EnsembleIOError.refusesToOverwrite` where there is an ensemble and neither `resume`
  ///   nor `overwrite` is asked for, `.badData` where the one to resume is another.
  public init(_ plan: SamplingPlan, directory: String, resume: Bool, overwrite: Bool) throws {
    self.plan = plan
    source = plan.source
    walk = IndependenceWalk(seed: plan.seed)
    let description = EnsembleDescription(
      group: source.groupName, lattice: source.lattice.extents, beta: source.beta,
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
    let unit = source.unit
    let units = max(1, min(64, (1 << 17) / (size * unit))) * plan.threads
    let block = units * unit
    let links = Buffer<Double>(count: block * size, repeating: 0)
    let weights = Buffer<Double>(count: block, repeating: 0)
    var goesOn = true
    while goesOn, !isComplete {
      let first = writer.count
      // Whole units of the numbering from zero, whatever was kept.
      let base = first / unit * unit
      let number = min(block - (first - base), plan.count - first)
      let used = (first - base + number + unit - 1) / unit
      let failure = Mutex<(any Error)?>(nil)
      forEachPacket(count: used, threads: plan.threads) { index in
        do {
          let logWeights = try source.draw(
            unit: base / unit + index, seed: plan.seed,
            into: UnsafeMutableBufferPointer(
              start: links.pointer + index * unit * size, count: unit * size))
          for (i, logWeight) in logWeights.enumerated() {
            weights.pointer[index * unit + i] = logWeight
          }
        } catch { failure.withLock { $0 = error } }
      }
      if let failure = failure.withLock({ $0 }) { throw failure }
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
      source: source, seed: plan.seed, threads: plan.threads, sectors: sectors(directory),
      forwardCount: plan.forwardCount)
  }

  private func sectors(_ directory: String) throws -> [Int] {
    guard source.groupName == U1.name, source.lattice.dimension == 2 else { return [] }
    let reader = try EnsembleReader(directory)
    let charge = try ObservableCatalog<U1>().observable(
      named: "topological-charge", on: source.lattice)
    let measurement = EnsembleMeasurement([charge], on: source.lattice, threads: plan.threads)
    var histories = measurement.emptyHistories(beta: source.beta)
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
