import ChunkEngine

/// A walk over the text of a chunk that `json2` stored.
struct JSON2Reader: ~Escapable {
  private var scanner: JSONScanner
  private let limit: Int

  /// The number of elements so far.
  private var count = 0

  @_lifetime(copy source)
  init(_ source: RawSpan, limit: Int) {
    scanner = JSONScanner(source.octets, maximumDepth: JSON2Codec.maximumDepth)
    self.limit = limit
  }

  /// Steps over the bracket in front of the first element.
  mutating func open() throws(ChunkError) {
    try skip("[")
  }

  /// Steps over the bracket behind the shape, behind which there must be nothing.
  mutating func close() throws(ChunkError) {
    try skip("]")
    guard scanner.nextToken() == nil else { throw JSON2Codec.malformed(scanner.unexpected("the end")) }
  }

  /// Steps over a comma.
  mutating func comma() throws(ChunkError) {
    try skip(",")
  }

  /// Reads the items of lists in lists, of which the outermost is open already.
  ///
  /// - Parameters:
  ///   - lists: The length of a list of each level.
  ///   - depth: The number of lists that are open.
  ///   - text: Room for the text of an element.
  ///   - output: Where the elements go, in wire form.
  /// - Throws: `ChunkError`
  mutating func items(
    _ lists: ArraySlice<Int>, depth: Int, text: inout [UInt8], into output: inout ByteArena
  ) throws(ChunkError) {
    guard depth <= JSON2Codec.maximumDepth else { throw JSON2Codec.malformed("there are too many axes") }
    let inner = lists.dropFirst()
    for index in 0..<(lists.first ?? 0) {
      if index > 0 { try comma() }
      if inner.isEmpty {
        try element(depth: depth, text: &text, into: &output)
      } else {
        try open()
        try items(inner, depth: depth + 1, text: &text, into: &output)
        try skip("]")
      }
    }
  }

  /// Reads an element and appends it in wire form.
  mutating func element(
    depth: Int, text: inout [UInt8], into output: inout ByteArena
  ) throws(ChunkError) {
    text.removeAll(keepingCapacity: true)
    try spell(depth: depth, to: &text)
    // What was stored has as many characters at least, but no lengths.
    try output.appendDecoded(text, index: count, limit: limit, codec: JSON2Codec.name)
    count += 1
  }

  /// Reads the data type of the elements, which is `"|O"` unless they were of a fixed size.
  mutating func dataType() throws(ChunkError) {
    guard scanner.nextToken() == UInt8(ascii: "\"") else {
      throw JSON2Codec.malformed(scanner.unexpected("a data type behind the last element"))
    }
    var name: [UInt8] = []
    try spell(depth: 1, to: &name)
  }

  /// Reads the shape of the chunk, which must be `expected`.
  mutating func shape(_ expected: [Int], text: inout [UInt8]) throws(ChunkError) {
    text.removeAll(keepingCapacity: true)
    try spell(depth: 1, to: &text)
    var wanted: [UInt8] = []
    JSONSpelling.compact.appendIntegers(expected, level: 0, to: &wanted)
    guard text == wanted else {
      let found = String(decoding: text.prefix(60), as: UTF8.self)
      throw JSON2Codec.malformed("the chunk has the shape \(expected) and says \(found)")
    }
  }

  private mutating func spell(depth: Int, to text: inout [UInt8]) throws(ChunkError) {
    do throws(JSONError) {
      try scanner.spell(as: .compact, depth: depth, level: 0, to: &text)
    } catch {
      throw JSON2Codec.malformed(error)
    }
  }

  private mutating func skip(_ mark: UnicodeScalar) throws(ChunkError) {
    guard scanner.nextToken() == UInt8(ascii: mark) else {
      throw JSON2Codec.malformed(scanner.unexpected("'\(mark)'"))
    }
    scanner.offset += 1
  }
}
