/// The division of a shard into inner chunks.
///
/// All have one shape but for the last ones along an axis, which end where the shard does:
///
///     shard of 7 x 4, inner chunks of 3 x 4        counts are 3 x 1
///     ┌─────┬─────┬─┐
///     │3 x 4│3 x 4│1│ x 4
///     └─────┴─────┴─┘
///
/// Version 1.0 of the [specification][sharding] has shards of whole inner chunks only; others are a
/// [proposal][uneven] that some libraries write.
///
/// [sharding]: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
/// [uneven]: https://github.com/zarr-developers/zarr-specs/pull/370
public struct InnerChunkGrid: Hashable, Sendable {
  /// The number of elements of the shard along each axis.
  public let shardShape: [Int]

  /// The number of elements of an inner chunk along each axis; of the first one if they differ.
  public let chunkShape: [Int]

  /// Whether all inner chunks have that shape.
  public let isEven: Bool

  /// The number of inner chunks along each axis.
  public let counts: [Int]

  /// The number of inner chunks.
  public let chunkCount: Int

  /// The number of elements of an inner chunk of that shape.
  public let chunkElementCount: Int

  /// The number of elements of the shard.
  public let elementCount: Int

  /// Divides a shard.
  ///
  /// - Parameters:
  ///   - shardShape: The number of elements of the shard along each axis.
  ///   - chunkShape: The number of elements of an inner chunk along each axis; one that is longer than the
  ///     shard ends with it.
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if the numbers of axes differ or a length is not
  ///   positive, and ``ChunkError/chunkTooLarge(byteCount:limit:)`` if an `Int` cannot hold the number of
  ///   elements of the shard.
  public init(shardShape: [Int], chunkShape: [Int]) throws(ChunkError) {
    guard shardShape.count == chunkShape.count,
      zip(shardShape, chunkShape).allSatisfy({ $0 > 0 && $1 > 0 })
    else {
      throw .unencodable(
        codec: ShardingCodec.name,
        reason: "shards of \(shardShape) cannot be divided into inner chunks of \(chunkShape)")
    }
    // No more inner chunks than elements, nor more elements of an inner chunk.
    elementCount = try ChunkRepresentation(shape: shardShape, layout: .variable).elementCount
    let chunkShape = zip(shardShape, chunkShape).map(min)
    self.shardShape = shardShape
    self.chunkShape = chunkShape
    counts = zip(shardShape, chunkShape).map { ($0 - 1) / $1 + 1 }
    isEven = zip(shardShape, chunkShape).allSatisfy { $0.isMultiple(of: $1) }
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

  /// The number of elements of an inner chunk along each axis.
  func shape(ofChunkAt position: Int) -> [Int] {
    guard !isEven else { return chunkShape }
    return zip(indices(ofChunkAt: position), zip(shardShape, chunkShape)).map { index, lengths in
      min(lengths.1, lengths.0 - index * lengths.1)
    }
  }

  /// The number of elements of an inner chunk.
  func elementCount(ofChunkAt position: Int) -> Int {
    isEven ? chunkElementCount : shape(ofChunkAt: position).reduce(1, *)
  }
}
