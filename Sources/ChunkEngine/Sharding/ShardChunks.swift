/// The inner chunks that are read next, where they are stored, and where their elements go.
///
/// One worker fills it again and again, so that nothing is allocated for an inner chunk.
struct ShardChunks {
  /// An inner chunk.
  struct Chunk {
    /// Which of the shard it is, in C order.
    let position: Int
    /// The bytes of the shard that hold it, or nothing if it is not stored.
    let stored: Range<Int>?
    /// Which of the runs are its.
    let runs: Range<Int>
    /// The number of selected elements.
    let elementCount: Int
    /// The bytes of the decoder's memory that hold it, once it is decoded.
    var decoded = 0..<0

    /// The first of the bytes of the shard that hold it.
    fileprivate var start: Int { stored?.lowerBound ?? 0 }
  }

  /// The inner chunks, in C order.
  private(set) var chunks: [Chunk] = []

  /// The runs of all inner chunks.
  private(set) var runs: [ElementRun] = []

  /// Those of the inner chunks that are stored, in the order in which the shard has them.
  private(set) var order: [Int] = []

  /// The bytes that are stored.
  private(set) var storedByteCount = 0

  /// Finds the inner chunks of a part of a shard.
  ///
  /// - Parameters:
  ///   - part: The selected elements.
  ///   - index: Where inner chunks are, or nil if the shard is not stored.
  ///   - limits: The most bytes that an inner chunk may be stored as and decode to.
  /// - Throws: ``ChunkError`` for an inner chunk that cannot be where the index says it is.
  mutating func find(
    _ part: ShardPart, in index: ShardIndex?, _ limits: DecodingLimits
  ) throws(ChunkError) {
    let limit = limits.storedByteCountPerChunk
    chunks.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
    order.removeAll(keepingCapacity: true)
    storedByteCount = 0
    var isInOrder = true
    var end = 0
    var walk = InnerChunkWalk(part, byteCountLimit: limits.decodedByteCountPerChunk)
    while walk.next() {
      guard !walk.exceedsLimit else {
        throw .decodedByteCountExceedsLimit(
          codec: ShardingCodec.name, byteCount: nil, limit: limits.decodedByteCountPerChunk)
      }
      let range = try index?.range(ofChunkAt: walk.position)
      if let range {
        guard range.count <= limit else {
          throw .innerChunk(
            position: walk.position,
            reason: .storedByteCountExceedsLimit(byteCount: range.count, limit: limit))
        }
        isInOrder = isInOrder && range.lowerBound >= end
        end = range.lowerBound
        // Ranges may be shared, so that the sum can be more than the shard has.
        storedByteCount = sumOrMaximum(storedByteCount, range.count)
        order.append(chunks.count)
      }
      let firstRun = runs.count
      runs.append(contentsOf: walk.runs)
      chunks.append(
        Chunk(
          position: walk.position, stored: range, runs: firstRun..<runs.count,
          elementCount: walk.elementCount))
    }
    if !isInOrder {
      let chunks = chunks
      order.sort { chunks[$0].start < chunks[$1].start }
      try checkDisjoint()
    }
  }

  /// Checks that no two inner chunks have some of their bytes in common, but not all.
  ///
  /// Those that are stored in the order of the index cannot have.
  private func checkDisjoint() throws(ChunkError) {
    var last: (range: Range<Int>, position: Int) = (0..<0, 0)
    for number in order {
      guard let range = chunks[number].stored, !range.isEmpty else { continue }
      try last.range.checkDisjoint(range, positions: (last.position, chunks[number].position))
      last = (range, chunks[number].position)
    }
  }

  /// The stored inner chunks that are read together, from `first` of ``order`` on.
  ///
  /// - Returns: What is read, and the first that is not.
  func joined(from first: Int, _ joining: RangeJoining) -> (range: Range<Int>, end: Int) {
    var range = chunks[order[first]].stored ?? 0..<0
    var end = first + 1
    while end < order.count, let next = chunks[order[end]].stored, joining.joins(next, to: range) {
      range = range.lowerBound..<max(range.upperBound, next.upperBound)
      end += 1
    }
    return (range, end)
  }

  /// Says where an inner chunk was decoded to.
  mutating func setDecoded(_ range: Range<Int>, of chunk: Int) {
    chunks[chunk].decoded = range
  }
}
