import Foundation

/// Formats numbers for tables.
enum Figure {
  /// A whole number with separated thousands: `1,300,000`.
  static func count(_ value: Int) -> String {
    var groups: [String] = []
    var rest = abs(value)
    while rest >= 1000 {
      groups.insert(String(format: "%03d", rest % 1000), at: 0)
      rest /= 1000
    }
    return (value < 0 ? "-" : "") + ([String(rest)] + groups).joined(separator: ",")
  }

  /// Bytes in millions: `390.0 MB`.
  static func megabytes(_ byteCount: Int) -> String { String(format: "%.1f MB", Double(byteCount) / 1e6) }

  /// A number with `places` digits after the point.
  static func fixed(_ value: Double, places: Int) -> String { String(format: "%.\(places)f", value) }

  /// A number with three significant digits: `0.512`, `51.2`, `5,120`.
  static func rate(_ value: Double) -> String {
    switch value {
    case ..<10: fixed(value, places: 2)
    case ..<100: fixed(value, places: 1)
    default: count(Int(value.rounded()))
    }
  }

  /// A number with its power of 1000: `512`, `5.12 k`, `51.2 M`.
  static func short(_ value: Double) -> String {
    switch value {
    case ..<1e3: rate(value)
    case ..<1e6: rate(value / 1e3) + " k"
    case ..<1e9: rate(value / 1e6) + " M"
    default: rate(value / 1e9) + " G"
    }
  }

  /// A factor: `12x`, `2.3x`, `0.87x`.
  static func factor(_ value: Double) -> String {
    fixed(value, places: value < 1 ? 2 : value < 10 ? 1 : 0) + "x"
  }

  /// A time: `812 ns`, `3.4 µs`, `1.25 ms`, `2.301 s`.
  static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<1e-6: String(format: "%.0f ns", seconds * 1e9)
    case ..<1e-3: String(format: "%.1f µs", seconds * 1e6)
    case ..<1: String(format: "%.1f ms", seconds * 1e3)
    default: String(format: "%.3f s", seconds)
    }
  }
}

/// A table of aligned columns for a terminal.
struct TextTable {
  /// The alignment of a column.
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

  /// Adds a row, in which missing cells stay empty.
  mutating func append(_ cells: [String]) {
    rows.append(cells)
  }

  /// The lines of the table with a rule below the headings, without a final line feed.
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
