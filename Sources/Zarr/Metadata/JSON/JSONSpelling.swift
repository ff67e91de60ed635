/// The spelling of JSON text, where JSON leaves a choice.
///
/// The choices are those of Python's `json.dumps`. Numbers always keep their digits.
package struct JSONSpelling: Hashable, Sendable {
  /// Whether characters that are not ASCII, and the delete character, become `\u` and four digits.
  var escapesNonASCII = false

  /// Whether members are in the order of their keys by code points, without repeated keys.
  var sortsKeys = false

  /// Whether a repeated key occurs once, at its first place with its last value.
  var mergesRepeatedKeys = false

  /// Whether the text may have `NaN` and infinities, which JSON does not have.
  var allowsNaN = true

  /// Whether `NaN` and infinities are in quotes, so that the text is JSON.
  var quotesNaN = false

  /// The text between elements, and between members.
  var itemSeparator = Array(",".utf8)

  /// The text between a key and its value.
  var keySeparator = Array(":".utf8)

  /// The indentation of a level, or nil for text without line breaks.
  var indentation: [UInt8]?

  /// The spelling of elements in memory: no white space, and only the escapes that JSON needs.
  package static let compact = JSONSpelling()

  /// A line for each member and element, indented by two spaces a level, as in zarr-python.
  package static let pretty = JSONSpelling(keySeparator: Array(": ".utf8), indentation: Array("  ".utf8))

  /// A spelling for other programs.
  ///
  /// Some of them know neither `NaN` nor repeated keys.
  package static let portable = JSONSpelling(mergesRepeatedKeys: true, quotesNaN: true)
}

extension JSONSpelling {
  /// Appends the beginning of a list whose items are on `level`.
  func appendOpening(_ bracket: UnicodeScalar, level: Int, to output: inout [UInt8]) {
    output.append(UInt8(ascii: bracket))
    appendLineBreak(level: level, to: &output)
  }

  /// Appends the text between two items on `level`.
  func appendSeparator(level: Int, to output: inout [UInt8]) {
    output.append(contentsOf: itemSeparator)
    appendLineBreak(level: level, to: &output)
  }

  /// Appends the end of a list whose items are on the level after `level`.
  func appendClosing(_ bracket: UnicodeScalar, level: Int, to output: inout [UInt8]) {
    appendLineBreak(level: level, to: &output)
    output.append(UInt8(ascii: bracket))
  }

  private func appendLineBreak(level: Int, to output: inout [UInt8]) {
    guard let indentation else { return }
    output.append(UInt8(ascii: "\n"))
    for _ in 0..<level {
      output.append(contentsOf: indentation)
    }
  }

  /// Appends a list of integers on `level`.
  func appendIntegers(_ values: [Int], level: Int, to output: inout [UInt8]) {
    appendList(values, between: "[", and: "]", level: level, to: &output) { value, output in
      output.append(contentsOf: String(value).utf8)
    }
  }

  /// Appends a list whose items are on `level`.
  func appendList<Items: Collection>(
    _ items: Items, between opening: UnicodeScalar, and closing: UnicodeScalar, level: Int,
    to output: inout [UInt8], item append: (Items.Element, inout [UInt8]) -> Void
  ) {
    guard !items.isEmpty else { return output.append(contentsOf: "\(opening)\(closing)".utf8) }
    appendOpening(opening, level: level, to: &output)
    for (index, item) in items.enumerated() {
      if index > 0 { appendSeparator(level: level, to: &output) }
      append(item, &output)
    }
    appendClosing(closing, level: level - 1, to: &output)
  }
}

extension JSONScanner {
  /// Reads a value and appends its text in a spelling, without making a value of it.
  ///
  /// It takes only the memory of the text. Half of a surrogate pair, which Python writes and a Swift string
  /// cannot hold, stays an escape.
  ///
  /// - Parameters:
  ///   - spelling: The spelling of the appended text.
  ///   - depth: The number of arrays and objects that contain the value.
  ///   - level: The number of lists that contain the appended text, for the indentation.
  ///   - output: Where the text goes.
  /// - Precondition: The text is UTF-8.
  /// - Throws: An error that says where the text is not JSON, or not allowed by the spelling.
  mutating func spell(
    as spelling: JSONSpelling, depth: Int, level: Int, to output: inout [UInt8]
  ) throws(JSONError) {
    switch nextToken() {
    case UInt8(ascii: "\""): try spellString(as: spelling, to: &output)
    case UInt8(ascii: "{"): try spellObject(as: spelling, depth: depth + 1, level: level + 1, to: &output)
    case UInt8(ascii: "["): try spellArray(as: spelling, depth: depth + 1, level: level + 1, to: &output)
    case UInt8(ascii: "t"): try spellWord("true", to: &output)
    case UInt8(ascii: "f"): try spellWord("false", to: &output)
    case UInt8(ascii: "n"): try spellWord("null", to: &output)
    case let byte? where startsNumber(byte):
      let start = offset
      let isFinite = try skipNumber()
      guard isFinite || spelling.allowsNaN else {
        throw failure(
          .malformed, at: start, "JSON has no NaN and no infinities; write null, or \"NaN\" in quotes")
      }
      let isQuoted = !isFinite && spelling.quotesNaN
      if isQuoted { output.append(UInt8(ascii: "\"")) }
      appendBytes(start..<offset, to: &output)
      if isQuoted { output.append(UInt8(ascii: "\"")) }
    default: throw unexpected("a value")
    }
  }

