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
    try self.init(lattice: lattice, elements: Optional(elements))
  }

  /// The standard elements, at all couplings.
  public static func defaultElements(on lattice: Lattice, beta: Double) -> [String] {
    standardElements(dimension: lattice.dimension)
  }

  /// Every loop with `sin1` to `sin4` and three powers of the momentum.
  public static func catalogElements(on lattice: Lattice) -> [String] {
    ["*k^-2", "", "*k^2"].flatMap { power in
      LoopClass.allCases.filter { lattice.dimension > 2 || !$0.isBent }.flatMap { loop in
        (1...4).map { "\(loop.name)*sin\($0)\(power)" }
      }
    }
  }
}
