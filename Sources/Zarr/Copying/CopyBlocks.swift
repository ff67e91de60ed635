import ChunkEngine

/// Goes through an array in blocks of whole chunks; a shard that is larger than a block is several of them.
///
///     shards   [ · · ][ · · ][ · · ]        few inner chunks: a block has whole shards
///     shard    [ a a a b b b c c c ]        many: a block has some of one shard, and the next one the next
struct CopyBlocks {
  /// A block.
  struct Block {
    /// The elements.
    let region: ArrayRegion
    /// The place of the shard that the block is a part of, or nil if the block has whole chunks or shards.
    let shardIndices: [Int]?
  }

  private let grid: ChunkGrid
  private let sourceGrid: ChunkGrid
  private let isNeeded: (ArrayRegion) -> Bool

  /// The division of a value into chunks, and the number of those of the largest one.
  private let inner: (grid: ChunkGrid, chunkCount: Int)

  /// The chunks or shards, and the inner chunks of the shard that was begun.
  private var outerWalk: BlockWalk
  private var shard: (indices: [Int], walk: BlockWalk)?

  /// Begins in front of the first block of an array.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - source: The array that elements come from.
  ///   - isNeeded: Is asked which regions are needed; blocks without any are left out.
  init(
    _ array: ZarrArray, from source: ZarrArray, isNeeded: @escaping (ArrayRegion) -> Bool
  ) {
    let metadata = array.metadata
    grid = metadata.chunkGrid
    sourceGrid = source.layout.chunkGrid(source.metadata)
    self.isNeeded = isNeeded
    outerWalk = BlockWalk(ChunkBlocks(metadata, from: sourceGrid), isNeeded: isNeeded)
    let chunkGrid = array.layout.chunkGrid(metadata)
    // No more than elements of a value, whose number was checked.
    inner = (chunkGrid, zip(grid.chunkShape, chunkGrid.chunkShape).reduce(1) { $0 * ($1.0 / $1.1) })
  }

  /// Goes on to the next block.
  ///
  /// - Parameters:
  ///   - elementCount: The most elements that it has, unless one chunk has more, an inner one if there are
  ///     shards.
  ///   - skip: Is handed what is left out before it.
  /// - Returns: The block, or nil if there are no more.
  mutating func next(
    ofAtMost elementCount: Int, skipping skip: (ArrayRegion) throws -> Void
  ) rethrows -> Block? {
    let wholeCount = elementCount / grid.elementCount
    while true {
      let chunkCount = max(1, elementCount / inner.grid.elementCount)
      if let region = try shard?.walk.next(ofAtMost: chunkCount, skipping: skip) {
        return Block(region: region, shardIndices: shard?.indices)
      }
      guard let region = try outerWalk.next(ofAtMost: max(1, wholeCount), skipping: skip) else { return nil }
      guard wholeCount == 0, inner.chunkCount > 1 else { return Block(region: region, shardIndices: nil) }
      let indices = zip(grid.dimensions, region.ranges).map { $0.chunkIndex(of: $1.lowerBound) }
      shard = (indices, BlockWalk(ChunkBlocks(region, by: inner.grid, from: sourceGrid), isNeeded: isNeeded))
    }
  }
}

/// Goes through the blocks of a region that are needed.
private struct BlockWalk {
  private let blocks: ChunkBlocks
  private let isNeeded: (ArrayRegion) -> Bool
  private var first = 0

  /// Begins in front of the first block.
  ///
  /// - Parameters:
  ///   - blocks: The region, and its chunks.
  ///   - isNeeded: Is asked which blocks are needed.
  init(_ blocks: ChunkBlocks, isNeeded: @escaping (ArrayRegion) -> Bool) {
    self.blocks = blocks
    self.isNeeded = isNeeded
  }

  /// Goes on to the next block that is needed.
  ///
  /// - Parameters:
  ///   - chunkCount: The most chunks that it has, at least one.
  ///   - skip: Is handed what is left out before it.
  /// - Returns: The block, or nil if there are no more.
  mutating func next(
    ofAtMost chunkCount: Int, skipping skip: (ArrayRegion) throws -> Void
  ) rethrows -> ArrayRegion? {
    // Larger and larger blocks are asked for while none is needed, so that few are in a very large array.
    var most = chunkCount
    while first < blocks.chunkCount {
      let (region, count) = blocks.block(from: first, ofAtMost: most)
      if !isNeeded(region) {
        try skip(region)
        first += count
        most = most > blocks.chunkCount / 2 ? blocks.chunkCount : most * 2
      } else if count > chunkCount {
        most = max(chunkCount, count / 2)
      } else {
        first += count
        return region
      }
    }
    return nil
  }
}

