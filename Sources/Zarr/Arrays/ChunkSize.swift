/// How large the chunks of a new array are.
public enum ChunkSize: Hashable, Sendable {
  /// About as many bytes as this, by the mean of the elements: those that are written at creation, or the
  /// first ones of an appender. If there are none, elements are taken to have 1 KiB.
  case bytes(Int)
  /// As many elements as this along the first axis, and all along the others.
  case count(Int)
  /// The number of elements along each axis.
  case shape([Int])

  /// The size unless it is said: large enough to compress well and to need few files, small enough for a
  /// core's cache.
  public static let standard = ChunkSize.bytes(1 << 20)

  /// The mean size in wire form of elements of which none has been seen.
  static let assumedMeanByteCount = 1024.0

  /// Returns the shape of the chunks of an array.
  ///
  /// - Parameters:
  ///   - shape: The shape of the array.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  /// - Returns: The number of elements of a chunk along each axis.
  /// - Throws: ``MetadataError`` if bytes are asked for and the mean is not known, or a number is not
  ///   positive.
  func chunkShape(for shape: [Int], meanByteCount: Double?) throws(MetadataError) -> [Int] {
    switch self {
    case .shape(let chunkShape):
      return chunkShape
    case .count(let count):
      return Self.chunkShape(ofAtMost: count, shape: shape, keepsRows: true)
    case .bytes(let byteCount):
      guard let meanByteCount else {
        throw MetadataError(
          code: .unexpectedValue, field: "chunk_grid.configuration.chunk_shape",
          message:
            "a size in bytes needs elements; give a count, or write the elements at creation or with an appender"
        )
      }
      // Chunks hold no more elements than their header can count.
      let most = min(Double(byteCount) / max(meanByteCount, 4), Double(ChunkGrid.maximumElementCount))
      return Self.chunkShape(ofAtMost: max(1, Int(most)), shape: shape, keepsRows: false)
    }
  }

  /// The shape of chunks that have at most `count` elements, with the last axes as whole as can be.
  ///
  /// - Parameters:
  ///   - count: The most elements.
  ///   - shape: The shape of the array.
  ///   - keepsRows: Whether `count` is that of the first axis alone.
  /// - Returns: The number of elements of a chunk along each axis.
  private static func chunkShape(ofAtMost count: Int, shape: [Int], keepsRows: Bool) -> [Int] {
    guard !shape.isEmpty else { return [] }
    if keepsRows {
      return [count] + shape.dropFirst().map { max(1, $0) }
    }
    var chunkShape = shape.map { _ in 1 }
    var rest = count
    for axis in shape.indices.reversed() where rest > 0 {
      // The first axis may be longer than the array is now, so that it can grow.
      chunkShape[axis] = axis == 0 ? max(1, rest) : max(1, min(rest, shape[axis]))
      rest /= chunkShape[axis]
    }
    return chunkShape
  }
}
