extension ZarrArray {
  /// The places in the grid of the chunks, or shards, that are stored and have elements of the array, in no
  /// particular order.
  ///
  /// - Throws: ``StoreError``, also if the store cannot list its keys.
  /// - Complexity: O(*n*) where *n* is the number of keys below the array.
  public func storedChunkIndices() throws -> [[Int]] {
    let metadata = metadata
    let counts = metadata.chunkGrid.chunkCounts(of: metadata.shape)
    let prefixByteCount = path.names.isEmpty ? 0 : path.description.utf8.count + 1
    return try store.list(path.description).compactMap { key in
      let key = String(Substring(key.description.utf8.dropFirst(prefixByteCount)))
      // Chunks beyond the shape are left over from a larger one.
      guard let indices = metadata.chunkKeyEncoding.indices(ofKey: key, rank: counts.count),
        zip(indices, counts).allSatisfy({ $0 < $1 })
      else { return nil }
      return indices
    }
  }
}
