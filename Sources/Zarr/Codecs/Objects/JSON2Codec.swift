package import ChunkEngine

/// Turns a chunk of JSON values into one JSON array, as the codec `json2` of numcodecs does.
///
///     [ element₀ , element₁ , … , "|O" , [ 2 , 3 ] ]
///       nested lists, one a     data    shape of
///       dimension of the chunk       type    the chunk
///
/// In memory each element is the text of its value. The codec spells text as Python's `json.dumps` does with
/// the same settings, and writes the same bytes as numcodecs, except that numbers keep their digits. The
/// lists are in C order, also in an array with the order `F`.
///
/// The codec also reads the flat lists that zarrita writes. It does not read the codec `json` of numcodecs
/// before 0.6, which does not store the shape of a chunk.
///
/// The metadata names are `numcodecs.json2` and `json2`. See
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/other/json.html).
package struct JSON2Codec: ArrayToBytesCodec, Hashable {
  package static var name: String { "numcodecs.json2" }

  /// How deeply the values may be nested, the lists of the chunk included: one for each dimension.
  static let maximumDepth = JSONValue.maximumElementDepth + 128

  private let spelling: JSONSpelling

  package let configuration: JSONObject

  /// Creates a codec.
  package init(sortsKeys: Bool = true, escapesNonASCII: Bool = true) {
    spelling = JSONSpelling(
      escapesNonASCII: escapesNonASCII, sortsKeys: sortsKeys, mergesRepeatedKeys: true)
    configuration = Self.configuration(
      spelling, encoding: "utf-8", skipsKeys: false, checksCircles: true, indentation: .null, isStrict: true)
  }

  private init(_ spelling: JSONSpelling, configuration: JSONObject) {
    self.spelling = spelling
    self.configuration = configuration
  }

  package func makeEncoder() throws(ChunkError) -> any ArrayEncoder { JSON2Encoder(spelling) }

  package func makeDecoder() throws(ChunkError) -> any ArrayDecoder { JSON2Decoder() }

  fileprivate static func malformed(_ reason: String) -> ChunkError {
    .malformed(codec: name, reason: reason)
  }
}

extension JSON2Codec: MetadataCodec {
  package init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly(
      "encoding", "skipkeys", "ensure_ascii", "check_circular", "allow_nan", "sort_keys", "indent",
      "separators", "strict")
    let indent = settings["indent"] ?? .null
    let separators = try Self.separators(settings, isIndented: indent != .null)
    let spelling = JSONSpelling(
      escapesNonASCII: try settings.boolean("ensure_ascii", default: true),
      sortsKeys: try settings.boolean("sort_keys", default: true), mergesRepeatedKeys: true,
      allowsNaN: try settings.boolean("allow_nan", default: true), itemSeparator: separators.item,
      keySeparator: separators.key, indentation: try Self.indentation(indent, settings))
    let encoding = try Self.encoding(settings, isASCII: spelling.escapesNonASCII)
    self.init(
      spelling,
      configuration: Self.configuration(
        spelling, encoding: encoding, skipsKeys: try settings.boolean("skipkeys", default: false),
        checksCircles: try settings.boolean("check_circular", default: true), indentation: indent,
        isStrict: try settings.boolean("strict", default: true)))
  }

  /// All settings, in the order of numcodecs.
  private static func configuration(
    _ spelling: JSONSpelling, encoding: String, skipsKeys: Bool, checksCircles: Bool, indentation: JSONValue,
    isStrict: Bool
  ) -> JSONObject {
    [
      "encoding": .string(encoding), "skipkeys": .bool(skipsKeys),
      "ensure_ascii": .bool(spelling.escapesNonASCII), "check_circular": .bool(checksCircles),
      "allow_nan": .bool(spelling.allowsNaN), "indent": indentation,
      "separators": [
        .string(String(decoding: spelling.itemSeparator, as: UTF8.self)),
        .string(String(decoding: spelling.keySeparator, as: UTF8.self)),
      ],
      "sort_keys": .bool(spelling.sortsKeys), "strict": .bool(isStrict),
    ]
  }

  private static func separators(
    _ settings: CodecSettings, isIndented: Bool
  ) throws(MetadataError) -> (item: [UInt8], key: [UInt8]) {
    switch settings["separators"] {
    case nil, .null?:
      return isIndented ? (Array(", ".utf8), Array(": ".utf8)) : (Array(",".utf8), Array(":".utf8))
    case .array(let values)?:
      // Any other separators would not make JSON.
      if values.count == 2, let item = separator(values[0], of: ","), let key = separator(values[1], of: ":")
      {
        return (item, key)
      }
    default: break
    }
    throw settings.unexpected("separators", expected: "a comma and a colon, with or without spaces")
  }

  private static func separator(_ value: JSONValue, of mark: UnicodeScalar) -> [UInt8]? {
    guard let text = value.stringValue, text.utf8.count <= maximumSpaceCount else { return nil }
    let marks = text.unicodeScalars.filter { !" \t\n\r".unicodeScalars.contains($0) }
    return marks.elementsEqual([mark]) ? Array(text.utf8) : nil
  }

  /// The indentation of a level: a number of spaces, or white space as it is.
  private static func indentation(
    _ value: JSONValue, _ settings: CodecSettings
  ) throws(MetadataError) -> [UInt8]? {
    if case .null = value { return nil }
    if let count = value.integerValue, count <= maximumSpaceCount {
      return Array(repeating: UInt8(ascii: " "), count: max(0, count))
    }
    if let text = value.stringValue, text.utf8.count <= maximumSpaceCount,
      text.unicodeScalars.allSatisfy({ " \t\n\r".unicodeScalars.contains($0) })
    {
      return Array(text.utf8)
    }
    throw settings.unexpected(
      "indent", expected: "null, a number up to \(maximumSpaceCount), or white space")
  }

  /// The maximum number of spaces in a setting.
  ///
  /// A chunk repeats them for each level of each line.
  private static let maximumSpaceCount = 64

  private static func encoding(_ settings: CodecSettings, isASCII: Bool) throws(MetadataError) -> String {
    guard let value = settings["encoding"] else { return "utf-8" }
    let name = value.stringValue?.lowercased().replacing("_", with: "-") ?? ""
    let asciiNames = ["ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1"]
    guard name == "utf-8" || name == "utf8" || isASCII && asciiNames.contains(name),
      let text = value.stringValue
    else {
      throw settings.unexpected("encoding", expected: "utf-8")
    }
    return text
  }
}

