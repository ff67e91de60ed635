/// Which series is drawn how.
struct ChartLegend {
  private let series: [ChartSeries]

  /// Creates the legend of a chart.
  init(_ series: [ChartSeries]) {
    self.series = series
  }

  /// The legend as a list for a page.
  func html() -> String {
    let items = series.map { series in
      let swatch = SVG.line([(1, 7), (27, 7)], style: series.style) + SVG.mark(series.style, 14, 7)
      return #"<li><svg class="swatch" viewBox="0 0 28 14" aria-hidden="true">\#(swatch)</svg>"#
        + HTMLText.escaped(series.name) + "</li>"
    }
    return #"<ul class="legend">"# + items.joined() + "</ul>"
  }

  /// The legend as elements of a drawing of some width, and how high they are.
  func elements(width: Double, top: Double) -> ([String], Double) {
    let columns = 3
    let left = 6.0
    let width = (width - left) / Double(columns)
    var elements: [String] = []
    for (index, series) in series.enumerated() {
      let x = left + width * Double(index % columns)
      let y = top + 18 * Double(index / columns) + 4
      elements.append(SVG.line([(x, y), (x + 20, y)], style: series.style))
      elements.append(SVG.mark(series.style, x + 10, y))
      elements.append(SVG.text(series.name, x + 25, y + 4))
    }
    let rows = (series.count + columns - 1) / columns
    return (elements, 18 * Double(rows) + 10)
  }
}
