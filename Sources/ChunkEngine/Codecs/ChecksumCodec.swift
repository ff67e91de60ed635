/// A codec that adds a checksum to the bytes of a chunk and does not change them.
///
/// The engine appends and removes a checksum after the bytes in place. A checksum before them costs a copy.
public protocol ChecksumCodec: Sendable {
  /// The name of the codec in Zarr v3 metadata.
  static var name: String { get }

  /// Where the checksum is: by default after the bytes.
  var location: StoredLocation { get }

  /// The checksum of `bytes`, which is stored in four bytes, the least significant one first.
  ///
  /// - Complexity: O(*n*) where *n* is the size of `bytes`. Does not allocate.
  func checksum(of bytes: RawSpan) -> UInt32

  /// The checksum that other libraries store instead of ``checksum(of:)``, or nil if all agree.
  ///
  /// Reading accepts either. The default implementation returns nil.
  func otherChecksum(of bytes: RawSpan) -> UInt32?
}

extension ChecksumCodec {
  public var location: StoredLocation { .end }

  public func otherChecksum(of bytes: RawSpan) -> UInt32? { nil }

  /// The bytes of the checksum.
  static var byteCount: Int { 4 }

  /// Checks the checksum at the end of `bytes`.
  ///
  /// - Returns: The number of bytes before the checksum.
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

/// Where a checksum or an index is among stored bytes, named as in metadata.
public enum StoredLocation: String, Hashable, Sendable, CaseIterable {
  /// Before the bytes that it belongs to.
  case start
  /// After the bytes that it belongs to.
  case end
}

/// Puts a checksum before the bytes of a chunk.
///
///     ┌ u32 checksum ┬ bytes
struct LeadingChecksumCodec<Checksum: ChecksumCodec>: BytesToBytesCodec, BytesEncoder, BytesDecoder {
  static var name: String { Checksum.name }

  private let checksum: Checksum

  init(_ checksum: Checksum) {
    self.checksum = checksum
  }

  var addedByteCount: Int? { Checksum.byteCount }

  func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    try sum(byteCount, Checksum.byteCount)
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    try output.checkFreeCapacity(Checksum.byteCount + source.byteCount, codec: Self.name)
    output.append(littleEndian: checksum.checksum(of: source))
    output.append(copying: source)
  }

  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError) {
    guard source.byteCount >= Checksum.byteCount else {
      throw .truncatedHeader(codec: Self.name, byteCount: source.byteCount, expected: Checksum.byteCount)
    }
    let bytes = source.extracting(Checksum.byteCount..<source.byteCount)
    try checkDecodedByteCount(bytes.byteCount, limit: limit, codec: Self.name)
    let stored = source.littleEndianUInt32(at: 0)
    let computed = checksum.checksum(of: bytes)
    guard stored == computed else {
      throw .checksumMismatch(codec: Self.name, stored: stored, computed: computed)
    }
    try output.append(copying: bytes)
  }
}
