package import ChunkEngine

/// Turns a chunk of JSON values into one MessagePack array, as the codec `msgpack2` of numcodecs does.
///
///     array of n + 2:  element₀  element₁  …  "|O"   array: 2  3
///                        nested arrays,       data   shape of
///                        one a dimension          type   the chunk
///
/// In memory each element is the text of its value. The codec writes the same bytes as numcodecs: integers in
/// as few bytes as they need, other numbers as `float64`, members in their order. JSON and MessagePack
/// differ:
///
/// - JSON has no byte strings. They become an object with one member in base64, `{"__bytes__":"eA=="}`, which
///   becomes a byte string again when you write it.
/// - The codec cannot store integers of more than 64 bits, or numbers that no `Double` can hold: it throws.
/// - The codec cannot read keys that are no strings, or extension types, for example times: it throws.
///
/// The metadata names are `numcodecs.msgpack2` and `msgpack2`. See the
/// [specification](https://github.com/msgpack/msgpack/blob/master/spec.md) and
/// [numcodecs](https://numcodecs.readthedocs.io/en/stable/other/msgpacks.html).
package struct MessagePack2Codec: ArrayToBytesCodec, Hashable {
  package static var name: String { "numcodecs.msgpack2" }

  /// The maximum depth of values, the lists of the chunk included.
  static let maximumDepth = 512

  /// The only member of an object that stands for a byte string.
  fileprivate static let bytesKey = "__bytes__"

  /// Whether the codec stores numbers with a fraction as `float32`, which loses digits.
  package let usesSingleFloats: Bool

  /// Whether the stored bytes distinguish byte strings from text.
  ///
  /// Otherwise the codec stores text as in the first version of the format.
  package let tellsBytesFromText: Bool

  /// Whether text may be other than UTF-8.
  ///
  /// The codec then reads it as a byte string.
  package let isRaw: Bool

  /// Creates a codec.
  package init(usesSingleFloats: Bool = false, tellsBytesFromText: Bool = true, isRaw: Bool = false) {
    self.usesSingleFloats = usesSingleFloats
    self.tellsBytesFromText = tellsBytesFromText
    self.isRaw = isRaw
  }

  package func makeEncoder() throws(ChunkError) -> any ArrayEncoder { MessagePack2Encoder(self) }

  package func makeDecoder() throws(ChunkError) -> any ArrayDecoder { MessagePack2Decoder(self) }
}

extension MessagePack2Codec: MetadataCodec {
  package var configuration: JSONObject {
    [
      "raw": .bool(isRaw), "use_single_float": .bool(usesSingleFloats),
      "use_bin_type": .bool(tellsBytesFromText),
    ]
  }

  package init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("raw", "use_single_float", "use_bin_type")
    self.init(
      usesSingleFloats: try settings.boolean("use_single_float", default: false),
      tellsBytesFromText: try settings.boolean("use_bin_type", default: true),
      isRaw: try settings.boolean("raw", default: false))
  }
}

extension MessagePack2Codec {
  fileprivate static func malformed(_ reason: String) -> ChunkError {
    .malformed(codec: name, reason: reason)
  }
}

/// Writes chunks of JSON values as `msgpack2` stores them.
private final class MessagePack2Encoder: ArrayEncoder {
  private let parser = JSONParser(
    maximumDepth: MessagePack2Codec.maximumDepth, maximumByteCount: WireForm.maximumElementByteCount)
  private var writer: MessagePackWriter

