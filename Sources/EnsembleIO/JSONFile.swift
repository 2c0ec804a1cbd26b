import Foundation

/// JSON as this project writes it: snake_case keys, sorted, indented.
public enum JSONFile {
  /// The text as a JSON string, in quotes and on one line.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// The value as JSON text that ends with a line break; numbers that are not finite become the
  /// strings `"inf"`, `"-inf"`, `"nan"`.
  public static func encode(_ value: some Encodable) throws(EnsembleIOError) -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      var data = try encoder.encode(value)
      data.append(UInt8(ascii: "\n"))
      return data
    } catch {
      throw .badData("JSON", expected: "an encodable value", found: "\(error)")
    }
  }

  /// The value that JSON text holds; `location` names the file in errors.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, at location: String
  ) throws(EnsembleIOError) -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(type, from: data)
    } catch let error as DecodingError {
      throw oneLine(error, location)
    } catch {
      throw .badData(location, expected: "JSON", found: "\(error)")
    }
  }

  /// The value that JSON text holds, its keys taken as they stand.
  static func verbatim<Value: Decodable>(
    _ type: Value.Type, from data: Data, at location: String
  ) throws(EnsembleIOError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw oneLine(error, location)
    } catch {
      throw .badData(location, expected: "JSON", found: "\(error)")
    }
  }

  /// Writes a value as a JSON file, in one step.
  public static func write(
    _ value: some Encodable, to path: String, overwrite: Bool = true
  ) throws(EnsembleIOError) {
    try AtomicFile.write(encode(value), to: path, overwrite: overwrite)
  }

  /// Reads a value from a JSON file.
  public static func read<Value: Decodable>(
    _ type: Value.Type, from path: String
  ) throws(EnsembleIOError) -> Value {
    try decode(type, from: AtomicFile.read(path, limit: 1 << 30), at: path)
  }

  private static func oneLine(_ error: DecodingError, _ location: String) -> EnsembleIOError {
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty
        ? location
        : location + ": "
          + path.map { $0.intValue.map(String.init) ?? snake($0.stringValue) }
          .joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return .badData(
        place(context.codingPath), expected: "the key '\(snake(key.stringValue))'", found: "none")
    case .typeMismatch(let type, let context):
      return .badData(
        place(context.codingPath), expected: "a value of type \(type)", found: "another type")
    case .valueNotFound(let type, let context):
      return .badData(
        place(context.codingPath), expected: "a value of type \(type)", found: "null")
    case .dataCorrupted(let context):
      return .badData(
        place(context.codingPath), expected: context.codingPath.isEmpty ? "JSON" : "a valid value",
        found: context.debugDescription)
    @unknown default:
      return .badData(location, expected: "JSON", found: "something else")
    }
  }

  private static func snake(_ name: String) -> String {
    var result = ""
    for character in name {
      if character.isUppercase {
        result += "_" + character.lowercased()
      } else {
        result.append(character)
      }
    }
    return result
  }
}
