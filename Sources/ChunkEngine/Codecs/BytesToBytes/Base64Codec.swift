/// Writes chunks as base64 text, with the standard alphabet and padding.
///
/// See [numcodecs.base64](https://numcodecs.readthedocs.io/en/stable/other/base64.html) and
/// [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648#section-4). Other characters, which numcodecs
/// skips, are an error here. The codec has no settings.
package struct Base64Codec: BytesToBytesCodec, BytesEncoder, BytesDecoder, Hashable {
  package static var name: String { "numcodecs.base64" }

  /// Creates the codec.
  package init() {}

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The two characters for every value of twelve bits, the first one in the low byte.
  private static let pairs: [UInt16] = (0..<4096).map { bits in
    UInt16(alphabet[bits >> 6]) | UInt16(alphabet[bits & 63]) << 8
  }

  /// Marks a byte that is not in the alphabet.
  private static let invalid: UInt8 = 0xff

  /// The value of each character.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: invalid, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  private static let padding = UInt8(ascii: "=")

  package func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    guard byteCount <= Int.max / 2 else { throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2) }
    return (byteCount + 2) / 3 * 4
  }

  package func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    let byteCount = try maximumEncodedByteCount(of: source.byteCount)
    try output.checkFreeCapacity(byteCount, codec: Self.name)
    try unsafe output.appendUnsafe { free throws(ChunkError) in
      unsafe Self.write(source, to: free)
      return byteCount
    }
  }

  /// Appends the text of `bytes`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of `bytes`.
  package static func append(_ bytes: RawSpan, to output: inout [UInt8]) {
    let byteCount = (bytes.byteCount + 2) / 3 * 4
    output.append(addingCapacity: byteCount) { output in
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count...])
        unsafe write(bytes, to: UnsafeMutableRawBufferPointer(free))
        count += byteCount
      }
    }
  }

  /// Writes the text of `bytes` to the start of `target`, which has room for it.
  private static func write(_ bytes: RawSpan, to target: UnsafeMutableRawBufferPointer) {
    let pairs = pairs.span
    let groupCount = bytes.byteCount / 3
    unsafe bytes.withUnsafeBytes { bytes in
      for group in 0..<groupCount {
        // SAFETY: Each whole group reads three bytes and writes four.
        let bits =
          unsafe Int(bytes[group * 3]) << 16 | Int(bytes[group * 3 + 1]) << 8 | Int(bytes[group * 3 + 2])
        unsafe target.storeBytes(
          of: pairs[bits >> 12].littleEndian, toByteOffset: group * 4, as: UInt16.self)
        unsafe target.storeBytes(
          of: pairs[bits & 4095].littleEndian, toByteOffset: group * 4 + 2, as: UInt16.self)
      }
      let tail = unsafe bytes.dropFirst(groupCount * 3).map(Int.init)
      guard let first = tail.first else { return }
      // SAFETY: One or two bytes also become four characters.
      let bits = first << 16 | (tail.count > 1 ? tail[1] << 8 : 0)
      unsafe target.storeBytes(
        of: pairs[bits >> 12].littleEndian, toByteOffset: groupCount * 4, as: UInt16.self)
      unsafe target[groupCount * 4 + 2] = tail.count > 1 ? alphabet[bits >> 6 & 63] : padding
      unsafe target[groupCount * 4 + 3] = padding
    }
  }

  package func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    let characterCount = source.byteCount
    guard characterCount.isMultiple(of: 4) else { throw malformed("the text is cut short") }
    var paddingCount = 0
    while paddingCount < 2, characterCount > 0,
      source.byte(at: characterCount - 1 - paddingCount) == Self.padding
    {
      paddingCount += 1
    }
    let byteCount = characterCount / 4 * 3 - paddingCount
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    let values = Self.values.span
    try output.append(addingCapacity: byteCount) { output throws(ChunkError) in
      for start in stride(from: 0, to: characterCount, by: 4) {
        let isPadded = paddingCount > 0 && start == characterCount - 4
        let count = isPadded ? 4 - paddingCount : 4
        var bits: UInt32 = 0
        for position in start..<start + count {
          let value = values[Int(source.byte(at: position))]
          guard value != Self.invalid else {
            throw malformed("character \(position) is not of the alphabet")
          }
          bits = bits << 6 | UInt32(value)
        }
        bits <<= UInt32(6 * (4 - count))
        output.append(UInt8(truncatingIfNeeded: bits >> 16))
        if count > 2 { output.append(UInt8(truncatingIfNeeded: bits >> 8)) }
        if count > 3 { output.append(UInt8(truncatingIfNeeded: bits)) }
        guard !isPadded || bits & (count > 2 ? 0xff : 0xffff) == 0 else {
          throw malformed("there are bits after the last byte")
        }
      }
    }
  }

  private func malformed(_ reason: String) -> ChunkError {
    .malformed(codec: Self.name, reason: reason)
  }
}