/// Writes chunks of JSON values as `json2` stores them.
///
///     shape 2, 2     [ [ e₀ , e₁ ] , [ e₂ , e₃ ] , "|O" , [ 2 , 2 ] ]
private final class JSON2Encoder: ArrayEncoder {
  private let spelling: JSONSpelling

  /// The text of one element after the brackets that it opens, before it goes to the chunk.
  private var text: [UInt8] = []

  init(_ spelling: JSONSpelling) {
    self.spelling = spelling
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: JSON2Codec.name)
    let rows = NestedRows(chunk.shape)
    text.removeAll(keepingCapacity: true)
    spelling.appendOpening("[", level: 1, to: &text)
    while let element = try elements.next() {
      let index = elements.index - 1
      let rowCount = rows.rowsBeginning(at: index)
      if index > 0 {
        close(rowCount, of: rows)
        spelling.appendSeparator(level: rows.depth - rowCount, to: &text)
      }
      for level in rows.depth - rowCount + 1..<rows.depth + 1 {
        spelling.appendOpening("[", level: level, to: &text)
      }
      try append(element, index: index, depth: rows.depth)
      try flush(to: &output)
    }
    close(rows.depth - 1, of: rows)
    spelling.appendSeparator(level: 1, to: &text)
    text.append(contentsOf: "\"|O\"".utf8)
    spelling.appendSeparator(level: 1, to: &text)
    spelling.appendIntegers(chunk.shape, level: 2, to: &text)
    spelling.appendClosing("]", level: 0, to: &text)
    try flush(to: &output)
  }

  /// Closes the innermost `count` lists.
  private func close(_ count: Int, of rows: NestedRows) {
    for closed in 0..<count {
      spelling.appendClosing("]", level: rows.depth - 1 - closed, to: &text)
    }
  }

  private func append(_ element: RawSpan, index: Int, depth: Int) throws(ChunkError) {
    guard element.isWellFormedText else { throw .invalidUTF8(index: index) }
    var scanner = JSONScanner(element.octets, maximumDepth: JSON2Codec.maximumDepth)
    do throws(JSONError) {
      try scanner.spell(as: spelling, depth: depth, level: depth, to: &text)
      guard scanner.nextToken() == nil else { throw scanner.unexpected("the end of the element") }
    } catch {
      throw .unencodable(codec: JSON2Codec.name, reason: "element \(index) is not JSON: \(error)")
    }
  }

  private func flush(to output: inout ByteArena) throws(ChunkError) {
    try output.append(text)
    text.removeAll(keepingCapacity: true)
  }
}

