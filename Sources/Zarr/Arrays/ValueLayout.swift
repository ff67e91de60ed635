import ChunkEngine

/// How chunks lie in the values of the store: each is a value of its own, or many are in a shard.
///
/// A chunk of its own is the only inner chunk of its value. Everything else works on pieces of values, and need
/// not know which of the two they are.
struct ValueLayout: Sendable {
  /// The codecs of a chunk, of an inner one in shards.
  let chain: CodecChain

  let decoders: WorkerPool<WorkerState<ChunkDecoder>>
  let encoders: WorkerPool<WorkerState<ChunkEncoder>>

  /// The chunks that streams fill.
  let filling: WorkerPool<OpenChunk>

  /// The most memory that data can make readers take.
  let limits: DecodingLimits

  /// The workers that share the chunks of a call.
  let workerCount: Int

  /// What makes values shards, and the indices of those that were read last.
  private let codec: ShardingCodec?

  /// Whether values are shards.
  let isSharded: Bool

  /// The number of elements of an inner chunk along each dimension, or nil if each value is a chunk.
  let innerChunkShape: [Int]?

  private let indices: ShardIndexCache

  /// The chunks that were decoded last, or nil if none are kept.
  let cache: ChunkCache?

  /// The division of every value of the grid that the layout was found for, if they do not differ, once for each worker.
  ///
  /// Each piece refers to one of them. References are counted: with one for all, many cores would wait for its count.
  private let evenGrids: [InnerChunkGrid]

  /// Finds the layout of an array.
  ///
  /// Values are shards if ``ShardingCodec`` is the only codec, and they are a whole number of inner chunks: other
  /// codecs beside it need whole shards, and only inner chunks of one shape have a grid of their own.
  ///
  /// - Throws: ``MetadataError`` if an inner chunk has another number of dimensions.
  init(_ chain: CodecChain, _ metadata: ArrayMetadata, _ access: ArrayAccess) throws(MetadataError) {
    codec = try Self.shardingCodec(chain, metadata.chunkGrid)
    indices = ShardIndexCache(maximumByteCount: access.shardIndexCacheByteCount)
    limits = access.limits
    workerCount = access.workerCount
    cache =
      access.cacheByteCount > 0
      ? ChunkCache(maximumByteCount: access.cacheByteCount, checkInterval: access.cacheCheckInterval) : nil
    let (chain, isSharded) = (codec?.chain ?? chain, codec != nil)
    self.chain = chain
    self.isSharded = isSharded
    innerChunkShape = codec?.chunkShape
    evenGrids = Self.evenGrids(of: metadata.chunkGrid, innerChunkShape, count: access.workerCount)
    let omitsFillValue = !access.writesEmptyChunks && metadata.definedFillValue != nil
    decoders = WorkerPool {
      WorkerState(try ChunkDecoder(chain, limits: access.limits))
    } rest: {
      $0.value.releaseSharedMemory()
    }
    encoders = WorkerPool { [fillValue = metadata.fillValue] in
      WorkerState(
        try ChunkEncoder(
          chain, fillValue: fillValue, omitsFillValue: omitsFillValue, areInner: isSharded,
          limits: access.limits, maximumElementByteCount: access.maximumElementByteCount))
    } rest: {
      $0.value.threadCount = 1
    }
    filling = WorkerPool {
      OpenChunk(layout: chain.layout, maximumElementByteCount: access.maximumElementByteCount)
    }
  }

  private static func shardingCodec(
    _ chain: CodecChain, _ grid: ChunkGrid
  ) throws(MetadataError) -> ShardingCodec? {
    guard chain.arrayToArray.isEmpty, chain.stages.isEmpty, let codec = chain.arrayToBytes as? ShardingCodec
    else { return nil }
    guard codec.chunkShape.count == grid.dimensions.count else {
      throw MetadataError(
        code: .unexpectedValue, field: "codecs[0].configuration.chunk_shape",
        message: "expected \(grid.dimensions.count) integers, as in shape, found \(codec.chunkShape.count)")
    }
    return zip(grid.dimensions, codec.chunkShape).allSatisfy { $0.isDivisible(by: $1) } ? codec : nil
  }

  /// The division of an array into chunks, into the inner ones if values are shards.
  func chunkGrid(_ metadata: ArrayMetadata) -> ChunkGrid {
    // Each shard is a whole number of inner chunks, so that these are all of one shape.
    innerChunkShape.flatMap { try? ChunkGrid(chunkShape: $0) } ?? metadata.chunkGrid
  }

  /// The division of every value of a grid, once for each worker, or nothing if they may differ.
  func evenGrids(of grid: ChunkGrid) -> [InnerChunkGrid] {
    if let first = evenGrids.first, first.shardShape == grid.regularChunkShape { return evenGrids }
    return Self.evenGrids(of: grid, innerChunkShape, count: workerCount)
  }

  private static func evenGrids(of grid: ChunkGrid, _ innerChunkShape: [Int]?, count: Int) -> [InnerChunkGrid]
  {
    guard let shape = grid.regularChunkShape else { return [] }
    return (0..<count).compactMap { _ in
      // The lists are not shared either.
      let shardShape = shape.map(\.self)
      return try? InnerChunkGrid(
        shardShape: shardShape, chunkShape: innerChunkShape.map { $0.map(\.self) } ?? shardShape)
    }
  }

  /// The division of a value.
  ///
  /// - Parameters:
  ///   - indices: The place of the value in the grid.
  ///   - grid: The division of the array into values.
  /// - Returns: Its chunks.
  /// - Throws: ``ChunkError`` for more elements than an `Int` can count.
  func grid(ofValueAt indices: [Int], in grid: ChunkGrid) throws(ChunkError) -> InnerChunkGrid {
    try grid.chunks(ofValueAt: indices, innerChunkShape)
  }

