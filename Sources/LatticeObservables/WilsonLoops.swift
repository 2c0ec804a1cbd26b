import LaneMath
import LatticeFields

/// Rectangular Wilson loops of all sizes, `wilson-loops`, and Creutz ratios.
///
///     W(r, t) = average over x and planes mu < nu of Re tr W_{r x t}(x) / N,
///               r links along mu, t links along nu
///     χ(r, t) = -log( W(r, t) W(r-1, t-1) / (W(r, t-1) W(r-1, t)) )
///
/// Components: `1x1`, `1x2`, .., `RxT`, where `r` runs to half the largest extent that a first side
/// can have, `t` to half the largest that a second side can have, neither beyond `largest`; a size
/// is averaged over the planes where it fits in half the extents. Every component is 1 on a cold
/// start. Derived: `creutz_rxt` for `r, t >= 2`, and `creutz_1x1 = -log W(1, 1)`; the limit of large
/// loops is the string tension (Creutz 1980). A ratio is not a number where the mean loops are not
/// positive, that is where noise covers the signal. Needs 2 to 4 dimensions.
///
/// Complexity: see `LinkField.averageWilsonLoops(mu:nu:upTo:by:)`.
public struct WilsonLoops<Group: GaugeGroup>: Observable {
  /// The lattice it is made for.
  public let lattice: Lattice
  /// `wilson-loops`.
  public let name = "wilson-loops"
  /// `rxt`, with `t` running fastest.
  public let components: [String]
  /// The Creutz ratios.
  public let derived: [DerivedQuantity]
  /// The largest first side.
  public let largestR: Int
  /// The largest second side.
  public let largestT: Int

  /// The loops up to half of every extent and up to `largest`, whichever is less.
  ///
  /// - Throws: `ObservableError.dimension` in one dimension, `ObservableError.size` where `largest`
  ///   is not positive.
  public init(on lattice: Lattice, largest: Int = 8) throws(ObservableError) {
    try lattice.require(2...4, for: "wilson-loops")
    guard largest > 0 else { throw .size(observable: "wilson-loops", given: largest) }
    self.lattice = lattice
    let halves = lattice.extents.map { Self.largestSide(extent: $0, largest) }
    let R = halves.dropLast().reduce(1, Swift.max)
    let T = halves.dropFirst().reduce(1, Swift.max)
    largestR = R
    largestT = T
    // A size needs a plane mu < nu that has room for both sides.
    let fits = { (r: Int, t: Int) in
      halves.indices.contains { mu in
        halves[mu] >= r && halves[(mu + 1)...].contains { $0 >= t }
      }
    }
    sizes = (1...R).flatMap { r in (1...T).filter { fits(r, $0) }.map { LoopSize(r: r, t: $0) } }
    components = sizes.map(\.name)
    var index: [LoopSize: Int] = [:]
    for (position, size) in sizes.enumerated() { index[size] = position }
    derived = sizes.compactMap { Self.creutzRatio($0, index) }
  }

  /// The size of a loop.
  @usableFromInline struct LoopSize: Hashable, Sendable {
    @usableFromInline var r: Int
    @usableFromInline var t: Int
    var name: String { "\(r)x\(t)" }
  }
  @usableFromInline let sizes: [LoopSize]

  /// Half an extent, at least 1 and at most `largest`.
  @usableFromInline static func largestSide(extent: Int, _ largest: Int) -> Int {
    Swift.max(1, Swift.min(extent / 2, largest))
  }

  private static func creutzRatio(_ size: LoopSize, _ index: [LoopSize: Int]) -> DerivedQuantity? {
    let (r, t) = (size.r, size.t)
    if r == 1 && t == 1 {
      return DerivedQuantity(
        name: "creutz_1x1", indices: [index[size]!], value: { -naturalLogarithm($0[0]) },
        gradient: { [-1 / $0[0]] })
    }
    guard r > 1, t > 1 else { return nil }
    let loops = [
      LoopSize(r: r, t: t), LoopSize(r: r - 1, t: t - 1), LoopSize(r: r, t: t - 1),
      LoopSize(r: r - 1, t: t),
    ]
    return DerivedQuantity(
      name: "creutz_\(size.name)", indices: loops.map { index[$0]! },
      value: { W in
        W.allSatisfy { $0 > 0 } ? -naturalLogarithm((W[0] / W[2]) * (W[1] / W[3])) : .nan
      },
      gradient: { W in [-1 / W[0], -1 / W[1], 1 / W[2], 1 / W[3]] })
  }

  /// The loops, averaged over positions and planes.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    var sums = [Lanes](repeating: .zero, count: sizes.count)
    var planes = [Double](repeating: 0, count: sizes.count)
    for mu in 0..<lattice.dimension {
      for nu in (mu + 1)..<Swift.max(mu + 1, lattice.dimension) {
        let R = Self.largestSide(extent: lattice.extents[mu], largestR)
        let T = Self.largestSide(extent: lattice.extents[nu], largestT)
        let loops = U.averageWilsonLoops(mu: mu, nu: nu, upTo: R, by: T)
        for (index, size) in sizes.enumerated() where size.r <= R && size.t <= T {
          sums[index] += loops[(size.r - 1) * T + size.t - 1]
          planes[index] += 1
        }
      }
    }
    for index in sums.indices { sums[index] /= planes[index] }
    return sums
  }
}

/// `log x` of one number.
private func naturalLogarithm(_ x: Double) -> Double { log(Lanes(repeating: x))[0] }
