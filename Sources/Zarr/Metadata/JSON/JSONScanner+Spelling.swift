extension JSONScanner {
  /// Reads a value and appends its text, spelled as asked, without making a tree of it.
  ///
  /// The memory that this takes is that of the text, whatever the text is. Half of a surrogate pair, which
  /// Python writes and no Swift string can hold, stays the escape that it is.
  ///
  /// - Parameters:
  ///   - spelling: How to spell the text.
  ///   - depth: The arrays and objects that the value is in.
  ///   - level: The lists that its text is in, for the indentation.
  ///   - output: Where the text goes.
  /// - Precondition: The text is UTF-8.
  /// - Throws: An error that says where the text is not JSON, or not as the spelling wants it.
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

  func appendBytes(_ range: Range<Int>, to output: inout [UInt8]) {
    JSONWriter.appendBytes(bytes.extracting(range), to: &output)
  }
}
