/// A codec that puts a checksum beside the bytes of a chunk and otherwise leaves them as they are.
///
/// The engine appends the checksum where the bytes are and drops it where they are, so a checksum behind them
/// costs no copy. One in front costs one.
public protocol ChecksumCodec: Sendable {
  /// The name of the codec in Zarr v3 metadata.
  static var name: String { get }

  /// Where the checksum stands, which is behind the bytes unless the codec says otherwise.
  var location: ChecksumLocation { get }

  /// The checksum of `bytes`, which is stored in four bytes, the least significant one first.
  ///
  /// - Complexity: O(*n*) where *n* is the size of `bytes`. Does not allocate.
  func checksum(of bytes: RawSpan) -> UInt32
}

extension ChecksumCodec {
  public var location: ChecksumLocation { .end }

  /// The bytes of the checksum.
  static var byteCount: Int { 4 }

  /// Checks the checksum at the end of `bytes`.
  ///
  /// - Returns: The number of bytes in front of the checksum.
  func verifiedByteCount(of bytes: RawSpan) throws(ChunkError) -> Int {
    let byteCount = bytes.byteCount - Self.byteCount
    guard byteCount >= 0 else {
      throw .truncatedHeader(codec: Self.name, byteCount: bytes.byteCount, expected: Self.byteCount)
    }
    let stored = bytes.littleEndianUInt32(at: byteCount)
    let computed = checksum(of: bytes.extracting(0..<byteCount))
    guard stored == computed else {
      throw .checksumMismatch(codec: Self.name, stored: stored, computed: computed)
    }
    return byteCount
  }
}
