/// Rows of text in aligned columns, as a terminal shows them.
struct Table {
  private var rows: [[String]] = []
  private let header: [String]

  /// A table with these column titles; empty titles print no header line.
  init(_ header: [String]) { self.header = header }

  /// Adds a row.
  mutating func add(_ cells: [String]) { rows.append(cells) }
  /// Adds a row.
  mutating func add(_ cells: String...) { rows.append(cells) }
}

extension Table: CustomStringConvertible {
  /// The rows, each column as wide as its widest cell, with two spaces between columns.
  var description: String {
    let lines = (header.allSatisfy(\.isEmpty) ? [] : [header]) + rows
    let columns = lines.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return lines.map { line in
      var text = ""
      for (column, cell) in line.enumerated() {
        text += cell
        if line[(column + 1)...].contains(where: { !$0.isEmpty }) {
          text += String(repeating: " ", count: widths[column] - cell.count + 2)
        }
      }
      return text
    }.joined(separator: "\n")
  }
}
