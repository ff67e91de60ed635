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

/// Which parts of a value are read together.
///
/// A read has a price of its own, so that it pays to read some unneeded bytes between two parts, and
/// not to read a large part in small pieces.
public struct RangeJoining: Hashable, Sendable {
  /// The most bytes between two parts that are read along with them.
  public let gapByteCount: Int

  /// The most bytes that several parts are joined to.
  public let maximumByteCount: Int

  /// Creates settings.
  ///
  /// - Precondition: No number is negative.
  public init(gapByteCount: Int, maximumByteCount: Int) {
    precondition(gapByteCount >= 0 && maximumByteCount >= 0, "a number of bytes is negative")
    self.gapByteCount = gapByteCount
    self.maximumByteCount = maximumByteCount
  }

  /// For files and memory, where a read costs about a microsecond.
  public static let local = RangeJoining(gapByteCount: 4 << 10, maximumByteCount: 256 << 10)

  /// For stores across a network, where a read costs some milliseconds.
  public static let remote = RangeJoining(gapByteCount: 1 << 20, maximumByteCount: 16 << 20)

  /// Whether a part, which does not begin before what is read already, is read together with that.
  func joins(_ range: Range<Int>, to joined: Range<Int>) -> Bool {
    range.upperBound <= joined.upperBound
      || (range.lowerBound - joined.upperBound <= gapByteCount
        && range.upperBound - joined.lowerBound <= maximumByteCount)
  }
}
