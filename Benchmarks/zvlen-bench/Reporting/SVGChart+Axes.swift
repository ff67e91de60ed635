import Foundation

extension SVGChart {
  /// Where values lie in a panel: the chunk size by its logarithm, the value from 0 up.
  struct Axes {
    private let left: Double
    private let width: Double
    private let top: Double
    private let height: Double
    private let low: Double
    private let high: Double
    private let step: Double
    private let maximum: Double

    /// Fits the axes to the points of `panel`.
    init(_ panel: Panel, left: Double, width: Double, top: Double, height: Double) {
      let points = panel.series.flatMap(\.points)
      let exponents = points.map { log2($0.x) }
      let largest = points.map(\.y).max() ?? 1
      self.left = left
      self.width = width
      self.top = top
      self.height = height
      low = (exponents.min() ?? 0).rounded(.down)
      high = max(low + 1, (exponents.max() ?? 1).rounded(.up))
      step = Self.step(for: largest)
      maximum = max(step, (largest / step).rounded(.up) * step)
    }

    /// The distance from the left edge of a chunk size in bytes.
    func horizontal(_ x: Double) -> Double { left + (log2(x) - low) / (high - low) * width }

    /// The distance from the upper edge of a value.
    func vertical(_ y: Double) -> Double { top + height * (1 - y / maximum) }

    /// The chunk sizes that are written below the axis.
    var horizontalTicks: [Double] {
      let range = high - low
      return stride(from: low, through: high, by: range > 12 ? 4 : range > 6 ? 2 : 1).map { exp2($0) }
    }

    /// The values that have a grid line.
    var verticalTicks: [Double] { Array(stride(from: 0, through: maximum + step / 2, by: step)) }

    /// A round distance of grid lines that gives about five of them.
    private static func step(for maximum: Double) -> Double {
      guard maximum > 0, maximum.isFinite else { return 1 }
      let magnitude = pow(10, floor(log10(maximum / 5)))
      let candidates = [1, 2, 2.5, 5].map { $0 * magnitude }
      return candidates.first { $0 * 5 >= maximum } ?? 10 * magnitude
    }
  }
}
