import ChunkEngine

/// What one worker reuses to read parts of shards.
final class ShardReadingWorker {
  var reader: ShardReader

  init(_ reader: consuming ShardReader) {
    self.reader = reader
  }
}

/// What one worker reuses to write parts of shards.
final class ShardWritingWorker {
  var writer: ShardWriter

  init(_ writer: consuming ShardWriter) {
    self.writer = writer
  }
}

/// What an array needs to work on parts of its shards.
///
/// It can if ``ShardingCodec`` is its only codec: other codecs beside it need whole shards.
struct Sharding: Sendable {
  let codec: ShardingCodec
  let readers: WorkerPool<ShardReadingWorker>
  let writers: WorkerPool<ShardWritingWorker>
  let indices: ShardIndexCache

  /// Prepares for an array, or returns nil if its chunks are no shards.
  ///
  /// - Throws: ``MetadataError`` if a shard would not be a whole number of inner chunks.
  init?(_ chain: CodecChain, _ grid: ChunkGrid, _ access: ArrayAccess) throws(MetadataError) {
    guard chain.arrayToArray.isEmpty, chain.stages.isEmpty, let codec = chain.arrayToBytes as? ShardingCodec
    else { return nil }
    try Self.check(codec, grid)
    self.codec = codec
    indices = ShardIndexCache(maximumByteCount: access.shardIndexCacheByteCount)
    writers = WorkerPool {
      ShardWritingWorker(
        try ShardWriter(
          codec, maximumElementByteCount: access.maximumElementByteCount,
          storesFillValueChunks: access.storesFillValueChunks))
    }
    readers = WorkerPool { ShardReadingWorker(try ShardReader(codec, limits: access.limits)) }
  }

  /// Checks that shards of any length consist of whole inner chunks.
  private static func check(_ codec: ShardingCodec, _ grid: ChunkGrid) throws(MetadataError) {
    let field = "codecs[0].configuration.chunk_shape"
    guard codec.chunkShape.count == grid.axes.count else {
      throw MetadataError(
        code: .unexpectedValue, field: field,
        message: "expected \(grid.axes.count) integers, as in shape, found \(codec.chunkShape.count)")
    }
    for (axis, side) in codec.chunkShape.enumerated() {
      guard grid.axes[axis].isDivisible(by: side) else {
        throw MetadataError(
          code: .unexpectedValue, field: "\(field)[\(axis)]",
          message: "\(side) does not divide the length of each shard")
      }
    }
  }
}

extension ChunkAxis {
  /// Whether the length of every chunk is a multiple of `length`.
  fileprivate func isDivisible(by length: Int) -> Bool {
    switch self {
    case .repeated(let own): own.isMultiple(of: length)
    case .lengths(let lengths): lengths.runs.allSatisfy { $0.length.isMultiple(of: length) }
    }
  }
}
