import EnsembleIO
import ExactResults
import LaneMath
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// `log Z`, the plaquette and the susceptibility as functions of the coupling, all from one run of a
/// continuous flow: on their way to its target samples pass through every coupling below it, with
/// known densities, and are weighted exactly at each.
public struct CouplingCurve: Sendable {
  /// The theory at one coupling.
  public struct Point: Sendable {
    /// The coupling.
    public var beta: Double
    /// The effective sample size there, as a fraction.
    public var effectiveSampleSize: Double
    /// `log Z`.
    public var logZ: Estimate
    /// `<Re tr P>/N`.
    public var plaquette: Estimate
    /// `<Q²>/V` of two-dimensional U(1).
    public var susceptibility: Estimate?
    /// The exact results, in two dimensions.
    public var exact: ExactReference?
  }

  /// The points, in the order of the path. Points use the same samples: their errors are correlated.
  public let points: [Point]

  /// The curve of a model.
  ///
  /// Where weights are too heavy for an error bar, the error is not a number: on a tilted path charges are
  /// distributed as at its end.
  ///
  /// - Throws: `ModelError.noCurve` for a model that does not transport along couplings,
  ///   `StatisticsError` where there are no weights.
  public init(
    of model: TrainedModel, on lattice: Lattice? = nil, count: Int, seed: UInt64, threads: Int
  ) throws {
    guard case .regression(let model) = model, model.escort == nil else {
      throw ModelError.noCurve
    }
    points = try Catalog.withVelocityBasis(
      group: model.group, family: model.basis, on: Lattice(model.lattice),
      CurveTask(model: model, lattice: lattice, count: count, seed: seed, threads: threads))
  }
}

private struct CurveTask: VelocityBasisTask {
  let model: RegressionModel
  let lattice: Lattice?
  let count: Int
  let seed: UInt64
  let threads: Int

  /// What a sample gives at a coupling.
  private struct Values: BitwiseCopyable {
    var logWeight: Lanes
    var plaquetteSum: Lanes
    var charge: Lanes
  }

  func run<Basis: NamedVelocityBasis>(_ basis: Basis.Type) throws -> [CouplingCurve.Point]
  where Basis.Group: DetunedHeatbathGroup {
    let transport = RegressionTransport(try model.flow(as: basis, on: lattice))
    let lattice = transport.lattice
    let stops = transport.intervalCount
    let packets = (count + laneCount - 1) / laneCount
    let values = Buffer<Values>(
      count: packets * stops,
      repeating: Values(logWeight: .zero, plaquetteSum: .zero, charge: .zero))
    let hasCharge = lattice.dimension == 2 && Basis.Group.self == U1.self
    forEachPacket(count: packets, threads: threads) { packet in
      var stop = 0
      transport.sampleAlongPath(seed: seed, firstConfiguration: packet * laneCount) {
        beta, U, sum, logDensity in
        values.pointer[packet * stops + stop] = Values(
          logWeight: beta * sum - logDensity, plaquetteSum: sum,
          charge: hasCharge ? (U as? LinkField<U1>)?.topologicalCharge ?? .zero : .zero)
        stop += 1
      }
    }
    func series(_ stop: Int, _ value: KeyPath<Values, Lanes>) -> [Double] {
      (0..<count).map {
        values.pointer[$0 / laneCount * stops + stop][keyPath: value][$0 % laneCount]
      }
    }
    func unknown(_ value: Double) -> Estimate {
      Estimate(value: value, error: .nan, count: count)
    }
    func mean(_ values: [Double], _ logWeights: [Double]) -> Estimate {
      (try? reweightedMean(values, logWeights: logWeights)) ?? unknown(.nan)
    }
    let plaquettes = Double(max(1, lattice.plaquetteCount)), volume = Double(lattice.volume)
    return try (0..<stops).map { stop in
      let beta = transport.flow.path.point(at: transport.flow.intervals[stop].end).beta
      let logWeights = series(stop, \.logWeight)
      let weights = try LogWeights(logWeights)
      return CouplingCurve.Point(
        beta: beta, effectiveSampleSize: weights.effectiveSampleSize,
        logZ: (try? weights.logPartitionFunction()) ?? unknown(weights.logMeanWeight),
        plaquette: mean(series(stop, \.plaquetteSum).map { $0 / plaquettes }, logWeights),
        susceptibility: hasCharge
          ? mean(series(stop, \.charge).map { $0 * $0 / volume }, logWeights) : nil,
        exact: ExactReference(group: Basis.Group.name, lattice: lattice, beta: beta))
    }
  }
}
