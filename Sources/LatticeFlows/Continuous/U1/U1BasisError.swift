import LatticeFields

/// Why a velocity basis of U(1), or a layer made of one, cannot be made.
public enum U1BasisError: VelocityBasisFailure, Equatable {
  /// An element that no basis of this kind has.
  case unknownElement(String, grammar: String)
  /// An element that is listed twice.
  case repeatedElement(String)
  /// No elements.
  case noElements
  /// The basis is defined in other numbers of dimensions.
  case dimension(basis: String, expected: String, extents: [Int])
  /// The limit of a global mode, in standard deviations, is not positive.
  case saturation(Double)
  /// The map of a layer without modes is not monotone in some plaquette angle.
  case folded(smallestSlope: Double)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .unknownElement(let name, let grammar):
      "velocity basis: expected elements \(grammar); given '\(name)'"
    case .repeatedElement(let name):
      "velocity basis: expected every element once, given '\(name)' twice"
    case .noElements:
      "velocity basis: expected one element or more, given none"
    case .dimension(let basis, let expected, let extents):
      "\(basis): expected \(expected) dimensions, given lattice "
        + extents.map(String.init).joined(separator: "x")
    case .folded(let slope):
      "layer: expected a step with 1 + h w' > 0 on the whole circle, found \(slope)"
    case .saturation(let limit):
      "velocity basis: expected a positive limit of the global modes, given \(limit)"
    }
  }
}
