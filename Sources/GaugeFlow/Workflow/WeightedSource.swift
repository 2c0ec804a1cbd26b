import LaneMath
import LatticeActions
import LatticeFields
import LatticeFlows
import LatticeStatistics
import MarkovChains

/// What draws weighted configurations, of any group and by any flow, for code that only counts and
/// stores them.
public protocol WeightedSource: Sendable {
  /// The name of the group.
  var groupName: String { get }
  /// The lattice.
  var lattice: Lattice { get }
  /// The coupling of the target, Wilson's action.
  var beta: Double { get }
  /// The coupling at which `Z` is 1: 0, the Haar measure, but for ways that start elsewhere.
  var startBeta: Double { get }
  /// How many configurations are drawn together, a multiple of 8.
  var unit: Int { get }
  /// Draws the unit of a number; depends on the seed and the number alone.
  ///
  /// - Parameter values: room for the configurations of a unit in file order.
  /// - Returns: `log w` of each, the target `exp(-S)` over the density of the sample.
  func draw(
    unit number: Int, seed: UInt64, into values: UnsafeMutableBufferPointer<Double>
  ) throws -> [Double]
  /// `log w` on samples of the target, by chain; nil where the source cannot tell.
  func targetLogWeights(count: Int, seed: UInt64, threads: Int) throws -> [[Double]]?
}

extension WeightedSource {
  /// 0.
  public var startBeta: Double { 0 }

  /// The effective sample size on samples of the target, or nil where none can be drawn.
  ///
  ///     1 / (E_p[w] E_p[1/w]),    w = exp(-S)/q
  ///
  /// It is low where the flow misses a part of the target, which the reverse one does not see.
  public func forwardEffectiveSampleSize(count: Int, seed: UInt64, threads: Int) throws -> Double? {
    guard count > 0,
      let weights = try targetLogWeights(count: count, seed: seed, threads: threads)
    else { return nil }
    return try TargetLogWeights(weights).effectiveSampleSize
  }
}

/// A flow that knows its density, as a source of weighted configurations.
public struct ProposalSource<Group: HeatbathGroup, Flow: Proposal<LinkField<Group>>>:
  WeightedSource
{
  /// The flow.
  public let flow: Flow
  /// The target.
  public let action: WilsonAction<Group>

  /// A flow with its target.
  ///
  /// - Throws: `ActionError` where the coupling is not finite.
  public init(_ flow: Flow, of group: Group.Type, beta: Double) throws(ActionError) {
    self.flow = flow
    action = try WilsonAction<Group>(beta: beta)
  }

  /// The name of the group.
  public var groupName: String { Group.name }
  /// The lattice.
  public var lattice: Lattice { flow.lattice }
  /// The coupling of the target.
  public var beta: Double { action.beta }
  /// 8.
  public var unit: Int { laneCount }

  /// Draws eight configurations.
  public func draw(
    unit number: Int, seed: UInt64, into values: UnsafeMutableBufferPointer<Double>
  ) -> [Double] {
    var U = LinkField<Group>(coldStart: lattice)
    let logDensity = flow.sample(
      into: &U, seed: seed, firstConfiguration: number * laneCount)
    let logWeight = -action.value(of: U) - logDensity
    U.storeAll(into: values)
    return (0..<laneCount).map { logWeight[$0] }
  }

  /// `log w` on samples of the target: exact ones where they can be drawn, of heatbath chains else.
  public func targetLogWeights(count: Int, seed: UInt64, threads: Int) throws -> [[Double]]? {
    try TargetSamples<Group>(
      lattice: lattice, beta: beta, count: count, seed: seed, threads: threads
    )
    .logWeights { U, _ throws(InversionFailure) in
      try -action.value(of: U) - flow.logDensity(of: U)
    }
  }
}

extension LinkField {
  /// Writes all eight configurations in file order, one after the other.
  func storeAll(into values: UnsafeMutableBufferPointer<Double>) {
    let size = values.count / laneCount
    for lane in 0..<laneCount {
      store(
        lane: lane,
        into: UnsafeMutableBufferPointer(rebasing: values[(lane * size)..<((lane + 1) * size)]))
    }
  }
}
