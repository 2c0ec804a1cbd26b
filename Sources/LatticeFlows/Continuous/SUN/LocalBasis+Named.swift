import LatticeFields

extension LocalBasis: NamedVelocityBasis {
  /// `local`.
  public static var familyName: String { "local" }
  /// Two to four.
  public static var dimensions: ClosedRange<Int> { 2...4 }

  /// All elements that the group and the lattice have.
  public static func defaultElements(on lattice: Lattice, beta: Double) -> [String] {
    catalogElements(on: lattice)
  }

  /// All elements that the group and the lattice have.
  public static func catalogElements(on lattice: Lattice) -> [String] {
    LocalElement.all.map(\.name)
      .filter { (try? LocalBasis(lattice: lattice, elements: [$0])) != nil }
  }

  /// 512 particles and 10 intervals, as for other fields of SU(N).
  public static var defaultOptions: RegressionOptions {
    var options = RegressionOptions()
    options.particles = 512
    options.intervals = 10
    return options
  }
}
