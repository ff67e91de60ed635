import ChunkEngine

/// What threads do with the chunks of an appender.
extension ZarrArray {
  /// Encodes and stores a sealed chunk, or removes what is there if all its elements equal the fill value.
  ///
  /// A chunk that the shape does not cover yet is safe from a crash of the machine when the store is
  /// synchronized.
  ///
  /// - Throws: ``StoreError``, and ``ZarrError/chunk(path:reason:)``. The chunk can be stored again then. What
  ///   others have stored, who took the end of the array meanwhile, stays.
  func store(
    _ chunk: OpenChunk, atEnd end: ArrayEnd, with worker: EncodingWorker, monitor: ProgressMonitor?
  ) throws {
    let key = key(ofChunkAt: chunk.indices)
    let byteCount = chunk.byteCount
    var storedByteCount = 0
    do {
      try withLock(on: .chunk(chunk.indices), isReplaced: true) {
        // What is there while the end is locked may be replaced, and nothing that comes after.
        let old = try store.openValue(key)
        try end.check(readingDocument: chunk.isCovered)
        let isEncoded = try chunk.encode(
          with: worker, unlessAllEqual: access.writesEmptyChunks ? nil : metadata.definedFillValue
        ) { encoded in
          storedByteCount = encoded.byteCount
          try access.limits.check(byteCount, isStoredIn: storedByteCount)
          try store.write(
            key, over: .seen(old), byteCount: encoded.byteCount,
            durability: chunk.isCovered ? .immediate : .deferred
          ) { append in
            try append(encoded)
            if !chunk.isCovered { try end.check(readingDocument: false) }
          }
        }
        guard !isEncoded else { return }
        try store.delete(key, over: .seen(old))
      }
    } catch {
      throw self.error(error, chunk: chunk.indices)
    }
    monitor?.add(
      elementCount: chunk.appendedCount, elementByteCount: chunk.appendedByteCount,
      storedByteCount: storedByteCount)
  }

  /// Encodes sealed chunks of a shard.
  ///
  /// - Throws: ``ZarrError/chunk(path:reason:)``
  func encode(
    _ chunks: [OpenChunk], of shard: AppendedShard, expectedPartCount: Int, with worker: ShardWritingWorker,
    monitor: ProgressMonitor?
  ) throws -> EncodedInnerChunks {
    do {
      try worker.writer.beginPart(expectedPartCount: expectedPartCount)
      for chunk in chunks { try chunk.encode(with: &worker.writer, of: shard.grid, access.limits) }
      let part = try worker.writer.endPart(elementByteCount: 0)
      if let monitor, !chunks.isEmpty {
        monitor.add(
          elementCount: chunks.reduce(0) { $0 + $1.appendedCount },
          elementByteCount: chunks.reduce(0) { $0 + $1.appendedByteCount },
          storedByteCount: part.byteCount)
      }
      return part
    } catch {
      throw self.error(error, chunk: shard.indices)
    }
  }

  /// Stores a shard of encoded chunks, in place of the one that is there, of which some may be kept.
  ///
  /// - Throws: ``StoreError``, and ``ZarrError/chunk(path:reason:)``.
  func store(
    _ parts: [EncodedInnerChunks], of shard: AppendedShard, atEnd end: ArrayEnd, _ sharding: Sharding
  ) throws {
    do {
      try withLock(on: .chunk(shard.indices), isReplaced: shard.keptCount == 0) {
        // As for a chunk that is no shard.
        let seen = try store.openValue(key(ofChunkAt: shard.indices))
        let old =
          shard.keptCount == 0
          ? nil : try seen.map { try openShard($0, at: shard.indices, shard.grid, sharding) }
        try end.check(readingDocument: shard.isCovered)
        try store(
          parts, at: shard.indices, shard.grid, keeping: old, over: .seen(seen), keptCount: shard.keptCount,
          durability: shard.isCovered ? .immediate : .deferred, sharding)
      }
    } catch {
      throw self.error(error, chunk: shard.indices)
    }
  }
}
