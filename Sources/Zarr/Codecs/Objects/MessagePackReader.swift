import ChunkEngine
import Foundation

/// A walk over bytes in MessagePack, that makes JSON text of them.
///
/// A count or length is a claim: it is held against the bytes that are left before anything is done with it.
struct MessagePackReader: ~Escapable {
  private let source: RawSpan
  private let isRaw: Bool
  private let limit: Int
  private var offset = 0

  /// Begins at the first byte of `source`.
  ///
  /// - Parameters:
  ///   - source: The bytes.
  ///   - isRaw: Whether text need not be UTF-8.
  ///   - limit: The most bytes of text that a value may become.
  @_lifetime(copy source)
  init(_ source: RawSpan, isRaw: Bool, limit: Int) {
    self.source = source
    self.isRaw = isRaw
    self.limit = limit
  }

  /// Checks that nothing is left.
  func finish() throws(ChunkError) {
    guard offset == source.byteCount else {
      throw .trailingBytes(codec: MessagePack2Codec.name, byteCount: source.byteCount - offset)
    }
  }

  /// Steps into an array, and returns how many values it has, or nil if there is none.
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
  /// - Parameters:
  ///   - depth: The arrays and maps that the value is in.
  ///   - output: Where the text goes.
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
      throw MessagePack2Codec.malformed("byte \(offset - 1): an extension type, which JSON has not")
    default: throw MessagePack2Codec.malformed("byte \(offset - 1): no value begins with it")
    }
    // Control characters become six times as long.
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
        throw MessagePack2Codec.malformed("byte \(offset): a key is no string, which JSON has not")
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
      appendBase64(bytes, to: &output)
    } else {
      throw MessagePack2Codec.malformed("byte \(offset - bytes.byteCount): the text is not UTF-8")
    }
  }

  private mutating func appendBytes(_ length: UInt64, to output: inout [UInt8]) throws(ChunkError) {
    appendBase64(try bytes(length), to: &output)
  }

  private func appendBase64(_ bytes: RawSpan, to output: inout [UInt8]) {
    let data = unsafe bytes.withUnsafeBytes { unsafe Data($0) }
    append("{\"\(MessagePack2Codec.bytesKey)\":\"\(data.base64EncodedString())\"}", to: &output)
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

  /// Checks a count of values of which each has `least` bytes at least.
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
