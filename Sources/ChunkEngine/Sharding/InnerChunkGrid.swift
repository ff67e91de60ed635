/// The division of a shard into inner chunks of one shape.
public struct InnerChunkGrid: Hashable, Sendable {
  /// The number of elements of the shard along each axis.
  public let shardShape: [Int]

  /// The number of elements of an inner chunk along each axis.
  public let chunkShape: [Int]

  /// The number of inner chunks along each axis.
  public let counts: [Int]

  /// The number of inner chunks.
  public let chunkCount: Int

  /// The number of elements of an inner chunk.
  public let chunkElementCount: Int

  /// Divides a shard.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if the shard is not a whole number of inner chunks
  ///   along each axis, and ``ChunkError/chunkTooLarge(byteCount:limit:)`` if an `Int` cannot hold the number
  ///   of its elements.
  public init(shardShape: [Int], chunkShape: [Int]) throws(ChunkError) {
    guard shardShape.count == chunkShape.count,
      zip(shardShape, chunkShape).allSatisfy({ $0 > 0 && $1 > 0 && $0.isMultiple(of: $1) })
    else {
      throw .unencodable(
        codec: ShardingCodec.name,
        reason: "shards of \(shardShape) do not consist of whole inner chunks of \(chunkShape)")
    }
    // No more inner chunks than elements, nor more elements of an inner chunk.
    _ = try ChunkRepresentation(shape: shardShape, layout: .variable)
    self.shardShape = shardShape
    self.chunkShape = chunkShape
    counts = zip(shardShape, chunkShape).map { $0 / $1 }
    chunkCount = counts.reduce(1, *)
    chunkElementCount = chunkShape.reduce(1, *)
  }

  /// The place of an inner chunk along each axis.
  func indices(ofChunkAt position: Int) -> [Int] {
    var rest = position
    var indices = counts
    for axis in counts.indices.reversed() {
      indices[axis] = rest % counts[axis]
      rest /= counts[axis]
    }
    return indices
  }
}
