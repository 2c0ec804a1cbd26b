import Foundation

/// A NumPy array on disk that grows along axis 0.
///
/// The header has room for any number of rows and is rewritten in place. A row is promised by the
/// header only after its bytes are on the device, so a crash at any moment leaves a readable array:
/// the rows that were committed. Rows gather in memory until `flush()`.
///
/// On a full disk `flush()` commits the rows that still fit, throws, and keeps the others: it can be
/// called again when there is room. One writer at a time: the file is locked.
public final class NPYAppender {
  /// The file.
  public let path: String
  /// The element type; data are little-endian.
  public let element: NPYElement
  /// The extents after the first.
  public let rowShape: [Int]
  /// The rows that the header on disk promises.
  public private(set) var committedCount: Int

  let file: PosixFile
  private let header: NPYHeader
  private let rowByteCount: Int
  private var pending: [UInt8] = []

  /// The number of rows, those in memory included.
  public var count: Int { committedCount + pending.count / rowByteCount }

  /// The number of bytes that wait in memory.
  public var pendingByteCount: Int { pending.count }

  /// Creates an empty array.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - element: The element type.
  ///   - rowShape: The extents after the first; all positive.
  ///   - overwrite: Whether an existing file is replaced.
  /// - Throws: `.refusesToOverwrite`, `.inputOutput`.
  public init(
    creating path: String, element: NPYElement, rowShape: [Int], overwrite: Bool = false
  ) throws(EnsembleIOError) {
    precondition(rowShape.allSatisfy { $0 > 0 }, "a row of shape \(rowShape) is empty")
    self.path = path
    self.element = element
    self.rowShape = rowShape
    rowByteCount = rowShape.reduce(element.byteCount, *)
    header = NPYHeader(element: element, shape: [0] + rowShape)
    committedCount = 0
    try AtomicFile.write(Data(header.encoded()), to: path, overwrite: overwrite)
    file = try PosixFile(path, .readingAndWriting)
    try file.lockForWriting()
  }

  /// Opens an array to append to; what lies beyond its last committed row is cut off.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - element: The element type it must have.
  ///   - rowShape: The extents after the first that it must have.
  ///   - kept: If given, keep only so many rows.
  /// - Throws: `.missingInput`, `.badData` if the array is of another type or shape, or is cut off.
  public init(
    resuming path: String, element: NPYElement, rowShape: [Int], keeping kept: Int? = nil
  ) throws(EnsembleIOError) {
    self.path = path
    self.element = element
    self.rowShape = rowShape
    rowByteCount = rowShape.reduce(element.byteCount, *)
    let array = try NPYFile(path)
    try array.require([element], rowShape: rowShape)
    var header = array.header
    header.shape[0] = 0
    guard header.isLittleEndian, !header.isFortranOrder,
      header.dataOffset == NPYHeader(element: element, shape: header.shape).dataOffset
    else {
      throw .badData(path, expected: "a file that this program began", found: "another layout")
    }
    self.header = header
    committedCount = min(array.count, kept ?? array.count)
    file = try PosixFile(path, .readingAndWriting)
    try file.lockForWriting()
    if committedCount < array.count { try writeHeader() }
    try file.truncate(to: header.dataOffset + committedCount * rowByteCount)
  }

  /// Appends rows of real or complex numbers, complex ones as pairs.
  ///
  /// - Parameter values: Any whole number of rows, in file order.
  /// - Precondition: The elements are `float64` or `complex128`.
  public func append(_ values: UnsafeBufferPointer<Double>) {
    precondition(element == .float64 || element == .complex128, "\(path) holds \(element)")
    precondition(
      values.count * 8 % rowByteCount == 0,
      "\(values.count) numbers are no whole number of rows of shape \(rowShape)")
    if 1.littleEndian == 1 {
      pending.append(contentsOf: UnsafeRawBufferPointer(values))
    } else {
      for value in values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { pending.append(contentsOf: $0) }
      }
    }
  }

  /// Appends rows of real or complex numbers.
  public func append(_ values: [Double]) {
    values.withUnsafeBufferPointer { append($0) }
  }

  /// Appends rows of integers.
  ///
  /// - Precondition: The elements are `int32`.
  public func append(integers values: [Int32]) {
    precondition(element == .int32, "\(path) holds \(element)")
    precondition(
      values.count * 4 % rowByteCount == 0,
      "\(values.count) numbers are no whole number of rows of shape \(rowShape)")
    for value in values {
      withUnsafeBytes(of: value.littleEndian) { pending.append(contentsOf: $0) }
    }
  }

  /// Commits all rows: data first, then the header that promises them.
  ///
  /// - Throws: `.inputOutput`; as many rows as fitted are committed, the others wait in memory.
  public func flush() throws(EnsembleIOError) {
    guard !pending.isEmpty else { return }
    let offset = header.dataOffset + committedCount * rowByteCount
    let (written, failure) = pending.withUnsafeBytes { file.write($0, at: offset) }
    let rows = written / rowByteCount
    if rows > 0 {
      try file.synchronize()
      committedCount += rows
      do throws(EnsembleIOError) {
        try writeHeader()
      } catch {
        committedCount -= rows
        throw error
      }
      pending.removeFirst(rows * rowByteCount)
    }
    if let failure { throw failure }
  }

  /// Commits all rows and closes the file, the header flushed to the device.
  public func close() throws(EnsembleIOError) {
    try flush()
    try file.synchronize()
    try file.close()
  }

  private func writeHeader() throws(EnsembleIOError) {
    var header = header
    header.shape[0] = committedCount
    let bytes = header.encoded()
    precondition(bytes.count == header.dataOffset, "the header of \(path) changed its length")
    // Less than one sector, so that a reader finds the old or the new one.
    if let failure = bytes.withUnsafeBytes({ file.write($0, at: 0).failure }) { throw failure }
  }
}
