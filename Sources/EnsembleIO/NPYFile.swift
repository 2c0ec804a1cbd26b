import Foundation

/// A NumPy array on disk, read row by row; a row is everything under one index of axis 0.
///
/// Memory is bounded by what is asked for: rows are read when they are wanted, nothing is kept.
/// Bytes beyond those the header promises are ignored: they are what a writer that was stopped had
/// not yet committed.
public final class NPYFile {
  /// What the file says about itself, with the first extent lowered where a prefix was accepted.
  public let header: NPYHeader
  /// The file.
  public let path: String
  private let file: PosixFile

  /// Opens a file and checks that the promised data are there.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - acceptPrefix: If the file is shorter than its header says, take the complete rows instead
  ///     of refusing it.
  /// - Throws: `.missingInput`, `.badData` if it is no NPY file or cut off.
  public init(_ path: String, acceptPrefix: Bool = false) throws(EnsembleIOError) {
    self.path = path
    file = try PosixFile(path, .reading)
    let (header, available) = try NPYFile.readHeader(of: file)
    var accepted = header
    if available < header.dataByteCount {
      guard acceptPrefix, !header.shape.isEmpty, !header.isFortranOrder else {
        throw .badData(
          path, expected: "\(header.dataByteCount) bytes of data for the shape \(header.shape)",
          found: "\(available) (the file is cut off)")
      }
      let rowBytes = header.shape.dropFirst().reduce(header.element.byteCount, *)
      accepted.shape[0] = available / rowBytes
    }
    self.header = accepted
  }

  /// The header of an open file and the number of bytes after it.
  static func readHeader(
    of file: PosixFile
  ) throws(EnsembleIOError) -> (header: NPYHeader, available: Int) {
    let size = try file.size()
    let start = try file.bytes(at: 0, count: min(size, 12))
    let length = try NPYHeader.length(of: start, at: file.path)
    let bytes = try file.bytes(at: 0, count: min(size, length))
    return (try NPYHeader(parsing: bytes, at: file.path), size - length)
  }

  /// The number of rows: the first extent, or 1 for a single number.
  public var count: Int { header.shape.first ?? 1 }

  /// The number of real numbers in a row; a complex element counts as two.
  public var valuesPerRow: Int {
    header.shape.dropFirst().reduce(header.element.components, *)
  }

  /// Refuses an array whose element type or shape is not the wanted one.
  ///
  /// - Parameters:
  ///   - elements: The element types that will do.
  ///   - rowShape: The extents after the first.
  public func require(
    _ elements: [NPYElement], rowShape: [Int]? = nil
  ) throws(EnsembleIOError) {
    guard elements.contains(header.element) else {
      throw .badData(
        path, expected: "elements of type " + elements.map { "\($0)" }.joined(separator: " or "),
        found: "\(header.element)")
    }
    if let rowShape {
      guard !header.shape.isEmpty, Array(header.shape.dropFirst()) == rowShape else {
        let wanted = (["count"] + rowShape.map(String.init)).joined(separator: ", ")
        throw .badData(path, expected: "the shape (\(wanted))", found: "\(header.shape)")
      }
    }
  }

