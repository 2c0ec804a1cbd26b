import ExactResults
import LaneMath
import LatticeFields
import LatticeStatistics

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
    logWeights: [Double], acceptanceRate: Double?, source: any WeightedSource, seed: UInt64,
    threads: Int, sectors: [Int], forwardCount: Int = 8192
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
    forwardEffectiveSampleSize = try source.forwardEffectiveSampleSize(
      count: forwardCount, seed: seed, threads: threads)
    let exact = ExactReference(group: source.groupName, lattice: source.lattice, beta: source.beta)?
      .theory
    let start = ExactReference(
      group: source.groupName, lattice: source.lattice, beta: source.startBeta)?.theory
    exactLogZ = exact.map {
      $0.logPartitionFunction - (source.startBeta == 0 ? 0 : start?.logPartitionFunction ?? .nan)
    }
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
    let probabilities = (exact as? ExactU1)?.sectors
    self.sectors = found.map { ($0, probabilities?.probability(of: $0.sector)) }
    self.refusal = refusal
  }
}
