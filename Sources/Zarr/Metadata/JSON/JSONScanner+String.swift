extension JSONScanner {
  /// Reads a string, of which the opening quote is the next byte.
  mutating func string() throws(JSONError) -> String {
    let start = offset + 1
    var index = start
    var hasEscapes = false
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        offset = index + 1
        let text = try text(start..<index)
        return hasEscapes ? try unescaped(start..<index) : text
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        index += 1
      } else if byte < 0x20 {
        throw failure(.malformed, at: index, "a control character in a string must be escaped")
      }
      index += 1
    }
    throw failure(.malformed, at: bytes.count, "the string that begins at byte \(offset) has no end")
  }

  /// The text of a range of bytes.
  func text(_ range: Range<Int>) throws(JSONError) -> String {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      let offset = range.lowerBound + error.byteOffsets.lowerBound
      throw failure(.invalidText, at: offset, "the text is not UTF-8")
    }
  }

  /// The text of a range of bytes that is UTF-8, with its escapes resolved.
  private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
    // The escape is never shorter than what it stands for.
    var text: [UInt8] = []
    text.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        index += 1
        continue
      }
      let (scalar, byteCount) = try escape(at: index, end: range.upperBound)
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      index += byteCount
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The character that an escape stands for, and how many bytes the escape has.
  func escape(
    at index: Int, end: Int
  ) throws(JSONError) -> (scalar: UnicodeScalar, byteCount: Int) {
    switch bytes[index + 1] {
    case UInt8(ascii: "\""): return ("\"", 2)
    case UInt8(ascii: "\\"): return ("\\", 2)
    case UInt8(ascii: "/"): return ("/", 2)
    case UInt8(ascii: "b"): return ("\u{8}", 2)
    case UInt8(ascii: "f"): return ("\u{C}", 2)
    case UInt8(ascii: "n"): return ("\n", 2)
    case UInt8(ascii: "r"): return ("\r", 2)
    case UInt8(ascii: "t"): return ("\t", 2)
    case UInt8(ascii: "u"): return try unicodeEscape(at: index, end: end)
    default: throw unexpected("one of \"\\/bfnrtu after '\\'", at: index + 1)
    }
  }

  private func unicodeEscape(
    at index: Int, end: Int
  ) throws(JSONError) -> (scalar: UnicodeScalar, byteCount: Int) {
    let first = try codeUnit(at: index + 2, end: end)
    if let scalar = UnicodeScalar(first) {
      return (scalar, 6)
    }
    let next = index + 6
    if UTF16.isLeadSurrogate(first), next + 1 < end, bytes[next] == UInt8(ascii: "\\"),
      bytes[next + 1] == UInt8(ascii: "u")
    {
      let second = try codeUnit(at: next + 2, end: end)
      if UTF16.isTrailSurrogate(second) {
        return (UTF16.decode(UTF16.EncodedScalar([first, second])), 12)
      }
    }
    throw failure(.invalidText, at: index, "the escape is one half of a surrogate pair without the other")
  }

  /// The four hexadecimal digits of an escape.
  func codeUnit(at start: Int, end: Int) throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for index in start..<start + 4 {
      let digit: UInt8
      switch index < end ? bytes[index] : 0 {
      case let byte where UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte: digit = byte - UInt8(ascii: "0")
      case let byte where UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte: digit = byte - UInt8(ascii: "a") + 10
      case let byte where UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte: digit = byte - UInt8(ascii: "A") + 10
      default: throw unexpected("four hexadecimal digits after '\\u'", at: index)
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}
