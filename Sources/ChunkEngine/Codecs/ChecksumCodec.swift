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

  /// What other libraries store in place of ``checksum(of:)``, which is taken too when it is read; nil if all
  /// agree, as they do unless the codec says otherwise.
  func otherChecksum(of bytes: RawSpan) -> UInt32?
}

extension ChecksumCodec {
  public var location: ChecksumLocation { .end }

  public func otherChecksum(of bytes: RawSpan) -> UInt32? { nil }

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
    let content = bytes.extracting(0..<byteCount)
    let computed = checksum(of: content)
    guard stored == computed || stored == otherChecksum(of: content) else {
      throw .checksumMismatch(codec: Self.name, stored: stored, computed: computed)
    }
    return byteCount
  }
}