  /// Reads rows as double-precision numbers, complex ones as pairs, in C order.
  ///
  /// - Parameters:
  ///   - rows: Which rows; they must exist.
  ///   - buffer: Room for exactly `rows.count * valuesPerRow` numbers.
  /// - Throws: `.badData` for Fortran order or a file that has become shorter; `.inputOutput`.
  /// - Complexity: one read of the rows; allocates only if the elements need conversion.
  public func read(
    rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>
  ) throws(EnsembleIOError) {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) of an array of \(count)")
    precondition(
      buffer.count == rows.count * valuesPerRow,
      "a buffer of \(buffer.count) for \(rows.count) rows of \(valuesPerRow)")
    guard !header.isFortranOrder || header.shape.count < 2 else {
      throw .badData(path, expected: "an array in C order", found: "one in Fortran order")
    }
    try read(values: rows.lowerBound * valuesPerRow, into: buffer)
  }

  /// The whole array as double-precision numbers in C order; Fortran order is converted.
  ///
  /// 64-bit integers beyond 2⁵³ are rounded.
  public func values() throws(EnsembleIOError) -> [Double] {
    let total = count * valuesPerRow
    var result = [Double](repeating: 0, count: total)
    try fill(&result, from: 0)
    guard header.isFortranOrder, header.shape.count > 1 else { return result }
    let components = header.element.components
    var reordered = result
    var index = [Int](repeating: 0, count: header.shape.count)
    for element in 0..<(total / components) {
      // `element` runs in Fortran order: the first index runs fastest.
      let target = zip(index, header.shape).reduce(0) { $0 * $1.1 + $1.0 }
      for c in 0..<components {
        reordered[target * components + c] = result[element * components + c]
      }
      for axis in index.indices {
        index[axis] += 1
        if index[axis] < header.shape[axis] { break }
        index[axis] = 0
      }
    }
    return reordered
  }

  /// The whole array of integers.
  ///
  /// - Throws: `.badData` if the elements are not integers.
  public func integers() throws(EnsembleIOError) -> [Int] {
    try require([.int32, .int64, .boolean])
    guard !header.isFortranOrder || header.shape.count < 2 else {
      throw .badData(path, expected: "an array in C order", found: "one in Fortran order")
    }
    let size = header.element.byteCount
    let bytes = try exactly(header.dataByteCount, at: header.dataOffset)
    let swap = !header.isLittleEndian
    return bytes.withUnsafeBytes { raw in
      (0..<(bytes.count / size)).map { i in
        switch header.element {
        case .int32:
          let value = raw.loadUnaligned(fromByteOffset: i * 4, as: Int32.self)
          return Int(swap ? Int32(bigEndian: value) : Int32(littleEndian: value))
        case .int64:
          let value = raw.loadUnaligned(fromByteOffset: i * 8, as: Int64.self)
          return Int(swap ? Int64(bigEndian: value) : Int64(littleEndian: value))
        default: return raw[i] == 0 ? 0 : 1
        }
      }
    }
  }

  private func fill(_ values: inout [Double], from start: Int) throws(EnsembleIOError) {
    var failure: EnsembleIOError?
    values.withUnsafeMutableBufferPointer { buffer in
      do throws(EnsembleIOError) {
        try read(values: start, into: buffer)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  /// Reads real numbers in file order, starting with the given one.
  private func read(
    values start: Int, into buffer: UnsafeMutableBufferPointer<Double>
  ) throws(EnsembleIOError) {
    let size = header.element.byteCount / header.element.components
    let isDouble = header.element == .float64 || header.element == .complex128
    if isDouble, header.isLittleEndian, 1.littleEndian == 1 {
      let raw = UnsafeMutableRawBufferPointer(buffer)
      let offset = header.dataOffset + start * size
      let count = try file.read(into: raw, at: offset)
      guard count == raw.count else { throw cutOff(raw.count, count) }
      return
    }
    let block = 1 << 16
    var done = 0
    while done < buffer.count {
      let n = min(block, buffer.count - done)
      let bytes = try exactly(n * size, at: header.dataOffset + (start + done) * size)
      bytes.withUnsafeBytes { raw in
        for i in 0..<n { buffer[done + i] = number(raw, i) }
      }
      done += n
    }
  }

  private func number(_ raw: UnsafeRawBufferPointer, _ i: Int) -> Double {
    func load<T: FixedWidthInteger>(_ type: T.Type) -> T {
      let value = raw.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self)
      return header.isLittleEndian ? T(littleEndian: value) : T(bigEndian: value)
    }
    switch header.element {
    case .float64, .complex128: return Double(bitPattern: load(UInt64.self))
    case .float32, .complex64: return Double(Float(bitPattern: load(UInt32.self)))
    case .int32: return Double(load(Int32.self))
    case .int64: return Double(load(Int64.self))
    case .boolean: return raw[i] == 0 ? 0 : 1
    }
  }

  private func exactly(_ count: Int, at offset: Int) throws(EnsembleIOError) -> [UInt8] {
    let bytes = try file.bytes(at: offset, count: count)
    guard bytes.count == count else { throw cutOff(count, bytes.count) }
    return bytes
  }

  private func cutOff(_ expected: Int, _ found: Int) -> EnsembleIOError {
    .badData(
      path, expected: "\(expected) more bytes", found: "\(found) (the file was cut while in use)")
  }
}

extension PosixFile {
  /// Up to `count` bytes; fewer where the file ends.
  func bytes(at offset: Int, count: Int) throws(EnsembleIOError) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    var failure: EnsembleIOError?
    let found = result.withUnsafeMutableBytes { buffer -> Int in
      do throws(EnsembleIOError) {
        return try read(into: buffer, at: offset)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    result.removeLast(count - found)
    return result
  }
}
