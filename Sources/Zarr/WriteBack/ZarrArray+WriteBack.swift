import ChunkEngine

extension ZarrArray {
  /// Checks that an element can be stored, as far as its size says.
  func checkElement(_ element: [UInt8]) throws {
    if case .fixed(let byteCount) = dataType.layout, byteCount != element.count {
      throw ChunkError.byteCountMismatch(codec: location, found: element.count, expected: byteCount)
    }
    guard element.count <= access.maximumElementByteCount else {
      throw ChunkError.elementTooLarge(
        index: 0, byteCount: element.count, limit: access.maximumElementByteCount)
    }
  }

  /// Replaces some elements of a chunk, which is read only if there are others that matter.
  ///
  /// - Parameters:
  ///   - elements: The elements by their index in the chunk, at least one.
  ///   - indices: The position of the chunk in the grid.
  ///   - worker: What to encode with.
  /// - Throws: `ChunkError`, and what the store throws.
  func write(_ elements: [Int: [UInt8]], toChunkAt indices: [Int], with worker: EncodingWorker) throws {
    let metadata = metadata
    let chunkShape = metadata.chunkGrid.chunkShape(at: indices)
    let sorted = elements.sorted { $0.key < $1.key }
    var runs: [ElementRun] = []
    for (position, (index, _)) in sorted.enumerated() {
      if let last = runs.last, last.chunkIndex + last.count == index {
        runs[runs.count - 1] = ElementRun(
          chunkIndex: last.chunkIndex, selectionIndex: last.selectionIndex, count: last.count + 1)
      } else {
        runs.append(ElementRun(chunkIndex: index, selectionIndex: position, count: 1))
      }
    }
    let region = ArrayRegion(
      zip(metadata.shape, zip(metadata.chunkGrid.axes, indices)).map { length, chunk in
        let range = chunk.0.range(ofChunk: chunk.1)
        return min(range.lowerBound, length)..<min(range.upperBound, length)
      })
    let part = ChunkPart(
      indices: indices, chunkShape: chunkShape, runs: runs, isWhole: region.elementCount == elements.count,
      region: region)
    try locks.withLock(on: indices) {
      try write(part, of: sorted.map(\.value), metadata: metadata, with: worker, monitor: nil)
    }
  }
}
