/// Puts a CRC-32C beside the bytes of a chunk, in front or behind.
///
/// See [numcodecs.crc32c](https://numcodecs.readthedocs.io/en/stable/checksum32.html). Behind the bytes it is
/// the same as ``CRC32CCodec``, under another name.
public struct NumcodecsCRC32CCodec: ChecksumCodec, Hashable {
  public static var name: String { "numcodecs.crc32c" }

  public let location: ChecksumLocation

  /// Creates the codec.
  public init(location: ChecksumLocation = .end) {
    self.location = location
  }

  public func checksum(of bytes: RawSpan) -> UInt32 {
    CRC32CCodec().checksum(of: bytes)
  }
}
