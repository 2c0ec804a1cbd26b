import Foundation

/// The header of a safetensors file, checked: every tensor inside the file, of known type and right
/// size, no two overlapping, no byte left over.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let type: String
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  /// The tensors in the order of their bytes.
  let entries: [Entry]
  let metadata: [String: String]
  let dataOffset: Int

  /// The largest header the format allows, in bytes.
  static let lengthLimit = 100_000_000
  static let typeSizes = ["F64": 8, "F32": 4, "I64": 8]

  init(parsing data: Data, at location: String) throws(EnsembleIOError) {
    let (object, dataOffset) = try Self.object(data, location)
    let available = data.count - dataOffset
    var entries: [Entry] = []
    var metadata: [String: String] = [:]
    for (name, value) in object {
      if name == "__metadata__" {
        metadata = try Self.texts(value, location)
      } else {
        entries.append(try Self.entry(name, value, location))
      }
    }
    // Empty tensors may share an offset with the next one; they come first.
    entries.sort { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
    var position = 0
    for entry in entries {
      guard entry.begin == position else {
        throw .badData(
          location, expected: "the tensor '\(entry.name)' to begin at byte \(position)",
          found: "byte \(entry.begin) (a gap or an overlap)")
      }
      position = entry.end
    }
    guard position == available else {
      throw .badData(
        location, expected: "\(position) bytes of tensors",
        found: "\(available)" + (available < position ? " (the file is cut off)" : ""))
    }
    self.entries = entries
    self.metadata = metadata
    self.dataOffset = dataOffset
  }

  private static func object(
    _ data: Data, _ location: String
  ) throws(EnsembleIOError) -> ([String: JSONValue], Int) {
    guard data.count >= 8 else {
      throw .badData(location, expected: "a safetensors file", found: "\(data.count) bytes")
    }
    let length = data.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
    }
    guard length <= UInt64(lengthLimit) else {
      throw .badData(
        location, expected: "a safetensors header of at most \(lengthLimit) bytes",
        found: "\(length)")
    }
    let dataOffset = 8 + Int(length)
    guard data.count >= dataOffset else {
      throw .badData(
        location, expected: "a header of \(length) bytes",
        found: "\(data.count - 8) (the file is cut off)")
    }
    let text = data[(data.startIndex + 8)..<(data.startIndex + dataOffset)]
    guard text.first == UInt8(ascii: "{") else {
      throw .badData(location, expected: "a header that begins with '{'", found: "other bytes")
    }
    let value = try JSONFile.verbatim(JSONValue.self, from: Data(text), at: location)
    guard case .object(let object) = value else {
      throw .badData(location, expected: "a JSON object as header", found: "another value")
    }
    return (object, dataOffset)
  }

  private static func texts(
    _ value: JSONValue, _ location: String
  ) throws(EnsembleIOError) -> [String: String] {
    guard case .object(let object) = value else {
      throw .badData(location, expected: "an object as __metadata__", found: "another value")
    }
    var result: [String: String] = [:]
    for (key, value) in object {
      guard case .text(let text) = value else {
        throw .badData(
          location, expected: "a text for '\(key)' in the metadata", found: "another value")
      }
      result[key] = text
    }
    return result
  }

  private static func entry(
    _ name: String, _ value: JSONValue, _ location: String
  ) throws(EnsembleIOError) -> Entry {
    func failure(_ expected: String, _ found: String) -> EnsembleIOError {
      .badData(location, expected: "\(expected) for the tensor '\(name)'", found: found)
    }
    guard case .object(let fields) = value,
      Set(fields.keys) == ["dtype", "shape", "data_offsets"],
      case .text(let type)? = fields["dtype"], let shape = integers(fields["shape"]),
      let offsets = integers(fields["data_offsets"]), offsets.count == 2
    else { throw failure("dtype, shape and data_offsets", "something else") }
    guard let size = typeSizes[type] else {
      throw failure("a type of F64, F32, I64", EnsembleIOError.quoted(type))
    }
    var total = size
    for extent in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow else { throw failure("a possible shape", "\(shape)") }
      total = product
    }
    if shape.contains(0) { total = 0 }
    guard 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] - offsets[0] == total else {
      throw failure("offsets \(total) bytes apart", "\(offsets)")
    }
    return Entry(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let items)? = value else { return nil }
    var result: [Int] = []
    for item in items {
      guard case .integer(let integer) = item else { return nil }
      result.append(integer)
    }
    return result
  }
}
