import CommandLineOptions
import Foundation

/// One axis of a chart: where values lie between its ends, and which are written beside it.
struct ChartScale {
  /// How distances stand for values.
  enum Kind {
    /// From zero up.
    case linear
    /// Equal distances are equal factors.
    case logarithmic
    /// As ``logarithmic``, with numbers of bytes in powers of two.
    case bytes
  }

  /// The values that are written, from the lower end to the upper.
  let ticks: [Double]
  private let kind: Kind
  private let low: Double
  private let high: Double

  /// Creates a scale that has room for `values`.
  init(_ kind: Kind, fitting values: [Double]) {
    self.kind = kind
    switch kind {
    case .linear: ticks = Self.linearTicks(to: values.max() ?? 1)
    case .logarithmic: ticks = Self.logarithmicTicks(values)
    case .bytes: ticks = Self.byteTicks(values)
    }
    low = Self.place(ticks.first ?? 0, kind)
    high = Self.place(ticks.last ?? 1, kind)
  }

  /// The part of the way from the lower end to the upper at which a value lies, from 0 to 1.
  func position(_ value: Double) -> Double {
    guard high > low, let first = ticks.first else { return 0 }
    return min(1, max(0, (Self.place(max(value, first), kind) - low) / (high - low)))
  }

  /// A tick as it is written.
  func label(_ value: Double) -> String {
    switch kind {
    case .bytes: return "\(ByteCount(clamping: Int(value)))"
    case .linear, .logarithmic:
      if value >= 1e9 { return Figure.trimmed(value / 1e9) + " G" }
      if value >= 1e6 { return Figure.trimmed(value / 1e6) + " M" }
      if value >= 1e4 { return Figure.trimmed(value / 1e3) + " k" }
      return Figure.trimmed(value)
    }
  }

  private static func place(_ value: Double, _ kind: Kind) -> Double {
    switch kind {
    case .linear: value
    case .logarithmic, .bytes: value > 0 ? log2(value) : 0
    }
  }

  /// About four round values from 0 up.
  private static func linearTicks(to maximum: Double) -> [Double] {
    guard maximum > 0, maximum.isFinite else { return [0, 1] }
    let magnitude = pow(10, floor(log10(maximum / 4)))
    let candidates = [1, 2, 2.5, 5].map { $0 * magnitude }
    let step = candidates.first { $0 * 4 >= maximum } ?? 10 * magnitude
    let count = Int((maximum / step).rounded(.up))
    return (0...max(1, count)).map { Double($0) * step }
  }

  /// Round values around the positive ones of `values`: 1, 2 and 5 times powers of ten, or only the powers.
  private static func logarithmicTicks(_ values: [Double]) -> [Double] {
    let positive = values.filter { $0 > 0 && $0.isFinite }
    guard let minimum = positive.min(), let maximum = positive.max() else { return [1, 10] }
    let exponents = Int(floor(log10(minimum)))...Int(floor(log10(maximum))) + 1
    func ticks(_ factors: [Double]) -> [Double] {
      let candidates = exponents.flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
      let first = candidates.last { $0 <= minimum } ?? minimum
      let last = candidates.first { $0 >= maximum && $0 > first } ?? maximum * 2
      return candidates.filter { $0 >= first && $0 <= last }
    }
    return maximum / minimum < 30 ? ticks([1, 2, 5]) : ticks([1])
  }

  /// Powers of two around `values`, so few that they can be written side by side.
  private static func byteTicks(_ values: [Double]) -> [Double] {
    let exponents = values.filter { $0 > 0 && $0.isFinite }.map { log2($0) }
    let low = (exponents.min() ?? 0).rounded(.down)
    let high = max(low + 1, (exponents.max() ?? 1).rounded(.up))
    let step = ((high - low) / 6).rounded(.up)
    return stride(from: low, through: high + step - 1, by: step).map { exp2($0) }
  }
}
