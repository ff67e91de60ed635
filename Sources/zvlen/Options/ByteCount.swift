import ArgumentParser

/// A number of bytes as a person writes it: `1048576`, `64KiB`, `1MiB` (powers of 1024), `1MB` (powers of
/// 1000).
struct ByteCount: Hashable, Sendable {
  /// The number of bytes, at least 1.
  let value: Int
}

extension ByteCount: ExpressibleByArgument {
  init?(argument: String) {
    let digits = argument.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    let unit = argument.utf8.dropFirst(digits.count)
    guard let number = Int(String(Substring(digits))), number > 0,
      let factor = Self.factor(of: String(Substring(unit)).lowercased())
    else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    self.value = value
  }

  private static func factor(of unit: String) -> Int? {
    switch unit {
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

extension ByteCount: CustomStringConvertible {
  /// The number in the largest power of 1024 that divides it.
  var description: String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where value % (1 << shift) == 0 {
      return "\(value >> shift)\(unit)"
    }
    return String(value)
  }
}
