import LaneMath
import LatticeActions
import LatticeFields

/// A distribution `q` of fields that can be sampled and evaluated: what independence
/// Metropolis and reweighting need of a flow, whatever kind it is.
public protocol Proposal<Field>: Sendable {
  /// The kind of field.
  associatedtype Field: LatticeField
  /// The lattice.
  var lattice: Lattice { get }
  /// Draws 8 independent fields and returns `log q` of each, normalised with respect to the Haar
  /// measure of links or the measure `Π dφ(x)` of scalars.
  ///
  /// - Parameters:
  ///   - field: a field on `lattice`; what it held is replaced.
  ///   - seed: fixes, with the numbers of the configurations, every random number.
  ///   - firstConfiguration: the number of the configuration in lane 0.
  func sample(into field: inout Field, seed: UInt64, firstConfiguration: Int) -> Lanes
  /// `log q` of given fields.
  ///
  /// - Throws: `InversionFailure` where the flow cannot be inverted there.
  func logDensity(of field: Field) throws(InversionFailure) -> Lanes
}

extension Proposal {
  /// The logarithms of the weights `w = exp(-S)/q` of `count` fresh samples.
  ///
  /// - Parameter visit: called with each packet, its number, `log w`, and how many of its lanes
  ///   count; from several threads at once.
  /// - Returns: `log w` of each sample, in the order of the configurations whatever the number of
  ///   threads.
  public func logWeights(
    count: Int, action: any Action<Field>, seed: UInt64, firstConfiguration: Int = 0,
    threads: Int,
    visit: @Sendable (Field, Int, Lanes, Int) -> Void = { _, _, _, _ in }
  ) -> [Double] {
    let packets = (count + laneCount - 1) / laneCount
    let results = Buffer<Lanes>(count: Swift.max(1, packets), repeating: .zero)
    forEachPacket(count: packets, threads: threads) { packet in
      var field = Field(coldStart: lattice)
      let logDensity = sample(
        into: &field, seed: seed, firstConfiguration: firstConfiguration + packet * laneCount)
      let logWeight = -action.value(of: field) - logDensity
      results.pointer[packet] = logWeight
      visit(field, packet, logWeight, Swift.min(laneCount, count - packet * laneCount))
    }
    return (0..<count).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }
}

/// A prior as a proposal: its samples, drawn exactly, for reweighting to another action or for
/// independence Metropolis.
public struct PriorProposal<Distribution: Prior>: Proposal {
  /// The prior.
  public let prior: Distribution
  /// The lattice.
  public let lattice: Lattice
  private let logZ: Double

  /// A prior on a lattice.
  public init(_ prior: Distribution, on lattice: Lattice) {
    self.prior = prior
    self.lattice = lattice
    logZ = prior.logZ(on: lattice)
  }

  /// Draws 8 independent fields and returns `log q = -S - log Z` of each.
  public func sample(
    into field: inout Distribution.Field, seed: UInt64, firstConfiguration: Int
  ) -> Lanes {
    var generator = LaneGenerator(
      seed: seed, purpose: .prior, firstConfiguration: firstConfiguration, step: 0)
    prior.sample(into: &field, using: &generator)
    return -prior.value(of: field) - logZ
  }

  /// `log q = -S - log Z`; never fails.
  public func logDensity(of field: Distribution.Field) throws(InversionFailure) -> Lanes {
    -prior.value(of: field) - logZ
  }
}
