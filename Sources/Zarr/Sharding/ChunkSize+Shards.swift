extension ChunkSize {
  /// Returns the division of an array into shards.
  ///
  /// - Parameters:
  ///   - chunkShape: The number of elements of an inner chunk along each dimension.
  ///   - shape: The shape of the array.
  ///   - meanByteCount: The mean size of the elements in wire form, or nil if it is not known.
  /// - Returns: A grid of shards that are a whole number of inner chunks along each dimension.
  /// - Throws: ``MetadataError`` if bytes are asked for and the mean is not known, or a shape is not a whole
  ///   number of inner chunks.
  func shardGrid(
    ofChunks chunkShape: [Int], shape: [Int], meanByteCount: Double?
  ) throws(MetadataError) -> ChunkGrid {
    let chunkGrid = try ChunkGrid(chunkShape: chunkShape)
    try chunkGrid.checkCovers(shape)
    switch self {
    case .grid(let grid):
      guard grid.dimensions.count == chunkShape.count,
        zip(grid.dimensions, chunkShape).allSatisfy({ $0.isDivisible(by: $1) })
      else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapesField,
          message: "the shards do not all consist of whole chunks of \(chunkShape)")
      }
      return grid
    case .shape(let shardShape):
      let isWhole =
        shardShape.count == chunkShape.count
        && zip(shardShape, chunkShape).allSatisfy { $0 > 0 && $0.isMultiple(of: $1) }
      guard isWhole else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapeField,
          message: "shards of \(shardShape) do not consist of whole chunks of \(chunkShape)")
      }
      return try ChunkGrid(chunkShape: shardShape)
    case .rows(let count):
      var counts = chunkGrid.chunkCounts(of: shape).map { max(1, $0) }
      if !counts.isEmpty { counts[0] = (max(1, count) - 1) / chunkShape[0] + 1 }
      return try Self.grid(ofChunks: chunkShape, counts: counts)
    case .bytes(let byteCount):
      guard let meanByteCount else {
        throw MetadataError(
          code: .unexpectedValue, field: ChunkGrid.shapeField,
          message:
            "a size in bytes needs elements; give a count, or write the elements at creation or with an appender"
        )
      }
      let most = Double(byteCount) / (max(meanByteCount, 1) * Double(chunkGrid.elementCount))
      let count = max(1, Int(min(most.rounded(), Double(ChunkGrid.maximumElementCount))))
      return try Self.grid(
        ofChunks: chunkShape,
        counts: Self.chunkShape(ofAtMost: count, shape: chunkGrid.chunkCounts(of: shape), keepsRows: false))
    case .evenBytes:
      throw MetadataError(
        code: .unsupported, field: ChunkGrid.shapesField, message: "shards are not divided by their bytes")
    }
  }

  /// A grid of shards that have as many inner chunks along each dimension.
  private static func grid(
    ofChunks chunkShape: [Int], counts: [Int]
  ) throws(MetadataError) -> ChunkGrid {
    var shardShape: [Int] = []
    for (side, count) in zip(chunkShape, counts) {
      let (product, overflow) = side.multipliedReportingOverflow(by: count)
      guard !overflow else {
        throw MetadataError(
          code: .tooLarge, field: ChunkGrid.shapeField, message: "a shard has more than \(Int.max) elements")
      }
      shardShape.append(product)
    }
    return try ChunkGrid(chunkShape: shardShape)
  }
}
