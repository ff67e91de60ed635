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
    let omitsFillValue = !access.storesFillValueChunks && metadata.definedFillValue != nil
    decoders = WorkerPool { WorkerState(try ChunkDecoder(chain, limits: access.limits)) }
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

  /// The division of a value.
  ///
  /// - Parameters:
  ///   - indices: The place of the value in the grid.
  ///   - grid: The division of the array into values.
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

  fileprivate init(_ version: (any StoredValue)?, _ places: ChunkPlaces, _ store: any Store, _ key: StoreKey) {
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
  /// - Throws: ``StoreError``, and the engine's `ChunkError` for an index that is damaged or too large.
  func value(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    guard !layout.isSharded else { return try openValue(at: indices, grid) }
    // The value is its only chunk, and found with it.
    return OpenValue(nil, .value, store, key(ofChunkAt: indices))
  }

  /// Opens the version of a value that is there now, or returns nil if there is none.
  ///
  /// - Throws: As ``value(at:_:)``.
  func openValue(at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue? {
    try store.openValue(key(ofChunkAt: indices)).map { try openValue($0, at: indices, grid) }
  }

  /// Opens the version of a value that is there now, of which nothing is kept, or returns nil if there is none.
  ///
  /// - Throws: ``StoreError``
  func openVersion(at indices: [Int]) throws -> OpenValue? {
    let key = key(ofChunkAt: indices)
    return try store.openValue(key).map { OpenValue($0, .value, store, key) }
  }

  /// Reads the index of a value that is a shard.
  ///
  /// - Throws: As ``value(at:_:)``.
  func openValue(_ version: any StoredValue, at indices: [Int], _ grid: InnerChunkGrid) throws -> OpenValue {
    OpenValue(
      version, try layout.places(in: version, at: indices, grid, access.limits), store,
      key(ofChunkAt: indices))
  }
}

extension ValueLayout {
  /// Finds where the chunks of a value are.
  fileprivate func places(
    in version: any StoredValue, at indices: [Int], _ grid: InnerChunkGrid, _ limits: DecodingLimits
  ) throws -> ChunkPlaces {
    guard let codec else { return .value }
    if let name = version.version, let index = self.indices.index(ofShardAt: indices, name) {
      return .index(index)
    }
    let range = try codec.index.range(
      inShardOf: version.byteCount, grid, limit: limits.shardIndexByteCount)
    var arena = ByteArena()
    try version.read(range, into: &arena)
    guard arena.count == range.count else {
      throw ChunkError.truncatedHeader(
        codec: ShardingCodec.name, byteCount: arena.count, expected: range.count)
    }
    let index = try codec.index.decode(arena.bytes, grid, shardByteCount: version.byteCount)
    if let name = version.version { self.indices.insert(index, ofShardAt: indices, name) }
    return .index(index)
  }
}

// MARK: Writing values

/// What a value that is stored takes the place of.
enum ReplacedValue {
  /// Whatever is there.
  case any
  /// The version that was seen, or nothing; a value that somebody has stored since then stays.
  case version(OpenValue?)

  /// The value whose chunks may be kept.
  var old: OpenValue? { if case .version(let old) = self { old } else { nil } }
}

extension ZarrArray {
  /// Stores a value, or removes it.
  ///
  /// - Parameters:
  ///   - byteCount: The bytes of the value, or nil to remove it.
  ///   - indices: The place of the value in the grid.
  ///   - replaced: What it takes the place of.
  ///   - isDeferred: Whether the value may wait for the store to be synchronized.
  ///   - batch: What it goes to, if it replaces whatever is there.
  ///   - gather: Hands the parts of the value to its argument.
  /// - Throws: ``StoreError``, and what `gather` throws.
  func put(
    _ byteCount: Int?, at indices: [Int], over replaced: ReplacedValue, isDeferred: Bool,
    in batch: (any StoreBatch)? = nil, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let key = key(ofChunkAt: indices)
    switch (replaced, byteCount) {
    case (.any, nil): try store.delete(key)
    case (.any, let byteCount?):
      if let batch {
        try batch.write(key, byteCount: byteCount, gathering: gather)
      } else {
        try store.write(key, byteCount: byteCount, isDeferred: isDeferred, gathering: gather)
      }
    case (.version(let old), nil): try store.delete(old?.version, at: key)
    case (.version(let old), let byteCount?):
      if isDeferred {
        try store.replaceDeferred(old?.version, at: key, byteCount: byteCount, gathering: gather)
      } else {
        try store.replace(old?.version, at: key, byteCount: byteCount, gathering: gather)
      }
    }
  }

  /// Stores a value of encoded chunks, and of others that an old one has, while it is locked.
  ///
  /// - Parameters:
  ///   - pieces: The encoded chunks.
  ///   - indices: The place of the value in the grid.
  ///   - grid: Its inner chunks; nil is for a value that is one chunk.
  ///   - replaced: What it takes the place of.
  ///   - keptCount: How many of the inner chunks of the old value are kept, the first ones in C order.
  ///   - leftOut: Inner chunks of the old value that are not kept all the same.
  ///   - isDeferred: Whether the value may wait for the store to be synchronized.
  ///   - batch: What it goes to, if it replaces whatever is there.
  ///   - check: Is called when all is handed to the store, and before it takes its place.
  /// - Throws: ``StoreError``, the engine's `ChunkError`, and what `check` throws.
  func put(
    _ pieces: [EncodedPiece], at indices: [Int], _ grid: InnerChunkGrid?, over replaced: ReplacedValue,
    keptCount: Int = Int.max, leavingOut leftOut: Set<Int> = [], isDeferred: Bool = false,
    in batch: (any StoreBatch)? = nil, checking check: () throws -> Void = {}
  ) throws {
    let old = replaced.old
    guard
      var value = try layout.assemble(
        pieces, grid, keeping: old, keptCount: keptCount, leavingOut: leftOut, access.limits)
    else { return try put(nil, at: indices, over: replaced, isDeferred: isDeferred) { _ in } }
    func read(_ range: Range<Int>, _ arena: inout ByteArena) throws {
      _ = try old?.read(range, into: &arena, limit: Int.max)
    }
    if let version = old?.version, !version.staysWhenReplaced { try value.load(reading: read) }
    try put(value.byteCount, at: indices, over: replaced, isDeferred: isDeferred, in: batch) { append in
      try value.write(reading: read, to: append)
      try check()
    }
  }
}

extension ValueLayout {
  /// Puts a value together, or returns nil if it has no chunk.
  fileprivate func assemble(
    _ pieces: [EncodedPiece], _ grid: InnerChunkGrid?, keeping old: OpenValue?, keptCount: Int,
    leavingOut leftOut: Set<Int>, _ limits: DecodingLimits
  ) throws(ChunkError) -> AssembledShard? {
    guard let codec, let grid else {
      var assembly = ShardAssembly()
      for piece in pieces { assembly.add(piece) }
      return try assembly.finish()
    }
    // Before memory is taken for it, and since it could not be read again.
    let (byteCount, limit) = (try codec.index.byteCount(grid), limits.shardIndexByteCount)
    guard byteCount <= limit else {
      throw ChunkError.decodedByteCountExceedsLimit(
        codec: ShardingCodec.name, byteCount: byteCount, limit: limit)
    }
    let index: ShardIndex? = if case .index(let index)? = old?.places { index } else { nil }
    var assembly = try ShardAssembly(
      codec.index, grid, keeping: index, keptCount: keptCount, leavingOut: leftOut)
    for piece in pieces { assembly.add(piece) }
    return try assembly.finish()
  }
}

// MARK: Indices

/// The indices of the shards that were read last.
///
/// Each is kept with the version of the shard that it was read from. Whoever opens a shard asks for the index
/// of the version that was opened, so that an index is never used for a shard that has taken the place of its
/// own, whoever wrote that.
private final class ShardIndexCache: Sendable {
  private struct Entry {
    let version: StoredVersion
    let index: ShardIndex
  }

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

  /// The index of a version of a shard, or nil if it is not kept.
  func index(ofShardAt indices: [Int], _ version: StoredVersion) -> ShardIndex? {
    generations.withLock { generations in
      if let entry = generations.newer[indices] {
        return entry.version == version ? entry.index : nil
      }
      guard let entry = generations.older.removeValue(forKey: indices), entry.version == version else {
        return nil
      }
      insert(entry, ofShardAt: indices, into: &generations)
      return entry.index
    }
  }

  /// Keeps the index of a version of a shard.
  func insert(_ index: ShardIndex, ofShardAt indices: [Int], _ version: StoredVersion) {
    generations.withLock { generations in
      generations.older[indices] = nil
      if let replaced = generations.newer.removeValue(forKey: indices) {
        generations.newerByteCount -= byteCount(of: replaced)
      }
      insert(Entry(version: version, index: index), ofShardAt: indices, into: &generations)
    }
  }

  private func insert(_ entry: Entry, ofShardAt indices: [Int], into generations: inout Generations) {
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
