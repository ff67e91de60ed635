import ChunkEngine
import Glibc

/// Reading past damage.
extension ZarrArray {
  /// Takes note of a chunk that could not be read, if its elements are to be replaced.
  ///
  /// - Parameters:
  ///   - reason: Why it could not be read.
  ///   - indices: The place in the grid of what is stored under one key.
  ///   - part: The elements of the inner chunk, counted from the first one of the shard, if it is one.
  /// - Throws: `reason`, if that is no damage or damage is an error.
  func replace(_ reason: any Error, chunk indices: [Int], inner part: ShardPart? = nil) throws {
    guard let report = access.damageReport, Self.isDamage(reason) else { throw reason }
    let metadata = metadata
    let key = key(ofChunkAt: indices)
    var ranges: [Range<Int>] = []
    for (axis, index) in indices.enumerated() {
      var range = metadata.chunkGrid.axes[axis].range(ofChunk: index)
      if let part {
        let side = part.grid.chunkShape[axis]
        let start = range.lowerBound + part.chunks[axis].lowerBound * side
        range = start..<start + side
      }
      ranges.append(range.clamped(to: 0..<metadata.shape[axis]))
    }
    report.add(
      DamagedChunk(
        key: key, path: "\(store.location)/\(key)", innerChunk: part?.firstPosition,
        region: ArrayRegion(ranges), reason: reason))
  }

  /// Whether an error says that what is stored is damaged, and not that it could not be looked at.
  private static func isDamage(_ error: any Error) -> Bool {
    switch error {
    case ChunkError.outOfMemory, ChunkError.cancelled, ChunkError.callByteCountExceedsLimit,
      ChunkError.callElementCountExceedsLimit, ChunkError.refused:
      false
    case ChunkError.innerChunk(_, let reason): isDamage(reason)
    case is ChunkError, StoreError.tooLarge: true
    // A disk that can no longer read a sector.
    case StoreError.system(_, _, EIO): true
    default: false
    }
  }
}
