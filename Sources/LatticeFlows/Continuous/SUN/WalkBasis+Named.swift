import LatticeFields

extension WalkBasis: NamedVelocityBasis {
  /// `walks`.
  public static var familyName: String { "walks" }
  /// Two.
  public static var dimensions: ClosedRange<Int> { 2...2 }

  /// The list of ``WalkElements`` that was chosen for the group; walks of up to three steps on lattices that
  /// are too short for it.
  public static func defaultElements(on lattice: Lattice, beta: Double) -> [String] {
    let names = Group.colors == 2 ? WalkElements.su2 : WalkElements.su3
    return names.filter { (try? WalkBasis(lattice: lattice, elements: [$0])) != nil }
  }

  /// All of ``WalkElements/catalog(colors:maximalLength:)`` that fit the lattice.
  public static func catalogElements(on lattice: Lattice) -> [String] {
    WalkElements.catalog(colors: Group.colors)
      .filter { (try? WalkBasis(lattice: lattice, elements: [$0])) != nil }
  }

  /// 512 particles and 10 intervals: fields of SU(N) are large, and their coefficients smooth in the
  /// flow time.
  public static var defaultOptions: RegressionOptions {
    var options = RegressionOptions()
    options.particles = 512
    options.intervals = 10
    return options
  }
}