  private mutating func spellWord(_ word: StaticString, to output: inout [UInt8]) throws(JSONError) {
    let start = offset
    try skip(word)
    appendBytes(start..<offset, to: &output)
  }

  private mutating func spellArray(
    as spelling: JSONSpelling, depth: Int, level: Int, to output: inout [UInt8]
  ) throws(JSONError) {
    try checkDepth(depth)
    offset += 1
    guard nextToken() != UInt8(ascii: "]") else {
      offset += 1
      output.append(contentsOf: "[]".utf8)
      return
    }
    spelling.appendOpening("[", level: level, to: &output)
    while true {
      try spell(as: spelling, depth: depth, level: level, to: &output)
      switch nextToken() {
      case UInt8(ascii: ","):
        offset += 1
        spelling.appendSeparator(level: level, to: &output)
      case UInt8(ascii: "]"):
        offset += 1
        return spelling.appendClosing("]", level: level - 1, to: &output)
      default: throw unexpected("',' or ']'")
      }
    }
  }

  private mutating func spellObject(
    as spelling: JSONSpelling, depth: Int, level: Int, to output: inout [UInt8]
  ) throws(JSONError) {
    try checkDepth(depth)
    offset += 1
    guard nextToken() != UInt8(ascii: "}") else {
      offset += 1
      output.append(contentsOf: "{}".utf8)
      return
    }
    var members = SpelledMembers()
    spelling.appendOpening("{", level: level, to: &output)
    while true {
      guard nextToken() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let start = output.count
      if spelling.sortsKeys || spelling.mergesRepeatedKeys {
        members.begin(key: try keyBytes(), at: start)
      }
      try spellString(as: spelling, to: &output)
      guard nextToken() == UInt8(ascii: ":") else { throw unexpected("':' after the key") }
      offset += 1
      output.append(contentsOf: spelling.keySeparator)
      try spell(as: spelling, depth: depth, level: level, to: &output)
      members.end(at: output.count)
      switch nextToken() {
      case UInt8(ascii: ","):
        offset += 1
        spelling.appendSeparator(level: level, to: &output)
      case UInt8(ascii: "}"):
        offset += 1
        members.arrange(as: spelling, level: level, in: &output)
        return spelling.appendClosing("}", level: level - 1, to: &output)
      default: throw unexpected("',' or '}'")
      }
    }
  }

  private func appendBytes(_ range: Range<Int>, to output: inout [UInt8]) {
    JSONWriter.appendBytes(bytes.extracting(range), to: &output)
  }
}

extension JSONScanner {
  /// A piece of a string.
  private enum StringPart {
    /// Bytes without escapes.
    case plain(Range<Int>)
    /// The character of an escape.
    case scalar(UnicodeScalar)
    /// One half of a surrogate pair, without the other half.
    case surrogate(UInt16)
  }

  /// Reads a string and appends its text in a spelling.
  ///
  /// The next byte is the opening quote.
  private mutating func spellString(as spelling: JSONSpelling, to output: inout [UInt8]) throws(JSONError) {
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

  /// The bytes of the next string with its escapes resolved, without stepping over it.
  ///
  /// Half of a surrogate pair is encoded like a character. So the order of the bytes is that of the code points,
  /// as in Python.
  private func keyBytes() throws(JSONError) -> [UInt8] {
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

  /// Returns the piece of a string at `index` and moves past it, or returns nil at the closing quote.
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

  /// The code unit of an escape that is one half of a surrogate pair without the other half, or nil.
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

  /// The character at `index` of UTF-8 text, and its number of bytes.
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

/// The places of an object's members in its text, to put them in another order.
private struct SpelledMembers {
  private struct Member {
    /// The bytes of the key.
    ///
    /// Their order is that of the code points.
    let key: [UInt8]
    /// The range of the key and the value in the text.
    let start: Int
    var end: Int
  }

  private var members: [Member] = []

  /// Notes the beginning of a member.
  mutating func begin(key: [UInt8], at offset: Int) {
    members.append(Member(key: key, start: offset, end: offset))
  }

  /// Notes the end of the last member.
  mutating func end(at offset: Int) {
    guard !members.isEmpty else { return }
    members[members.count - 1].end = offset
  }

  /// Puts the members in order, each key once with its last value.
  ///
  /// - Complexity: O(*n* log *n*) in the number of members, and O(*m*) in the length of their text unless they
  ///   are already in order.
  func arrange(as spelling: JSONSpelling, level: Int, in output: inout [UInt8]) {
    guard members.count > 1 else { return }
    let sorted = members.indices.sorted { left, right in
      let (leftKey, rightKey) = (members[left].key, members[right].key)
      return leftKey == rightKey ? left < right : leftKey.lexicographicallyPrecedes(rightKey)
    }
    // The first place and the last value of each key.
    var kept: [(first: Int, last: Int)] = []
    for index in sorted {
      if let previous = kept.last, members[previous.last].key == members[index].key {
        kept[kept.count - 1].last = index
      } else {
        kept.append((index, index))
      }
    }
    if !spelling.sortsKeys { kept.sort { $0.first < $1.first } }
    guard !kept.map(\.last).elementsEqual(members.indices) else { return }

    let start = members[0].start
    let text = Array(output[start...])
    output.removeSubrange(start...)
    for (position, member) in kept.enumerated() {
      if position > 0 { spelling.appendSeparator(level: level, to: &output) }
      output.append(contentsOf: text[members[member.last].start - start..<members[member.last].end - start])
    }
  }
}
