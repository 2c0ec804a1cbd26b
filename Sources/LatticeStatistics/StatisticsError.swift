/// What makes an estimate impossible: each case says what was expected and what was found.
public enum StatisticsError: Error, Equatable, Sendable {
  /// A series, or a set of series, holds fewer entries than the method needs.
  case tooShort(what: String, expected: Int, found: Int)
  /// An entry of a series is NaN or infinite.
  case notFinite(what: String, chain: Int, index: Int, value: Double)
  /// The series never moves, so that no error can be read from it.
  case constantSeries(value: Double, count: Int)
  /// Two arrays that belong together differ in length.
  case shapeMismatch(what: String, expected: Int, found: Int)
  /// A parameter lies outside its range.
  case invalidParameter(name: String, expected: String, found: Double)
  /// The function of the means, or its gradient, is not finite there.
  case functionNotFinite(value: Double)
  /// Every weight is zero.
  case allWeightsZero(count: Int)
  /// The weights have too heavy a tail for an error bar: their variance is not finite, or so
  /// slowly approached that the sample does not show it.
  case weightsTooHeavy(tailIndex: Double, limit: Double)
}

extension StatisticsError: CustomStringConvertible {
  /// One line: what was expected, what was found.
  public var description: String {
    switch self {
    case .tooShort(let what, let expected, let found):
      return "\(what): expected at least \(expected), found \(found)"
    case .notFinite(let what, let chain, let index, let value):
      return "\(what): expected finite numbers, found \(value) at entry \(index) of chain \(chain)"
    case .constantSeries(let value, let count):
      return "expected a series that fluctuates within its chains, found \(count) entries that do"
        + " not (mean \(value))"
    case .shapeMismatch(let what, let expected, let found):
      return "\(what): expected \(expected), found \(found)"
    case .invalidParameter(let name, let expected, let found):
      return "\(name): expected \(expected), found \(found)"
    case .functionNotFinite(let value):
      return "expected a finite function and gradient at the means, found \(value)"
    case .allWeightsZero(let count):
      return "expected a positive weight, found \(count) weights that are all zero"
    case .weightsTooHeavy(let tailIndex, let limit):
      return "the weights are too heavy-tailed for an error bar: expected a tail index of at most"
        + " \(limit), found \(tailIndex)"
    }
  }
}
