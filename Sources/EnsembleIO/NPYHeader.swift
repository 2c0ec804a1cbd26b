import Foundation

/// The type of one element of a NumPy array.
public enum NPYElement: String, Sendable, CaseIterable {
  /// IEEE single precision.
  case float32 = "f4"
  /// IEEE double precision.
  case float64 = "f8"
  /// Two single-precision numbers, real and imaginary part.
  case complex64 = "c8"
  /// Two double-precision numbers, real and imaginary part.
  case complex128 = "c16"
  /// A signed 32-bit integer.
  case int32 = "i4"
  /// A signed 64-bit integer.
  case int64 = "i8"
  /// One byte, 0 or 1.
  case boolean = "b1"

  /// The number of bytes of one element.
  public var byteCount: Int {
    switch self {
    case .boolean: 1
    case .float32, .int32: 4
    case .float64, .complex64, .int64: 8
    case .complex128: 16
    }
  }

  /// The number of real numbers in one element: 2 for complex ones.
  public var components: Int { self == .complex64 || self == .complex128 ? 2 : 1 }
}

/// What the first bytes of a `.npy` file say: element type, byte order, shape.
///
/// The format is NumPy's (versions 1.0, 2.0 and 3.0): a magic string, the length of the header, and
/// a Python dictionary with the keys `descr`, `fortran_order` and `shape`.
public struct NPYHeader: Sendable, Equatable {
  /// The element type.
  public var element: NPYElement
  /// Whether the least significant byte of an element comes first.
  public var isLittleEndian = true
  /// Whether the first axis runs fastest.
  public var isFortranOrder = false
  /// The extents; empty for a single number.
  public var shape: [Int]
  /// The number of bytes before the first element.
  public var dataOffset: Int

  /// The number of elements, which the initialisers keep from overflowing.
  public var elementCount: Int { shape.reduce(1, *) }

  /// The number of bytes of the elements.
  public var dataByteCount: Int { elementCount * element.byteCount }

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Headers are a few hundred bytes; what says it is longer is no header.
  static let lengthLimit = 1 << 20

  /// Reads the header from the beginning of a file.
  ///
  /// - Parameters:
  ///   - bytes: The first bytes of the file, all of it if it is short.
  ///   - location: The file, for errors.
  /// - Throws: `.badData` if this is not a header or is cut off.
  public init(parsing bytes: [UInt8], at location: String) throws(EnsembleIOError) {
    let length = try Self.length(of: bytes, at: location)
    guard bytes.count >= length else {
      throw .badData(
        location, expected: "an NPY header of \(length) bytes", found: "\(bytes.count) bytes")
    }
    let start = bytes[6] == 1 ? 10 : 12
    var parser = NPYHeaderParser(Array(bytes[start..<length]), location)
    let fields = try parser.dictionary()
    guard let descriptor = fields.descriptor, let order = fields.fortranOrder,
      let shape = fields.shape
    else {
      throw .badData(
        location, expected: "an NPY header with 'descr', 'fortran_order' and 'shape'",
        found: "one without")
    }
    let (element, isLittleEndian) = try Self.elementType(descriptor, location)
    var total = element.byteCount
    for extent in shape {
      // Empty axes count as 1 here, so that no partial product can overflow later.
      let (product, overflow) = total.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow, product <= Int.max / 4 else {
        throw .badData(location, expected: "a shape that fits in memory", found: "\(shape)")
      }
      total = product
    }
    self.element = element
    self.isLittleEndian = isLittleEndian
    self.isFortranOrder = order
    self.shape = shape
    self.dataOffset = length
  }

  /// A header for an array whose first axis may grow to any length without moving the data.
  init(element: NPYElement, shape: [Int]) {
    self.element = element
    self.shape = shape
    self.dataOffset = 0
    self.dataOffset = encoded().count
  }

