extension TextTable {
  /// The table in Markdown, without a line feed at the end.
  func markdown() -> String {
    let rule = "|" + alignments.map { $0 == .left ? "---|" : "---:|" }.joined()
    var lines = rows.map { row in
      let cells = alignments.indices.map { column in
        column < row.count ? row[column].replacing("|", with: "\\|") : ""
      }
      return "| " + cells.joined(separator: " | ") + " |"
    }
    lines.insert(rule, at: 1)
    return lines.joined(separator: "\n")
  }
}
