import Foundation

/// Named tensors and a map of texts, in the safetensors format.
///
/// A file is the length of the header (8 bytes, little-endian), the header (JSON: for every tensor
/// `dtype`, `shape`, `data_offsets`, and `__metadata__`), and the tensors' bytes with no gap. The
/// types F64, F32 and I64 are known.
///
/// Files written here carry in their metadata, under `sha256`, the SHA-256 digest of the content:
/// over the other metadata sorted by key, `"metadata\0KEY\0VALUE\0"` each, then over the tensors
/// sorted by name, `"tensor\0NAME\0DTYPE\0EXTENT,EXTENT\0"` and the bytes. It does not depend on how
/// the header is laid out, so that a file rewritten by another tool keeps it.
public struct SafetensorsFile: Sendable, Equatable {
  /// The numbers of a tensor, in C order.
  public enum Values: Sendable, Equatable {
    /// F64
    case float64([Double])
    /// F32
    case float32([Float])
    /// I64
    case int64([Int64])

    /// The number of numbers.
    public var count: Int {
      switch self {
      case .float64(let values): values.count
      case .float32(let values): values.count
      case .int64(let values): values.count
      }
    }

    /// The name of the type in the format.
    public var type: String {
      switch self {
      case .float64: "F64"
      case .float32: "F32"
      case .int64: "I64"
      }
    }
  }

  /// A tensor: its shape and its numbers.
  public struct Tensor: Sendable, Equatable {
    /// The extents; empty for a single number.
    public let shape: [Int]
    /// The numbers, as many as the shape says.
    public let values: Values

    /// A tensor of this shape.
    public init(shape: [Int], values: Values) {
      precondition(
        shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count,
        "\(values.count) numbers for a tensor of shape \(shape)")
      self.shape = shape
      self.values = values
    }
  }

  /// The metadata key of the checksum.
  public static let checksumKey = "sha256"

  /// The tensors by name.
  public var tensors: [String: Tensor] = [:]
  /// The texts by key, without the checksum.
  public var metadata: [String: String] = [:]
  /// Where the content came from, for errors.
  private var location = "safetensors"

  /// No tensors.
  public init() {}

  /// Two files are equal if they hold the same tensors and texts, wherever they came from.
  public static func == (a: Self, b: Self) -> Bool {
    a.tensors == b.tensors && a.metadata == b.metadata
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - requireChecksum: Whether a file without a checksum is refused; one with a wrong checksum
  ///     always is.
  /// - Throws: `.missingInput`, `.badData` for anything that is not exactly the format.
  public init(_ path: String, requireChecksum: Bool = false) throws(EnsembleIOError) {
    try self.init(
      parsing: AtomicFile.read(path), at: path, requireChecksum: requireChecksum)
  }

  /// Reads the bytes of a file.
  public init(
    parsing data: Data, at location: String, requireChecksum: Bool = false
  ) throws(EnsembleIOError) {
    let parts = try SafetensorsHeader(parsing: data, at: location)
    self.location = location
    metadata = parts.metadata
    for entry in parts.entries {
      let start = data.startIndex + parts.dataOffset + entry.begin
      let bytes = data[start..<(start + entry.end - entry.begin)]
      let values: Values
      switch entry.type {
      case "F64":
        values = .float64(
          Self.words(bytes, UInt64.self).map { Double(bitPattern: UInt64(littleEndian: $0)) })
      case "F32":
        values = .float32(
          Self.words(bytes, UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) })
      default:
        values = .int64(Self.words(bytes, Int64.self).map { Int64(littleEndian: $0) })
      }
      tensors[entry.name] = Tensor(shape: entry.shape, values: values)
    }
    let promised = metadata.removeValue(forKey: Self.checksumKey)
    if let promised {
      let actual = checksum
      guard promised == actual else {
        throw .badData(
          location, expected: "content with the SHA-256 checksum \(promised.prefix(12))...",
          found: "\(actual.prefix(12))... (the file is damaged or was edited)")
      }
    } else if requireChecksum {
      throw .badData(location, expected: "a checksum in the metadata", found: "none")
    }
  }

