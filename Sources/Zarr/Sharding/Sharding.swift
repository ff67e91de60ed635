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
/// It can if ``ShardingCodec`` is its only codec, and shards are a whole number of inner chunks: other codecs
/// beside it need whole shards, and only inner chunks of one shape have a grid of their own.
struct Sharding: Sendable {
  let codec: ShardingCodec
  let readers: WorkerPool<ShardReadingWorker>
  let writers: WorkerPool<ShardWritingWorker>
  let indices: ShardIndexCache

  /// Prepares for an array, or returns nil if its chunks are no shards.
  ///
  /// - Throws: ``MetadataError`` if an inner chunk has another number of dimensions.
  init?(_ chain: CodecChain, _ grid: ChunkGrid, _ access: ArrayAccess) throws(MetadataError) {
    guard chain.arrayToArray.isEmpty, chain.stages.isEmpty, let codec = chain.arrayToBytes as? ShardingCodec
    else { return nil }
    guard codec.chunkShape.count == grid.dimensions.count else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs[0].configuration.chunk_shape",
        message: "expected \(grid.dimensions.count) integers, as in shape, found \(codec.chunkShape.count)")
    }
    guard zip(grid.dimensions, codec.chunkShape).allSatisfy({ $0.isDivisible(by: $1) }) else { return nil }
    self.codec = codec
    indices = ShardIndexCache(maximumByteCount: access.shardIndexCacheByteCount)
    writers = WorkerPool {
      ShardWritingWorker(
        try ShardWriter(
          codec, maximumElementByteCount: access.maximumElementByteCount,
          writesEmptyChunks: access.writesEmptyChunks))
    }
    readers = WorkerPool { ShardReadingWorker(try ShardReader(codec, limits: access.limits)) }
  }
}

extension ChunkDimension {
  /// Whether the length of every chunk is a multiple of `length`.
  func isDivisible(by length: Int) -> Bool {
    switch self {
    case .repeated(let own): own.isMultiple(of: length)
    case .lengths(let lengths): lengths.runs.allSatisfy { $0.length.isMultiple(of: length) }
    }
  }
}
