extension ChunkRepresentation {
  /// The bytes of the chunk, whose elements must have `elementByteCount` bytes each.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if they have not.
  func byteCount(ofElements elementByteCount: Int, codec: String) throws(ChunkError) -> Int {
    guard layout == .fixed(byteCount: elementByteCount), let byteCount else {
      throw .unencodable(codec: codec, reason: "its elements do not have \(elementByteCount) bytes each")
    }
    return byteCount
  }
}

extension RawSpan {
  /// Checks that there are as many bytes as elements of one size have.
  ///
  /// - Throws: ``ChunkError/byteCountMismatch(codec:found:expected:)`` if there are not.
  func checkByteCount(_ expected: Int, codec: String) throws(ChunkError) {
    guard byteCount == expected else {
      throw .byteCountMismatch(codec: codec, found: byteCount, expected: expected)
    }
  }
}

/// Checks that `byteCount` bytes may be decoded.
///
/// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)`` if they are too many.
func checkDecodedByteCount(_ byteCount: Int, limit: Int, codec: String) throws(ChunkError) {
  guard byteCount <= limit else {
    throw .decodedByteCountExceedsLimit(codec: codec, byteCount: byteCount, limit: limit)
  }
}
