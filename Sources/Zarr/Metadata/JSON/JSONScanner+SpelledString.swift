extension JSONScanner {
  /// A piece of a string.
  private enum StringPart {
    /// Bytes that stand for themselves.
    case plain(Range<Int>)
    /// The character of an escape.
    case scalar(UnicodeScalar)
    /// The half of a surrogate pair without the other.
    case surrogate(UInt16)
  }

  /// Reads a string, of which the opening quote is the next byte, and appends its text, spelled as asked.
  mutating func spellString(as spelling: JSONSpelling, to output: inout [UInt8]) throws(JSONError) {
    output.append(UInt8(ascii: "\""))
    var index = offset + 1
    while let part = try stringPart(at: &index) {
      switch part {
      case .plain(let range):
        if spelling.escapesNonASCII {
          appendEscapingNonASCII(range, to: &output)
        } else {
          appendBytes(range, to: &output)
        }
      case .scalar(let scalar): Self.append(scalar, as: spelling, to: &output)
      case .surrogate(let unit): Self.appendEscape(unit, to: &output)
      }
    }
    offset = index + 1
    output.append(UInt8(ascii: "\""))
  }

  /// The bytes of the string that is next, which stays the next one, with its escapes resolved.
  ///
  /// Half of a surrogate pair is encoded as if it were a character, so that the order of the bytes is that of
  /// the code points, as Python has it.
  func keyBytes() throws(JSONError) -> [UInt8] {
    var key: [UInt8] = []
    var index = offset + 1
    while let part = try stringPart(at: &index) {
      switch part {
      case .plain(let range): appendBytes(range, to: &key)
      case .scalar(let scalar):
        key.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      case .surrogate(let unit):
        key.append(0xED)
        key.append(UInt8(truncatingIfNeeded: 0x80 | unit >> 6 & 0x3F))
        key.append(UInt8(truncatingIfNeeded: 0x80 | unit & 0x3F))
      }
    }
    return key
  }

  /// Returns the piece of a string that begins at `index`, and moves on behind it, or nil at the closing
  /// quote.
  private func stringPart(at index: inout Int) throws(JSONError) -> StringPart? {
    let start = index
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        return start < index ? .plain(start..<index) : nil
      case UInt8(ascii: "\\"):
        return start < index ? .plain(start..<index) : try escapedPart(at: &index)
      case 0..<0x20:
        throw failure(.malformed, at: index, "a control character in a string must be escaped")
      default:
        index += 1
      }
    }
    throw failure(.malformed, at: bytes.count, "the string has no end")
  }

  private func escapedPart(at index: inout Int) throws(JSONError) -> StringPart {
    if index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u"),
      let unit = try loneSurrogate(at: index)
    {
      index += 6
      return .surrogate(unit)
    }
    guard index + 1 < bytes.count else { throw failure(.malformed, at: index, "the string has no end") }
    let (scalar, byteCount) = try escape(at: index, end: bytes.count)
    index += byteCount
    return .scalar(scalar)
  }

  /// The code unit of an escape that is one half of a surrogate pair without the other, or nil if it is not.
  private func loneSurrogate(at index: Int) throws(JSONError) -> UInt16? {
    let unit = try codeUnit(at: index + 2, end: bytes.count)
    guard UTF16.isSurrogate(unit) else { return nil }
    let next = index + 6
    guard UTF16.isLeadSurrogate(unit), next + 1 < bytes.count, bytes[next] == UInt8(ascii: "\\"),
      bytes[next + 1] == UInt8(ascii: "u")
    else { return unit }
    return UTF16.isTrailSurrogate(try codeUnit(at: next + 2, end: bytes.count)) ? nil : unit
  }

  private func appendEscapingNonASCII(_ range: Range<Int>, to output: inout [UInt8]) {
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      guard bytes[index] >= 0x7F else {
        index += 1
        continue
      }
      appendBytes(start..<index, to: &output)
      let (scalar, byteCount) = scalar(at: index, end: range.upperBound)
      Self.appendEscapes(of: scalar, to: &output)
      index += byteCount
      start = index
    }
    appendBytes(start..<range.upperBound, to: &output)
  }

  /// The character at `index` of text that is UTF-8, and how many bytes it has.
  private func scalar(at index: Int, end: Int) -> (UnicodeScalar, byteCount: Int) {
    let first = UInt32(bytes[index])
    let byteCount = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard byteCount > 1 else { return (UnicodeScalar(bytes[index]), 1) }
    var value = first & (0x7F >> UInt32(byteCount))
    for position in index + 1..<max(index + 1, min(index + byteCount, end)) {
      value = value << 6 | UInt32(bytes[position] & 0x3F)
    }
    return (UnicodeScalar(value) ?? "\u{FFFD}", byteCount)
  }

  private static func append(_ scalar: UnicodeScalar, as spelling: JSONSpelling, to output: inout [UInt8]) {
    if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" {
      JSONWriter.appendEscape(UInt8(truncatingIfNeeded: scalar.value), to: &output)
    } else if spelling.escapesNonASCII, scalar.value >= 0x7F {
      appendEscapes(of: scalar, to: &output)
    } else {
      output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  private static func appendEscapes(of scalar: UnicodeScalar, to output: inout [UInt8]) {
    for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
      appendEscape(unit, to: &output)
    }
  }

  private static func appendEscape(_ unit: UInt16, to output: inout [UInt8]) {
    let digits = String(unit, radix: 16)
    output.append(contentsOf: "\\u".utf8)
    output.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count))
    output.append(contentsOf: digits.utf8)
  }
}
