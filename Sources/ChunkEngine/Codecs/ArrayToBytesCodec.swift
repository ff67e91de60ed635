/// A codec that turns the elements of a chunk into bytes.
///
/// A codec is a value that holds the settings in the array's metadata, and what it needs to know about the type of
/// the elements. All workers share it. What a worker reuses from chunk to chunk lives in its ``ArrayEncoder`` and
/// ``ArrayDecoder``. A codec that reuses nothing may conform to these itself.
public protocol ArrayToBytesCodec: Sendable {
  /// The name of the codec in Zarr v3 metadata.
  static var name: String { get }

  /// Whether encoded bytes are those of the elements in memory, so that nothing has to run.
  ///
  /// ``ElementLayout`` says how elements lie in memory.
  var isIdentity: Bool { get }

  /// Creates the state with which one worker encodes.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, or ``ChunkError/compressionFailed(codec:reason:)`` if
  ///   a library refuses the settings.
  func makeEncoder() throws(ChunkError) -> any ArrayEncoder

  /// Creates the state with which one worker decodes.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  func makeDecoder() throws(ChunkError) -> any ArrayDecoder
}

extension ArrayToBytesCodec {
  public var isIdentity: Bool { false }
}

extension ArrayToBytesCodec where Self: ArrayEncoder {
  public func makeEncoder() throws(ChunkError) -> any ArrayEncoder { self }
}

extension ArrayToBytesCodec where Self: ArrayDecoder {
  public func makeDecoder() throws(ChunkError) -> any ArrayDecoder { self }
}

/// The state with which one worker encodes the elements of chunk after chunk.
public protocol ArrayEncoder {
  /// Appends the encoded form of `source` to `output`, which is empty.
  ///
  /// - Parameters:
  ///   - source: The chunk, laid out as `chunk` says.
  ///   - chunk: What `source` stands for.
  ///   - output: Where the encoded bytes go.
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` for elements that the codec cannot encode, and
  ///   ``ChunkError/outOfMemory(byteCount:)``.
  /// - Complexity: O(*n*) where *n* is the size of `source`.
  func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena) throws(ChunkError)
}

/// The state with which one worker decodes the elements of chunk after chunk.
public protocol ArrayDecoder {
  /// Appends the elements of a chunk to `output`, which is empty.
  ///
  /// - Parameters:
  ///   - source: Encoded bytes. Nothing about them has been checked.
  ///   - chunk: What the decoded bytes stand for.
  ///   - output: Where the elements go. The reader checks elements of variable size. Those of fixed size must have
  ///     exactly the bytes of the chunk.
  ///   - limit: The largest number of bytes that may be decoded.
  /// - Throws: ``ChunkError`` for what is wrong with `source`.
  /// - Complexity: O(*n*) where *n* is the size of what is decoded.
  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError)
}

/// A codec that stores elements of variable size as they lie in memory: in ``WireForm``.
package protocol WireFormCodec: ArrayToBytesCodec, ArrayEncoder, ArrayDecoder {}

extension WireFormCodec {
  public var isIdentity: Bool { true }

  public func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    try output.append(copying: source)
  }

  public func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try checkDecodedByteCount(source.byteCount, limit: limit, codec: Self.name)
    try output.append(copying: source)
  }
}
