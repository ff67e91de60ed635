internal import CDeflate

/// Puts the CRC-32 of gzip and zlib beside the bytes of a chunk.
///
/// See [numcodecs.crc32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952#section-8).
public struct CRC32Codec: ChecksumCodec, Hashable {
  public static var name: String { "numcodecs.crc32" }

  public let location: ChecksumLocation

  /// Creates the codec.
  public init(location: ChecksumLocation = .start) {
    self.location = location
  }

  public func checksum(of bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: libdeflate reads `count` bytes and keeps nothing.
      unsafe libdeflate_crc32(0, bytes.baseAddress, bytes.count)
    }
  }
}
