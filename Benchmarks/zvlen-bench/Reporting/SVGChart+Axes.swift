import Foundation

extension SVGChart {
  /// Where values lie in a panel: the chunk size by its logarithm, the value from 0 up or by its logarithm
  /// too.
  struct Axes {
    private let left: Double
    private let width: Double
    private let top: Double
    private let height: Double
    private let low: Double
    private let high: Double
    /// Where grid lines are, from the lower edge to the upper.
    let verticalTicks: [Double]
    private let isLogarithmic: Bool

    /// Fits the axes to the points of `panel`.
    init(_ panel: Panel, left: Double, width: Double, top: Double, height: Double) {
      let points = panel.series.flatMap(\.points)
      let exponents = points.map { log2($0.x) }
      self.left = left
      self.width = width
      self.top = top
      self.height = height
      low = (exponents.min() ?? 0).rounded(.down)
      high = max(low + 1, (exponents.max() ?? 1).rounded(.up))
      isLogarithmic = panel.isLogarithmic
      let values = points.map(\.y)
      verticalTicks =
        panel.isLogarithmic ? Self.logarithmicTicks(values) : Self.linearTicks(to: values.max() ?? 1)
    }

    /// The distance from the left edge of a chunk size in bytes.
    func horizontal(_ x: Double) -> Double { left + (log2(x) - low) / (high - low) * width }

    /// The distance from the upper edge of a value.
    func vertical(_ y: Double) -> Double {
      guard let first = verticalTicks.first, let last = verticalTicks.last else { return top }
      guard isLogarithmic else { return top + height * (1 - y / last) }
      return top + height * (1 - log2(max(y, first) / first) / log2(last / first))
    }

    /// The chunk sizes that are written below the axis.
    var horizontalTicks: [Double] {
      let range = high - low
      return stride(from: low, through: high, by: range > 12 ? 4 : range > 6 ? 2 : 1).map { exp2($0) }
    }

    /// About five round values from 0 up.
    private static func linearTicks(to maximum: Double) -> [Double] {
      guard maximum > 0, maximum.isFinite else { return [0, 1] }
      let magnitude = pow(10, floor(log10(maximum / 5)))
      let candidates = [1, 2, 2.5, 5].map { $0 * magnitude }
      let step = candidates.first { $0 * 5 >= maximum } ?? 10 * magnitude
      let count = Int((maximum / step).rounded(.up))
      return (0...count).map { Double($0) * step }
    }

    /// The values 1, 2 and 5 times a power of ten around the positive ones of `values`.
    private static func logarithmicTicks(_ values: [Double]) -> [Double] {
      let positive = values.filter { $0 > 0 && $0.isFinite }
      guard let minimum = positive.min(), let maximum = positive.max() else { return [1, 10] }
      let exponents = Int(floor(log10(minimum)))...Int(floor(log10(maximum))) + 1
      let candidates = exponents.flatMap { exponent in [1, 2, 5].map { $0 * pow(10, Double(exponent)) } }
      let first = candidates.last { $0 <= minimum } ?? minimum
      let last = candidates.first { $0 > maximum } ?? maximum * 2
      return candidates.filter { $0 >= first && $0 <= last }
    }
  }
}
