import ChunkEngine

extension ByteArena {
  /// Appends a copy of `bytes`.
  ///
  /// - Throws: `ChunkError.outOfMemory`
  mutating func append(_ bytes: [UInt8]) throws(ChunkError) {
    // SAFETY: Bytes have no padding.
    try append(copying: unsafe bytes.span.bytes)
  }

  /// Appends an element of a chunk that is decoded, in wire form, if that is within the limit.
  ///
  /// - Parameters:
  ///   - element: The bytes of the element.
  ///   - index: The index of the element in its chunk.
  ///   - limit: The most bytes that the chunk may have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: `ChunkError.decodedByteCountExceedsLimit` and `ChunkError.outOfMemory`.
  mutating func appendDecoded(
    _ element: [UInt8], index: Int, limit: Int, codec: String
  ) throws(ChunkError) {
    // Both are in memory, so that the sum is far from overflowing.
    guard count + WireForm.lengthByteCount + element.count <= limit else {
      throw .decodedByteCountExceedsLimit(codec: codec, byteCount: nil, limit: limit)
    }
    // SAFETY: Bytes have no padding.
    try appendElement(
      unsafe element.span.bytes, index: index, maximumElementByteCount: WireForm.maximumElementByteCount)
  }
}