  /// The bytes of the header: version 1.0, padded so that any first extent takes the same room.
  func encoded() -> [UInt8] {
    // Twenty spare places for the first extent, as a 64-bit count may need them.
    let first = shape.first.map(String.init) ?? ""
    let rest = shape.dropFirst().map { ", \($0)" }.joined()
    let tuple = shape.isEmpty ? "()" : "(\(first)\(shape.count == 1 ? "," : rest))"
    let prefix = element == .boolean ? "|" : "<"
    let text =
      "{'descr': '\(prefix)\(element.rawValue)', 'fortran_order': False, 'shape': \(tuple), }"
    let spare = 20 - first.count
    let unpadded = 10 + text.utf8.count + spare + 1
    let total = (unpadded + 63) / 64 * 64
    let padding = [UInt8](
      repeating: UInt8(ascii: " "), count: total - 10 - text.utf8.count - 1)
    let length = total - 10
    precondition(length < 1 << 16, "the shape \(shape) does not fit in a version 1.0 header")
    return Self.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8) + padding
      + [UInt8(ascii: "\n")]
  }

  /// The length of the whole header from its first twelve bytes.
  static func length(of bytes: [UInt8], at location: String) throws(EnsembleIOError) -> Int {
    guard bytes.count >= 10, Array(bytes[0..<6]) == magic else {
      throw .badData(
        location, expected: "an NPY file (magic string and version)",
        found: bytes.count < 10 ? "\(bytes.count) bytes" : "other bytes")
    }
    let length: Int
    switch bytes[6] {
    case 1: length = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    case 2, 3:
      guard bytes.count >= 12 else {
        throw .badData(location, expected: "an NPY header", found: "\(bytes.count) bytes")
      }
      length = 12 + Int(bytes[8]) + Int(bytes[9]) << 8 + Int(bytes[10]) << 16 + Int(bytes[11]) << 24
    default:
      throw .badData(location, expected: "NPY version 1, 2 or 3", found: "version \(bytes[6])")
    }
    guard length <= lengthLimit else {
      throw .badData(
        location, expected: "an NPY header of at most \(lengthLimit) bytes", found: "\(length)")
    }
    return length
  }

  private static func elementType(
    _ descriptor: String, _ location: String
  ) throws(EnsembleIOError) -> (NPYElement, Bool) {
    let order = descriptor.first
    let allowed = "<>=|"
    guard let order, allowed.contains(order),
      let element = NPYElement(rawValue: String(descriptor.dropFirst())),
      order != "|" || element == .boolean
    else {
      throw .badData(
        location,
        expected: "an element type of "
          + NPYElement.allCases.map(\.rawValue).joined(separator: ", "),
        found: EnsembleIOError.quoted(descriptor))
    }
    return (element, order != ">")
  }
}

/// A reader of the Python dictionary in a header, strict: the three keys once each, nothing else.
struct NPYHeaderParser {
  private let bytes: [UInt8]
  private let location: String
  private var position = 0

  struct Fields {
    var descriptor: String?
    var fortranOrder: Bool?
    var shape: [Int]?
  }

  init(_ bytes: [UInt8], _ location: String) {
    self.bytes = bytes
    self.location = location
  }

  mutating func dictionary() throws(EnsembleIOError) -> Fields {
    var fields = Fields()
    try expect("{")
    while !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where fields.descriptor == nil: fields.descriptor = try string()
      case "fortran_order" where fields.fortranOrder == nil: fields.fortranOrder = try boolean()
      case "shape" where fields.shape == nil: fields.shape = try tuple()
      default:
        throw failure("the keys 'descr', 'fortran_order', 'shape', once each", key)
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.count else { throw failure("the end of the NPY header", "more text") }
    return fields
  }

  private mutating func skipSpace() {
    while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(EnsembleIOError) {
    if !accept(character) {
      throw failure("'\(character)' in the NPY header", "byte \(position) of it")
    }
  }

  private mutating func string() throws(EnsembleIOError) -> String {
    skipSpace()
    guard position < bytes.count, [34, 39].contains(bytes[position]) else {
      throw failure("a quoted word in the NPY header", "byte \(position) of it")
    }
    let quote = bytes[position]
    position += 1
    let start = position
    while position < bytes.count, bytes[position] != quote { position += 1 }
    guard position < bytes.count else { throw failure("a closing quote", "the end of the header") }
    position += 1
    return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
  }

  private mutating func boolean() throws(EnsembleIOError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw failure("True or False for 'fortran_order'", "byte \(position) of the header")
  }

  private mutating func tuple() throws(EnsembleIOError) -> [Int] {
    try expect("(")
    var extents: [Int] = []
    while !accept(")") {
      skipSpace()
      let start = position
      while position < bytes.count, (48...57).contains(bytes[position]) { position += 1 }
      guard let extent = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        throw failure("a non-negative extent in 'shape'", "byte \(start) of the header")
      }
      extents.append(extent)
      if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
      if !accept(",") {
        try expect(")")
        break
      }
    }
    guard extents.count <= 32 else {
      throw failure("at most 32 axes", "\(extents.count)")
    }
    return extents
  }

  private func failure(_ expected: String, _ found: String) -> EnsembleIOError {
    .badData(location, expected: expected, found: found)
  }
}
