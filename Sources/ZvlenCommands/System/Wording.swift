/// Numbers in the form that people read.
enum Quantity {
  /// A number of bytes in powers of 1000, such as `1.3 GB`.
  static func bytes(_ byteCount: some BinaryInteger) -> String {
    var value = Double(byteCount)
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
      if value < 999.5 || unit == "TB" {
        if unit == "bytes" { break }
        return "\(decimal(value, places: value < 9.95 ? 1 : 0)) \(unit)"
      }
      value /= 1000
    }
    return count(byteCount, "byte")
  }

  /// An exact number of bytes, followed by powers of 1000 if it is large: `1312345678 bytes (1.3 GB)`.
  static func exactBytes(_ byteCount: some BinaryInteger) -> String {
    byteCount < 1000 ? bytes(byteCount) : "\(count(byteCount, "byte")) (\(bytes(byteCount)))"
  }

  /// A ratio with two decimals.
  static func ratio(_ ratio: Double) -> String {
    decimal(ratio, places: 2)
  }

  /// A duration as minutes and seconds, such as `1:05`, or with hours.
  static func duration(seconds: Double) -> String {
    let seconds = Int(min(max(0, seconds.rounded(.up)), 359_999))
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600)
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours > 0
      ? "\(hours):\(padded(minutes)):\(padded(seconds % 60))" : "\(minutes):\(padded(seconds % 60))"
  }

  /// A duration with two decimals, or in minutes if it is long.
  static func seconds(_ seconds: Double) -> String {
    seconds < 100 ? "\(decimal(max(0, seconds), places: 2)) s" : "\(duration(seconds: seconds)) min"
  }

  /// The lengths of dimensions, such as `3 x 4`.
  static func shape(_ shape: [Int]) -> String {
    shape.isEmpty ? "no dimensions, one element" : shape.map(String.init).joined(separator: " x ")
  }

  /// A number, which is not negative, with a number of decimals.
  private static func decimal(_ value: Double, places: Int) -> String {
    let factor = (0..<places).reduce(UInt128(1)) { factor, _ in factor * 10 }
    // Nothing that is shown is larger.
    let scaled = UInt128(min(value * Double(factor), 0x1p120).rounded(.toNearestOrEven))
    guard places > 0 else { return "\(scaled)" }
    // The 1 in front keeps the zeros after the point.
    return "\(scaled / factor).\("\(factor + scaled % factor)".dropFirst())"
  }

  /// A number with its noun, such as `1 chunk` or `3 chunks`.
  static func count(_ count: some BinaryInteger, _ noun: String, many: String? = nil) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(many ?? "\(noun)s")"
  }
}

/// Text for one line of a terminal.
///
/// Control characters, such as those in file names, are spelled out.
struct OneLine: CustomStringConvertible {
  let description: String

  /// Describes any value.
  init(_ value: some Any) {
    var line = ""
    for scalar in String(describing: value).unicodeScalars {
      if scalar.properties.generalCategory == .control {
        line += scalar.escaped(asASCII: true)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    description = line
  }
}
