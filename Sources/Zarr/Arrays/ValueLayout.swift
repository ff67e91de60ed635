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

  /// What makes values shards, and the indices of those that were read last.
  private let codec: ShardingCodec?
  private let indices: ShardIndexCache

  /// The division of every value of the grid that the layout was found for, if they do not differ.
  private let evenGrid: InnerChunkGrid?

  /// Finds the layout of an array.
  ///
  /// Values are shards if ``ShardingCodec`` is the only codec, and they are a whole number of inner chunks: other
  /// codecs beside it need whole shards, and only inner chunks of one shape have a grid of their own.
  ///
  /// - Throws: ``MetadataError`` if an inner chunk has another number of dimensions.
  init(_ chain: CodecChain, _ metadata: ArrayMetadata, _ access: ArrayAccess) throws(MetadataError) {
    codec = try Self.shardingCodec(chain, metadata.chunkGrid)
    indices = ShardIndexCache(maximumByteCount: access.shardIndexCacheByteCount)
    let (chain, isSharded) = (codec?.chain ?? chain, codec != nil)
    self.chain = chain
    let innerShape = codec?.chunkShape
    evenGrid = metadata.chunkGrid.regularChunkShape.flatMap {
      try? InnerChunkGrid(shardShape: $0, chunkShape: innerShape ?? $0)
    }
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

  /// Whether values are shards.
  var isSharded: Bool { codec != nil }

  /// The number of elements of an inner chunk along each dimension, or nil if each value is a chunk.
  var innerChunkShape: [Int]? { codec?.chunkShape }

  /// The division of an array into chunks, into the inner ones if values are shards.
  func chunkGrid(_ metadata: ArrayMetadata) -> ChunkGrid {
    // Each shard is a whole number of inner chunks, so that these are all of one shape.
    innerChunkShape.flatMap { try? ChunkGrid(chunkShape: $0) } ?? metadata.chunkGrid
  }

  /// The division of every value of a grid, or nil if they may differ.
  func evenGrid(of grid: ChunkGrid) -> InnerChunkGrid? {
    guard let shape = grid.regularChunkShape else { return nil }
    if let evenGrid, evenGrid.shardShape == shape { return evenGrid }
    return try? InnerChunkGrid(shardShape: shape, chunkShape: innerChunkShape ?? shape)
  }

  /// The division of a value.
  ///
  /// - Parameters:
  ///   - indices: The place of the value in the grid.
  ///   - grid: The division of the array into values.
  /// - Returns: Its chunks.
  /// - Throws: ``ChunkError`` for more elements than an `Int` can count.
  func grid(ofValueAt indices: [Int], in grid: ChunkGrid) throws(ChunkError) -> InnerChunkGrid {
    let shape = grid.chunkShape(at: indices)
    return try InnerChunkGrid(shardShape: shape, chunkShape: innerChunkShape ?? shape)
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

// MARK: Reading values

/// A stored value of which pieces are read.
struct OpenValue: Sendable {
  /// Where its chunks are.
  let places: ChunkPlaces

  /// The version that was opened, or nil for the one that is there when it is read.
  let version: (any StoredValue)?

  private let store: any Store
  private let key: StoreKey

  fileprivate init(
    _ version: (any StoredValue)?, _ places: ChunkPlaces, _ store: any Store, _ key: StoreKey
  ) {
    self.version = version
    self.places = places
    self.store = store
    self.key = key
  }

  /// About how many bytes a chunk has, or nil if that is not known.
  var chunkByteCount: Int? {
    guard let version, case .index(let index) = places else { return nil }
    return version.byteCount / index.count
  }

  /// Where inner chunks are, or nil if the value is one chunk.
  var index: ShardIndex? {
    if case .index(let index) = places { index } else { nil }
  }

  /// Appends bytes of the value to `arena`, all of them if no range is given.
  ///
  /// - Returns: Whether the value is there.
  /// - Throws: ``StoreError``, also for a whole value of more bytes than `limit`.
  func read(_ range: Range<Int>?, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let version else { return try store.read(key, into: &arena, limit: limit) }
    guard range != nil || version.byteCount <= limit else {
      throw StoreError.tooLarge(
        path: "\(store.location)/\(key)", byteCount: version.byteCount, limit: limit)
    }
    try version.read(range ?? 0..<version.byteCount, into: &arena)
    return true
  }
}

extension ZarrArray {
  /// Prepares to read a value, or returns nil if it is known that there is none.
  ///
  /// What is remembered of a shard may be out of date: reading then throws ``StoreError/changed(path:)``.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func value(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    let key = key(ofChunkAt: indices)
    // The value is its only chunk, and found with it.
    guard layout.isSharded else { return OpenValue(nil, .value, store, key) }
    guard openingStore == nil, let (info, index) = layout.rememberedIndex(ofShardAt: indices) else {
      return try openValue(at: indices, grid)
    }
    return OpenValue(VersionedValue(store: store, key: key, info: info), .index(index), store, key)
  }

  /// Opens the version of a value that is there now, or returns nil if there is none.
  ///
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func openValue(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    let key = key(ofChunkAt: indices)
    if let openingStore {
      return try openingStore.openValue(key).map { try openValue($0, at: indices, grid) }
    }
    guard let part = try layout.indexPart(grid, limit: access.limits.shardIndexByteCount) else {
      return try store.openValue(key).map { OpenValue($0, .value, store, key) }
    }
    // The index tells the size and the version of the shard, too.
    var arena = ByteArena()
    let limit = access.limits.shardIndexByteCount
    guard let info = try store.read(part, of: key, ifVersion: nil, limit: limit, into: &arena) else {
      return nil
    }
    let index = try layout.index(arena.bytes, of: info, at: indices, grid, limit: limit)
    return OpenValue(VersionedValue(store: store, key: key, info: info), .index(index), store, key)
  }

  /// Finds where the chunks are of a value that was opened.
  ///
  /// - Throws: As ``openValue(at:_:)``.
  func openValue(_ version: any StoredValue, at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue {
    let key = key(ofChunkAt: indices)
    let limit = access.limits.shardIndexByteCount
    if layout.isSharded, let (info, index) = layout.rememberedIndex(ofShardAt: indices),
      info.version == version.info.settledVersion
    {
      return OpenValue(version, .index(index), store, key)
    }
    guard let part = try layout.indexPart(grid, limit: limit) else {
      return OpenValue(version, .value, store, key)
    }
    var arena = ByteArena()
    try version.read(part.range(in: version.byteCount), into: &arena)
    let index = try layout.index(arena.bytes, of: version.info, at: indices, grid, limit: limit)
    return OpenValue(version, .index(index), store, key)
  }
}

extension ValueLayout {
  /// The part of a shard that holds its index, or nil if values are no shards.
  func indexPart(_ grid: InnerChunkGrid, limit: Int) throws(ChunkError) -> ValuePart? {
    guard let codec else { return nil }
    let byteCount = try codec.index.byteCount(grid, limit: limit)
    return switch codec.index.location {
    case .start: .range(0..<byteCount)
    case .end: .suffix(byteCount)
    }
  }

  /// Decodes the index of a shard, and remembers it.
  fileprivate func index(
    _ encoded: RawSpan, of info: ValueInfo, at indices: [Int], _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) -> ShardIndex {
    let index = try decodeIndex(encoded, ofShardOf: info.byteCount, grid, limit: limit)
    if info.settledVersion != nil { self.indices.insert(index, of: info, at: indices) }
    return index
  }

  /// Decodes the index of a shard of a number of bytes.
  func decodeIndex(
    _ encoded: RawSpan, ofShardOf byteCount: Int, _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) -> ShardIndex {
    guard let codec else { throw .malformed(codec: ShardingCodec.name, reason: "the value is no shard") }
    let expected = try codec.index.byteCount(grid, limit: limit)
    guard encoded.byteCount == expected else {
      throw .truncatedHeader(codec: ShardingCodec.name, byteCount: encoded.byteCount, expected: expected)
    }
    return try codec.index.decode(encoded, grid, shardByteCount: byteCount)
  }

  /// The index of a shard that was read last, and what was known of the shard.
  fileprivate func rememberedIndex(ofShardAt indices: [Int]) -> (info: ValueInfo, index: ShardIndex)? {
    self.indices.entry(at: indices)
  }
}

// MARK: Writing values

extension ValueLayout {
  /// Puts a value together, or returns nil if it has no chunk.
  func assemble(
    _ pieces: [EncodedPiece], _ grid: InnerChunkGrid?, keeping index: ShardIndex?, keptCount: Int = Int.max,
    leavingOut leftOut: Set<Int> = [], _ limits: DecodingLimits
  ) throws(ChunkError) -> AssembledShard? {
    guard let codec, let grid else {
      var assembly = ShardAssembly()
      for piece in pieces { assembly.add(piece) }
      return try assembly.finish()
    }
    // Before memory is taken for it, and since it could not be read again.
    _ = try codec.index.byteCount(grid, limit: limits.shardIndexByteCount)
    var assembly = try ShardAssembly(
      codec.index, grid, keeping: index, keptCount: keptCount, leavingOut: leftOut)
    for piece in pieces { assembly.add(piece) }
    return try assembly.finish()
  }
}

// MARK: Indices

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
