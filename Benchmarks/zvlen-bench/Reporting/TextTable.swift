/// A table of aligned columns for a terminal.
struct TextTable {
  /// Which edge the cells of a column share.
  enum Alignment {
    /// The left edge, for words.
    case left
    /// The right edge, for numbers.
    case right
  }

  /// The alignment of each column.
  let alignments: [Alignment]
  /// The headings, and then the rows.
  private(set) var rows: [[String]]

  /// Creates a table of the columns `headings`.
  init(_ headings: [(String, Alignment)]) {
    alignments = headings.map(\.1)
    rows = [headings.map(\.0)]
  }

  /// Adds a row; cells that are missing stay empty.
  mutating func append(_ cells: [String]) {
    rows.append(cells)
  }

  /// The lines of the table, a rule below the headings, without a line feed at the end.
  func rendered() -> String {
    let widths = alignments.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    var lines = rows.map { row in
      var line = ""
      for (column, width) in widths.enumerated() {
        let cell = column < row.count ? row[column] : ""
        let space = String(repeating: " ", count: width - cell.count)
        line += (column == 0 ? "" : "  ") + (alignments[column] == .left ? cell + space : space + cell)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
    let width = widths.reduce(0, +) + 2 * max(0, widths.count - 1)
    lines.insert(String(repeating: "-", count: width), at: 1)
    return lines.joined(separator: "\n")
  }
}
