import ChunkEngine

/// Reading past damage, and taking it out.
extension ZarrArray {
  /// Takes note of a chunk that could not be read, if its elements are to be replaced.
  ///
  /// - Parameters:
  ///   - reason: Why it could not be read.
  ///   - indices: The place in the grid of what is stored under one key.
  ///   - part: The elements of the inner chunk, counted from the first one of the shard, if it is one.
  /// - Throws: `reason`, unless the report takes it.
  func replace(_ reason: any Error, chunk indices: [Int], inner part: Piece? = nil) throws {
    guard let report = access.damageReport, report.takes(reason) else { throw reason }
    report.add(damagedChunk(at: indices, inner: part, reason, metadata))
  }

  private func damagedChunk(
    at indices: [Int], inner part: Piece?, _ reason: any Error, _ metadata: ArrayMetadata
  ) -> DamagedChunk {
    let part = layout.isSharded ? part : nil
    let key = key(ofChunkAt: indices)
    return DamagedChunk(
      key: key, path: "\(store.location)/\(key)", indices: indices, innerChunk: part?.firstPosition,
      region: region(ofValueAt: indices, inner: part, metadata), reason: reason)
  }

  /// The elements of a value, or of an inner chunk of it, that are inside of the array.
  private func region(ofValueAt indices: [Int], inner part: Piece?, _ metadata: ArrayMetadata) -> ArrayRegion {
    ArrayRegion(
      indices.enumerated().map { dimension, index in
        var range = metadata.chunkGrid.dimensions[dimension].range(ofChunk: index)
        if let part {
          let side = part.grid.chunkShape[dimension]
          let start = range.lowerBound + part.chunks[dimension].lowerBound * side
          range = start..<(side > Int.max - start ? Int.max : start + side)
        }
        return range.clamped(to: 0..<metadata.shape[dimension])
      })
  }

  /// Takes a chunk out of the store if it is damaged; of a shard, the inner chunks that are damaged.
  ///
  /// What is taken out has just been read: the chunk is read anew, from the version of it that is then
  /// removed or replaced. If somebody replaces it meanwhile, all begins anew with theirs. Elements that are
  /// taken out are read as the fill value from then on. The other inner chunks of a shard stay as they are
  /// stored.
  ///
  /// - Parameters:
  ///   - indices: The place in the grid of the chunk or shard.
  ///   - keep: Is handed what is stored before any of it is taken out, to keep a copy. If it throws, all
  ///     stays.
  /// - Returns: What was taken out, which is nothing if nothing is damaged, or nothing is stored.
  /// - Throws: ``StoreError``, other errors of reading the chunk that say no damage, and what `keep` throws.
  /// - Precondition: There is such a chunk in the grid.
  /// - Complexity: O(*n*) where *n* is the size of the chunk or shard.
  public func removeDamage(
    ofChunkAt indices: [Int], keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    let metadata = metadata
    let part = try plan(of: region(ofValueAt: indices, inner: nil, metadata)).part(0)
    return try withLock(on: .chunk(indices)) {
      let key = key(ofChunkAt: indices)
      guard let version = try store.openValue(key) else { return [] }
      let value: OpenValue
      do {
        value = try openValue(version, at: indices, part.whole.grid)
      } catch {
        guard FailureKind(of: error) == .damaged else { throw self.error(error, chunk: indices) }
        try keep(version)
        try store.delete(version, at: key)
        return [damagedChunk(at: indices, inner: nil, error, metadata)]
      }
      do {
        return try removeChunks(of: part.whole, from: value, at: indices, metadata, keeping: keep)
      } catch {
        throw self.error(error, chunk: indices)
      }
    }
  }

  /// Takes the damaged chunks out of a value, while it is locked.
  private func removeChunks(
    of piece: Piece, from value: OpenValue, at indices: [Int], _ metadata: ArrayMetadata,
    keeping keep: (any StoredValue) throws -> Void
  ) throws -> [DamagedChunk] {
    var damaged: [DamagedChunk] = []
    var leftOut: Set<Int> = []
    try piece.forEachChunk { chunk in
      do {
        try check(chunk, of: value)
      } catch {
        // What cannot be read for another reason may be sound, and stays.
        guard FailureKind(of: error) == .damaged else {
          if piece.grid.chunkCount == 1 { throw error }
          return
        }
        leftOut.insert(chunk.firstPosition)
        if damaged.count < DamagedChunk.maximumCountPerShard {
          damaged.append(damagedChunk(at: indices, inner: chunk, error, metadata))
        } else {
          damaged[damaged.count - 1].furtherCount += 1
        }
      }
    }
    guard !damaged.isEmpty, let version = value.version else { return [] }
    try keep(version)
    // The index may also be wrong about those that have no element of the array, which nobody reads.
    if case .index(let index) = value.places {
      for position in 0..<index.count where (try? index.range(ofChunkAt: position)) == nil {
        leftOut.insert(position)
      }
    }
    try put([], at: indices, piece.grid, over: .version(value), leavingOut: leftOut)
    return damaged
  }
}
