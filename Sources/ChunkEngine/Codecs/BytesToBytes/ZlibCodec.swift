/// Compresses chunks to one zlib stream.
///
/// See [numcodecs.zlib](https://numcodecs.readthedocs.io/en/stable/compression/zlib.html) and
/// [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950). Bytes behind the stream are an error.
public struct ZlibCodec: BytesToBytesCodec, Hashable {
  public static var name: String { "numcodecs.zlib" }

  /// The levels of the codec, from storing to the best compression.
  public static var levels: ClosedRange<Int> { 0...9 }

  /// The compression level.
  public let level: Int

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``.
  public init(level: Int = 1) {
    precondition(Self.levels.contains(level), "zlib has levels \(Self.levels), not \(level)")
    self.level = level
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    try DeflateEncoder.maximumEncodedByteCount(of: byteCount, wrapping: .zlib)
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try DeflateEncoder(level: level, wrapping: .zlib, codec: Self.name)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try DeflateDecoder(wrapping: .zlib, codec: Self.name)
  }
}