/// Cuts a region into blocks of whole chunks, in C order of the chunks.
///
/// A block has consecutive chunks along one dimension, one chunk along each dimension before it, and all
/// chunks along the dimensions after it:
///
///     · · · · a a      a   the rest of a row of chunks
///     b b b b b b      b   whole rows
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
///
/// Where the elements come from chunks of another array, blocks end where these do, if they do not become
/// much smaller by that: what is read for a block then serves no other one.
struct ChunkBlocks {
  private let region: ArrayRegion
  private let grid: ChunkGrid
  private let otherGrid: ChunkGrid?
  private let counts: [Int]

  /// The number of chunks for one index along each dimension.
  private let strides: [Int]

  /// The number of chunks.
  let chunkCount: Int

  /// Divides an array into blocks of its chunks.
  init(_ metadata: ArrayMetadata, from otherGrid: ChunkGrid? = nil) {
    self.init(ArrayRegion(metadata.shape.map { 0..<$0 }), by: metadata.chunkGrid, from: otherGrid)
  }

  /// Divides a region of an array.
  ///
  /// - Parameters:
  ///   - region: The region.
  ///   - grid: Its chunks; the grid begins where the region does.
  ///   - otherGrid: The chunks of the array that elements come from.
  init(_ region: ArrayRegion, by grid: ChunkGrid, from otherGrid: ChunkGrid? = nil) {
    self.region = region
    self.grid = grid
    self.otherGrid = otherGrid
    let counts = grid.chunkCounts(of: region.ranges.map(\.count))
    // No more chunks than elements, whose number was checked.
    chunkCount = counts.contains(0) ? 0 : counts.reduce(1, *)
    var strides = [Int](repeating: 1, count: counts.count)
    if chunkCount > 0 {
      for dimension in strides.indices.dropLast().reversed() {
        strides[dimension] = strides[dimension + 1] * counts[dimension + 1]
      }
    }
    self.counts = counts
    self.strides = strides
  }

  /// The block that begins with a chunk.
  ///
  /// - Parameters:
  ///   - first: The number of the chunk, in C order.
  ///   - most: The most chunks that the block has, at least one.
  /// - Returns: The elements of the block that are in the region, and the number of its chunks.
  func block(from first: Int, ofAtMost most: Int) -> (region: ArrayRegion, chunkCount: Int) {
    guard !counts.isEmpty else { return (ArrayRegion([]), 1) }
    let dimension =
      counts.indices.first { first % strides[$0] == 0 && strides[$0] <= most } ?? counts.count - 1
    let index = first / strides[dimension] % counts[dimension]
    let count = countToEnd(
      from: index, ofAtMost: min(most / strides[dimension], counts[dimension] - index), along: dimension)
    let ranges = counts.indices.map { other in
      let start = other <= dimension ? first / strides[other] % counts[other] : 0
      let last = other < dimension ? start : other == dimension ? start + count - 1 : counts[other] - 1
      return elements(ofChunks: start...last, along: other)
    }
    return (ArrayRegion(ranges), count * strides[dimension])
  }

  /// How many chunks along a dimension end where a chunk of the other array does; if those are too few, or
  /// there is no such array, as many as may be.
  private func countToEnd(from index: Int, ofAtMost most: Int, along dimension: Int) -> Int {
    guard let other = otherGrid?.dimensions[dimension] else { return most }
    let end = elements(ofChunks: index...index + most - 1, along: dimension).upperBound
    guard end < region.ranges[dimension].upperBound else { return most }
    // The last place up to the end where chunks of both may begin.
    let start =
      other.range(ofChunk: other.chunkIndex(of: end)).lowerBound - region.ranges[dimension].lowerBound
    guard start > 0 else { return most }
    let count = grid.dimensions[dimension].chunkIndex(of: start) - index
    return count > most / 2 ? count : most
  }

  private func elements(ofChunks chunks: ClosedRange<Int>, along dimension: Int) -> Range<Int> {
    let start = grid.dimensions[dimension].range(ofChunk: chunks.lowerBound).lowerBound
    let end = grid.dimensions[dimension].range(ofChunk: chunks.upperBound).upperBound
    let range = region.ranges[dimension]
    return range.lowerBound + start..<range.lowerBound + min(range.count, end)
  }
}

/// Which parts of an array are stored, so that the others need not be read.
struct StoredRegions {
  private let grid: ChunkGrid

  /// The positions of the chunks that are stored, or nil if they are not known.
  private let positions: Set<[Int]>?

  /// Lists the chunks of an array.
  ///
  /// - Complexity: O(*n*) where *n* is the number of stored chunks.
  init(of array: ZarrArray) {
    grid = array.metadata.chunkGrid
    // A store that cannot list its keys can still be read.
    positions = (try? array.storedChunkIndices()).map { Set($0) }
  }

