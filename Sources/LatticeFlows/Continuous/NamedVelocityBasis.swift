import LatticeFields

/// Why a velocity basis cannot be made: its elements or its lattice, in one line.
public protocol VelocityBasisFailure: Error, CustomStringConvertible {}

/// A velocity basis that is made of named elements, as run files and model files need.
public protocol NamedVelocityBasis: VelocityBasis {
  /// The name of the family, such as `walks`.
  static var familyName: String { get }
  /// A basis of given elements.
  ///
  /// - Throws: an error that says what was expected where the lattice does not fit, and for a name that
  ///   is unknown or repeated.
  init(lattice: Lattice, elements: [String]) throws
  /// The elements that serve well up to a coupling.
  static func defaultElements(on lattice: Lattice, beta: Double) -> [String]
  /// The elements from which a selection may be made.
  static func catalogElements(on lattice: Lattice) -> [String]
  /// The paths along which the basis can transport.
  static var paths: [AnnealingPath.Kind] { get }
  /// The path that serves well up to a coupling.
  static func defaultPath(beta: Double) -> AnnealingPath.Kind
}

extension NamedVelocityBasis {
  /// The default elements.
  public static func catalogElements(on lattice: Lattice) -> [String] {
    defaultElements(on: lattice, beta: 1)
  }
  /// The linear one.
  public static var paths: [AnnealingPath.Kind] { [.linear] }
  /// The linear one.
  public static func defaultPath(beta: Double) -> AnnealingPath.Kind { .linear }
}
