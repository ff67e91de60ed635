/// Walks the elements of a chunk in ``WireForm``, for codecs that make other bytes of each.
///
///     var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
///     while let element = try elements.next() { … }
///
/// Every length is checked before it is used.
public struct WireFormReader: ~Escapable {
  private let chunk: RawSpan
  private let codec: String
  private var position = WireForm.headerByteCount

  /// The number of elements of the chunk.
  public let count: Int

  /// The index of the element that comes next.
  public private(set) var index = 0

  /// Begins at the first element of a chunk.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that it must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` if the chunk has another number of elements, or is too short for as many.
  @_lifetime(copy chunk)
  public init(_ chunk: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    _ = try WireForm.payloadByteCount(of: chunk, expectedCount: expectedCount, codec: codec)
    self.chunk = chunk
    self.codec = codec
    count = expectedCount
  }

  /// The bytes of the next element, or nil behind the last one.
  ///
  /// - Throws: ``ChunkError`` if the bytes of the chunk end before the element does, or go on behind the
  ///   last.
  @_lifetime(copy self)
  public mutating func next() throws(ChunkError) -> RawSpan? {
    guard index < count else {
      guard position == chunk.byteCount else {
        throw .trailingBytes(codec: codec, byteCount: chunk.byteCount - position)
      }
      return nil
    }
    let available = chunk.byteCount - position - WireForm.lengthByteCount
    guard available >= 0 else { throw .truncatedElements(byteCount: chunk.byteCount, count: count) }
    let byteCount = Int(chunk.littleEndianUInt32(at: position))
    guard byteCount <= available else {
      throw .elementOverrun(index: index, byteCount: byteCount, available: available)
    }
    let start = position + WireForm.lengthByteCount
    position = start + byteCount
    index += 1
    return chunk.extracting(start..<position)
  }
}
