/// One bar for each of some things, with its value behind it, and a line that is the limit of all.
struct BarChart {
  /// One bar.
  struct Bar {
    let name: String
    let style: ChartStyle
    let value: Double
    /// The value in words.
    let label: String
  }

  /// What is drawn, for those who cannot see it.
  let title: String
  let bars: [Bar]
  /// The limit and its name.
  var limit: (value: Double, name: String)?

  private let width = 420.0
  private let left = 128.0
  private let right = 340.0
  private let rowHeight = 22.0

  /// The drawing, as a part of a page.
  func svg() -> String {
    let top = limit == nil ? 6.0 : 24.0
    let bottom = top + rowHeight * Double(bars.count)
    let largest = max(bars.map(\.value).max() ?? 1, limit?.value ?? 0)
    func place(_ value: Double) -> Double {
      left + (largest > 0 ? value / largest : 0) * (right - left)
    }
    var elements: [String] = []
    let ends = bars.map { max(place($0.value), left + 1.5) }
    for (index, bar) in bars.enumerated() {
      let y = top + rowHeight * Double(index)
      let end = ends[index]
      elements.append(
        SVG.text(bar.name, left - 8, y + 15, anchor: "end", kind: bar.style.isStrong ? "bold" : ""))
      let size = #"width="\#(SVG.number(end - left))" height="\#(SVG.number(rowHeight - 6))""#
      elements.append(
        #"<rect class="bar s\#(bar.style.colour)" x="\#(SVG.number(left))" y="\#(SVG.number(y + 3))" \#(size)/>"#
      )
    }
    if let limit {
      let x = place(limit.value)
      elements.append(SVG.line([(x, top - 4), (x, bottom)], style: .limit))
      elements.append(SVG.text(limit.name, x, 14, anchor: "middle", kind: "soft"))
    }
    // Words lie above the line of the limit.
    for (index, bar) in bars.enumerated() {
      elements.append(
        SVG.text(bar.label, ends[index] + 6, top + rowHeight * Double(index) + 15, kind: "soft"))
    }
    return SVG.drawing(width: width, height: bottom + 6, title: title, isFile: false, elements)
  }
}