  /// Whether anything of a region may be stored.
  ///
  /// - Complexity: O(*n*) where *n* is the smaller of the number of stored chunks and that of the chunks in
  ///   the region.
  func mayContain(_ region: ArrayRegion) -> Bool {
    guard let positions, !region.ranges.contains(where: \.isEmpty) else { return true }
    let chunks = zip(grid.dimensions, region.ranges).map { dimension, range in
      dimension.chunkIndex(of: range.lowerBound)...dimension.chunkIndex(of: range.upperBound - 1)
    }
    let count = ArrayMetadata.elementCount(of: chunks.map(\.count)) ?? Int.max
    guard count <= positions.count else {
      return positions.contains { zip(chunks, $0).allSatisfy { $0.contains($1) } }
    }
    var position = chunks.map(\.lowerBound)
    while true {
      if positions.contains(position) { return true }
      guard let dimension = position.indices.last(where: { position[$0] < chunks[$0].upperBound }) else {
        return false
      }
      position[dimension] += 1
      for later in position.indices.dropFirst(dimension + 1) { position[later] = chunks[later].lowerBound }
    }
  }
}

/// Writes blocks of elements to an array, and collects the encoded inner chunks of a shard whose blocks are
/// only parts of it.
struct BlockWriter {
  /// The array.
  let target: ZarrArray

  let monitor: ProgressMonitor?

  /// The shard whose inner chunks come now, and those that are encoded.
  private var open: (indices: [Int], pieces: [EncodedPiece])?

  init(to target: ZarrArray, monitor: ProgressMonitor?) {
    self.target = target
    self.monitor = monitor
  }

  /// Writes a block.
  ///
  /// The parts of a shard follow each other, and are stored when the last one is known to be there: with the
  /// next shard, or by ``finish()``.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``
  mutating func write(_ elements: any BlobSource, to block: CopyBlocks.Block) throws {
    if open?.indices != block.shardIndices { try finish() }
    guard let indices = block.shardIndices else {
      return try target.write(elements, to: block.region, monitor: monitor)
    }
    let piece = try target.encode(elements, of: block.region, monitor: monitor)
    if open == nil { open = (indices, []) }
    open?.pieces.append(piece)
  }

  /// Stores the shard that is open, if one is.
  ///
  /// - Throws: ``ZarrError`` and ``StoreError``
  mutating func finish() throws {
    guard let (indices, pieces) = open else { return }
    open = nil
    do {
      try target.withLock(on: .chunk(indices), isReplaced: true) {
        let grid = try target.layout.grid(ofValueAt: indices, in: target.metadata.chunkGrid)
        try target.storeValue(of: pieces, at: indices, grid, keeping: nil, over: .anything)
      }
    } catch {
      throw target.error(error, chunk: indices)
    }
  }
}

/// Copies what is stored of the chunks of an array to another one, whose chunks are stored in the same way.
struct StoredChunkCopy {
  /// The array with the chunks.
  let source: ZarrArray

  /// The array that gets them.
  let target: ZarrArray

  /// What one worker reuses.
  private final class Worker {
    var arena = ByteArena()
  }

  /// Copies all chunks that are stored, on all workers.
  ///
  /// - Throws: ``StoreError``, and ``ZarrError/cancelled``.
  /// - Complexity: O(*n*) in the bytes that are stored, and in the number of chunks that are.
  func run(monitor: ProgressMonitor?) throws {
    let indices = try source.possibleChunkIndices()
    let metadata = source.metadata
    let grid = metadata.chunkGrid
    let part = ProgressMonitor(partOf: monitor)
    let requests = source.makeRequests() ?? target.makeRequests()
    do {
      try ParallelChunks.forEachIndex(
        below: indices.count, workerCount: max(source.concurrency, target.concurrency),
        pool: WorkerPool { Worker() }, following: part
      ) { number, worker in
        let place = indices[number]
        let byteCount = try source.store.copy(
          source.key(ofChunkAt: place), to: target.key(ofChunkAt: place), in: target.store,
          with: &worker.arena, requests)
        let elementCount = zip(zip(grid.dimensions, place), metadata.shape).reduce(1) { count, dimension in
          let range = dimension.0.0.range(ofChunk: dimension.0.1)
          return count * (min(range.upperBound, dimension.1) - range.lowerBound)
        }
        part.add(elementCount: elementCount, elementByteCount: 0, storedByteCount: byteCount ?? 0)
      }
    } catch {
      if case ChunkError.cancelled = error.reason { throw ZarrError.cancelled }
      throw error.reason
    }
    let rest = metadata.elementCount - part.progress.elementCount
    part.add(elementCount: max(0, rest), elementByteCount: 0, storedByteCount: 0)
  }
}
