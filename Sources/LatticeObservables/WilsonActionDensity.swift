import LaneMath
import LatticeFields

/// The Wilson action at unit coupling, `action`, and its fluctuations.
///
///     s = S/β = -Σ_x Σ_{mu<nu} Re tr P_{mu nu}(x) / N
///
/// Components: `action`, `action_squared`. Derived: `variance_per_site = (⟨s²⟩ - ⟨s⟩²) / V`, which
/// times `β²` is the specific heat, and which is `1/V d²(log Z)/dβ²`. Needs 2 to 4 dimensions.
public struct WilsonActionDensity<Group: GaugeGroup>: Observable {
  /// The lattice it is made for.
  public let lattice: Lattice
  /// `action`.
  public let name = "action"
  /// `action` and `action_squared`.
  public let components = ["action", "action_squared"]
  /// `variance_per_site`.
  public let derived: [DerivedQuantity]

  /// The action on a lattice.
  ///
  /// - Throws: `ObservableError.dimension` in one dimension.
  public init(on lattice: Lattice) throws(ObservableError) {
    try lattice.require(2...4, for: "action")
    self.lattice = lattice
    derived = [
      .connected("variance_per_site", square: 1, mean: 0, factor: 1 / Double(lattice.volume))
    ]
  }

  /// `S/β` and its square.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    let action = -U.plaquetteSum
    return [action, action * action]
  }
}
