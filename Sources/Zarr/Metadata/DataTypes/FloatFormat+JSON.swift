extension FloatFormat {
  /// Reads a number from a document.
  ///
  /// It is a number, or `"NaN"`, `"Infinity"` or `"-Infinity"`, or the bits in hexadecimal digits,
  /// `"0x7fc00000"`. zarr-python also takes other spellings, as `"nan"`, `"+inf"` and `"1.5"`, and truth
  /// values.
  func bits(from value: JSONValue, field: String) throws(MetadataError) -> UInt64 {
    let bits: UInt64?
    switch value {
    case .number(let number): bits = self.bits(of: number)
    case .bool(let flag): bits = self.bits(of: flag ? 1 : 0)
    case .string(let text) where text.hasPrefix("0x"): bits = self.bits(ofDigits: text.dropFirst(2))
    case .string(let text): bits = self.bits(ofText: text)
    case .null, .array, .object: bits = nil
    }
    guard let bits else {
      throw .expected(
        "a number, \"NaN\", \"Infinity\", \"-Infinity\", or \(2 * byteCount) digits behind \"0x\"",
        found: value,
        in: field)
    }
    return bits
  }

  private func bits(of number: JSONNumber) -> UInt64? {
    // Through a `Double` the number could be rounded twice.
    if self == .float32, let value = Float(number.text) { return UInt64(value.bitPattern) }
    return bits(of: number.double)
  }

  private func bits(ofDigits digits: Substring) -> UInt64? {
    // A number may also have a sign, which digits have not.
    guard digits.utf8.count == 2 * byteCount, digits.utf8.first != UInt8(ascii: "+") else { return nil }
    return UInt64(digits, radix: 16)
  }

  private func bits(ofText text: String) -> UInt64? {
    switch text.lowercased() {
    case "nan", "+nan", "-nan": canonicalNaN
    case "infinity", "+infinity", "inf", "+inf": bits(of: .infinity)
    case "-infinity", "-inf": bits(of: -.infinity)
    default: JSONNumber(text).flatMap { bits(of: $0) }
    }
  }

  /// What a document holds for a number.
  ///
  /// It is written with the digits of the `Double` that has its value, as zarr-python does, so that readers
  /// that know no other numbers find the same. Fill values of NaN besides the usual one are written as their
  /// bits, so that they are kept.
  func json(of bits: UInt64, in form: ElementForm) -> JSONValue {
    let value = value(of: bits)
    if value.isNaN { return form == .fillValue && bits != canonicalNaN ? json(ofBits: bits) : "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return .number(JSONNumber(value))
  }

  /// The bits of a number as a document holds them.
  func json(ofBits bits: UInt64) -> JSONValue {
    let digits = String(bits, radix: 16)
    return .string("0x" + String(repeating: "0", count: max(0, 2 * byteCount - digits.count)) + digits)
  }
}
