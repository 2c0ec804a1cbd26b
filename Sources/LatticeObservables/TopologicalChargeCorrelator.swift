import LaneMath
import LatticeFields

/// The two-point function of the topological charge density of two-dimensional U(1),
/// `topological-charge-correlator`, `topological-charge-correlator-position` or
/// `topological-charge-structure-factor`.
///
///     q(x) = arg P_01(x) / 2π,   arg in (-π, π]
///
/// Components and sums: ``TwoPointFunction``; the sum over separations, and the structure factor at
/// `k = 0`, are `Q² / V`. Nothing is subtracted, as `⟨q⟩` vanishes by symmetry. Needs group U1 and
/// 2 dimensions.
public struct TopologicalChargeCorrelator: Observable {
  /// The word a user types.
  public let name: String
  /// The two-point function of the density.
  public let correlator: TwoPointFunction
  /// The lattice it is made for.
  public var lattice: Lattice { correlator.lattice }
  /// The two-point function.
  public var components: [String] { correlator.components }

  /// The correlator on a lattice.
  ///
  /// - Throws: `ObservableError.dimension` unless the lattice has two dimensions.
  public init(on lattice: Lattice, form: TwoPointForm) throws(ObservableError) {
    name = "topological-charge-" + form.suffix
    try lattice.require(2...2, for: name)
    correlator = TwoPointFunction(on: lattice, form: form, subtractsMean: false)
  }

  /// The two-point function of the charge density.
  @inlinable public func measure(_ U: LinkField<U1>) -> [Lanes] {
    check(U)
    let density = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    U.topologicalChargeDensity(into: density.pointer)
    return correlator.measure(density)
  }
}
