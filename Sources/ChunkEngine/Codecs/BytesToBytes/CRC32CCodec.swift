internal import CKernels

/// Puts a CRC-32C behind the bytes of a chunk.
///
/// See [crc32c](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html): the Castagnoli
/// polynomial of [RFC 3720](https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4). The codec has no settings.
public struct CRC32CCodec: ChecksumCodec, Hashable {
  public static var name: String { "crc32c" }

  /// Creates the codec.
  public init() {}

  public func checksum(of bytes: RawSpan) -> UInt32 { checksum(of: bytes, behind: 0) }

  /// The checksum of bytes that follow others, of which `checksum` is that.
  package func checksum(of bytes: RawSpan, behind checksum: UInt32) -> UInt32 {
    unsafe bytes.withUnsafeBytes { bytes in
      // SAFETY: The kernel reads `count` bytes and keeps nothing.
      unsafe ckernels_crc32c(checksum, bytes.baseAddress, bytes.count)
    }
  }
}
