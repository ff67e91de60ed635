/// A chart on a page: its caption, the drawing, the legend, and the same figures as a table.
struct ChartFigure {
  let caption: String
  /// What the caption says in a second line.
  var note = ""
  /// The drawing, as a part of a page.
  let svg: String
  /// The series of the legend; none where the drawing names them.
  var legend: [ChartSeries] = []
  /// What is drawn, in figures.
  var table: TextTable?

  /// The figure as HTML.
  func html() -> String {
    let legend = legend.isEmpty ? "" : ChartLegend(legend).html() + "\n"
    let table =
      table.map { "<details><summary>The figures</summary>\n\($0.html())\n</details>\n" } ?? ""
    let note = note.isEmpty ? "" : "<small>\(HTMLText.escaped(note))</small>"
    return """
      <figure>
      <figcaption>\(HTMLText.escaped(caption))\(note)</figcaption>
      \(svg)
      \(legend)\(table)</figure>
      """
  }
}

extension ChartFigure {
  /// A line chart with its legend and its points as a table.
  init(_ caption: String, _ chart: LineChart) {
    self.init(caption: caption, svg: chart.svg(), legend: chart.series, table: chart.table)
  }

  /// A bar chart; its labels are its figures.
  init(_ caption: String, _ chart: BarChart) {
    self.init(caption: caption, svg: chart.svg())
  }
}

extension LineChart {
  /// The points as a table.
  var table: TextTable {
    var table = TextTable([("", .left), (xLabel, .right), (yLabel, .right)])
    let scale = ChartScale(xKind, fitting: [1])
    for series in series {
      for point in series.points {
        let name = point.label.isEmpty ? series.name : "\(series.name), \(point.label)"
        table.append([
          name, xKind == .bytes ? scale.label(point.x) : Figure.rate(point.x), Figure.rate(point.y),
        ])
      }
    }
    return table
  }
}
