/// Why an exact result cannot be given: what was expected, and what was found.
public enum ExactResultError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The number of plaquettes of the torus is out of range.
  case volume(expected: String, found: Int)
  /// The coupling is out of range or not a number.
  case beta(expected: String, found: Double)
  /// The number of colours is out of range.
  case colors(expected: String, found: Int)
  /// The area of a Wilson loop is out of range.
  case area(expected: String, found: Int)
  /// The lattice has the wrong number of dimensions.
  case dimensions(expected: String, found: Int)

  /// One line: the quantity, what was expected, what was found.
  public var description: String {
    switch self {
    case .volume(let expected, let found): "volume: expected \(expected), found \(found)"
    case .beta(let expected, let found): "beta: expected \(expected), found \(found)"
    case .colors(let expected, let found): "colors: expected \(expected), found \(found)"
    case .area(let expected, let found): "area: expected \(expected), found \(found)"
    case .dimensions(let expected, let found): "dimensions: expected \(expected), found \(found)"
    }
  }
}
