import Foundation

/// The elements of drawings as text.
enum SVG {
  /// The line through some places.
  static func line(_ places: [(x: Double, y: Double)], style: ChartStyle) -> String {
    guard places.count > 1 else { return "" }
    let points = places.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    let kinds =
      ["line", "s\(style.colour)"] + (style.isStrong ? ["strong"] : [])
      + (style.isDashed ? ["dashed"] : [])
    return #"<polyline class="\#(kinds.joined(separator: " "))" points="\#(points)"/>"#
  }

  /// A straight line between two places.
  static func rule(from start: (x: Double, y: Double), to end: (x: Double, y: Double), kind: String) -> String
  {
    let first = #"x1="\#(number(start.x))" y1="\#(number(start.y))""#
    let second = #"x2="\#(number(end.x))" y2="\#(number(end.y))""#
    return #"<line class="\#(kind)" \#(first) \#(second)/>"#
  }

  /// Words at a place.
  static func text(
    _ content: String, _ x: Double, _ y: Double, anchor: String = "start", kind: String = ""
  ) -> String {
    let place = #"text-anchor="\#(anchor)" x="\#(number(x))" y="\#(number(y))""#
    let kind = kind.isEmpty ? "" : #"class="\#(kind)" "#
    return "<text \(kind)\(place)>\(HTMLText.escaped(content))</text>"
  }

  /// The mark of a style at a place.
  static func mark(_ style: ChartStyle, _ x: Double, _ y: Double, radius: Double = 4) -> String {
    let kind = "mark s\(style.colour)"
    let r = radius
    func path(_ steps: [(Double, Double)], kind: String) -> String {
      let points = steps.map { "\(number(x + $0.0)),\(number(y + $0.1))" }.joined(separator: " ")
      return #"<polygon class="\#(kind)" points="\#(points)"/>"#
    }
    func strokes(_ strokes: [[(Double, Double)]]) -> String {
      strokes.map {
        rule(from: (x + $0[0].0, y + $0[0].1), to: (x + $0[1].0, y + $0[1].1), kind: kind + " stroke")
      }.joined()
    }
    let square = [(-r, -r), (r, -r), (r, r), (-r, r)].map { ($0.0 * 0.85, $0.1 * 0.85) }
    let triangle = [(0, -r * 1.1), (r * 1.1, r * 0.9), (-r * 1.1, r * 0.9)]
    switch style.mark {
    case .none: return ""
    case .circle, .ring:
      let kind = style.mark == .ring ? kind + " hollow" : kind
      return #"<circle class="\#(kind)" cx="\#(number(x))" cy="\#(number(y))" r="\#(number(r))"/>"#
    case .square: return path(square, kind: kind)
    case .hollowSquare: return path(square, kind: kind + " hollow")
    case .triangle: return path(triangle, kind: kind)
    case .hollowTriangle: return path(triangle, kind: kind + " hollow")
    case .downTriangle: return path(triangle.map { ($0.0, -$0.1) }, kind: kind)
    case .diamond: return path([(0, -r * 1.25), (r * 1.25, 0), (0, r * 1.25), (-r * 1.25, 0)], kind: kind)
    case .cross: return strokes([[(-r, -r), (r, r)], [(-r, r), (r, -r)]])
    case .plus: return strokes([[(-r * 1.2, 0), (r * 1.2, 0)], [(0, -r * 1.2), (0, r * 1.2)]])
    }
  }

  /// A drawing, with its name for those who cannot see it; a file of its own has the colours in it.
  static func drawing(
    width: Double, height: Double, title: String, isFile: Bool, _ elements: [String]
  ) -> String {
    let size = #"viewBox="0 0 \#(number(width)) \#(number(height))""#
    let name = #"role="img" aria-label="\#(HTMLText.escaped(title))""#
    let space = isFile ? #" xmlns="http://www.w3.org/2000/svg" width="\#(number(width))""# : ""
    let style =
      isFile
      ? "<style>\n\(ChartStyle.css)\n.background { fill: var(--page); }\n</style>\n"
        + #"<rect class="background" width="100%" height="100%"/>"# + "\n" : ""
    return #"<svg\#(space) class="chart" \#(size) \#(name)>"# + "\n" + style
      + elements.filter { !$0.isEmpty }.joined(separator: "\n") + "\n</svg>"
  }

  /// A coordinate, or anything else that needs no more than tenths.
  static func number(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : Figure.fixed(value, places: 1)
  }
}
