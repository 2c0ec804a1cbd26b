import Foundation

/// Columns of numbers: the history of a Markov chain as other programs write it.
///
/// Read from text with columns parted by spaces, tabs, commas or semicolons (decided by the first
/// row), with an optional row of names and `#` comments; or from an NPY file with one or two axes.
public struct TextHistory: Sendable, Equatable {
  /// The numbers, `columns[k][i]` in row i; all columns have the same length.
  public let columns: [[Double]]
  /// The names of the columns, where the file has them.
  public let names: [String]?
  /// The file.
  public let path: String

  /// The number of rows.
  public var count: Int { columns.first?.count ?? 0 }

  /// Reads a file; NPY is recognised by its first bytes.
  ///
  /// - Throws: `.missingInput`; `.badData` naming line and column: `history.txt:12:3`.
  public init(_ path: String) throws(EnsembleIOError) {
    let start = try PosixFile(path, .reading).bytes(at: 0, count: 6)
    if start == NPYHeader.magic {
      try self.init(array: NPYFile(path))
    } else {
      try self.init(parsing: AtomicFile.read(path), at: path)
    }
  }

  /// Reads text.
  public init(parsing data: Data, at path: String) throws(EnsembleIOError) {
    var parser = TextHistoryParser(path: path)
    // The line break at the end stops the reading of a number there.
    try parser.parse(Array(data) + [10])
    guard let columns = parser.columns, !columns[0].isEmpty else {
      throw .badData(path, expected: "rows of numbers", found: "none")
    }
    self.path = path
    self.columns = columns
    names = parser.names
  }

  /// Takes the columns of an array of shape `(n)` or `(n, columns)`.
  public init(array: NPYFile) throws(EnsembleIOError) {
    let shape = array.header.shape
    guard (1...2).contains(shape.count), array.header.element.components == 1,
      shape.allSatisfy({ $0 > 0 })
    else {
      throw .badData(
        array.path, expected: "real numbers with 1 or 2 axes, at least one row",
        found: "\(array.header.element) of shape \(shape)")
    }
    let values = try array.values()
    let width = shape.count == 2 ? shape[1] : 1
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw .badData(
        "\(array.path): row \(bad / width), column \(bad % width)", expected: "a finite number",
        found: "\(values[bad])")
    }
    path = array.path
    columns = (0..<width).map { column in
      stride(from: column, to: values.count, by: width).map { values[$0] }
    }
    names = nil
  }

  /// A column by its name, or by its number counted from 0.
  ///
  /// - Throws: `.badData` naming the columns there are.
  public func column(_ label: String) throws(EnsembleIOError) -> [Double] {
    if let index = names?.firstIndex(of: label) { return columns[index] }
    if let index = Int(label), columns.indices.contains(index) { return columns[index] }
    let known = names.map { " or " + $0.joined(separator: ", ") } ?? ""
    throw .badData(
      path, expected: "a column from 0 to \(columns.count - 1)\(known)",
      found: EnsembleIOError.quoted(label))
  }
}

/// The state of reading a text of columns.
private struct TextHistoryParser {
  let path: String
  var columns: [[Double]]?
  var names: [String]?
  private var separator: UInt8?
  private var isFirstRow = true

  init(path: String) { self.path = path }

  mutating func parse(_ bytes: [UInt8]) throws(EnsembleIOError) {
    var line = 0
    var start = 0
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    while start < bytes.count {
      line += 1
      var end = start
      while end < bytes.count, bytes[end] != 10 { end += 1 }
      let comment = bytes[start..<end].firstIndex(of: UInt8(ascii: "#")) ?? end
      let fields = fields(bytes[start..<comment])
      if !fields.isEmpty { try row(fields, line) }
      start = end + 1
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

  /// The fields of a line without the spaces around them; none for an empty line.
  private mutating func fields(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    guard !line.allSatisfy(Self.isSpace) else { return [] }
    if isFirstRow {
      separator = [UInt8(ascii: ","), UInt8(ascii: ";")].first { line.contains($0) }
    }
    guard let separator else { return line.split(whereSeparator: Self.isSpace) }
    return line.split(separator: separator, omittingEmptySubsequences: false).map { field in
      var field = field
      while let first = field.first, Self.isSpace(first) { field.removeFirst() }
      while let last = field.last, Self.isSpace(last) { field.removeLast() }
      return field
    }
  }

  private mutating func row(
    _ fields: [ArraySlice<UInt8>], _ line: Int
  ) throws(EnsembleIOError) {
    let isFirst = isFirstRow
    isFirstRow = false
    var numbers: [Double] = []
    numbers.reserveCapacity(fields.count)
    for (column, field) in fields.enumerated() {
      if let number = Self.number(field) {
        numbers.append(number)
      } else if isFirst, column == 0, fields.allSatisfy(Self.isName) {
        names = fields.map(Self.unquoted)
        columns = [[Double]](repeating: [], count: fields.count)
        return
      } else {
        throw .badData(
          "\(path):\(line):\(column + 1)", expected: "a finite number",
          found: EnsembleIOError.quoted(String(decoding: field, as: UTF8.self)))
      }
    }
    if columns == nil { columns = [[Double]](repeating: [], count: fields.count) }
    guard numbers.count == columns!.count else {
      throw .badData(
        "\(path):\(line)", expected: "\(columns!.count) columns", found: "\(numbers.count)")
    }
    for (column, number) in numbers.enumerated() { columns![column].append(number) }
  }

  /// The finite decimal number that fills the field; a byte that ends it must follow in memory.
  private static func number(_ field: ArraySlice<UInt8>) -> Double? {
    field.withUnsafeBytes { raw in
      guard let start = raw.baseAddress, raw.count > 0,
        raw.allSatisfy({ isNumeral[Int($0)] })
      else { return nil }
      let text = start.assumingMemoryBound(to: CChar.self)
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(text, &end)
      return end == UnsafeMutablePointer(mutating: text) + raw.count && value.isFinite ? value : nil
    }
  }

  /// Whether a byte can be part of a decimal number.
  private static let isNumeral: [Bool] = (0..<256).map {
    "0123456789+-.eE".utf8.contains(UInt8($0))
  }

  /// Whether a field of the first row can be the name of a column: a word that is no number.
  private static func isName(_ field: ArraySlice<UInt8>) -> Bool {
    let text = unquoted(field)
    return !text.isEmpty && Double(text) == nil && text.unicodeScalars.allSatisfy { $0.value >= 32 }
  }

  private static func unquoted(_ field: ArraySlice<UInt8>) -> String {
    let text = String(decoding: field, as: UTF8.self)
    guard text.count >= 2, text.first == "\"", text.last == "\"" else { return text }
    return String(text.dropFirst().dropLast())
  }
}
