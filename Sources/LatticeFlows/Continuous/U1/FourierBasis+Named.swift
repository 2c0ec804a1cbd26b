import LatticeFields

extension FourierBasis: NamedVelocityBasis {
  /// `fourier`.
  public static var familyName: String { "fourier" }
  /// Two.
  public static var dimensions: ClosedRange<Int> { 2...2 }

  /// A basis of given elements, with modes saturated at six standard deviations.
  ///
  /// - Throws: `U1BasisError`.
  public init(lattice: Lattice, elements: [String]) throws {
    try self.init(lattice: lattice, elements: elements, saturation: 6)
  }

  /// Up to `β = 4` the smooth modes do; beyond, the elements with the sawtooth of the charge.
  public static func defaultElements(on lattice: Lattice, beta: Double) -> [String] {
    beta > 4 ? standardElements : linearPathElements
  }

  /// All of both lists.
  public static func catalogElements(on lattice: Lattice) -> [String] {
    standardElements + linearPathElements.filter { !standardElements.contains($0) }
  }

  /// Both.
  public static var paths: [AnnealingPath.Kind] { [.linear, .tilted] }

  /// Tilted beyond `β = 6`, where plaquettes hardly cross π any more; a flow along the linear path can stop
  /// at any coupling on the way.
  public static func defaultPath(beta: Double) -> AnnealingPath.Kind {
    beta > 6 ? .tilted : .linear
  }

  /// 1024 particles and 32 intervals.
  public static var defaultOptions: RegressionOptions {
    var options = RegressionOptions()
    options.intervals = 32
    return options
  }
}