/// Reads chunks that `json2` stored.
private final class JSON2Decoder: ArrayDecoder {
  /// The text of one element, before it goes to the chunk.
  private var text: [UInt8] = []

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    guard source.isWellFormedText else { throw JSON2Codec.malformed("the text is not UTF-8") }
    // An element has at least one character, and a comma or a bracket follows.
    guard chunk.elementCount <= min(source.byteCount / 2, WireForm.maximumElementCount) else {
      throw JSON2Codec.malformed(
        "\(source.byteCount) bytes are too few for \(chunk.elementCount) elements")
    }
    let start = output.count
    do throws(ChunkError) {
      try decode(source, chunk.shape, of: chunk, into: &output, limit: limit)
    } catch {
      // zarrita stores the elements of all dimensions in one list.
      guard chunk.shape.count > 1 else { throw error }
      output.truncate(to: start)
      do throws(ChunkError) {
        try decode(source, [chunk.elementCount], of: chunk, into: &output, limit: limit)
      } catch _ {
        throw error
      }
    }
  }

  /// Decodes a chunk whose lists have the lengths `lists`.
  private func decode(
    _ source: RawSpan, _ lists: [Int], of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    var reader = JSON2Reader(source, limit: limit)
    try output.append(littleEndian: UInt32(truncatingIfNeeded: chunk.elementCount))
    try reader.open()
    if lists.isEmpty {
      try reader.element(depth: 1, text: &text, into: &output)
    } else {
      try reader.items(lists[...], depth: 1, text: &text, into: &output)
    }
    try reader.comma()
    try reader.dataType()
    try reader.comma()
    try reader.shape(chunk.shape, text: &text)
    try reader.close()
  }
}

/// A walk over the text of a chunk that `json2` stored.
private struct JSON2Reader: ~Escapable {
  private var scanner: JSONScanner
  private let limit: Int

  /// The number of elements read so far.
  private var count = 0

  @_lifetime(copy source)
  init(_ source: RawSpan, limit: Int) {
    scanner = JSONScanner(source.octets, maximumDepth: JSON2Codec.maximumDepth)
    self.limit = limit
  }

  /// Steps over the bracket before the first element.
  mutating func open() throws(ChunkError) {
    try skip("[")
  }

  /// Steps over the bracket after the shape, and checks that nothing follows.
  mutating func close() throws(ChunkError) {
    try skip("]")
    guard scanner.nextToken() == nil else { throw malformed(scanner.unexpected("the end")) }
  }

  mutating func comma() throws(ChunkError) {
    try skip(",")
  }

  /// Reads the items of nested lists.
  ///
  /// The outermost list is open already.
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
    guard depth <= JSON2Codec.maximumDepth else {
      throw JSON2Codec.malformed("the lists are nested more than \(JSON2Codec.maximumDepth) deep")
    }
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
    // The limit counts the lengths of the wire form, which the stored text does not have.
    try output.appendDecoded(text, index: count, limit: limit, codec: JSON2Codec.name)
    count += 1
  }

  /// Reads the data type of the elements, which is `"|O"` for objects.
  mutating func dataType() throws(ChunkError) {
    guard scanner.nextToken() == UInt8(ascii: "\"") else {
      throw malformed(scanner.unexpected("a data type after the last element"))
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
      throw JSON2Codec.malformed("expected the chunk shape \(expected), found \(found)")
    }
  }

  private mutating func spell(depth: Int, to text: inout [UInt8]) throws(ChunkError) {
    do throws(JSONError) {
      try scanner.spell(as: .compact, depth: depth, level: 0, to: &text)
    } catch {
      throw malformed(error)
    }
  }

  private mutating func skip(_ mark: UnicodeScalar) throws(ChunkError) {
    guard scanner.nextToken() == UInt8(ascii: mark) else {
      throw malformed(scanner.unexpected("'\(mark)'"))
    }
    scanner.offset += 1
  }

  private func malformed(_ error: JSONError) -> ChunkError {
    JSON2Codec.malformed(error.description)
  }
}
