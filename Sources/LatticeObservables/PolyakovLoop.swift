import LaneMath
import LatticeFields

/// The Polyakov loop in every direction, `polyakov-loop`.
///
///     P_mu = 1/V_⊥ Σ_x⊥ tr Π_{n < L_mu} U_mu(x + n mu) / N
///
/// Components for each direction `mu`: `re_mu`, `im_mu`, `abs_mu = |P_mu|` and
/// `abs_squared_mu = |P_mu|²`, of the loop averaged over the transverse sites; on a cold start 1, 0,
/// 1, 1. Derived: `susceptibility_mu = V_⊥ (⟨|P_mu|²⟩ - ⟨|P_mu|⟩²)`.
public struct PolyakovLoop<Group: GaugeGroup>: Observable {
  /// The lattice it is made for.
  public let lattice: Lattice
  /// `polyakov-loop`.
  public let name = "polyakov-loop"
  /// Four for each direction.
  public let components: [String]
  /// One susceptibility for each direction.
  public let derived: [DerivedQuantity]

  /// The Polyakov loops on a lattice.
  public init(on lattice: Lattice) {
    self.lattice = lattice
    components = lattice.extents.indices.flatMap { mu in
      ["re_\(mu)", "im_\(mu)", "abs_\(mu)", "abs_squared_\(mu)"]
    }
    derived = lattice.extents.indices.map { mu in
      .connected(
        "susceptibility_\(mu)", square: 4 * mu + 3, mean: 4 * mu + 2,
        factor: Double(lattice.volume / lattice.extents[mu]))
    }
  }

  /// The loops of all directions.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    var values: [Lanes] = []
    values.reserveCapacity(4 * lattice.dimension)
    for mu in 0..<lattice.dimension {
      let P = U.averagePolyakovLoop(mu: mu)
      values.append(P.re)
      values.append(P.im)
      values.append(sqrt(P.squaredMagnitude))
      values.append(P.squaredMagnitude)
    }
    return values
  }
}
