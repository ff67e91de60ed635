/// Puts Fletcher's checksum behind the bytes of a chunk, as HDF5 computes it.
///
/// Two sums of 16-bit words, the more significant byte first, modulo 65535: of the words, and of the first
/// sum after each word. An odd byte at the end is a word with a zero; zarrs leaves it out, and what it stores
/// is read too. A sum that is not zero but a multiple of 65535 stays 65535. See
/// [numcodecs.fletcher32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [HDF5](https://support.hdfgroup.org/documentation/). The codec has no settings.
public struct Fletcher32Codec: ChecksumCodec, Hashable {
  public static var name: String { "numcodecs.fletcher32" }

  /// Creates the codec.
  public init() {}

  /// The words after which the sums are made smaller: they cannot overflow before.
  private static let wordsPerBlock = 1 << 16

  public func checksum(of bytes: RawSpan) -> UInt32 {
    let wordCount = bytes.byteCount / 2
    var first: UInt64 = 0
    var second: UInt64 = 0
    var word = 0
    while word < wordCount {
      let end = min(wordCount, word + Self.wordsPerBlock)
      while word < end {
        first &+= UInt64(bytes.byte(at: 2 * word)) << 8 | UInt64(bytes.byte(at: 2 * word + 1))
        second &+= first
        word += 1
      }
      first = Self.reduced(first)
      second = Self.reduced(second)
    }
    if !bytes.byteCount.isMultiple(of: 2) {
      first = Self.reduced(first &+ UInt64(bytes.byte(at: 2 * wordCount)) << 8)
      second = Self.reduced(second &+ first)
    }
    return UInt32(second << 16 | first)
  }

  /// The checksum without the last of an odd number of bytes, as zarrs stores it.
  public func otherChecksum(of bytes: RawSpan) -> UInt32? {
    bytes.byteCount.isMultiple(of: 2) ? nil : checksum(of: bytes.extracting(0..<bytes.byteCount - 1))
  }

  /// A sum modulo 65535, where only zero itself becomes zero.
  private static func reduced(_ sum: UInt64) -> UInt64 {
    sum == 0 ? 0 : (sum - 1) % 65535 + 1
  }
}
