/// One line of a chart, or the marks of one kind.
struct ChartSeries {
  /// One measured point.
  struct Point {
    let x: Double
    let y: Double
    /// Words beside the point.
    var label = ""
  }

  /// The name in the legend.
  let name: String
  /// The colour, mark and dashes.
  let style: ChartStyle
  /// The points from left to right.
  var points: [Point]
}

/// How a series is told from others: by colour, by its mark and by its line, so that no colour is needed.
struct ChartStyle: Hashable {
  /// The shape at each point.
  enum Mark: Hashable {
    case none, circle, square, triangle, diamond, downTriangle, cross, plus, ring, hollowSquare,
      hollowTriangle
  }

  /// A number of one of the colours.
  let colour: Int
  let mark: Mark
  /// Whether the line is broken.
  var isDashed = false
  /// Whether the line is thicker than others.
  var isStrong = false

  /// The styles in turn, for series without one of their own.
  static let all: [ChartStyle] = [
    ChartStyle(colour: 0, mark: .circle), ChartStyle(colour: 1, mark: .square),
    ChartStyle(colour: 2, mark: .diamond), ChartStyle(colour: 3, mark: .triangle),
    ChartStyle(colour: 4, mark: .downTriangle), ChartStyle(colour: 5, mark: .cross),
    ChartStyle(colour: 6, mark: .plus), ChartStyle(colour: 7, mark: .ring),
  ]

  /// What cannot be exceeded.
  static let limit = ChartStyle(colour: 7, mark: .none, isDashed: true)

  /// The style at a position, beginning anew after the last.
  static func at(_ index: Int) -> ChartStyle { all[index % all.count] }

  /// The colours as custom properties and the classes that use them, for light and dark.
  ///
  /// Eight colours after Okabe and Ito, which colour-blind readers can tell apart, in a darker and a lighter
  /// shade.
  static let css: String = {
    let light = ["0069a8", "c44f00", "00795a", "a8437f", "7a6000", "4453c4", "a81e1e", "4d4d4d"]
    let dark = ["5ab9f0", "ff9f50", "3fd6a8", "f0a6cf", "e8dc3c", "a3afff", "ff8585", "c2c2c2"]
    let variables = { (colours: [String]) in
      colours.enumerated().map { "--s\($0): #\($1);" }.joined(separator: " ")
    }
    let classes = light.indices.map { ".s\($0) { --c: var(--s\($0)); }" }.joined(separator: " ")
    return """
      :root { --page: #ffffff; --ink: #1c1e21; --soft: #5a5f66; --rule: #dcdfe3; \(variables(light)) }
      @media (prefers-color-scheme: dark) {
      :root { --page: #15171a; --ink: #eceef0; --soft: #a9afb7; --rule: #383c42; \(variables(dark)) }
      }
      \(classes)
      .chart { font: 12px system-ui, sans-serif; }
      .chart text { fill: var(--ink); paint-order: stroke; stroke: var(--page); stroke-width: 3px; } .chart .soft { fill: var(--soft); } .chart .grid { stroke: var(--rule); }
      .line { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
      .chart .bold { font-weight: 650; } .strong { stroke-width: 3.2; } .dashed { stroke-dasharray: 6 4; }
      .mark { fill: var(--c); stroke: var(--c); stroke-width: 1.6; } .hollow { fill: var(--page); }
      .stroke { fill: none; stroke-width: 2.4; } .bar { fill: var(--c); }
      """
  }()
}
