import ChunkEngine

/// Reads JSON documents.
///
/// The grammar is exactly that of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) with two additions: the
/// numbers `NaN`, `Infinity` and `-Infinity`, which zarr-python writes, and a byte order mark at the beginning.
///
/// A value takes at most about 40 times the memory of its text (`[[[[…` and the like), so the limit on the text
/// also limits the memory.
package struct JSONParser: Hashable, Sendable {
  /// The possible limits of the depth.
  ///
  /// The parser recurses, so greater depths could overflow a stack.
  package static let depths = 0...1000

  /// The maximum depth of arrays and objects.
  package let maximumDepth: Int

  /// The maximum size of a document in bytes.
  package let maximumByteCount: Int

  /// Creates a parser with limits.
  ///
  /// - Precondition: `maximumDepth` is in ``depths``.
  package init(maximumDepth: Int = 64, maximumByteCount: Int = 64 << 20) {
    precondition(Self.depths.contains(maximumDepth), "JSON depth \(maximumDepth) is not in \(Self.depths)")
    self.maximumDepth = maximumDepth
    self.maximumByteCount = maximumByteCount
  }

  /// Reads a document.
  ///
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  package func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try parse(bytes.span)
  }

  /// Checks a document, and appends its text without white space.
  ///
  /// It makes no values, so it takes only the memory of the text. Numbers keep their digits, repeated keys stay,
  /// and half of a surrogate pair stays an escape.
  ///
  /// - Parameters:
  ///   - bytes: The document.
  ///   - output: Where the text goes. If this throws, `output` may end with a part of the text.
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  package func appendCompact(_ bytes: RawSpan, to output: inout [UInt8]) throws(JSONError) {
    try append(bytes, as: .compact, allowsByteOrderMark: true, to: &output)
  }

  /// Whether a document without `NaN`, infinities and a byte order mark surely keeps the grammar and the limits.
  ///
  /// It takes a third of the time of parsing or less. False leaves it open.
  ///
  /// - Complexity: O(*n*) in the number of bytes. Does not allocate.
  func surelyAccepts(_ bytes: RawSpan) -> Bool {
    bytes.byteCount <= maximumByteCount && bytes.isSurelyJSON(maximumDepth: maximumDepth)
  }

  /// Checks a document, and appends its text in a spelling.
  func append(
    _ bytes: RawSpan, as spelling: JSONSpelling, allowsByteOrderMark: Bool, to output: inout [UInt8]
  ) throws(JSONError) {
    try checkByteCount(bytes.byteCount)
    var scanner = JSONScanner(bytes.octets, maximumDepth: maximumDepth)
    if !bytes.isWellFormedText {
      // Its error says where.
      _ = try scanner.text(0..<bytes.byteCount)
    }
    if allowsByteOrderMark {
      scanner.skipByteOrderMark()
    } else if bytes.beginsWithByteOrderMark {
      throw scanner.failure(.malformed, at: 0, "a byte order mark is not part of JSON")
    }
    try scanner.spell(as: spelling, depth: 0, level: 0, to: &output)
    guard scanner.nextToken() == nil else { throw scanner.unexpected("the end of the document") }
  }

  /// Reads a document.
  ///
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  package func parse(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
    try checkByteCount(bytes.count)
    var scanner = JSONScanner(bytes, maximumDepth: maximumDepth)
    return try scanner.document()
  }

  private func checkByteCount(_ byteCount: Int) throws(JSONError) {
    guard byteCount <= maximumByteCount else {
      throw JSONError(
        code: .tooLong, byteOffset: 0, line: 1, column: 1,
        message: "\(byteCount) bytes exceed the limit of \(maximumByteCount)")
    }
  }
}