  /// Where a chunk is: in which value, and where in it.
  struct ChunkPlace {
    /// The place of the value in the grid.
    let valueIndices: [Int]

    /// The chunks of the value.
    let grid: InnerChunkGrid

    /// Which of them it is, in C order.
    let position: Int
  }

  /// Finds a chunk by its place in the ``chunkGrid(_:)``.
  ///
  /// - Precondition: No index is negative, and there is such a value.
  func place(ofChunkAt indices: [Int], in grid: ChunkGrid) throws(ChunkError) -> ChunkPlace {
    guard let innerChunkShape else {
      return ChunkPlace(valueIndices: indices, grid: try self.grid(ofValueAt: indices, in: grid), position: 0)
    }
    var valueIndices: [Int] = []
    var local: [Int] = []
    for (dimension, index) in indices.enumerated() {
      let side = innerChunkShape[dimension]
      let value = grid.dimensions[dimension].chunkIndex(of: index * side)
      valueIndices.append(value)
      local.append(index - grid.dimensions[dimension].range(ofChunk: value).lowerBound / side)
    }
    let inner = try self.grid(ofValueAt: valueIndices, in: grid)
    return ChunkPlace(
      valueIndices: valueIndices, grid: inner, position: RowMajor.position(of: local, in: inner.counts))
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

/// What one worker reuses from call to call.
final class WorkerState<Value: ~Copyable> {
  var value: Value

  init(_ value: consuming Value) {
    self.value = value
  }
}

// MARK: Indices

extension ValueLayout {
  /// How the indices of shards are stored, or nil if values are no shards.
  var indexFormat: ShardIndexFormat? { codec?.index }

  /// The part of a shard that holds its index, or nil if values are no shards.
  func indexPart(_ grid: InnerChunkGrid) throws(ChunkError) -> ValuePart? {
    guard let format = indexFormat else { return nil }
    let byteCount = try format.byteCount(grid, limit: limits.shardIndexByteCount)
    return switch format.location {
    case .start: .range(0..<byteCount)
    case .end: .suffix(byteCount)
    }
  }

  /// Decodes the index of a shard, and remembers it if the shard has a place in an array.
  func index(
    _ encoded: RawSpan, of info: ValueInfo, _ grid: InnerChunkGrid, at indices: [Int]?
  ) throws(ChunkError) -> ShardIndex {
    guard let format = indexFormat else {
      throw .malformed(codec: ShardingCodec.name, reason: "the value is no shard")
    }
    let expected = try format.byteCount(grid, limit: limits.shardIndexByteCount)
    guard encoded.byteCount == expected else {
      throw .truncatedHeader(codec: ShardingCodec.name, byteCount: encoded.byteCount, expected: expected)
    }
    let index = try format.decode(encoded, grid, shardByteCount: info.byteCount)
    if let indices, info.settledVersion != nil { self.indices.insert(index, of: info, at: indices) }
    return index
  }

  /// The index of a shard that was read last, and what was known of the shard.
  func rememberedIndex(ofShardAt indices: [Int]) -> (info: ValueInfo, index: ShardIndex)? {
    self.indices.entry(at: indices)
  }
}

/// The indices of the shards that were read last.
///
/// Each is kept with the version of the shard that it was read from, and is used for no other version.
private final class ShardIndexCache: Sendable {
  typealias Entry = (info: ValueInfo, index: ShardIndex)

  /// Two generations: what is used goes to the newer one, and the older one goes when the newer one is full.
  private struct Generations {
    var newer: [[Int]: Entry] = [:]
    var older: [[Int]: Entry] = [:]
    var newerByteCount = 0
  }

  private let generations = Locked(Generations())

  /// The most bytes of indices that are kept.
  private let maximumByteCount: Int

  /// The bytes that an entry takes besides those of the index, about.
  private static let overheadByteCount = 256

  init(maximumByteCount: Int) {
    self.maximumByteCount = maximumByteCount
  }

  /// The index of a shard that was read last, or nil if it is not kept.
  func entry(at indices: [Int]) -> Entry? {
    generations.withLock { generations in
      if let entry = generations.newer[indices] { return entry }
      guard let entry = generations.older.removeValue(forKey: indices) else { return nil }
      insert(entry, at: indices, into: &generations)
      return entry
    }
  }

  /// Keeps the index of a version of a shard.
  func insert(_ index: ShardIndex, of info: ValueInfo, at indices: [Int]) {
    generations.withLock { generations in
      generations.older[indices] = nil
      if let replaced = generations.newer.removeValue(forKey: indices) {
        generations.newerByteCount -= byteCount(of: replaced)
      }
      insert((info, index), at: indices, into: &generations)
    }
  }

  private func insert(_ entry: Entry, at indices: [Int], into generations: inout Generations) {
    let byteCount = byteCount(of: entry)
    guard byteCount <= maximumByteCount / 2 else { return }
    if generations.newerByteCount + byteCount > maximumByteCount / 2 {
      generations.older = generations.newer
      generations.newer = [:]
      generations.newerByteCount = 0
    }
    generations.newer[indices] = entry
    generations.newerByteCount += byteCount
  }

  private func byteCount(of entry: Entry) -> Int {
    entry.index.byteCount + Self.overheadByteCount
  }
}

extension ChunkGrid {
  /// The chunks of the value at a place in the grid: inner ones of a shape, or itself.
  ///
  /// - Throws: ``ChunkError`` for more elements than an `Int` can count.
  func chunks(ofValueAt indices: [Int], _ innerChunkShape: [Int]?) throws(ChunkError) -> InnerChunkGrid {
    let shape = chunkShape(at: indices)
    return try InnerChunkGrid(shardShape: shape, chunkShape: innerChunkShape ?? shape)
  }
}
