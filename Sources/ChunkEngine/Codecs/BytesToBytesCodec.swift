/// A codec that turns the bytes of a chunk into other bytes.
///
/// A codec is a value that holds only the settings in the array's metadata, so all workers share it. What a worker
/// reuses from chunk to chunk lives in its ``BytesEncoder`` and ``BytesDecoder``. A codec that reuses nothing may conform
/// to these itself.
public protocol BytesToBytesCodec: Sendable {
  /// The name of the codec in Zarr v3 metadata.
  static var name: String { get }

  /// Returns the largest number of bytes that encoding `byteCount` bytes can write.
  ///
  /// - Throws: ``ChunkError/chunkTooLarge(byteCount:limit:)`` if the codec cannot take that many bytes.
  func maximumEncodedByteCount(of byteCount: Int) throws(ChunkError) -> Int

  /// The bytes that encoding adds, or nil if that depends on the content, as with compressors.
  ///
  /// The default implementation returns nil.
  var addedByteCount: Int? { get }

  /// Creates the state with which one worker encodes.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, or ``ChunkError/compressionFailed(codec:reason:)`` if
  ///   the library refuses the settings.
  func makeEncoder() throws(ChunkError) -> any BytesEncoder

  /// Creates the state with which one worker decodes.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  func makeDecoder() throws(ChunkError) -> any BytesDecoder
}

extension BytesToBytesCodec {
  public var addedByteCount: Int? { nil }
}

extension BytesToBytesCodec where Self: BytesEncoder {
  public func makeEncoder() throws(ChunkError) -> any BytesEncoder { self }
}

extension BytesToBytesCodec where Self: BytesDecoder {
  public func makeDecoder() throws(ChunkError) -> any BytesDecoder { self }
}

/// The state with which one worker encodes chunk after chunk.
///
/// An encoder is not `Sendable`. It stays with the worker that made it.
public protocol BytesEncoder {
  /// Appends the encoded form of `source` to `output`.
  ///
  /// - Precondition: `output` has room for the codec's maximum encoded byte count of `source`.
  /// - Throws: ``ChunkError/compressionFailed(codec:reason:)``. `output` is then of no use.
  /// - Complexity: O(*n*) where *n* is the size of `source`. Does not allocate.
  func encode(_ source: RawSpan, into output: inout OutputRawSpan) throws(ChunkError)
}

/// The state with which one worker decodes chunk after chunk.
///
/// A decoder is not `Sendable`. It stays with the worker that made it, and can be used again after an error.
public protocol BytesDecoder {
  /// Appends the decoded form of `source` to `output`.
  ///
  /// Sizes in `source` are claims. Before you take memory for one, compare it with `limit` and with what the bytes can
  /// decode to.
  ///
  /// - Parameters:
  ///   - source: All encoded bytes.
  ///   - output: Where the decoded bytes go, after its own.
  ///   - limit: The largest number of bytes that may be decoded.
  /// - Throws: ``ChunkError`` for what is wrong with `source`. `output` is then of no use.
  /// - Complexity: O(*n*) where *n* is the size of what is decoded.
  func decode(_ source: RawSpan, into output: inout ByteArena, limit: Int) throws(ChunkError)
}

/// A decoder that can decode part by part, and stop.
protocol FollowedBytesDecoder: BytesDecoder {
  /// Appends the decoded form of `source` to `output` as ``decode(_:into:limit:)`` does, and shows it to the follower
  /// part by part.
  ///
  /// The decoder need not show the last part. It may stop as soon as the follower wants no more.
  func decode(
    _ source: RawSpan, into output: inout ByteArena, limit: Int, follower: WireFormFollower
  ) throws(ChunkError)
}
