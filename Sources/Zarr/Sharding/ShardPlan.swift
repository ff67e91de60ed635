import ChunkEngine

/// The shards that a region of an array touches, divided into pieces of work.
///
///     shard 0          shard 1          shard 2            a piece is a box of inner chunks of one shard:
///     ┌ · · a a ┐      ┌ c c d d ┐      ┌ e e · · ┐        some along one dimension, one along each dimension before it,
///     └ · · b b ┘      └ … … … … ┘      └ … … · · ┘        and along those behind it all that are selected
///
/// Inner chunks may be small and many, so that a worker takes many of them at a time.
struct ShardPlan {
  /// The region.
  let region: ArrayRegion

  private let shape: [Int]
  private let grid: ChunkGrid
  private let codec: ShardingCodec

  /// The first shard along each dimension, and how many there are.
  private let first: [Int]
  private let counts: [Int]

  /// The number of shards.
  let shardCount: Int

  /// The most inner chunks along each dimension that the region has of one shard.
  private let chunkCounts: [Int]

  /// The number of inner chunks that the region touches, at most.
  let chunkCount: Int

  /// The dimension along which a shard is divided into pieces, and the inner chunks of a piece along it.
  private var dimension = 0
  private var step = 1

  /// The pieces of a shard along the dimensions up to that one.
  private var pieceCounts: [Int] = []

  /// The number of pieces of each shard, of which some are empty where the region has fewer inner chunks.
  private(set) var piecesPerShard = 1

  /// Divides a region that is inside of the array.
  init(of region: ArrayRegion, _ metadata: ArrayMetadata, _ codec: ShardingCodec) {
    self.region = region
    self.codec = codec
    shape = metadata.shape
    grid = metadata.chunkGrid
    var first: [Int] = []
    var counts: [Int] = []
    var chunkCounts: [Int] = []
    for (dimension, range) in region.ranges.enumerated() {
      guard !range.isEmpty else {
        first.append(0)
        counts.append(0)
        chunkCounts.append(0)
        continue
      }
      let division = grid.dimensions[dimension]
      let lower = division.chunkIndex(of: range.lowerBound)
      let upper = division.chunkIndex(of: range.upperBound - 1)
      first.append(lower)
      counts.append(upper - lower + 1)
      // The longest shard or the whole region, or what the region has of the first and the last.
      let side = codec.chunkShape[dimension]
      let most =
        upper - lower > 1
        ? min(division.longest / side, (range.count - 1) / side + 2)
        : [lower, upper].map { Self.chunks(of: range, in: division.range(ofChunk: $0), side: side).count }
          .max()
      chunkCounts.append(most ?? 0)
    }
    self.first = first
    self.counts = counts
    self.chunkCounts = chunkCounts
    // No more than elements, whose number was checked; a shard at the edge may have more inner chunks.
    shardCount = counts.contains(0) ? 0 : counts.reduce(1, *)
    var chunkCount = shardCount
    for count in chunkCounts {
      let (product, overflow) = chunkCount.multipliedReportingOverflow(by: count)
      chunkCount = overflow ? Int.max : product
    }
    self.chunkCount = chunkCount
  }

  /// The inner chunks of a shard along one dimension that have elements of a range.
  private static func chunks(of range: Range<Int>, in shard: Range<Int>, side: Int) -> Range<Int> {
    let shared = range.clamped(to: shard)
    return (shared.lowerBound - shard.lowerBound) / side..<(shared.upperBound - 1 - shard.lowerBound) / side
      + 1
  }

  /// Divides the shards into pieces.
  ///
  /// - Parameter chunkCount: The inner chunks of a piece, at most and if one piece can have as many.
  mutating func divide(intoPiecesOf chunkCount: Int) {
    var rest = max(1, chunkCount)
    dimension = chunkCounts.count - 1
    while dimension > 0, chunkCounts[dimension] <= rest {
      rest /= max(1, chunkCounts[dimension])
      dimension -= 1
    }
    guard dimension >= 0 else { return }
    step = min(rest, max(1, chunkCounts[dimension]))
    pieceCounts = Array(chunkCounts[...dimension])
    pieceCounts[dimension] = (chunkCounts[dimension] + step - 1) / step
    // No more pieces than inner chunks.
    piecesPerShard = pieceCounts.reduce(1, *)
  }

  /// The number of pieces, of which some may be empty.
  ///
  /// - Throws: ``ZarrError/tooLarge(path:)`` if an `Int` cannot hold it.
  func pieceCount(_ location: String) throws(ZarrError) -> Int {
    let (product, overflow) = shardCount.multipliedReportingOverflow(by: piecesPerShard)
    guard !overflow else { throw .tooLarge(path: location) }
    return product
  }

  /// The place of a shard in the grid.
  func indices(ofShard number: Int) -> [Int] {
    var rest = number
    var indices = first
    for dimension in counts.indices.reversed() {
      indices[dimension] += rest % counts[dimension]
      rest /= counts[dimension]
    }
    return indices
  }

  /// The first element of a shard.
  func start(ofShardAt indices: [Int]) -> [Int] {
    zip(grid.dimensions, indices).map { $0.range(ofChunk: $1).lowerBound }
  }

  /// The inner chunks of a shard.
  func innerGrid(ofShardAt indices: [Int]) throws(ChunkError) -> InnerChunkGrid {
    try InnerChunkGrid(shardShape: grid.chunkShape(at: indices), chunkShape: codec.chunkShape)
  }

  /// What the region has of a shard.
  func part(ofShardAt indices: [Int]) throws(ChunkError) -> ShardPart {
    ShardPart(
      try innerGrid(ofShardAt: indices), start: start(ofShardAt: indices), shape: shape,
      selection: region.ranges)
  }

  /// A piece of what the region has of a shard, or nil if it is empty.
  func piece(_ number: Int, of part: ShardPart) -> ShardPart? {
    guard piecesPerShard > 1 else { return part }
    var box = part.chunks
    var rest = number
    for dimension in pieceCounts.indices.reversed() {
      let index = rest % pieceCounts[dimension]
      rest /= pieceCounts[dimension]
      let step = dimension == self.dimension ? step : 1
      let lower = box[dimension].lowerBound + index * step
      guard lower < box[dimension].upperBound else { return nil }
      box[dimension] = lower..<min(box[dimension].upperBound, lower + step)
    }
    return part.restricted(to: box)
  }
}
