import Foundation
import Testing

@testable import EnsembleIO

@Suite("Histories")
struct TextHistoryTests {
  let directory = try! TemporaryDirectory()

  func parse(_ text: String) throws -> TextHistory {
    try TextHistory(parsing: Data(text.utf8), at: "h.txt")
  }

  @Test("Columns of spaces, tabs, commas, semicolons, with comments, names and Windows line ends")
  func layouts() throws {
    for text in [
      "1 2\n3 4\n", "# c\n\n  1\t2  # first\r\n3   4", "1,2\n3,4",
      "1; 2 ;\n3;4;".replacingOccurrences(of: ";\n", with: "\n").replacingOccurrences(
        of: "4;", with: "4"),
      "\u{FEFF}1 2\n3 4",
    ] {
      let history = try parse(text)
      #expect(history.columns == [[1, 3], [2, 4]])
      #expect(history.names == nil)
    }
    let named = try parse("plaquette,\"Q\"\n1e-3,-2\n.5,+4\n")
    #expect(named.names == ["plaquette", "Q"])
    #expect(try named.column("Q") == [-2, 4])
    #expect(try named.column("0") == [1e-3, 0.5])
    #expect(
      failure { _ = try named.column("R") }?.expected == "a column from 0 to 1 or plaquette, Q")
  }

  @Test(
    "An error names line and column",
    arguments: [
      ("1 2\n3 x\n", "h.txt:2:2: expected a finite number, found 'x'"),
      ("1 2\n3 nan\n", "h.txt:2:2: expected a finite number, found 'nan'"),
      ("1,2\n\n3,\n", "h.txt:3:2: expected a finite number, found ''"),
      ("1 2\n3\n", "h.txt:2: expected 2 columns, found 1"),
      ("1 a\n3 4\n", "h.txt:1:2: expected a finite number, found 'a'"),
      ("a 1\n3 4\n", "h.txt:1:1: expected a finite number, found 'a'"),
      ("a b\nc d\n", "h.txt:2:1: expected a finite number, found 'c'"),
      ("# nothing\n", "h.txt: expected rows of numbers, found none"),
      ("a b\n", "h.txt: expected rows of numbers, found none"),
    ])
  func errors(text: String, line: String) {
    #expect(failure { _ = try parse(text) }?.description == line)
  }

  @Test("Arrays of one and two axes are columns, in either order")
  func arrays() throws {
    let data = "AAAAAAAA8D8AAAAAAAAQQAAAAAAAAABAAAAAAAAAFEAAAAAAAAAIQAAAAAAAABhA"
    let fortran = try directory.write(
      numpyFile("<f8", "(2, 3)", data: data, fortran: true), "h.npy")
    #expect(try TextHistory(fortran).columns == [[1, 4], [2, 5], [3, 6]])
    let single = try directory.write(numpyFile("<i4", "(3,)", data: "AwAAAP////////9/"), "i")
    #expect(try TextHistory(single).columns == [[3, -1, 2_147_483_647]])
    let complex = try directory.write(numpyFile("<c8", "(1,)", data: "AACAPwAAAEA="), "c.npy")
    #expect(failure { _ = try TextHistory(complex) }?.kind == .badData)
    #expect(failure { _ = try TextHistory(directory("none")) }?.exitStatus == 66)
  }
}
