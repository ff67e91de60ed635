/// A number of a JSON document, kept as the text that was read.
///
/// Zarr attributes hold integers of any size, and a document that is rewritten must not change them. So the
/// text is the number, and the views of it are made when they are asked for. Besides the numbers of RFC 8259
/// there are `NaN`, `Infinity` and `-Infinity`, which Python writes.
///
/// Two numbers are equal if they are written alike: `1` and `1.0` are different, because Zarr tells integers
/// by that.
public struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  /// The number as it stands in a document.
  public let text: String

  /// Takes text that the parser has checked.
  init(checked text: String) {
    self.text = text
  }

  /// Creates a number from its text, or nil if the text is not exactly one number.
  ///
  /// - Complexity: O(*n*) in the length of the text.
  public init?(_ text: String) {
    guard case .number(let number)? = try? JSONParser().parse(Array(text.utf8)), number.text == text else {
      return nil
    }
    self = number
  }

  /// Creates a number from an integer.
  public init(_ value: Int) {
    text = String(value)
  }

  /// Creates a number from an integer.
  public init(_ value: UInt64) {
    text = String(value)
  }

  /// Creates a number from a floating-point value, with the fewest digits that give the same value back.
  ///
  /// It is spelled as Python spells it, so that documents and chunks are the bytes that Python would write.
  public init(_ value: Double) {
    if value.isNaN {
      text = "NaN"
    } else if value.isInfinite {
      text = value < 0 ? "-Infinity" : "Infinity"
    } else {
      text = Self.spelling(of: value)
    }
  }

  /// The text of a finite value: Python has an exponent from 10¹⁶ on, Swift from 2⁵⁴ on.
  private static func spelling(of value: Double) -> String {
    let text = value.description
    guard value.magnitude >= 1e16, text.hasSuffix(".0") else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let digits = text.dropFirst(sign.utf8.count).dropLast(2)
    var fraction = digits.dropFirst()
    while fraction.last == "0" {
      fraction.removeLast()
    }
    return "\(sign)\(digits.prefix(1))\(fraction.isEmpty ? "" : ".")\(fraction)e+\(digits.utf8.count - 1)"
  }

  /// Whether the number is one of JSON, which has neither `NaN` nor infinities.
  ///
  /// A number that is too large for a `Double` is one.
  public var isFinite: Bool {
    switch text {
    case "NaN", "Infinity", "-Infinity": false
    default: true
    }
  }

  /// The number, if it is written as an integer and an `Int` can hold it.
  public var integer: Int? { Int(text) }

  /// The number, if it is written as an integer and a `UInt64` can hold it.
  public var unsignedInteger: UInt64? { UInt64(text) }

  /// The `Double` that is nearest to the number: an infinity if it is out of range, and NaN for `NaN`.
  public var double: Double { Double(text) ?? .nan }

  /// The same as ``text``.
  public var description: String { text }
}
