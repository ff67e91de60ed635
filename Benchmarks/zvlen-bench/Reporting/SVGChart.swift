import CommandLineOptions
import Foundation

/// Line charts against the chunk size, one below the other, in one SVG file that needs nothing else.
///
/// The colours follow the reader's light or dark setting.
struct SVGChart {
  /// One measured point.
  struct Point {
    /// The chunk size in bytes.
    let x: Double
    /// The value.
    let y: Double
  }

  /// One line.
  struct Series {
    /// The name in the legend.
    let name: String
    /// The points from left to right.
    var points: [Point]
  }

  /// One chart with its own vertical axis.
  struct Panel {
    /// What is drawn.
    let title: String
    /// The unit of the vertical axis.
    let unit: String
    /// Whether equal distances are equal factors, which shows fast and slow lines in one chart.
    let isLogarithmic: Bool
    /// The lines.
    let series: [Series]
  }

  private let panels: [Panel]
  private let plotLeft = 76.0
  private let plotWidth = 560.0
  private let plotHeight = 230.0
  private let panelHeight = 320.0
  private let legendLeft = 660.0

  /// Creates a drawing of `panels`, which share their lines' colours by position.
  init(panels: [Panel]) {
    self.panels = panels
  }

  /// The drawing as the text of an SVG file.
  func rendered() -> String {
    let height = 20 + panelHeight * Double(panels.count)
    var lines = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 \#(Int(height))">"#,
      style,
      #"<rect class="page" width="100%" height="100%"/>"#,
    ]
    for (index, panel) in panels.enumerated() {
      lines.append(#"<g transform="translate(0 \#(number(20 + panelHeight * Double(index))))">"#)
      lines += elements(of: panel)
      lines.append("</g>")
    }
    lines.append("</svg>")
    return lines.joined(separator: "\n") + "\n"
  }

  private func elements(of panel: Panel) -> [String] {
    let axes = Axes(panel, left: plotLeft, width: plotWidth, top: 30, height: plotHeight)
    let right = plotLeft + plotWidth
    let bottom = 30 + plotHeight
    var lines = [text("\(panel.title), \(panel.unit)", plotLeft, 16, kind: "title")]
    for tick in axes.verticalTicks {
      let y = axes.vertical(tick)
      lines.append(line(from: (plotLeft, y), to: (right, y), kind: "grid"))
      lines.append(text(label(tick), plotLeft - 8, y + 4, anchor: "end"))
    }
    for tick in axes.horizontalTicks {
      let size = "\(ByteCount(clamping: Int(tick)))"
      lines.append(text(size, axes.horizontal(tick), bottom + 18, anchor: "middle"))
    }
    lines.append(text("chunk size", plotLeft + plotWidth / 2, bottom + 38, anchor: "middle"))
    for (index, series) in panel.series.enumerated() {
      let places = series.points.map { (number(axes.horizontal($0.x)), number(axes.vertical($0.y))) }
      let path = places.map { "\($0.0),\($0.1)" }.joined(separator: " ")
      let colour = "c\(index % 8)"
      lines.append(#"<polyline class="line \#(colour)" points="\#(path)"/>"#)
      lines += places.map { #"<circle class="dot \#(colour)" cx="\#($0.0)" cy="\#($0.1)" r="3"/>"# }
      let y = 40 + 20 * Double(index)
      lines.append(line(from: (legendLeft, y), to: (legendLeft + 22, y), kind: "line \(colour)"))
      lines.append(text(series.name, legendLeft + 30, y + 4))
    }
    return lines
  }

  private func line(from start: (Double, Double), to end: (Double, Double), kind: String) -> String {
    let first = #"x1="\#(number(start.0))" y1="\#(number(start.1))""#
    let second = #"x2="\#(number(end.0))" y2="\#(number(end.1))""#
    return #"<line class="\#(kind)" \#(first) \#(second)/>"#
  }

  private func text(
    _ content: String, _ x: Double, _ y: Double, anchor: String = "start", kind: String = "tick"
  ) -> String {
    let place = #"text-anchor="\#(anchor)" x="\#(number(x))" y="\#(number(y))""#
    return #"<text class="\#(kind)" \#(place)>\#(escaped(content))</text>"#
  }

  private func label(_ value: Double) -> String {
    value == value.rounded() ? Figure.count(Int(value)) : Figure.fixed(value, places: 2)
  }

  private func number(_ value: Double) -> String { Figure.fixed(value, places: 1) }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// Eight colours that colour-blind readers can tell apart, in a darker and a lighter shade.
  private var style: String {
    let light = ["0072b2", "d55e00", "009e73", "cc79a7", "8a6d00", "4b5fd0", "b22222", "555555"]
    let dark = ["56b4e9", "ff9f50", "3fd6a8", "f0a6cf", "f0e442", "9aa8ff", "ff7b7b", "bbbbbb"]
    let rules = { (colours: [String]) in
      colours.enumerated()
        .map { ".c\($0) { stroke: #\($1); } .dot.c\($0) { fill: #\($1); }" }
        .joined(separator: " ")
    }
    return """
      <style>
      svg { font: 13px sans-serif; }
      .page { fill: #fff; } .title { fill: #111; font-weight: bold; } .tick { fill: #333; } .grid { stroke: #ddd; }
      .line { fill: none; stroke-width: 2; } \(rules(light))
      @media (prefers-color-scheme: dark) {
      .page { fill: #16181c; } .title { fill: #f2f2f2; } .tick { fill: #ccc; } .grid { stroke: #3a3d44; }
      \(rules(dark))
      }
      </style>
      """
  }
}
