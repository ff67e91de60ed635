import CKernels

/// Puts a CRC-32C after the bytes of a chunk.
///
/// See [crc32c](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html): the Castagnoli
/// polynomial of [RFC 3720](https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4). The codec has no settings.
public struct CRC32CCodec: ChecksumCodec, Hashable {
  public static var name: String { "crc32c" }

  /// Creates the codec.
  public init() {}

  public func checksum(of bytes: RawSpan) -> UInt32 { checksum(of: bytes, continuing: 0) }

  /// The checksum of some bytes followed by `bytes`, where `checksum` is that of the first ones.
  package func checksum(of bytes: RawSpan, continuing checksum: UInt32) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: The kernel reads `count` bytes and keeps nothing.
      unsafe ckernels_crc32c(checksum, bytes.baseAddress, bytes.count)
    }
  }
}
