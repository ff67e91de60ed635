/// A walk over the bytes of one document.
///
/// Here is the structure; strings and numbers are in files of their own.
struct JSONScanner: ~Escapable {
  let bytes: Span<UInt8>
  let maximumDepth: Int

  /// The next byte to look at.
  var offset = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
  }

  /// Reads the whole text, which must be one value.
  mutating func document() throws(JSONError) -> JSONValue {
    skipByteOrderMark()
    let value = try value(depth: 0)
    guard nextToken() == nil else {
      throw unexpected("the end of the document")
    }
    return value
  }

  /// Steps over a byte order mark at the beginning, if there is one.
  mutating func skipByteOrderMark() {
    if bytes.beginsWithByteOrderMark { offset = 3 }
  }

  /// Skips white space and returns the byte after it, which stays the next one, or nil at the end.
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

  /// Checks that a value that is in `depth` arrays and objects is not too deep.
  func checkDepth(_ depth: Int) throws(JSONError) {
    guard depth <= maximumDepth else {
      throw failure(.tooDeep, at: offset, "arrays and objects are nested more than \(maximumDepth) deep")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    try skip(word)
    return value
  }

  /// Steps over a word, of which the first byte may have been seen already.
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

  /// An error about some byte.
  func unexpected(_ expected: String, at offset: Int) -> JSONError {
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
