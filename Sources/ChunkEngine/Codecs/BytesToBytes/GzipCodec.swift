/// Compresses chunks to one gzip member.
///
/// See [gzip](https://zarr-specs.readthedocs.io/en/latest/v3/codecs/gzip/index.html) and
/// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952). Several members in a row are read as one.
public struct GzipCodec: BytesToBytesCodec, Hashable {
  public static var name: String { "gzip" }

  /// The levels of the codec, from storing to the best compression.
  public static var levels: ClosedRange<Int> { 0...9 }

  /// The compression level.
  public let level: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``.
  public init(level: Int = 5) {
    precondition(Self.levels.contains(level), "gzip has levels \(Self.levels), not \(level)")
    self.level = level
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    try DeflateEncoder.maximumEncodedByteCount(of: byteCount, wrapping: .gzip)
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try DeflateEncoder(level: level, wrapping: .gzip, codec: Self.name)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try DeflateDecoder(wrapping: .gzip, codec: Self.name)
  }
}
