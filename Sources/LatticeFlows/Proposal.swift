import LaneMath
import LatticeActions
import LatticeFields

/// A distribution `q` of gauge fields that can be sampled and evaluated: what independence
/// Metropolis and reweighting need of a flow, whatever kind it is.
public protocol Proposal<Group>: Sendable {
  /// The group of the links.
  associatedtype Group: GaugeGroup
  /// The lattice.
  var lattice: Lattice { get }
  /// Draws 8 independent fields and returns `log q` of each, normalised with respect to Haar.
  ///
  /// - Parameters:
  ///   - U: a field on `lattice`; what it held is replaced.
  ///   - seed: fixes, with the numbers of the configurations, every random number.
  ///   - firstConfiguration: the number of the configuration in lane 0.
  func sample(into U: inout LinkField<Group>, seed: UInt64, firstConfiguration: Int) -> Lanes
  /// `log q(U)` of given fields.
  ///
  /// - Throws: `InversionFailure` where the flow cannot be inverted there.
  func logDensity(of U: LinkField<Group>) throws(InversionFailure) -> Lanes
}

extension Proposal {
  /// The logarithms of the weights `w = exp(-S)/q` of `count` fresh samples.
  ///
  /// - Parameter visit: called with each packet, its number, `log w`, and how many of its lanes
  ///   count; from several threads at once.
  /// - Returns: `log w` of each sample, in the order of the configurations whatever the number of
  ///   threads.
  public func logWeights(
    count: Int, action: any GaugeAction<Group>, seed: UInt64, firstConfiguration: Int = 0,
    threads: Int,
    visit: @Sendable (LinkField<Group>, Int, Lanes, Int) -> Void = { _, _, _, _ in }
  ) -> [Double] {
    let packets = (count + laneCount - 1) / laneCount
    let results = Buffer<Lanes>(count: Swift.max(1, packets), repeating: .zero)
    forEachPacket(count: packets, threads: threads) { packet in
      var U = LinkField<Group>(coldStart: lattice)
      let logDensity = sample(
        into: &U, seed: seed, firstConfiguration: firstConfiguration + packet * laneCount)
      let logWeight = -action.value(of: U) - logDensity
      results.pointer[packet] = logWeight
      visit(U, packet, logWeight, Swift.min(laneCount, count - packet * laneCount))
    }
    return (0..<count).map { results.pointer[$0 / laneCount][$0 % laneCount] }
  }
}
