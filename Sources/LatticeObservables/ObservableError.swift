import LatticeFields

/// Why an observable cannot be made.
public enum ObservableError: Error, CustomStringConvertible, Equatable {
  /// No observable has this name.
  case unknown(String, known: [String])
  /// The observable is defined for another group.
  case group(observable: String, expected: String, given: String)
  /// The observable is defined in another number of dimensions.
  case dimension(observable: String, expected: ClosedRange<Int>, lattice: Lattice)
  /// A size limit is not positive.
  case size(observable: String, given: Int)

  /// One line: what was expected, and what was given.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "observables: expected some of \(known.joined(separator: ", ")), given '\(name)'"
    case .group(let observable, let expected, let given):
      "\(observable): expected group \(expected), given \(given)"
    case .dimension(let observable, let expected, let lattice):
      "\(observable): expected a lattice of \(Self.text(expected)) dimensions, given \(lattice)"
    case .size(let observable, let given):
      "\(observable): expected a positive largest size, given \(given)"
    }
  }

  private static func text(_ range: ClosedRange<Int>) -> String {
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
  }
}

extension Lattice {
  /// Throws where the number of dimensions is not one of those an observable is defined in.
  @usableFromInline
  func require(_ dimensions: ClosedRange<Int>, for observable: String) throws(ObservableError) {
    guard dimensions.contains(dimension) else {
      throw .dimension(observable: observable, expected: dimensions, lattice: self)
    }
  }
}
