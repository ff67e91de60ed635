import ChunkEngine

/// Reads JSON documents.
///
/// The grammar is that of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), strictly, with two additions:
/// the numbers `NaN`, `Infinity` and `-Infinity`, which zarr-python writes, and a byte order mark at the
/// beginning.
///
/// A value can take up to about 40 times the memory of its text (`[[[[…` and the like), so the limit on the
/// text also bounds the memory.
public struct JSONParser: Hashable, Sendable {
  /// The depths of nesting that can be allowed; the parser recurses, so that more could overflow a stack.
  public static let depths = 0...1000

  /// How deeply arrays and objects may be nested.
  public let maximumDepth: Int

  /// How many bytes a document may have.
  public let maximumByteCount: Int

  /// Creates a parser with limits.
  ///
  /// - Precondition: `maximumDepth` is in ``depths``.
  public init(maximumDepth: Int = 64, maximumByteCount: Int = 64 << 20) {
    precondition(Self.depths.contains(maximumDepth), "JSON depth \(maximumDepth) is not in \(Self.depths)")
    self.maximumDepth = maximumDepth
    self.maximumByteCount = maximumByteCount
  }

  /// Reads a document.
  ///
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  public func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try parse(bytes.span)
  }

  /// Checks a document, and appends its text without white space.
  ///
  /// No values are made of it: this takes the memory of the text, and numbers keep their digits. A key that
  /// is repeated stays so, and half of a surrogate pair stays an escape.
  ///
  /// - Parameters:
  ///   - bytes: The document.
  ///   - output: Where the text goes; if this throws, it may have a part of it.
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  public func appendCompact(_ bytes: RawSpan, to output: inout [UInt8]) throws(JSONError) {
    try append(bytes, as: .compact, allowsByteOrderMark: true, to: &output)
  }

  /// Checks a document, and appends its text as a spelling has it.
  func append(
    _ bytes: RawSpan, as spelling: JSONSpelling, allowsByteOrderMark: Bool, to output: inout [UInt8]
  ) throws(JSONError) {
    try checkByteCount(bytes.byteCount)
    var scanner = JSONScanner(bytes.octets, maximumDepth: maximumDepth)
    if !bytes.isWellFormedText {
      // Says where.
      _ = try scanner.text(0..<bytes.byteCount)
    }
    if allowsByteOrderMark {
      scanner.skipByteOrderMark()
    } else if bytes.beginsWithByteOrderMark {
      throw scanner.failure(.malformed, at: 0, "a byte order mark is no part of JSON")
    }
    try scanner.spell(as: spelling, depth: 0, level: 0, to: &output)
    guard scanner.nextToken() == nil else { throw scanner.unexpected("the end of the document") }
  }

  /// Reads a document.
  ///
  /// - Throws: An error that says where the document breaks the grammar or a limit.
  /// - Complexity: O(*n*) in the number of bytes.
  public func parse(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
    try checkByteCount(bytes.count)
    var scanner = JSONScanner(bytes, maximumDepth: maximumDepth)
    return try scanner.document()
  }

  private func checkByteCount(_ byteCount: Int) throws(JSONError) {
    guard byteCount <= maximumByteCount else {
      throw JSONError(
        code: .tooLong, byteOffset: 0, line: 1, column: 1,
        message: "\(byteCount) bytes are more than the limit of \(maximumByteCount)")
    }
  }
}
