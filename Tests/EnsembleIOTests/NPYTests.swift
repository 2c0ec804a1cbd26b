import Foundation
import Testing

@testable import EnsembleIO

/// A file as NumPy 2 writes it: the header padded to 128 bytes, then the data.
func numpyFile(_ type: String, _ shape: String, data: String, fortran: Bool = false) -> [UInt8] {
  let order = fortran ? "True" : "False"
  let text = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }"
  let padded = text.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
    + Array(Data(base64Encoded: data)!)
}

@Suite("NPY")
struct NPYTests {
  let directory = try! TemporaryDirectory()

  // What numpy.save wrote; the data are in base64.
  static let arrays: [(type: String, shape: String, data: String, values: [Double])] = [
    (
      "<f8", "(2, 3)", "AAAAAAAA+D8AAAAAAAAAwAAAAAAAANA/AAAAAAAACEAAAAAAAAAQQAAAAAAAABTA",
      [1.5, -2, 0.25, 3, 4, -5]
    ),
    (">f8", "(2,)", "P/gAAAAAAADAAAAAAAAAAA==", [1.5, -2]),
    ("<f4", "(2,)", "AAAAPwAAAME=", [0.5, -8]),
    ("<c8", "(1,)", "AACAPwAAAEA=", [1, 2]),
    (">c16", "(2,)", "P/AAAAAAAADAAAAAAAAAAAAAAAAAAAAAP+AAAAAAAAA=", [1, -2, 0, 0.5]),
    ("<i4", "(3,)", "AwAAAP////////9/", [3, -1, 2_147_483_647]),
    (">i8", "(1,)", "////AAAAAAA=", [-1_099_511_627_776]),
    ("|b1", "(2,)", "AQA=", [1, 0]),
    ("<f8", "()", "AAAAAAAABEA=", [2.5]),
  ]

  @Test("What NumPy writes is read: every type, both byte orders", arguments: 0..<9)
  func readsNumPy(index: Int) throws {
    let array = Self.arrays[index]
    let path = try directory.write(
      numpyFile(array.type, array.shape, data: array.data), "numpy.npy")
    let file = try NPYFile(path)
    #expect(try file.values() == array.values)
    if !array.type.contains("f"), !array.type.contains("c") {
      #expect(try file.integers() == array.values.map(Int.init))
    }
    #expect(file.count * file.valuesPerRow == array.values.count)
  }

  @Test("Fortran order is turned into C order, or refused row by row")
  func fortranOrder() throws {
    let path = try directory.write(
      numpyFile(
        "<f8", "(2, 3)", data: "AAAAAAAA8D8AAAAAAAAQQAAAAAAAAABAAAAAAAAAFEAAAAAAAAAIQAAAAAAAABhA",
        fortran: true), "fortran.npy")
    let file = try NPYFile(path)
    #expect(try file.values() == [1, 2, 3, 4, 5, 6])
    var row = [Double](repeating: 0, count: 3)
    let error = failure {
      try row.withUnsafeMutableBufferPointer { try file.read(rows: 0..<1, into: $0) }
    }
    #expect(error?.kind == .badData)
  }

  @Test("Appended rows are read back to the bit, in any portions")
  func roundTrip() throws {
    let values =
      (0..<60).map { Double($0) * 0.1 - 3 } + [.infinity, -0.0, .leastNonzeroMagnitude, 1]
    let path = directory("rows.npy")
    let appender = try NPYAppender(creating: path, element: .float64, rowShape: [2, 2])
    appender.append(Array(values[..<4]))
    try appender.flush()
    appender.append(Array(values[4..<20]))
    appender.append(Array(values[20...]))
    try appender.close()
    let file = try NPYFile(path)
    #expect(file.header.shape == [16, 2, 2])
    #expect(try file.values().map(\.bitPattern) == values.map(\.bitPattern))
    var middle = [Double](repeating: 0, count: 8)
    try middle.withUnsafeMutableBufferPointer { try file.read(rows: 3..<5, into: $0) }
    #expect(middle == Array(values[12..<20]))
  }

  @Test("The header keeps its length for any number of rows and is a multiple of 64")
  func headerLength() throws {
    for shape in [[], [2], [4, 16, 16, 16, 16, 3, 3]] {
      let lengths = Set(
        [0, 9, 10, 12345, Int.max].map { NPYHeader(element: .complex128, shape: [$0] + shape) }
          .map { $0.encoded().count })
      #expect(lengths.count == 1)
      #expect(lengths.first! % 64 == 0)
    }
  }

  @Test("Bytes beyond the committed rows are ignored, and cut off by resuming")
  func ignoresTail() throws {
    let path = directory("tail.npy")
    let first = try NPYAppender(creating: path, element: .int32, rowShape: [])
    first.append(integers: [1, 2, 3])
    try first.close()
    let bytes = try directory.bytes("tail.npy")
    _ = try directory.write(bytes + [9, 9, 9, 9, 9], "tail.npy")
    #expect(try NPYFile(path).integers() == [1, 2, 3])
    let second = try NPYAppender(resuming: path, element: .int32, rowShape: [])
    #expect(second.count == 3)
    second.append(integers: [4])
    try second.close()
    #expect(try NPYFile(path).integers() == [1, 2, 3, 4])
    #expect(try directory.bytes("tail.npy").count == bytes.count + 4)
    let third = try NPYAppender(resuming: path, element: .int32, rowShape: [], keeping: 2)
    try third.close()
    #expect(try NPYFile(path).integers() == [1, 2])
  }

