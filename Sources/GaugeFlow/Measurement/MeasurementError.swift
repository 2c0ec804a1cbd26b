/// Why configurations cannot be measured together.
public enum MeasurementError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The group has no observables yet.
  case group(expected: String, found: String, location: String)
  /// A matrix is no element of the group; `defect` is its distance from the nearest one.
  case matrix(group: String, defect: Double, location: String)
  /// Two sources are of different theories.
  case theory(expected: String, found: String, location: String)
  /// Some sources are weighted, or chains, and others are not.
  case mixture(what: String, location: String)
  /// There is nothing to measure.
  case empty(location: String)
  /// The coupling of the configurations must be known for what was asked.
  case unknownCoupling(location: String)

  /// One line: where, what was expected, what was found.
  public var description: String {
    switch self {
    case .group(let expected, let found, let location):
      "\(location): expected group \(expected), found \(found)"
    case .matrix(let group, let defect, let location):
      "\(location): expected links of \(group), found a matrix that is \(defect) away from the group"
    case .theory(let expected, let found, let location):
      "\(location): expected \(expected) like the first, found \(found)"
    case .mixture(let what, let location):
      "\(location): expected all ensembles or none to have \(what), found some"
    case .empty(let location): "\(location): expected configurations, found none"
    case .unknownCoupling(let location):
      "\(location): expected a known coupling of Wilson's action, found none"
    }
  }
}