  init(_ codec: MessagePack2Codec) {
    writer = MessagePackWriter(
      usesSingleFloats: codec.usesSingleFloats, tellsBytesFromText: codec.tellsBytesFromText)
  }

  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    var elements = try WireFormReader(
      source, expectedCount: chunk.elementCount, codec: MessagePack2Codec.name)
    let rows = NestedRows(chunk.shape)
    writer.bytes.removeAll(keepingCapacity: true)
    // The outermost list also has the data type and the shape.
    try writer.beginArray(count: (chunk.shape.first ?? 1) + 2)
    while let element = try elements.next() {
      let index = elements.index - 1
      for dimension in rows.depth - rows.rowsBeginning(at: index)..<rows.depth {
        try writer.beginArray(count: chunk.shape[dimension])
      }
      try append(element, index: index)
      try flush(to: &output)
    }
    try writer.append("|O")
    try writer.beginArray(count: chunk.shape.count)
    for length in chunk.shape {
      writer.append(UInt64(length.magnitude))
    }
    try flush(to: &output)
  }

  private func append(_ element: RawSpan, index: Int) throws(ChunkError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try parser.parse(element.octets)
    } catch {
      throw .unencodable(codec: MessagePack2Codec.name, reason: "element \(index) is not JSON: \(error)")
    }
    do throws(ChunkError) {
      try writer.append(value)
    } catch {
      guard case .unencodable(let codec, let reason) = error else { throw error }
      throw .unencodable(codec: codec, reason: "element \(index): \(reason)")
    }
  }

  private func flush(to output: inout ByteArena) throws(ChunkError) {
    try output.append(writer.bytes)
    writer.bytes.removeAll(keepingCapacity: true)
  }
}

/// Reads chunks that `msgpack2` stored.
private final class MessagePack2Decoder: ArrayDecoder {
  private let codec: MessagePack2Codec

  /// The text of one element, before it goes to the chunk.
  private var text: [UInt8] = []

  init(_ codec: MessagePack2Codec) {
    self.codec = codec
  }

  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    // An element has at least one byte.
    guard chunk.elementCount <= min(source.byteCount, WireForm.maximumElementCount) else {
      throw MessagePack2Codec.malformed(
        "\(source.byteCount) bytes are too few for \(chunk.elementCount) elements")
    }
    var reader = MessagePackReader(source, isRaw: codec.isRaw, limit: limit)
    let rows = NestedRows(chunk.shape)
    try output.append(littleEndian: UInt32(truncatingIfNeeded: chunk.elementCount))
    try expectArray(of: (chunk.shape.first ?? 1) + 2, with: &reader)
    for index in 0..<chunk.elementCount {
      for dimension in rows.depth - rows.rowsBeginning(at: index)..<rows.depth {
        try expectArray(of: chunk.shape[dimension], with: &reader)
      }
      text.removeAll(keepingCapacity: true)
      try reader.appendValue(depth: rows.depth, to: &text)
      try output.appendDecoded(text, index: index, limit: limit, codec: MessagePack2Codec.name)
    }
    try expectDataType(with: &reader)
    try expectArray(of: chunk.shape.count, with: &reader)
    for length in chunk.shape {
      text.removeAll(keepingCapacity: true)
      try reader.appendValue(depth: 2, to: &text)
      guard text == Array(String(length).utf8) else {
        throw MessagePack2Codec.malformed("the shape of the chunk is not \(chunk.shape)")
      }
    }
    try reader.finish()
  }

  private func expectArray(of count: Int, with reader: inout MessagePackReader) throws(ChunkError) {
    guard let found = try reader.arrayCount() else {
      throw MessagePack2Codec.malformed("expected an array of \(count), found something else")
    }
    guard found == count else {
      throw MessagePack2Codec.malformed("expected an array of \(count), found one of \(found)")
    }
  }

  private func expectDataType(with reader: inout MessagePackReader) throws(ChunkError) {
    text.removeAll(keepingCapacity: true)
    try reader.appendValue(depth: 1, to: &text)
    guard text.first == UInt8(ascii: "\"") || text.first == UInt8(ascii: "{") else {
      throw MessagePack2Codec.malformed("expected a data type after the last element")
    }
  }
}

/// Writes JSON values in MessagePack, each in the fewest bytes.
private struct MessagePackWriter {
  let usesSingleFloats: Bool

  /// Whether the format has types for byte strings, and for text of up to 255 bytes.
  let tellsBytesFromText: Bool

  var bytes: [UInt8] = []

