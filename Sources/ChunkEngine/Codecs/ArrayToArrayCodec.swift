/// A codec that turns the elements of a chunk into other elements, or into another order.
///
/// A codec is prepared for the elements of its array: it knows their type, and the type that it turns them into.
/// It is a value that all workers share, and keeps nothing from chunk to chunk.
public protocol ArrayToArrayCodec: Sendable {
  /// The name of the codec in Zarr v3 metadata.
  static var name: String { get }

  /// Whether encoding keeps the bytes and changes only the shape, so that nothing has to run.
  var isIdentity: Bool { get }

  /// Describes what encoding turns a chunk into.
  ///
  /// - Parameter chunk: The chunk before this codec.
  /// - Returns: The chunk before the next codec.
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if the codec cannot take such a chunk.
  func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation

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

  /// Appends the decoded form of `source` to `output`, which is empty.
  ///
  /// - Parameters:
  ///   - source: Encoded bytes. Nothing about them has been checked.
  ///   - chunk: What the decoded bytes stand for: the argument of ``encode(_:of:into:)``.
  ///   - output: Where the decoded bytes go.
  ///   - limit: The largest number of bytes that may be decoded.
  /// - Throws: ``ChunkError`` for what is wrong with `source`.
  /// - Complexity: O(*n*) where *n* is the size of what is decoded.
  func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError)
}

extension ArrayToArrayCodec {
  public var isIdentity: Bool { false }
}

/// A codec that changes the shape of a chunk and keeps its bytes.
package protocol BytesKeepingCodec: ArrayToArrayCodec {}

extension BytesKeepingCodec {
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
    if let expected = chunk.byteCount { try source.checkByteCount(expected, codec: Self.name) }
    try output.append(copying: source)
  }
}
