import ChunkEngine

/// The one rule for elements of JSON, wherever they come from and go to.
///
/// What becomes an element is a JSON text of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) in UTF-8,
/// nested at most ``JSONValue/maximumElementDepth`` deep. It is kept byte for byte: white space around it,
/// numbers of any length, keys that are repeated, and escapes of one half of a surrogate pair, which the
/// grammar has. `NaN`, `Infinity`, a byte order mark and text behind the value are no part of JSON, and are
/// refused.
///
/// What others have stored is read with `NaN` and infinities, as Python writes them.
public enum JSONElement {
  private static let parser = JSONParser(
    maximumDepth: JSONValue.maximumElementDepth, maximumByteCount: WireForm.maximumElementByteCount)

  /// As deep as the parser can go: others have other limits.
  private static let readingParser = JSONParser(
    maximumDepth: JSONParser.depths.upperBound, maximumByteCount: WireForm.maximumElementByteCount)

  private static let strict = JSONSpelling(allowsNaN: false)

  /// Checks that bytes may become an element.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - scratch: Memory that this needs; what is in it is replaced.
  /// - Throws: An error that says where the text breaks the rule.
  /// - Complexity: O(*n*) in the number of bytes.
  public static func check(_ bytes: RawSpan, scratch: inout [UInt8]) throws(JSONError) {
    scratch.removeAll(keepingCapacity: true)
    try parser.append(bytes, as: strict, allowsByteOrderMark: false, to: &scratch)
  }

  /// Checks that a stored element is one that JSON parsers in use take: `NaN` and infinities are let in.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - scratch: Memory that this needs; what is in it is replaced.
  /// - Throws: An error that says where the text breaks the rule.
  /// - Complexity: O(*n*) in the number of bytes.
  public static func checkStored(_ bytes: RawSpan, scratch: inout [UInt8]) throws(JSONError) {
    scratch.removeAll(keepingCapacity: true)
    try readingParser.append(bytes, as: .compact, allowsByteOrderMark: false, to: &scratch)
  }

  /// Appends a stored element in one line, as every JSON parser takes it.
  ///
  /// `NaN` and infinities are in quotes, and of a key that is repeated the last value counts, as in Python.
  ///
  /// - Parameters:
  ///   - bytes: The text of the element.
  ///   - output: Where it goes; if this throws, it may have a part of it.
  /// - Throws: An error that says where the text is not JSON.
  /// - Complexity: O(*n*) in the number of bytes.
  public static func appendPortable(_ bytes: RawSpan, to output: inout [UInt8]) throws(JSONError) {
    try readingParser.append(bytes, as: .portable, allowsByteOrderMark: true, to: &output)
  }

  /// Whether two stored elements have the same value: white space, the order of members and the way that text
  /// is escaped make no difference, and numbers are the same if they have the same digits.
  ///
  /// - Complexity: O(*n*) in the number of bytes.
  public static func areEqual(_ left: RawSpan, _ right: RawSpan) -> Bool {
    var texts: [[UInt8]] = [[], []]
    do throws(JSONError) {
      try readingParser.append(left, as: sorted, allowsByteOrderMark: true, to: &texts[0])
      try readingParser.append(right, as: sorted, allowsByteOrderMark: true, to: &texts[1])
    } catch {
      return false
    }
    return texts[0] == texts[1]
  }

  private static let sorted = JSONSpelling(sortsKeys: true, mergesRepeatedKeys: true)
}