  /// Appends a value.
  ///
  /// Recurses as deeply as the value is nested. Its parser limits that.
  mutating func append(_ value: JSONValue) throws(ChunkError) {
    switch value {
    case .null: bytes.append(0xC0)
    case .bool(let value): bytes.append(value ? 0xC3 : 0xC2)
    case .number(let number): try append(number)
    case .string(let text): try append(text)
    case .array(let values):
      try beginArray(count: values.count)
      for value in values {
        try append(value)
      }
    case .object(let members):
      if let data = Self.byteString(members) { return try append(data) }
      try begin(count: members.count, short: 0x80, shortLimit: 16, codes: (nil, 0xDE, 0xDF))
      for (key, value) in members {
        try append(key)
        try append(value)
      }
    }
  }

  /// Begins an array of the next `count` values.
  mutating func beginArray(count: Int) throws(ChunkError) {
    try begin(count: count, short: 0x90, shortLimit: 16, codes: (nil, 0xDC, 0xDD))
  }

  mutating func append(_ text: String) throws(ChunkError) {
    try beginText(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends an integer that is not negative.
  mutating func append(_ value: UInt64) {
    switch value {
    case 0..<0x80: bytes.append(UInt8(truncatingIfNeeded: value))
    case 0..<1 << 8: append(0xCC, UInt8(truncatingIfNeeded: value))
    case 0..<1 << 16: append(0xCD, UInt16(truncatingIfNeeded: value))
    case 0..<1 << 32: append(0xCE, UInt32(truncatingIfNeeded: value))
    default: append(0xCF, value)
    }
  }

  private mutating func append(_ number: JSONNumber) throws(ChunkError) {
    if let value = number.unsignedInteger {
      append(value)
    } else if let value = number.integer {
      append(negative: value)
    } else if number.isInteger {
      throw Self.unencodable("the integer \(JSONValue.number(number).summary) has more than 64 bits")
    } else {
      let value = number.double
      guard value.isFinite || number.isInfinite || value.isNaN else {
        throw Self.unencodable("the number \(JSONValue.number(number).summary) is too large")
      }
      if usesSingleFloats {
        append(0xCA, Float(value).bitPattern)
      } else {
        append(0xCB, value.bitPattern)
      }
    }
  }

  private mutating func append(negative value: Int) {
    switch value {
    case -0x20...0: bytes.append(UInt8(truncatingIfNeeded: value))
    case -0x80...0: append(0xD0, UInt8(truncatingIfNeeded: value))
    case -0x8000...0: append(0xD1, UInt16(truncatingIfNeeded: value))
    case -0x8000_0000...0: append(0xD2, UInt32(truncatingIfNeeded: value))
    default: append(0xD3, UInt64(bitPattern: Int64(value)))
    }
  }

  private mutating func append(_ data: [UInt8]) throws(ChunkError) {
    if tellsBytesFromText {
      try begin(count: data.count, short: 0, shortLimit: 0, codes: (0xC4, 0xC5, 0xC6))
    } else {
      try beginText(count: data.count)
    }
    bytes.append(contentsOf: data)
  }

  private mutating func beginText(count: Int) throws(ChunkError) {
    // The first version of the format has no code for lengths of one byte.
    try begin(count: count, short: 0xA0, shortLimit: 32, codes: (tellsBytesFromText ? 0xD9 : nil, 0xDA, 0xDB))
  }

  /// Appends a count: in the byte of the code if it is below a limit, otherwise in one, two or four bytes.
  private mutating func begin(
    count: Int, short: UInt8, shortLimit: Int, codes: (one: UInt8?, two: UInt8, four: UInt8)
  ) throws(ChunkError) {
    if count < shortLimit {
      bytes.append(short | UInt8(truncatingIfNeeded: count))
    } else if let code = codes.one, let count = UInt8(exactly: count) {
      append(code, count)
    } else if let count = UInt16(exactly: count) {
      append(codes.two, count)
    } else if let count = UInt32(exactly: count) {
      append(codes.four, count)
    } else {
      throw Self.unencodable("MessagePack cannot count \(count) values or bytes")
    }
  }

  /// Appends a code and a number, the most significant byte first.
  private mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ code: UInt8, _ number: Number) {
    bytes.append(code)
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  private static func unencodable(_ reason: String) -> ChunkError {
    .unencodable(codec: MessagePack2Codec.name, reason: reason)
  }

  /// The byte string that an object stands for, or nil if it is any other object.
  private static func byteString(_ members: JSONObject) -> [UInt8]? {
    guard members.count == 1 else { return nil }
    return members[MessagePack2Codec.bytesKey]?.stringValue.flatMap(Base64Codec.bytes(of:))
  }
}

extension JSONNumber {
  /// Whether the text has no fraction and no exponent.
  fileprivate var isInteger: Bool {
    text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  /// Whether the text is an infinity.
  fileprivate var isInfinite: Bool { text.hasSuffix("Infinity") }
}

/// A walk over bytes in MessagePack that turns them into JSON text.
///
/// The reader compares every count and length with the bytes that are left before it uses it.
private struct MessagePackReader: ~Escapable {
  private let source: RawSpan
  private let isRaw: Bool

  /// The maximum number of bytes of a value's text.
  private let limit: Int

  private var offset = 0

  @_lifetime(copy source)
  init(_ source: RawSpan, isRaw: Bool, limit: Int) {
    self.source = source
    self.isRaw = isRaw
    self.limit = limit
  }

  /// Checks that no bytes are left.
  func finish() throws(ChunkError) {
    guard offset == source.byteCount else {
      throw .trailingBytes(codec: MessagePack2Codec.name, byteCount: source.byteCount - offset)
    }
  }

  /// Steps into an array and returns its number of values, or nil if the next value is no array.
  mutating func arrayCount() throws(ChunkError) -> Int? {
    switch try number(1) {
    case let code where code & 0xF0 == 0x90: try count(code & 0x0F, least: 1)
    case 0xDC: try count(number(2), least: 1)
    case 0xDD: try count(number(4), least: 1)
    default: nil
    }
  }

  /// Reads a value, and appends its JSON text.
  ///
  /// - Throws: `ChunkError`
  mutating func appendValue(depth: Int, to output: inout [UInt8]) throws(ChunkError) {
    let code = try number(1)
    switch code {
    case 0x00...0x7F: append(String(code), to: &output)
    case 0x80...0x8F: try appendMap(code & 0x0F, depth: depth + 1, to: &output)
    case 0x90...0x9F: try appendArray(code & 0x0F, depth: depth + 1, to: &output)
    case 0xA0...0xBF: try appendText(code & 0x1F, to: &output)
    case 0xC0: append("null", to: &output)
    case 0xC2: append("false", to: &output)
    case 0xC3: append("true", to: &output)
    case 0xC4...0xC6: try appendBytes(number(1 << Int(code - 0xC4)), to: &output)
    case 0xCA:
      let float = Float(bitPattern: UInt32(truncatingIfNeeded: try number(4)))
      append(JSONNumber(Double(float)).text, to: &output)
    case 0xCB: append(JSONNumber(Double(bitPattern: try number(8))).text, to: &output)
    case 0xCC...0xCF: append(String(try number(1 << Int(code - 0xCC))), to: &output)
    case 0xD0...0xD3: append(String(try signedNumber(1 << Int(code - 0xD0))), to: &output)
    case 0xD9...0xDB: try appendText(number(1 << Int(code - 0xD9)), to: &output)
    case 0xDC: try appendArray(number(2), depth: depth + 1, to: &output)
    case 0xDD: try appendArray(number(4), depth: depth + 1, to: &output)
    case 0xDE: try appendMap(number(2), depth: depth + 1, to: &output)
    case 0xDF: try appendMap(number(4), depth: depth + 1, to: &output)
    case 0xE0...0xFF: append(String(Int(code) - 0x100), to: &output)
    case 0xC7...0xC9, 0xD4...0xD8:
      throw MessagePack2Codec.malformed("byte \(offset - 1): JSON has no extension types")
    default: throw MessagePack2Codec.malformed("byte \(offset - 1): no value begins with this byte")
    }
    // Escaping makes control characters six times as long.
    guard output.count <= limit else {
      throw .decodedByteCountExceedsLimit(codec: MessagePack2Codec.name, byteCount: nil, limit: limit)
    }
  }

  private mutating func appendArray(_ count: UInt64, depth: Int, to output: inout [UInt8]) throws(ChunkError)
  {
    try check(depth)
    output.append(UInt8(ascii: "["))
    for index in 0..<(try self.count(count, least: 1)) {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      try appendValue(depth: depth, to: &output)
    }
    output.append(UInt8(ascii: "]"))
  }

  private mutating func appendMap(_ count: UInt64, depth: Int, to output: inout [UInt8]) throws(ChunkError) {
    try check(depth)
    output.append(UInt8(ascii: "{"))
    for index in 0..<(try self.count(count, least: 2)) {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      let start = output.count
      try appendValue(depth: depth, to: &output)
      guard output[start] == UInt8(ascii: "\"") else {
        throw MessagePack2Codec.malformed("byte \(offset): a key is not a string, as JSON requires")
      }
      output.append(UInt8(ascii: ":"))
      try appendValue(depth: depth, to: &output)
    }
    output.append(UInt8(ascii: "}"))
  }

  private mutating func appendText(_ length: UInt64, to output: inout [UInt8]) throws(ChunkError) {
    let bytes = try bytes(length)
    if let text = try? UTF8Span(validating: bytes.octets) {
      JSONWriter.appendString(text, to: &output)
    } else if isRaw {
      appendObject(of: bytes, to: &output)
    } else {
      throw MessagePack2Codec.malformed("byte \(offset - bytes.byteCount): the text is not UTF-8")
    }
  }

  private mutating func appendBytes(_ length: UInt64, to output: inout [UInt8]) throws(ChunkError) {
    appendObject(of: try bytes(length), to: &output)
  }

  private func appendObject(of bytes: RawSpan, to output: inout [UInt8]) {
    append("{\"\(MessagePack2Codec.bytesKey)\":\"", to: &output)
    Base64Codec.append(bytes, to: &output)
    append("\"}", to: &output)
  }

  private func append(_ text: String, to output: inout [UInt8]) {
    output.append(contentsOf: text.utf8)
  }

  private func check(_ depth: Int) throws(ChunkError) {
    guard depth <= MessagePack2Codec.maximumDepth else {
      throw MessagePack2Codec.malformed(
        "values are nested more than \(MessagePack2Codec.maximumDepth) deep")
    }
  }

  /// Checks a count of values that each have at least `least` bytes.
  private func count(_ claim: UInt64, least: Int) throws(ChunkError) -> Int {
    guard claim <= UInt64((source.byteCount - offset) / least) else {
      throw .implausibleByteCount(
        codec: MessagePack2Codec.name, claimed: Int(clamping: claim), encoded: source.byteCount - offset)
    }
    return Int(claim)
  }

  @_lifetime(copy self)
  private mutating func bytes(_ length: UInt64) throws(ChunkError) -> RawSpan {
    let length = try count(length, least: 1)
    defer { offset += length }
    return source.extracting(offset..<offset + length)
  }

  private mutating func signedNumber(_ byteCount: Int) throws(ChunkError) -> Int64 {
    let shift = Int64(64 - 8 * byteCount)
    return (Int64(bitPattern: try number(byteCount)) << shift) >> shift
  }

  /// Reads a number of up to eight bytes, the most significant first.
  private mutating func number(_ byteCount: Int) throws(ChunkError) -> UInt64 {
    guard byteCount <= source.byteCount - offset else {
      throw .truncatedHeader(
        codec: MessagePack2Codec.name, byteCount: source.byteCount - offset, expected: byteCount)
    }
    var number: UInt64 = 0
    for index in offset..<offset + byteCount {
      number = number << 8 | UInt64(source.octets[index])
    }
    offset += byteCount
    return number
  }
}
