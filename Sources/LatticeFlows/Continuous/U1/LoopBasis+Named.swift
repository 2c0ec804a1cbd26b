import LatticeFields

extension LoopBasis: NamedVelocityBasis {
  /// `loops`.
  public static var familyName: String { "loops" }
  /// Two to four.
  public static var dimensions: ClosedRange<Int> { 2...4 }

  /// A basis of given elements.
  ///
  /// - Throws: `U1BasisError`.
  public init(lattice: Lattice, elements: [String]) throws {
    let names: [String]? = elements
    try self.init(lattice: lattice, elements: names)
  }

  /// The standard elements of the dimension.
  public static func defaultElements(on lattice: Lattice, beta: Double) -> [String] {
    standardElements(dimension: lattice.dimension)
  }
}
