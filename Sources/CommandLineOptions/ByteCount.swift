package import ArgumentParser
import ChunkEngine

/// A value of an option whose error names the allowed values.
package protocol ExplainedArgument: ExpressibleByArgument {
  /// What to write instead of `argument`, which is not allowed.
  static func advice(_ argument: String) -> String
}

extension ExplainedArgument {
  /// Reads a value of an option.
  ///
  /// - Throws: An error that names the allowed values.
  package static func parse(_ argument: String) throws -> Self {
    guard let value = Self(argument: argument) else { throw ValidationError(advice(argument)) }
    return value
  }
}

/// A number of bytes as an option has it: `1048576`, `64KiB`, `1MiB` (powers of 1024), `1MB` (powers of
/// 1000).
package struct ByteCount: Hashable, Sendable {
  /// The number of bytes, at least 1.
  package let value: Int

  /// Creates a count of at least one byte.
  package init(clamping value: Int) {
    self.value = max(1, value)
  }
}

extension ByteCount: ExplainedArgument {
  package init?(argument: String) {
    let digits = argument.utf8.prefix(while: \.isDigit)
    let unit = String(Substring(argument.utf8.dropFirst(digits.count)))
    // Some letters outside of ASCII become units in lower case, such as the Kelvin sign.
    guard let number = Int(digits: digits), number > 0, unit.utf8.allSatisfy({ $0 < 0x80 }),
      let factor = Self.factor(of: unit.lowercased())
    else { return nil }
    let (value, overflow) = number.multipliedReportingOverflow(by: factor)
    guard !overflow else { return nil }
    self.value = value
  }

  package static func advice(_: String) -> String {
    "A number of bytes is from 1 to \(Int.max), such as 65536, 64KiB, 1MiB or 1MB."
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
  package var description: String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] where value % (1 << shift) == 0 {
      return "\(value >> shift)\(unit)"
    }
    return String(value)
  }
}
