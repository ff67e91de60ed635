extension TextTable {
  /// The table as HTML, in a box of its own that scrolls where the page is too narrow.
  func html() -> String {
    let headings = rows[0].enumerated()
      .map { #"<th scope="col"\#(kind($0))>\#(HTMLText.escaped($1))</th>"# }.joined()
    let body = rows.dropFirst().map { row in
      "<tr>"
        + alignments.indices.map { column in
          let cell = column < row.count ? HTMLText.escaped(row[column]) : ""
          return column == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td\(kind(column))>\(cell)</td>"
        }.joined() + "</tr>"
    }
    return """
      <div class="wide" tabindex="0"><table>
      <thead><tr>\(headings)</tr></thead>
      <tbody>
      \(body.joined(separator: "\n"))
      </tbody>
      </table></div>
      """
  }

  private func kind(_ column: Int) -> String { alignments[column] == .right ? #" class="number""# : "" }
}
