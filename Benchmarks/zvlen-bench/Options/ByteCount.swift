import ArgumentParser

/// A number of bytes as a person writes it: `1048576`, `64KiB`, `1MiB` (powers of 1024), `1MB` (powers of
/// 1000).
struct ByteCount: Sendable, Hashable, ExpressibleByArgument, CustomStringConvertible {
  /// The number of bytes, above zero.
  let value: Int

  /// Creates a count, or nothing where `value` is not above zero.
  init?(_ value: Int) {
    guard value > 0 else { return nil }
    self.value = value
  }

  /// Creates a count of at least one byte.
  init(clamping value: Int) {
    self.value = max(1, value)
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    let unit = argument.dropFirst(digits.count)
    guard let number = Int(digits), let multiplier = Self.multiplier(of: unit) else { return nil }
    let (value, hasOverflowed) = number.multipliedReportingOverflow(by: multiplier)
    guard !hasOverflowed else { return nil }
    self.init(value)
  }

  /// The count in the largest power of 1024 that divides it.
  var description: String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where value % (1 << shift) == 0 {
      return "\(value >> shift)\(unit)"
    }
    return String(value)
  }

  private static func multiplier(of unit: Substring) -> Int? {
    switch unit.lowercased() {
    case "", "b": 1
    case "k", "kib": 1 << 10
    case "m", "mib": 1 << 20
    case "g", "gib": 1 << 30
    case "kb": 1_000
    case "mb": 1_000_000
    case "gb": 1_000_000_000
    default: nil
    }
  }
}
