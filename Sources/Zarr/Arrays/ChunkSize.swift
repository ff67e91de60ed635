/// How large the chunks of a new array are.
public enum ChunkSize: Hashable, Sendable {
  /// About as many bytes as this, by the mean of the elements: those that are written at creation, or the
  /// first ones of an appender. If there are none, elements are taken to have 1 KiB.
  case bytes(Int)
  /// This number of rows: indices along the first dimension. The other dimensions are not divided.
  case rows(Int)
  /// At most as many bytes as this, or one element: chunks of a rectilinear grid end where the next element
  /// would make them larger, so that those of uneven elements are even. The array has one dimension.
  ///
  /// zarrs reads such arrays, zarr-python does from 3.2 on if `array.rectilinear_chunks` is set, others do
  /// not.
  case evenBytes(Int)
  /// The number of elements along each dimension.
  case shape([Int])
  /// A grid of which each chunk is known.
  case grid(ChunkGrid)

  /// The size unless it is said: large enough to compress well and to need few files, small enough for a
  /// core's cache.
  public static let standard = ChunkSize.bytes(1 << 20)

  /// The mean size in wire form of elements of which none has been seen.
  static let assumedMeanByteCount = 1024.0

  /// Returns the division of an array into chunks.
  ///
  /// - Parameters:
  ///   - shape: The shape of the array.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  /// - Returns: The grid.
  /// - Throws: ``MetadataError`` if bytes are asked for and the mean is not known, or a number is not
  ///   positive.
  func chunkGrid(for shape: [Int], meanByteCount: Double?) throws(MetadataError) -> ChunkGrid {
    switch self {
    case .shape(let chunkShape):
      return try ChunkGrid(chunkShape: chunkShape)
    case .grid(let grid):
      return grid
    case .rows(let count):
      return try ChunkGrid(chunkShape: Self.chunkShape(ofAtMost: count, shape: shape, keepsRows: true))
    case .evenBytes:
      guard shape == [0] else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapesField,
          message:
            "chunks of even size need one dimension and elements; write these at creation or with an appender"
        )
      }
      // Never stored, but a grid that every reader takes.
      return try ChunkGrid(dimensions: [.lengths(ChunkLengths([1]))])
    case .bytes(let byteCount):
      guard let meanByteCount else {
        throw MetadataError(
          code: .unexpectedValue, field: "chunk_grid.configuration.chunk_shape",
          message:
            "a size in bytes needs elements; give rows or a shape, or write the elements at creation or with an appender"
        )
      }
      // Chunks hold no more elements than their header can count.
      let most = min(Double(byteCount) / max(meanByteCount, 1), Double(ChunkGrid.maximumElementCount))
      return try ChunkGrid(
        chunkShape: Self.chunkShape(ofAtMost: max(1, Int(most)), shape: shape, keepsRows: false))
    }
  }

  /// The shape of chunks that have at most `count` elements, with the last dimensions as whole as can be.
  ///
  /// - Parameters:
  ///   - count: The most elements.
  ///   - shape: The shape of the array.
  ///   - keepsRows: Whether `count` is that of the first dimension alone.
  /// - Returns: The number of elements of a chunk along each dimension.
  static func chunkShape(ofAtMost count: Int, shape: [Int], keepsRows: Bool) -> [Int] {
    guard !shape.isEmpty else { return [] }
    if keepsRows {
      return [count] + shape.dropFirst().map { max(1, $0) }
    }
    var chunkShape = shape.map { _ in 1 }
    var rest = count
    for dimension in shape.indices.reversed() where rest > 0 {
      // The first dimension may be longer than the array is now, so that it can grow.
      chunkShape[dimension] = dimension == 0 ? max(1, rest) : max(1, min(rest, shape[dimension]))
      rest /= chunkShape[dimension]
    }
    return chunkShape
  }
}
