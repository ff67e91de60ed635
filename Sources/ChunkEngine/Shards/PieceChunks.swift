/// The chunks of a piece: where they are stored, what was fetched of them, and where their elements go.
///
/// One worker fills it again and again, so that nothing is allocated for a chunk.
struct PieceChunks: ~Copyable {
  /// A chunk.
  struct Chunk {
    /// Which of the inner chunks of the value it is, in C order.
    let position: Int
    /// The bytes of the value that hold it, or nothing if it is not stored.
    var stored: Range<Int>?
    /// Which of the runs are its.
    let runs: Range<Int>
    /// The number of selected elements.
    let selectedCount: Int
    /// The number of its elements.
    let elementCount: Int
    /// The bytes that hold it among those that were fetched.
    var fetched = 0..<0
    /// The bytes of the decoder's memory that hold it, once it is decoded.
    var decoded = 0..<0
  }

  /// The chunks, in C order.
  private(set) var chunks: [Chunk] = []

  /// The runs of all chunks.
  private(set) var runs: [ElementRun] = []

  /// The chunks that are stored, in the order in which the value has them.
  private(set) var order: [Int] = []

  /// The bytes that are stored.
  private(set) var storedByteCount = 0

  /// The bytes that were fetched.
  var bytes = ByteArena()

  /// The chunks that are decoded already, by number, if there is a shelf.
  var held: [BlobView?] = []

  private var walk = InnerChunkWalk()

  /// Whether the value is one chunk that is fetched as a whole.
  private var isWholeValue = false

  /// Whether the value has the chunks in C order so far, and where the last of them ends in it.
  private var (isInOrder, end) = (true, 0)

  /// Takes a single chunk that is a value of its own.
  mutating func set(elementCount: Int, runs: [ElementRun]) {
    begin()
    isWholeValue = true
    self.runs.append(contentsOf: runs)
    let selectedCount = runs.reduce(0) { $0 + $1.count }
    append(
      Chunk(
        position: 0, stored: 0..<0, runs: 0..<runs.count, selectedCount: selectedCount,
        elementCount: elementCount))
  }

  /// Finds the chunks of a piece.
  ///
  /// - Parameters:
  ///   - piece: The selected elements.
  ///   - places: Where its chunks are.
  ///   - limits: The most bytes that a chunk may be stored as and decode to.
  ///   - shelf: Where decoded chunks may be.
  /// - Throws: ``ChunkError`` for a chunk that cannot be where the index says it is.
  mutating func find(
    _ piece: Piece, in places: ChunkPlaces, _ limits: DecodingLimits, shelf: (any ChunkShelf)? = nil
  ) throws(ChunkError) {
    begin()
    if let listed = piece.listed {
      runs.append(contentsOf: listed.runs)
      for chunk in listed.chunks {
        try append(
          chunk.position, in: places, runs: chunk.runs, selectedCount: chunk.elementCount,
          elementCount: piece.grid.elementCount(ofChunkAt: chunk.position), limits, shelf)
      }
    } else {
      walk.begin(piece, byteCountLimit: limits.decodedByteCountPerChunk)
      while try walk.next() {
        let firstRun = runs.count
        runs.append(contentsOf: walk.runs)
        try append(
          walk.position, in: places, runs: firstRun..<runs.count, selectedCount: walk.elementCount,
          elementCount: walk.chunkElementCount, limits, shelf)
      }
    }
    guard !isInOrder else { return }
    let chunks = chunks
    order.sort { chunks[$0].stored?.lowerBound ?? 0 < chunks[$1].stored?.lowerBound ?? 0 }
    try checkDisjoint()
  }

  private mutating func begin() {
    chunks.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
    order.removeAll(keepingCapacity: true)
    storedByteCount = 0
    held.removeAll(keepingCapacity: true)
    isWholeValue = false
    (isInOrder, end) = (true, 0)
    bytes.removeAll()
  }

  /// Appends the chunk at a position, whose runs are there already.
  private mutating func append(
    _ position: Int, in places: ChunkPlaces, runs: Range<Int>, selectedCount: Int, elementCount: Int,
    _ limits: DecodingLimits, _ shelf: (any ChunkShelf)?
  ) throws(ChunkError) {
    if let shelf {
      let chunk = shelf.chunk(at: position)
      held.append(chunk)
      guard chunk == nil else {
        chunks.append(
          Chunk(
            position: position, stored: 0..<0, runs: runs, selectedCount: selectedCount,
            elementCount: elementCount))
        return
      }
    }
    var stored: Range<Int>?
    switch places {
    case .missing: break
    case .value:
      isWholeValue = true
      stored = 0..<0
    case .index(let index):
      stored = try index.range(ofChunkAt: position)
      guard let range = stored else { break }
      let limit = limits.storedByteCountPerChunk
      guard range.count <= limit else {
        throw .innerChunk(
          position: position, reason: .storedByteCountExceedsLimit(byteCount: range.count, limit: limit))
      }
      isInOrder = isInOrder && range.lowerBound >= end
      end = range.upperBound
      // Ranges may be shared, so that the sum can be more than the shard has.
      storedByteCount = sumOrMaximum(storedByteCount, range.count)
    }
    append(
      Chunk(
        position: position, stored: stored, runs: runs, selectedCount: selectedCount,
        elementCount: elementCount))
  }