  /// The digest of the content, as 64 hexadecimal digits.
  public var checksum: String {
    var digest = SHA256()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != Self.checksumKey {
      digest.update("metadata\0\(key)\0\(value)\0")
    }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let extents = tensor.shape.map(String.init).joined(separator: ",")
      digest.update("tensor\0\(name)\0\(tensor.values.type)\0\(extents)\0")
      Self.bytes(of: tensor.values).withUnsafeBytes { digest.update($0) }
    }
    return digest.hexadecimal()
  }

  /// The bytes of a file with this content; equal contents give equal bytes.
  public func encoded() -> Data {
    var metadata = metadata
    metadata[Self.checksumKey] = checksum
    var body: [UInt8] = []
    let texts = metadata.sorted { $0.key < $1.key }
      .map { "\(JSONFile.quoted($0.key)):\(JSONFile.quoted($0.value))" }
    var entries = ["\"__metadata__\":{\(texts.joined(separator: ","))}"]
    // Wide types first keep every tensor aligned to its own size.
    let order = ["F64": 0, "I64": 0, "F32": 1]
    let sorted = tensors.sorted {
      (order[$0.value.values.type]!, $0.key) < (order[$1.value.values.type]!, $1.key)
    }
    for (name, tensor) in sorted {
      let begin = body.count
      body += Self.bytes(of: tensor.values)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        "\(JSONFile.quoted(name)):{\"dtype\":\"\(tensor.values.type)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(body.count)]}")
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    var data = Data()
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: header)
    data.append(contentsOf: body)
    return data
  }

  /// Writes a file in one step; the old content, if any, stands until the new one is complete.
  ///
  /// - Throws: `.inputOutput`, `.refusesToOverwrite`.
  public func write(to path: String, overwrite: Bool = true) throws(EnsembleIOError) {
    try AtomicFile.write(encoded(), to: path, overwrite: overwrite)
  }

  /// The double-precision numbers of a tensor that must be there; single precision is widened.
  ///
  /// - Parameters:
  ///   - name: The tensor's name.
  ///   - shape: The shape it must have, if one is given.
  /// - Throws: `.badData` naming the tensor.
  public func doubles(_ name: String, shape: [Int]? = nil) throws(EnsembleIOError) -> [Double] {
    switch try tensor(name, shape: shape).values {
    case .float64(let values): return values
    case .float32(let values): return values.map(Double.init)
    case .int64:
      throw .badData(location, expected: "real numbers in the tensor '\(name)'", found: "I64")
    }
  }

  /// A tensor that must be there.
  ///
  /// - Throws: `.badData` naming the tensor, and both shapes if they differ.
  public func tensor(_ name: String, shape: [Int]? = nil) throws(EnsembleIOError) -> Tensor {
    guard let tensor = tensors[name] else {
      throw .badData(location, expected: "a tensor named '\(name)'", found: "none")
    }
    if let shape, tensor.shape != shape {
      throw .badData(
        location, expected: "the shape \(shape) for the tensor '\(name)'", found: "\(tensor.shape)")
    }
    return tensor
  }

  /// A text that must be there.
  public func text(_ key: String) throws(EnsembleIOError) -> String {
    guard let text = metadata[key] else {
      throw .badData(location, expected: "'\(key)' in the metadata", found: "none")
    }
    return text
  }

  private static func words<T: FixedWidthInteger>(_ bytes: Data, _ type: T.Type) -> [T] {
    bytes.withUnsafeBytes { raw in
      (0..<(raw.count / MemoryLayout<T>.size)).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
      }
    }
  }

  private static func bytes(of values: Values) -> [UInt8] {
    func pack<T: FixedWidthInteger>(_ words: [T]) -> [UInt8] {
      words.withUnsafeBytes { Array($0) }
    }
    switch values {
    case .float64(let values): return pack(values.map { $0.bitPattern.littleEndian })
    case .float32(let values): return pack(values.map { $0.bitPattern.littleEndian })
    case .int64(let values): return pack(values.map { $0.littleEndian })
    }
  }
}
