import LaneMath
import LatticeFields

/// The average plaquette, `plaquette`.
///
///     P = 1/N_P Σ_x Σ_{mu<nu} Re tr P_{mu nu}(x) / N
///
/// Component: `plaquette`; 1 on a cold start. Needs 2 to 4 dimensions.
public struct AveragePlaquette<Group: GaugeGroup>: Observable {
  /// The lattice it is made for.
  public let lattice: Lattice
  /// `plaquette`.
  public let name = "plaquette"
  /// `plaquette`.
  public let components = ["plaquette"]

  /// The average plaquette on a lattice.
  ///
  /// - Throws: `ObservableError.dimension` in one dimension.
  public init(on lattice: Lattice) throws(ObservableError) {
    try lattice.require(2...4, for: "plaquette")
    self.lattice = lattice
  }

  /// The average plaquette.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    return [U.averagePlaquette]
  }
}
