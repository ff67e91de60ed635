import ChunkEngine

/// How large chunks and shards become.
extension ArrayCopyPlan {
  /// The chunks of an array, the inner ones if they are divided.
  static func chunkSize(of source: ZarrArray) -> ChunkSize {
    source.layout.innerChunkShape.map(ChunkSize.shape) ?? .grid(source.metadata.chunkGrid)
  }

  /// The size of chunks that is asked for, as it applies to an array; nil if its chunks stay as they are.
  static func chunkSize(of source: ZarrArray, _ options: CopyOptions) throws -> ChunkSize? {
    let metadata = source.metadata
    switch options.chunkSize {
    case nil: return nil
    case .shape(let shape)? where shape.count != metadata.shape.count: return nil
    case .grid(let grid)? where grid.dimensions.count != metadata.shape.count: return nil
    case .evenBytes(let byteCount)?:
      guard metadata.shape.count == 1, metadata.dataType.layout == .variable else {
        return .grid(try grid(ofBytes: byteCount, source))
      }
      guard metadata.elementCount > 0 else { return .evenBytes(byteCount) }
      return .grid(try ChunkGrid(dimensions: [.lengths(try evenLengths(of: source, byteCount))]))
    case .bytes(let byteCount)?: return .grid(try grid(ofBytes: byteCount, source))
    case let size?: return size
    }
  }

  /// Chunks of about as many bytes, and no larger than the array.
  private static func grid(ofBytes byteCount: Int, _ source: ZarrArray) throws -> ChunkGrid {
    let shape = source.shape
    let grid = try ChunkSize.bytes(byteCount)
      .chunkGrid(for: shape, meanByteCount: try meanByteCount(of: source))
    return try ChunkGrid(chunkShape: zip(grid.chunkShape, shape).map { min($0, max(1, $1)) })
  }

  /// The mean size of the elements in wire form, or nil if no size in bytes is asked for.
  static func meanByteCount(of source: ZarrArray, _ options: CopyOptions) throws -> Double? {
    guard case .size(.bytes) = options.shards else { return nil }
    return try meanByteCount(of: source)
  }

  private static func meanByteCount(of source: ZarrArray) throws -> Double {
    let mean = try source.sampledMeanByteCount()
    return source.dataType.layout == .variable ? mean + Double(WireForm.lengthByteCount) : mean
  }

  /// The size of the shards of the new array, or nil if it has none.
  static func shardSize(
    of source: ZarrArray, _ chunkSize: ChunkSize?, _ mean: Double?, _ format: ZarrFormat,
    _ options: CopyOptions
  ) throws -> ChunkSize? {
    let metadata = source.metadata
    switch options.shards {
    case .none: return nil
    case .size(.shape(let shape)) where shape.count != metadata.shape.count: break
    case .size(let size): return size
    case .kept: break
    }
    guard format == .version3, source.layout.isSharded else { return nil }
    guard let chunkSize else { return .grid(metadata.chunkGrid) }
    let chunks = try chunkSize.chunkGrid(for: metadata.shape, meanByteCount: mean).chunkShape
    return .shape(
      zip(metadata.chunkGrid.chunkShape, chunks).map { shard, chunk in
        // A shard of whole chunks, as many as an integer can count.
        let count = min((shard - 1) / chunk + 1, Int.max / chunk)
        return count * chunk
      })
  }

  /// The lengths of chunks that end where the next element would make them larger than `byteCount`.
  private static func evenLengths(of source: ZarrArray, _ byteCount: Int) throws -> ChunkLengths {
    var lengths = ChunkLengths()
    var count = 0
    var free = byteCount - WireForm.headerByteCount
    try source.forEachBlock { block in
      let blobs = block.elements.blobs
      for index in block.elements.indices {
        let size = blobs[index].byteCount + WireForm.lengthByteCount
        if count > 0, size > free || count == ChunkGrid.maximumElementCount {
          try lengths.append(count)
          count = 0
          free = byteCount - WireForm.headerByteCount
        }
        count += 1
        free -= size
      }
    }
    if count > 0 { try lengths.append(count) }
    return lengths
  }
}
