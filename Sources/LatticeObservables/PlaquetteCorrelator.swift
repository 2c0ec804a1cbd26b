import LaneMath
import LatticeFields

/// The two-point function of the plaquette, `plaquette-correlator`,
/// `plaquette-correlator-position` or `plaquette-structure-factor`.
///
///     p(x) = average over planes mu < nu of Re tr P_{mu nu}(x) / N
///
/// Components, sums and the connected function: ``TwoPointFunction``; `mean` is the average
/// plaquette. Needs 2 to 4 dimensions.
public struct PlaquetteCorrelator<Group: GaugeGroup>: Observable {
  /// The word a user types.
  public let name: String
  /// The two-point function of the density.
  public let correlator: TwoPointFunction
  /// The lattice it is made for.
  public var lattice: Lattice { correlator.lattice }
  /// `mean`, then the two-point function.
  public var components: [String] { correlator.components }
  /// The connected function.
  public var derived: [DerivedQuantity] { correlator.derived }

  /// The correlator on a lattice.
  ///
  /// - Throws: `ObservableError.dimension` in one dimension.
  public init(on lattice: Lattice, form: TwoPointForm) throws(ObservableError) {
    name = "plaquette-" + form.suffix
    try lattice.require(2...4, for: name)
    correlator = TwoPointFunction(on: lattice, form: form, subtractsMean: true)
  }

  /// The two-point function of the plaquette.
  @inlinable public func measure(_ U: LinkField<Group>) -> [Lanes] {
    check(U)
    let density = Buffer<Lanes>(count: lattice.volume, repeating: .zero)
    let planes = lattice.dimension * (lattice.dimension - 1) / 2
    let scale = 1 / Double(planes * Group.colors)
    for x in 0..<density.count {
      var sum = Lanes.zero
      for mu in 0..<lattice.dimension {
        for nu in (mu + 1)..<Swift.max(mu + 1, lattice.dimension) {
          sum += U.plaquette(at: x, mu: mu, nu: nu).realTrace
        }
      }
      density[x] = sum * scale
    }
    return correlator.measure(density)
  }
}