  private mutating func append(_ chunk: Chunk) {
    if chunk.stored != nil { order.append(chunks.count) }
    chunks.append(chunk)
  }

  /// Checks that no two chunks have some of their bytes in common, but not all.
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

  /// The bytes that are going to be fetched, or nil if that is not known before.
  func fetchedByteCount(_ joining: RangeJoining) -> Int? {
    guard !isWholeValue else { return nil }
    var byteCount = 0
    var position = 0
    while position < order.count {
      let (range, end) = joined(from: position, joining)
      byteCount = sumOrMaximum(byteCount, range.count)
      position = end
    }
    return byteCount
  }

  /// Fetches the stored bytes of all chunks.
  ///
  /// - Parameters:
  ///   - joining: Which of them are fetched together.
  ///   - limit: The most bytes of a whole value.
  ///   - read: See ``ChunkDecoder/fetch(joining:_:)``.
  /// - Throws: ``ChunkError/truncatedHeader(codec:byteCount:expected:)`` for fewer bytes than were asked for,
  ///   and what `read` throws.
  mutating func fetch(
    joining: RangeJoining, limit: Int, _ read: (Range<Int>?, inout ByteArena) throws -> Bool
  ) throws {
    guard !order.isEmpty else { return }
    guard !isWholeValue else { return try fetchValue(limit: limit, read) }
    try bytes.reserve(fetchedByteCount(joining) ?? 0)
    var position = 0
    while position < order.count {
      let (range, end) = joined(from: position, joining)
      let start = bytes.count
      let isThere = try read(range, &bytes)
      guard isThere, bytes.count - start == range.count else {
        throw ChunkError.truncatedHeader(
          codec: ShardingCodec.name, byteCount: bytes.count - start, expected: range.count)
      }
      while position < end {
        let number = order[position]
        if let stored = chunks[number].stored {
          let offset = start - range.lowerBound
          chunks[number].fetched = stored.lowerBound + offset..<stored.upperBound + offset
        }
        position += 1
      }
    }
  }

  private mutating func fetchValue(
    limit: Int, _ read: (Range<Int>?, inout ByteArena) throws -> Bool
  ) throws {
    guard try read(nil, &bytes) else {
      chunks[0].stored = nil
      order.removeAll(keepingCapacity: true)
      return
    }
    storedByteCount = bytes.count
    guard bytes.count <= limit else {
      throw ChunkError.storedByteCountExceedsLimit(byteCount: bytes.count, limit: limit)
    }
    chunks[0].stored = 0..<bytes.count
    chunks[0].fetched = 0..<bytes.count
  }

  /// The stored chunks that are fetched together, from `first` of ``order`` on.
  ///
  /// - Returns: What is fetched, and the first that is not.
  private func joined(from first: Int, _ joining: RangeJoining) -> (range: Range<Int>, end: Int) {
    var range = chunks[order[first]].stored ?? 0..<0
    var end = first + 1
    while end < order.count, let next = chunks[order[end]].stored, joining.joins(next, to: range) {
      range = range.lowerBound..<max(range.upperBound, next.upperBound)
      end += 1
    }
    return (range, end)
  }

  /// Says where a chunk was decoded to.
  mutating func setDecoded(_ range: Range<Int>, of chunk: Int) {
    chunks[chunk].decoded = range
  }
}

/// Where decoded chunks of a version of a value are kept, for all that read them.
///
/// Any thread may call it.
package protocol ChunkShelf: Sendable {
  /// All elements of a chunk, or nil if they are not kept.
  func chunk(at position: Int) -> BlobView?

  /// Keeps all elements of a chunk.
  func keep(_ chunk: BlobView, at position: Int)
}

/// Where the chunks of a stored value are.
package enum ChunkPlaces: Sendable {
  /// The value is one chunk.
  case value
  /// The value is a shard with this index.
  case index(ShardIndex)
  /// There is no such value.
  case missing
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
