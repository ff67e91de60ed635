import Zarr

extension RandomNumberGenerator {
  /// Returns a JSON value with at most `depth` levels.
  mutating func jsonValue(depth: Int = 4) -> JSONValue {
    switch Int.random(in: 0...(depth > 0 ? 9 : 6), using: &self) {
    case 0: .null
    case 1: .bool(Bool.random(using: &self))
    case 2: .integer(Int.random(in: -1000...1000, using: &self))
    case 3: .number(JSONNumber(Double(bitPattern: next())))
    case 4: .number(numberWithManyDigits())
    case 5, 6: .string(text())
    case 7, 8: .array((0..<Int.random(in: 0...4, using: &self)).map { _ in jsonValue(depth: depth - 1) })
    default:
      .object(
        JSONObject(
          (0..<Int.random(in: 0...20, using: &self)).map { _ in (text(), jsonValue(depth: depth - 1)) }))
    }
  }

  private mutating func numberWithManyDigits() -> JSONNumber {
    let digits = (0..<Int.random(in: 1...40, using: &self)).map { _ in
      String(Int.random(in: 0...9, using: &self))
    }
    let spellings = ["1\(digits.joined())", "-0.\(digits.joined())", "9.\(digits.joined())e-7", "1E+3", "-0"]
    return spellings.randomElement(using: &self).flatMap { JSONNumber($0) } ?? JSONNumber(0)
  }

  /// Returns text of characters of all lengths in UTF-8.
  mutating func text() -> String {
    let ranges: [ClosedRange<UInt32>] = [
      0...0x1F, 0x20...0x7F, 0x20...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
    ]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...8, using: &self) {
      guard let range = ranges.randomElement(using: &self) else { continue }
      if let scalar = UnicodeScalar(UInt32.random(in: range, using: &self)) { text.append(scalar) }
    }
    return String(text)
  }
}
