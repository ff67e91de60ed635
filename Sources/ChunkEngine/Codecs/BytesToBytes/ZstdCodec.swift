internal import CZstd

/// Compresses chunks with Zstandard.
///
/// Each chunk becomes one frame, as [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878) defines it. The frame
/// says how large its content is, because several Zarr readers need to know. Frames that do not say, several
/// frames in a row and skippable frames are read. See
/// [zstd](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/zstd).
public struct ZstdCodec: BytesToBytesCodec, Hashable {
  public static var name: String { "zstd" }

  /// The levels that the linked library supports.
  public static var levels: ClosedRange<Int> { Int(ZSTD_minCLevel())...Int(ZSTD_maxCLevel()) }

  /// The compression level, where 0 stands for the library's default.
  public let level: Int

  /// Whether each frame ends with a checksum of its content.
  public let hasChecksum: Bool

  /// Creates a codec.
  ///
  /// - Precondition: `level` is in ``levels``.
  public init(level: Int = 1, hasChecksum: Bool = false) {
    precondition(Self.levels.contains(level), "zstd has levels \(Self.levels), not \(level)")
    self.level = level
    self.hasChecksum = hasChecksum
  }

  public func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int {
    let bound = ZSTD_compressBound(byteCount)
    guard ZSTD_isError(bound) == 0, bound >= byteCount else {
      throw .chunkTooLarge(byteCount: byteCount, limit: Int.max / 2)
    }
    return bound
  }

  public func makeEncoder() throws(ChunkError) -> any BytesEncoder {
    try ZstdEncoder(self)
  }

  public func makeDecoder() throws(ChunkError) -> any BytesDecoder {
    try ZstdDecoder()
  }
}

/// A compression context, which costs far more to make than a small chunk costs to compress.
@safe
private final class ZstdEncoder: BytesEncoder {
  private let context: OpaquePointer

  init(_ codec: ZstdCodec) throws(ChunkError) {
    guard let context = unsafe ZSTD_createCCtx() else { throw .outOfMemory(byteCount: 0) }
    unsafe self.context = context
    try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(codec.level)))
    try unsafe check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, codec.hasChecksum ? 1 : 0))
  }

  deinit {
    unsafe ZSTD_freeCCtx(context)
  }

  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError) {
    try unsafe source.withUnsafeBytes { source throws(ChunkError) in
      try unsafe output.appendUnsafe { free throws(ChunkError) in
        // SAFETY: zstd writes at most `free.count` bytes, returns how many, and keeps neither pointer.
        try unsafe check(
          ZSTD_compress2(context, free.baseAddress, free.count, source.baseAddress, source.count))
      }
    }
  }

  @discardableResult
  private func check(_ result: Int) throws(ChunkError) -> Int {
    guard ZSTD_isError(result) == 0 else {
      throw .compressionFailed(
        codec: ZstdCodec.name, reason: unsafe String(cString: ZSTD_getErrorName(result)))
    }
    return result
  }
}
