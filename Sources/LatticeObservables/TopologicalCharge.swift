import LaneMath
import LatticeFields

/// The topological charge of two-dimensional U(1), `topological-charge`.
///
///     Q = 1/2π Σ_x arg P_01(x),   arg in (-π, π]
///
/// Components: `charge` (an integer on every configuration, up to rounding) and `charge_squared`.
/// Derived: `susceptibility = ⟨Q²⟩ / V`. The square of `⟨Q⟩` is not subtracted: it vanishes by
/// symmetry, and the subtraction would add noise and a bias. Needs group U1 and 2 dimensions.
public struct TopologicalCharge: Observable {
  /// The lattice it is made for.
  public let lattice: Lattice
  /// `topological-charge`.
  public let name = "topological-charge"
  /// `charge` and `charge_squared`.
  public let components = ["charge", "charge_squared"]
  /// `susceptibility`.
  public let derived: [DerivedQuantity]

  /// The charge on a lattice.
  ///
  /// - Throws: `ObservableError.dimension` unless the lattice has two dimensions.
  public init(on lattice: Lattice) throws(ObservableError) {
    try lattice.require(2...2, for: "topological-charge")
    self.lattice = lattice
    derived = [.multiple("susceptibility", of: 1, by: 1 / Double(lattice.volume))]
  }

  /// `Q` and `Q²`.
  @inlinable public func measure(_ U: LinkField<U1>) -> [Lanes] {
    check(U)
    let charge = U.topologicalCharge
    return [charge, charge * charge]
  }
}