  @Test("Before a flush a reader finds the rows of the flush before")
  func committedPrefix() throws {
    let path = directory("prefix.npy")
    let appender = try NPYAppender(creating: path, element: .float64, rowShape: [3])
    #expect(try NPYFile(path).count == 0)
    appender.append([1, 2, 3])
    #expect(try NPYFile(path).count == 0)
    try appender.flush()
    appender.append([4, 5, 6])
    #expect(try NPYFile(path).values() == [1, 2, 3])
    #expect(appender.count == 2 && appender.committedCount == 1)
  }

  @Test(
    "A disk that fills up in the middle of a row keeps the whole rows, and the rest goes on later")
  func fullDisk() throws {
    let path = directory("full.npy")
    let appender = try NPYAppender(creating: path, element: .float64, rowShape: [2])
    appender.append([1, 2])
    try appender.flush()
    let header = try directory.bytes("full.npy").count - 16
    appender.append([3, 4, 5, 6, 7, 8])
    appender.file.simulatedCapacity = header + 16 + 16 + 7
    let error = failure { try appender.flush() }
    #expect(error?.kind == .inputOutput && error?.isDiskFull == true && error?.exitStatus == 74)
    #expect(try NPYFile(path).values() == [1, 2, 3, 4])
    _ = failure { try appender.flush() }
    #expect(try NPYFile(path).values() == [1, 2, 3, 4])
    appender.file.simulatedCapacity = nil
    try appender.close()
    #expect(try NPYFile(path).values() == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test(
    "The system's own word for a full device arrives as an I/O error",
    .enabled(if: AtomicFile.exists("/dev/full")))
  func deviceFull() throws {
    let file = try PosixFile("/dev/full", .readingAndWriting)
    let (written, failure) = [1, 2, 3].withUnsafeBytes { file.write($0, at: 0) }
    #expect(written == 0)
    #expect(failure?.isDiskFull == true && failure?.kind == .inputOutput)
  }

  @Test("A file cut off anywhere is refused with one line, or gives its whole rows when asked")
  func cutAnywhere() throws {
    let path = directory("whole.npy")
    let appender = try NPYAppender(creating: path, element: .float64, rowShape: [2])
    appender.append([1, 2, 3, 4])
    try appender.close()
    let bytes = try directory.bytes("whole.npy")
    for length in 0..<bytes.count {
      let cut = try directory.write(bytes[..<length], "cut.npy")
      #expect(failure { _ = try NPYFile(cut) }?.kind == .badData)
      if length >= bytes.count - 32 {
        let prefix = try NPYFile(cut, acceptPrefix: true)
        #expect(prefix.count == (length - (bytes.count - 32)) / 16)
      }
    }
  }

  @Test("No change of a header byte crashes: the file is read or refused with one line")
  func tamperedHeader() throws {
    let bytes = numpyFile("<f8", "(2,)", data: "P/gAAAAAAADAAAAAAAAAAA==")
    for index in 0..<(bytes.count - 16) {
      for value in [0, 32, 39, 40, 41, 44, 48, 57, 76, 127, 255] as [UInt8]
      where value != bytes[index] {
        var tampered = bytes
        tampered[index] = value
        let path = try directory.write(tampered, "tampered.npy")
        do {
          _ = try NPYFile(path, acceptPrefix: true).values()
        } catch {
          #expect(error.kind == .badData)
        }
      }
    }
  }

  @Test(
    "Shapes that cannot be are refused",
    arguments: [
      "(9223372036854775807, 2)", "(0, 9223372036854775807, 4)", "(99999999999999999999,)",
      "(-1,)", "(2", "2", "(2,,)", "(1.5,)",
    ])
  func impossibleShape(shape: String) throws {
    let path = try directory.write(numpyFile("<f8", shape, data: ""), "shape.npy")
    #expect(failure { _ = try NPYFile(path) }?.kind == .badData)
  }

  @Test("Another type, another shape, another file are each named")
  func wrongArray() throws {
    let path = try directory.write(numpyFile("<f4", "(2,)", data: "AAAAPwAAAME="), "a.npy")
    let type = failure { try NPYFile(path).require([.float64]) }
    #expect(type?.description == "\(path): expected elements of type float64, found float32")
    let shape = failure { try NPYFile(path).require([.float32], rowShape: [3]) }
    #expect(shape?.description == "\(path): expected the shape (count, 3), found [2]")
    let unknown = try directory.write(numpyFile("<u2", "(1,)", data: "AAA="), "u2.npy")
    #expect(failure { _ = try NPYFile(unknown) }?.found == "'<u2'")
    #expect(failure { _ = try NPYFile(directory("none.npy")) }?.kind == .missingInput)
    #expect(failure { _ = try NPYFile(directory.path) }?.kind == .badData)
    let resumed = failure {
      _ = try NPYAppender(resuming: path, element: .float64, rowShape: [])
    }
    #expect(resumed?.kind == .badData)
    let existing = failure {
      _ = try NPYAppender(creating: path, element: .float64, rowShape: [])
    }
    #expect(existing?.kind == .refusesToOverwrite && existing?.exitStatus == 73)
  }

  @Test("Two writers of one file are refused")
  func oneWriter() throws {
    let path = directory("locked.npy")
    let first = try NPYAppender(creating: path, element: .float64, rowShape: [])
    let error = failure { _ = try NPYAppender(resuming: path, element: .float64, rowShape: []) }
    #expect(error?.found == "another one")
    try first.close()
    _ = try NPYAppender(resuming: path, element: .float64, rowShape: [])
  }
}
