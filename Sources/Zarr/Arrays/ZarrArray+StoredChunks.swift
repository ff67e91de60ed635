extension ZarrArray {
  /// The grid indices of the stored chunks or shards that have elements of the array, in no particular order.
  ///
  /// - Throws: ``ZarrError/store(path:reason:)``, also if the store cannot list its keys.
  /// - Complexity: O(*n*) where *n* is the number of keys below the array.
  @available(*, noasync)
  public func storedChunkIndices() throws(ZarrError) -> [[Int]] {
    try zarrErrors(at: location) { try findStoredChunks() }
  }

  /// The positions of the chunks that are stored, or of all chunks of the grid if the store cannot list its keys.
  ///
  /// - Throws: As ``storedChunkIndices()``, also if the store cannot list its keys and the grid has more than 2²⁴ chunks.
  package func possibleChunkIndices() throws(ZarrError) -> [[Int]] {
    try zarrErrors(at: location) {
      do {
        return try findStoredChunks()
      } catch let error as StoreError {
        let counts = metadata.chunkGrid.chunkCounts(of: metadata.shape)
        guard case .notListable = error, let count = ArrayMetadata.elementCount(of: counts), count <= 1 << 24
        else { throw error }
        return (0..<count).map { RowMajor.indices(at: $0, in: counts) }
      }
    }
  }

  private func findStoredChunks() throws -> [[Int]] {
    let metadata = metadata
    let counts = metadata.chunkGrid.chunkCounts(of: metadata.shape)
    let prefixByteCount = path.names.isEmpty ? 0 : path.description.utf8.count + 1
    var directories: Set<[Int]> = []
    // A directory in place of a chunk may have nothing in it.
    let keys =
      try (store as? FileStore)?.list(path.description, withEmptyDirectories: true)
      ?? store.list(path.description)
    let found: [[Int]] = try keys.compactMap { listed in
      let key = String(Substring(listed.description.utf8.dropFirst(prefixByteCount)))
      guard let indices = metadata.chunkKeyEncoding.indices(ofKey: key, rank: counts.count) else {
        // A link that is not followed, or a directory in the place of a chunk, may hide a stored chunk: looking at it
        // throws.
        if !NodeDocument.isName(key) { _ = try store.byteCount(of: listed) }
        if let directory = indices(ofDirectoryAbove: key, counts.count) { directories.insert(directory) }
        return nil
      }
      return indices
    }
    // Chunks beyond the shape are left over from a larger one.
    return (found + directories).filter { zip($0, counts).allSatisfy { $0 < $1 } }
  }

  /// The grid indices of the chunk whose place a non-empty directory has taken, or nil if there is none.
  private func indices(ofDirectoryAbove key: String, _ rank: Int) -> [Int]? {
    var directory = key.utf8[...]
    while let slash = directory.lastIndex(of: UInt8(ascii: "/")) {
      directory = directory[..<slash]
      if let indices = metadata.chunkKeyEncoding.indices(ofKey: String(Substring(directory)), rank: rank) {
        return indices
      }
    }
    return nil
  }
}