/// Why a text is not a JSON document, and where.
package struct JSONError: Error, Hashable, CustomStringConvertible {
  /// The kinds of failure.
  @nonexhaustive
  package enum Code: Hashable, Sendable {
    /// The text breaks the grammar of JSON.
    case malformed
    /// A string is not UTF-8, or has an escape that is half of a surrogate pair.
    case invalidText
    /// The depth of arrays and objects exceeds the limit.
    case tooDeep
    /// The size of the text exceeds the limit.
    case tooLong
  }

  /// The kind of failure.
  package let code: Code

  /// The position of the error, in bytes from the beginning of the text.
  package let byteOffset: Int

  /// The line of the error, from 1.
  package let line: Int

  /// The code point of the error in its line, from 1.
  package let column: Int

  /// A description of the fault.
  package let message: String

  /// The place and the message.
  package var description: String {
    "line \(line), column \(column) (byte \(byteOffset)): \(message)"
  }
}

/// A walk over the bytes of one document.
struct JSONScanner: ~Escapable {
  let bytes: Span<UInt8>
  let maximumDepth: Int

  /// The position of the next byte.
  var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  /// Reads the whole text, which must be one value.
  fileprivate mutating func document() throws(JSONError) -> JSONValue {
    skipByteOrderMark()
    let value = try value(depth: 0)
    guard nextToken() == nil else {
      throw unexpected("the end of the document")
    }
    return value
  }

  /// Steps over a byte order mark at the beginning, if the text has one.
  fileprivate mutating func skipByteOrderMark() {
    if bytes.beginsWithByteOrderMark { offset = 3 }
  }

  /// Skips white space, and returns the next byte without stepping over it, or nil at the end.
  mutating func nextToken() -> UInt8? {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      offset += 1
    }
    return nil
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    switch nextToken() {
    case UInt8(ascii: "\""): .string(try string())
    case UInt8(ascii: "{"): .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): .array(try array(depth: depth + 1))
    case UInt8(ascii: "t"): try word("true", .bool(true))
    case UInt8(ascii: "f"): try word("false", .bool(false))
    case UInt8(ascii: "n"): try word("null", .null)
    case let byte? where startsNumber(byte): .number(JSONNumber(checked: try number()))
    default: throw unexpected("a value")
    }
  }

  /// Whether a byte can begin a number.
  func startsNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "N"), UInt8(ascii: "I"): true
    default: false
    }
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
    try checkDepth(depth)
    offset += 1
    var members = JSONObject()
    if nextToken() == UInt8(ascii: "}") {
      offset += 1
      return members
    }
    while true {
      guard nextToken() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      guard nextToken() == UInt8(ascii: ":") else { throw unexpected("':' after the key") }
      offset += 1
      members[key] = try value(depth: depth)
      switch nextToken() {
      case UInt8(ascii: ","): offset += 1
      case UInt8(ascii: "}"):
        offset += 1
        return members
      default: throw unexpected("',' or '}'")
      }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
    try checkDepth(depth)
    offset += 1
    var values: [JSONValue] = []
    if nextToken() == UInt8(ascii: "]") {
      offset += 1
      return values
    }
    while true {
      values.append(try value(depth: depth))
      switch nextToken() {
      case UInt8(ascii: ","): offset += 1
      case UInt8(ascii: "]"):
        offset += 1
        return values
      default: throw unexpected("',' or ']'")
      }
    }
  }

  /// Checks that a value inside `depth` arrays and objects is not too deep.
  func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= maximumDepth else {
      throw failure(.tooDeep, at: offset, "arrays and objects are nested more than \(maximumDepth) deep")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    try skip(word)
    return value
  }

  /// Steps over a word.
  mutating func skip(_ word: StaticString) throws(JSONError) {
    for scalar in word.description.utf8 {
      guard offset < bytes.count, bytes[offset] == scalar else { throw unexpected("'\(word)'") }
      offset += 1
    }
  }
}

extension JSONScanner {
  /// An error about the next byte.
  func unexpected(_ expected: String) -> JSONError {
    unexpected(expected, at: offset)
  }

