internal import CDeflate

/// Puts the Adler-32 of zlib beside the bytes of a chunk.
///
/// See [numcodecs.adler32](https://numcodecs.readthedocs.io/en/stable/checksum32.html) and
/// [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950#section-9).
public struct Adler32Codec: ChecksumCodec, Hashable {
  public static var name: String { "numcodecs.adler32" }

  public let location: ChecksumLocation

  /// Creates the codec.
  public init(location: ChecksumLocation = .start) {
    self.location = location
  }

  public func checksum(of bytes: RawSpan) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: libdeflate reads `count` bytes and keeps nothing.
      unsafe libdeflate_adler32(1, bytes.baseAddress, bytes.count)
    }
  }
}
