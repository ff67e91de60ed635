/// Lines over two axes.
///
///     title, where the drawing is a file of its own
///     top label
///     ├──────────────┤
///     │    plot      │
///     ├──────────────┤
///      x ticks, x label
///      legend, where the drawing is a file of its own
struct LineChart {
  /// What is drawn, for those who cannot see it.
  let title: String
  /// What the axes are, with their units.
  let xLabel: String
  let yLabel: String
  let xKind: ChartScale.Kind
  let yKind: ChartScale.Kind
  let series: [ChartSeries]
  /// Values that the vertical axis must have room for beside those of the series.
  var alsoFitting: [Double] = []
  /// Which points have marks: every one, or every so many; 0 is none.
  var markStride = 1
  /// A small chart has few ticks and no axis labels.
  var isSmall = false

  private var width: Double { isSmall ? 200 : 420 }
  private var height: Double { isSmall ? 122 : 290 }
  private var left: Double { isSmall ? 42 : 50 }
  private var right: Double { width - (isSmall ? 10 : 26) }
  private var top: Double { isSmall ? 12 : 28 }
  private var bottom: Double { height - (isSmall ? 22 : 46) }

  /// The drawing, as a part of a page or as a file.
  func svg(isFile: Bool = false) -> String {
    let x = ChartScale(xKind, fitting: series.flatMap { $0.points.map(\.x) })
    let y = ChartScale(yKind, fitting: series.flatMap { $0.points.map(\.y) } + alsoFitting)
    var elements = axes(x, y)
    for series in series {
      let places = series.points.map { place($0, x, y) }
      elements.append(SVG.line(places, style: series.style))
    }
    // Marks lie above all lines.
    for series in series where markStride > 0 {
      for (index, point) in series.points.enumerated() where index % markStride == markStride / 2 {
        let place = place(point, x, y)
        elements.append(SVG.mark(series.style, place.x, place.y))
        guard !point.label.isEmpty else { continue }
        let isRight = place.x > (left + right) * 0.6
        elements.append(
          SVG.text(
            point.label, place.x + (isRight ? -8 : 8), place.y - 7, anchor: isRight ? "end" : "start",
            kind: "soft"))
      }
    }
    guard isFile else {
      return SVG.drawing(width: width, height: height, title: title, isFile: false, elements)
    }
    let legend = ChartLegend(series).elements(width: width, top: height + 6)
    let titleHeight = 20.0
    let parts = [
      SVG.text(title, 4, 14, kind: "bold"), #"<g transform="translate(0 \#(SVG.number(titleHeight)))">"#,
    ]
    return SVG.drawing(
      width: width, height: titleHeight + height + legend.1, title: title, isFile: true,
      parts + elements + legend.0 + ["</g>"])
  }

  private func place(_ point: ChartSeries.Point, _ x: ChartScale, _ y: ChartScale) -> (x: Double, y: Double) {
    (left + x.position(point.x) * (right - left), bottom - y.position(point.y) * (bottom - top))
  }

  private func axes(_ x: ChartScale, _ y: ChartScale) -> [String] {
    var elements: [String] = []
    if !isSmall {
      elements.append(SVG.text(yLabel, 4, 14, kind: "soft"))
      elements.append(
        SVG.text(xLabel, (left + right) / 2, height - 8, anchor: "middle", kind: "soft"))
    }
    for tick in shown(y.ticks) {
      let height = bottom - y.position(tick) * (bottom - top)
      elements.append(SVG.rule(from: (left, height), to: (right, height), kind: "grid"))
      elements.append(SVG.text(y.label(tick), left - 6, height + 4, anchor: "end", kind: "soft"))
    }
    for tick in shown(x.ticks) {
      let place = left + x.position(tick) * (right - left)
      elements.append(SVG.rule(from: (place, bottom), to: (place, bottom + 4), kind: "grid"))
      let anchor = isSmall ? (tick == x.ticks.first ? "start" : "end") : "middle"
      elements.append(SVG.text(x.label(tick), place, bottom + 17, anchor: anchor, kind: "soft"))
    }
    return elements
  }

  /// The ticks that there is room for.
  private func shown(_ ticks: [Double]) -> [Double] {
    guard isSmall, let first = ticks.first, let last = ticks.last else { return ticks }
    return [first, last]
  }
}
