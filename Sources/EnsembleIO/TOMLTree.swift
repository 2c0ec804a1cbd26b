import Foundation
import TOMLKit

/// One value of a run file, or of an option on the command line.
public enum RunValue: Sendable, Equatable, CustomStringConvertible {
  /// `true` or `false`
  case boolean(Bool)
  /// An integer.
  case integer(Int)
  /// A number with a fraction or an exponent.
  case number(Double)
  /// A text.
  case text(String)
  /// A list.
  case array([RunValue])

  /// The value as it would stand in the file.
  public var description: String {
    switch self {
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): "\"\(value)\""
    case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    }
  }
}

/// A TOML document as plain Swift values; the only place that knows the TOML library.
enum TOMLTree {
  case value(RunValue)
  case table([String: TOMLTree])

  /// The tables and values of a document.
  ///
  /// - Throws: `.badData` with the line and column of what is not TOML.
  static func parse(_ data: Data, at location: String) throws(EnsembleIOError) -> [String: TOMLTree]
  {
    guard let text = String(data: data, encoding: .utf8), !text.contains("\0") else {
      throw .badData(location, expected: "a text in UTF-8", found: "other bytes")
    }
    do {
      return try entries(of: TOMLTable(string: text), location)
    } catch let error as EnsembleIOError {
      throw error
    } catch let error as TOMLParseError {
      let begin = error.source.begin
      throw .badData(
        "\(location):\(begin.line):\(begin.column)", expected: "TOML", found: error.description)
    } catch {
      throw .badData(location, expected: "TOML", found: "\(error)")
    }
  }

  private static func entries(
    of table: TOMLTable, _ location: String
  ) throws(EnsembleIOError) -> [String: TOMLTree] {
    var result: [String: TOMLTree] = [:]
    for key in table.keys {
      guard let node = table[key] else {
        throw .badData(location, expected: "plain keys", found: EnsembleIOError.quoted(key))
      }
      if let inner = node.table {
        result[key] = .table(try entries(of: inner, location))
      } else {
        result[key] = .value(try value(of: node, "\(location): \(key)"))
      }
    }
    return result
  }

  private static func value(
    of node: any TOMLValueConvertible, _ location: String
  ) throws(EnsembleIOError) -> RunValue {
    if let value = node.bool { return .boolean(value) }
    if let value = node.int { return .integer(value) }
    if let value = node.double { return .number(value) }
    if let value = node.string { return .text(value) }
    if let array = node.array {
      var values: [RunValue] = []
      for index in 0..<array.count { values.append(try value(of: array[index], location)) }
      return .array(values)
    }
    throw .badData(
      location, expected: "a number, a text, true, false or a list",
      found: "a \(node.type.description)")
  }
}
