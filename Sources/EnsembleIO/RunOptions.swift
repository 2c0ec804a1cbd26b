import Foundation

/// Named values that are checked when they are asked for: a section of a run file, or the options of
/// a flow.
///
/// Every accessor returns `nil` where the key is absent and throws one line where the value is not
/// what was asked for. `allow(_:)` refuses keys that nobody asks for, so that a misspelt option is
/// an error.
public struct RunOptions: Sendable, Equatable {
  /// The values by key.
  public private(set) var values: [String: RunValue]
  /// The file, or whatever the options came from, for errors.
  public let source: String
  /// The section of the file; `nil` at its top.
  public let section: String?

  /// The file and the section: `run.toml: train`.
  public var location: String { section.map { "\(source): \($0)" } ?? source }

  /// Options that came from the place named.
  public init(
    _ values: [String: RunValue] = [:], at source: String = "options", section: String? = nil
  ) {
    self.values = values
    self.source = source
    self.section = section
  }

  /// Options from words like `layers=16`, `map=spline`, `hidden=[8, 8]` on a command line.
  ///
  /// - Throws: `.badData` for a word without `=`.
  public init(arguments: [String], at location: String = "--option") throws(EnsembleIOError) {
    self.init(at: location)
    for argument in arguments {
      guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
        throw .badData(location, expected: "KEY=VALUE", found: EnsembleIOError.quoted(argument))
      }
      let key = String(argument[..<equals])
      let text = String(argument[argument.index(after: equals)...])
      let tree = try? TOMLTree.parse(Data("value = \(text)".utf8), at: location)
      if case .value(let value)? = tree?["value"], tree?.count == 1 {
        values[key] = value
      } else {
        values[key] = .text(text)
      }
    }
  }

  /// Refuses every key that is not among those named.
  ///
  /// - Throws: `.badData` naming the key and the allowed ones.
  public func allow(_ keys: [String]) throws(EnsembleIOError) {
    if let unknown = values.keys.filter({ !keys.contains($0) }).min() {
      throw .badData(
        location, expected: "one of the keys " + keys.sorted().joined(separator: ", "),
        found: EnsembleIOError.quoted(unknown))
    }
  }

  /// The error that says the value of a key is wrong.
  public func failure(_ key: String, expected: String) -> EnsembleIOError {
    .badData(
      section == nil ? "\(source): \(key)" : "\(location).\(key)", expected: expected,
      found: values[key].map { value in
        if case .text(let text) = value { return EnsembleIOError.quoted(text) }
        let words = value.description
        return words.count <= 60 ? words : "\(words.prefix(57))..."
      } ?? "nothing")
  }

  /// An integer in a range.
  public func integer(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(EnsembleIOError) -> Int? {
    guard let value = values[key] else { return nil }
    guard case .integer(let integer) = value, range.contains(integer) else {
      throw failure(key, expected: "an integer" + Self.words(range))
    }
    return integer
  }

  /// A finite number in a range; an integer will do.
  public func number(
    _ key: String, in range: ClosedRange<Double> = -Double.infinity...Double.infinity
  ) throws(EnsembleIOError) -> Double? {
    guard let value = values[key] else { return nil }
    let number: Double
    switch value {
    case .integer(let integer): number = Double(integer)
    case .number(let double): number = double
    default: throw failure(key, expected: "a number" + Self.words(range))
    }
    guard number.isFinite, range.contains(number) else {
      throw failure(key, expected: "a finite number" + Self.words(range))
    }
    return number
  }

  /// A positive finite number.
  public func positiveNumber(_ key: String) throws(EnsembleIOError) -> Double? {
    guard values[key] != nil else { return nil }
    guard let number = try number(key), number > 0 else {
      throw failure(key, expected: "a positive number")
    }
    return number
  }

  /// A text, one of those allowed if any are named.
  public func text(
    _ key: String, oneOf allowed: [String] = []
  ) throws(EnsembleIOError) -> String? {
    guard let value = values[key] else { return nil }
    guard case .text(let text) = value, allowed.isEmpty || allowed.contains(text) else {
      throw failure(
        key, expected: allowed.isEmpty ? "a text" : "one of " + allowed.joined(separator: ", "))
    }
    return text
  }

  /// True or false.
  public func boolean(_ key: String) throws(EnsembleIOError) -> Bool? {
    guard let value = values[key] else { return nil }
    guard case .boolean(let boolean) = value else {
      throw failure(key, expected: "true or false")
    }
    return boolean
  }

  /// A list of integers in a range.
  public func integers(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(EnsembleIOError) -> [Int]? {
    guard let value = values[key] else { return nil }
    let expected = "a list of integers" + Self.words(range)
    guard case .array(let items) = value else { throw failure(key, expected: expected) }
    var result: [Int] = []
    for item in items {
      guard case .integer(let integer) = item, range.contains(integer) else {
        throw failure(key, expected: expected)
      }
      result.append(integer)
    }
    return result
  }

  /// A list of texts.
  public func texts(_ key: String) throws(EnsembleIOError) -> [String]? {
    guard let value = values[key] else { return nil }
    guard case .array(let items) = value else { throw failure(key, expected: "a list of texts") }
    var result: [String] = []
    for item in items {
      guard case .text(let text) = item else { throw failure(key, expected: "a list of texts") }
      result.append(text)
    }
    return result
  }

  /// The value, or an error that says what was expected where there is none.
  func required<Value>(
    _ value: Value?, _ key: String, _ expected: String
  ) throws(EnsembleIOError) -> Value {
    guard let value else { throw failure(key, expected: expected) }
    return value
  }

  /// These options without some keys.
  func without(_ keys: [String]) -> Self {
    Self(values.filter { !keys.contains($0.key) }, at: source, section: section)
  }

  private static func words(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, .max): ""
    case (let low, .max): " of \(low) or more"
    case (let low, let high): " from \(low) to \(high)"
    }
  }

  private static func words(_ range: ClosedRange<Double>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (-.infinity, .infinity): ""
    case (let low, .infinity): " of \(plain(low)) or more"
    case (let low, let high): " from \(plain(low)) to \(plain(high))"
    }
  }

  private static func plain(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }
}