  /// An error about the byte at an offset.
  private func unexpected(_ expected: String, at offset: Int) -> JSONError {
    let found: String
    if offset >= bytes.count {
      found = "the end of the text"
    } else if 0x21...0x7E ~= bytes[offset] {
      found = "'\(Character(UnicodeScalar(bytes[offset])))'"
    } else {
      found = "byte 0x" + String(bytes[offset], radix: 16, uppercase: true)
    }
    return failure(.malformed, at: offset, "expected \(expected), found \(found)")
  }

  /// An error with the line and column of an offset.
  func failure(_ code: JSONError.Code, at offset: Int, _ message: String) -> JSONError {
    var line = 1
    var column = 1
    for index in 0..<min(offset, bytes.count) {
      if bytes[index] == 0x0A {
        line += 1
        column = 1
      } else if bytes[index] & 0xC0 != 0x80 {
        column += 1
      }
    }
    return JSONError(code: code, byteOffset: offset, line: line, column: column, message: message)
  }
}

extension JSONScanner {
  /// Reads a string.
  ///
  /// The next byte is its opening quote.
  private mutating func string() throws(JSONError) -> String {
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
  fileprivate func text(_ range: Range<Int>) throws(JSONError) -> String {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      let offset = range.lowerBound + error.byteOffsets.lowerBound
      throw failure(.invalidText, at: offset, "the text is not UTF-8")
    }
  }

  /// The text of a range of bytes that is UTF-8, with its escapes resolved.
  private func unescaped(_ range: Range<Int>) throws(JSONError) -> String {
    // An escape is never shorter than its character.
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

  /// The character of an escape, and the number of bytes of the escape.
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
    throw failure(
      .invalidText, at: index, "the escape is one half of a surrogate pair, without the other half")
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

extension JSONScanner {
  /// Reads a number, and returns its text.
  private mutating func number() throws(JSONError) -> String {
    let start = offset
    _ = try skipNumber()
    return try text(start..<offset)
  }

  /// Steps over a number, and returns whether it is finite.
  mutating func skipNumber() throws(JSONError) -> Bool {
    let start = offset
    var isFinite = false
    if peek(UInt8(ascii: "-")) {
      offset += 1
    }
    if peek(UInt8(ascii: "I")) {
      try skip("Infinity")
    } else if start == offset && peek(UInt8(ascii: "N")) {
      try skip("NaN")
    } else {
      try digits()
      isFinite = true
    }
    return isFinite
  }

  private mutating func digits() throws(JSONError) {
    if peek(UInt8(ascii: "0")) {
      offset += 1
      if offset < bytes.count, isDigit(bytes[offset]) {
        throw failure(.malformed, at: offset, "a number has a leading zero")
      }
    } else {
      try skipDigits()
    }
    if peek(UInt8(ascii: ".")) {
      offset += 1
      try skipDigits()
    }
    if peek(UInt8(ascii: "e")) || peek(UInt8(ascii: "E")) {
      offset += 1
      if peek(UInt8(ascii: "+")) || peek(UInt8(ascii: "-")) {
        offset += 1
      }
      try skipDigits()
    }
  }

  /// Steps over one or more digits.
  private mutating func skipDigits() throws(JSONError) {
    guard offset < bytes.count, isDigit(bytes[offset]) else { throw unexpected("a digit") }
    while offset < bytes.count, isDigit(bytes[offset]) {
      offset += 1
    }
  }

  private func peek(_ byte: UInt8) -> Bool {
    offset < bytes.count && bytes[offset] == byte
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }
}

extension RawSpan {
  /// The bytes as a span of numbers.
  var octets: Span<UInt8> {
    @_lifetime(copy self)
    get {
      Span(_bytes: self)
    }
  }

  /// Whether the bytes begin with the three of a byte order mark in UTF-8.
  package var beginsWithByteOrderMark: Bool { octets.beginsWithByteOrderMark }
}

extension Span where Element == UInt8 {
  /// Whether the bytes begin with the three of a byte order mark in UTF-8.
  var beginsWithByteOrderMark: Bool { count >= 3 && self[0] == 0xEF && self[1] == 0xBB && self[2] == 0xBF }
}
