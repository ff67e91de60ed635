import ChunkEngine

/// The chunks that a write-back view keeps in memory.
final class WriteBackChunks: Sendable {
  private struct State {
    var chunks: [[Int]: WriteBackChunk] = [:]
    var byteCount = 0
    var useCount = 0
  }

  private let array: ZarrArray
  private let memoryBudget: Int
  private let state = Locked(State())

  init(_ array: ZarrArray, memoryBudget: Int) {
    self.array = array
    self.memoryBudget = memoryBudget
  }

  /// Sets an element.
  func write(_ element: [UInt8], at indices: [Int]) throws {
    let part = try part(at: indices)
    try array.checkElement(element)
    try state.withLock { state in
      Self.use(part.indices, in: &state) { chunk in
        chunk.write(element, at: part.runs[0].chunkIndex)
      }
      try makeRoom(in: &state, besides: part.indices)
    }
  }

  /// Reads an element.
  func read(at indices: [Int]) throws -> [UInt8] {
    let part = try part(at: indices)
    return try state.withLock { state in
      let element = try Self.use(part.indices, in: &state) { chunk in
        try chunk.read(at: part.runs[0].chunkIndex, fillValue: array.metadata.fillValue) {
          do {
            return try array.readChunk(at: part.indices, shape: part.chunkShape)
          } catch {
            throw array.error(error, chunk: array.storedIndices(ofChunkAt: part.indices))
          }
        }
      }
      try makeRoom(in: &state, besides: part.indices)
      return element
    }
  }

  /// Stores everything that was written.
  func flush() throws {
    try state.withLock { state in
      try store(state.chunks.values.filter(\.isChanged), in: &state)
    }
  }

  /// Stores everything that was written, and forgets it.
  func close() throws {
    try state.withLock { state in
      try store(state.chunks.values.filter(\.isChanged), in: &state)
      state = State()
    }
  }

  /// What the array has of the chunk that an element is in.
  private func part(at indices: [Int]) throws -> ChunkPart {
    let chunks = try array.chunks(of: ArrayRegion(elementAt: indices))
    let grid = array.readingGrid(chunks.metadata)
    return try ChunkParts(of: chunks.region, shape: chunks.metadata.shape, grid: grid)
      .part(at: 0, array.access.limits)
  }

  private static func use<Result>(
    _ indices: [Int], in state: inout State, _ body: (inout WriteBackChunk) throws -> Result
  ) rethrows -> Result {
    var chunk = state.chunks.removeValue(forKey: indices) ?? WriteBackChunk(indices: indices)
    // A chunk that was not there counts from the beginning.
    let before = chunk.lastUse == 0 ? 0 : chunk.byteCount
    state.useCount += 1
    chunk.lastUse = state.useCount
    defer {
      state.byteCount += chunk.byteCount - before
      state.chunks[indices] = chunk
    }
    return try body(&chunk)
  }

  /// Stores and forgets the chunks that were not used for the longest time, if there is too much.
  ///
  /// Down to half of the budget, so that this is seldom.
  private func makeRoom(in state: inout State, besides used: [Int]) throws {
    guard state.byteCount > memoryBudget, state.chunks.count > 1 else { return }
    var byteCount = state.byteCount
    var dropped: [WriteBackChunk] = []
    for chunk in state.chunks.values.sorted(by: { $0.lastUse < $1.lastUse }) where chunk.indices != used {
      guard byteCount > memoryBudget / 2 else { break }
      byteCount -= chunk.byteCount
      dropped.append(chunk)
    }
    try store(dropped.filter(\.isChanged), in: &state)
    for chunk in dropped {
      state.byteCount -= state.chunks.removeValue(forKey: chunk.indices)?.byteCount ?? 0
    }
  }

  /// Stores chunks on all workers, those of a shard together.
  ///
  /// Those that are stored are no longer changed, whatever happens to the others.
  private func store(_ changed: [WriteBackChunk], in state: inout State) throws {
    let chunks = changed.sorted { $0.indices.lexicographicallyPrecedes($1.indices) }
    let stored = Locked<[[Int]]>([])
    defer {
      for indices in stored.withLock({ $0 }) {
        let before = state.chunks[indices]?.byteCount ?? 0
        state.chunks[indices]?.markStored()
        state.byteCount += (state.chunks[indices]?.byteCount ?? 0) - before
      }
    }
    if let sharding = array.sharding {
      return try store(chunks, sharding) { chunks in stored.withLock { $0 += chunks.map(\.indices) } }
    }
    do {
      try ParallelChunks.forEachIndex(
        below: chunks.count, workerCount: array.access.workerCount, pool: array.workers.encoding
      ) { index, worker in
        try array.write(chunks[index].changed, toChunkAt: chunks[index].indices, with: worker)
        stored.withLock { $0.append(chunks[index].indices) }
      }
    } catch {
      throw array.error(error, chunk: chunks[error.index].indices)
    }
  }

  /// Stores chunks that are parts of shards, and tells `done` of those of each shard.
  private func store(
    _ chunks: [WriteBackChunk], _ sharding: Sharding, _ done: @Sendable ([WriteBackChunk]) -> Void
  ) throws {
    let groups = Dictionary(grouping: chunks) { array.storedIndices(ofChunkAt: $0.indices) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    do {
      try ParallelChunks.forEachIndex(
        below: groups.count, workerCount: array.access.workerCount, pool: sharding.writers
      ) { index, worker in
        let (shard, chunks) = groups[index]
        try array.write(chunks, toShardAt: shard, sharding, with: worker)
        done(chunks)
      }
    } catch {
      throw array.error(error, chunk: groups[error.index].key)
    }
  }
}
