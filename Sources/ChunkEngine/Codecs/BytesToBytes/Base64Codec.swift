/// Writes chunks as base64 text, with the standard alphabet and padding.
///
/// See [numcodecs.base64](https://numcodecs.readthedocs.io/en/stable/other/base64.html) and
/// [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648#section-4). Other characters, which numcodecs
/// skips, are an error here. The codec has no settings.
package struct Base64Codec: BytesToBytesCodec, Hashable {
  package static var name: String { "numcodecs.base64" }

  /// Creates the codec.
  package init() {}

  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

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

  package func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    Encoder()
  }

  package func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    Decoder()
  }

  private final class Encoder: BytesEncoder {
    func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
      guard output.freeCapacity >= (source.byteCount + 2) / 3 * 4 else {
        throw .compressionFailed(codec: Base64Codec.name, reason: "the output is full")
      }
      let alphabet = Base64Codec.alphabet.span
      for start in stride(from: 0, to: source.byteCount, by: 3) {
        let count = min(3, source.byteCount - start)
        var bits = Int(source.byte(at: start)) << 16
        if count > 1 { bits |= Int(source.byte(at: start + 1)) << 8 }
        if count > 2 { bits |= Int(source.byte(at: start + 2)) }
        output.append(alphabet[bits >> 18])
        output.append(alphabet[bits >> 12 & 63])
        output.append(count > 1 ? alphabet[bits >> 6 & 63] : Base64Codec.padding)
        output.append(count > 2 ? alphabet[bits & 63] : Base64Codec.padding)
      }
    }
  }

  private final class Decoder: BytesDecoder {
    func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
      let characterCount = source.byteCount
      guard characterCount.isMultiple(of: 4) else { throw malformed("the text is cut short") }
      var paddingCount = 0
      while paddingCount < 2, characterCount > 0,
        source.byte(at: characterCount - 1 - paddingCount) == Base64Codec.padding
      {
        paddingCount += 1
      }
      let byteCount = characterCount / 4 * 3 - paddingCount
      guard byteCount <= limit else {
        throw .decodedByteCountExceedsLimit(codec: Base64Codec.name, byteCount: byteCount, limit: limit)
      }
      let values = Base64Codec.values.span
      try output.append(addingCapacity: byteCount) { output throws(ChunkError) in
        for start in stride(from: 0, to: characterCount, by: 4) {
          let isPadded = paddingCount > 0 && start == characterCount - 4
          let count = isPadded ? 4 - paddingCount : 4
          var bits: UInt32 = 0
          for position in start..<start + count {
            let value = values[Int(source.byte(at: position))]
            guard value != Base64Codec.invalid else {
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
      .malformed(codec: Base64Codec.name, reason: reason)
    }
  }
}
