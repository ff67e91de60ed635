/// The parts of a shard that is being written, until all of them are there.
///
///     parts      [chunk 0 | chunk 1 | chunk 3]  [chunk 4 | chunk 6]        encoded by several workers
///     the old    … | chunk 5 | gap | chunk 7 | index                      bytes that nobody decodes
///     the new    [chunk 0 | chunk 1 | chunk 3 | chunk 4 | chunk 5 | chunk 6 | chunk 7 | index]
///
/// The new shard has its inner chunks in C order and no gaps, whatever the order in which parts came.
public struct ShardAssembly: ~Copyable {
  /// Where an inner chunk comes from.
  private struct Piece {
    /// Which part it is of; -1 for the shard that was there before, -2 if it is not stored.
    var part = -2
    var offset = 0
    var byteCount = 0

    var range: Range<Int> { offset..<offset + byteCount }
  }

  /// Bytes that follow each other both in the new shard and where they come from.
  enum Segment {
    case part(Int, Range<Int>)
    case old(Range<Int>)
  }

  private let codec: ShardingCodec
  private let grid: InnerChunkGrid
  private var pieces: [Piece]
  private var parts: [SharedBytes] = []

  /// The bytes that inner chunks of the old shard can have together, unless some have the same bytes.
  private let oldByteCount: Int

  /// Begins a shard.
  ///
  /// - Parameters:
  ///   - codec: The codec of the shard.
  ///   - grid: Its inner chunks.
  ///   - old: The index of the shard whose inner chunks are kept, or nil to begin with none.
  ///   - keptCount: How many of the old inner chunks are kept, the first ones in C order; all unless it is
  ///     said.
  ///   - leftOut: Inner chunks that are not kept all the same.
  /// - Throws: ``ChunkError/malformed(codec:reason:)`` if inner chunks cannot be where the old index says.
  /// - Complexity: O(*n*) in the number of inner chunks.
  public init(
    _ codec: ShardingCodec, _ grid: InnerChunkGrid, keeping old: ShardIndex? = nil,
    keptCount: Int = Int.max, leavingOut leftOut: Set<Int> = []
  ) throws(ChunkError) {
    var pieces = [Piece](repeating: Piece(), count: grid.chunkCount)
    if let old {
      for position in pieces.indices.prefix(keptCount) where !leftOut.contains(position) {
        guard let range = try old.range(ofChunkAt: position) else { continue }
        pieces[position] = Piece(part: -1, offset: range.lowerBound, byteCount: range.count)
      }
    }
    oldByteCount = old?.dataRange.count ?? 0
    self.pieces = pieces
    self.codec = codec
    self.grid = grid
  }

  /// Puts encoded inner chunks in place of what was there.
  ///
  /// - Complexity: O(*n*) in the number of inner chunks. Copies nothing.
  public mutating func add(_ part: EncodedInnerChunks) {
    var offset = 0
    for chunk in part.chunks {
      guard let byteCount = chunk.byteCount else {
        pieces[chunk.position] = Piece()
        continue
      }
      pieces[chunk.position] = Piece(part: parts.count, offset: offset, byteCount: byteCount)
      offset += byteCount
    }
    parts.append(part.bytes)
  }

  /// The shard as it is written, or nil if no inner chunk is stored and so the shard need not be.
  ///
  /// Inner chunks that have the same bytes of the old shard have the same ones of the new.
  ///
  /// - Throws: ``ChunkError``, and ``ChunkError/malformed(codec:reason:)`` for inner chunks of the old shard
  ///   that overlap otherwise: what is kept of it would be larger than it is.
  /// - Complexity: O(*n*) in the number of inner chunks.
  public consuming func finish() throws(ChunkError) -> AssembledShard? {
    var entries = [ShardEntry](repeating: .missing, count: pieces.count)
    var segments: [Segment] = []
    let indexByteCount = try codec.index.byteCount(grid)
    var offset = codec.index.location == .start ? indexByteCount : 0
    var last = Piece()
    var kept = KeptRanges(pieces.lazy.filter { $0.part == -1 }.map(\.byteCount), oldByteCount: oldByteCount)
    for position in pieces.indices where pieces[position].part != -2 {
      let piece = pieces[position]
      if piece.part == -1, let same = try kept.offset(of: piece.range, ifFirstAt: offset) {
        entries[position] = ShardEntry(offset: UInt64(same), byteCount: UInt64(piece.byteCount))
        continue
      }
      entries[position] = ShardEntry(offset: UInt64(offset), byteCount: UInt64(piece.byteCount))
      offset = try sum(offset, piece.byteCount)
      if piece.part == last.part, piece.offset == last.offset + last.byteCount {
        last.byteCount += piece.byteCount
      } else {
        Self.append(last, to: &segments)
        last = piece
      }
    }
    guard last.part != -2 else { return nil }
    Self.append(last, to: &segments)
    var index = ByteArena()
    try codec.index.encode(entries, grid, into: &index)
    return AssembledShard(
      index: try index.takeBytes(), location: codec.index.location, parts: parts, segments: segments,
      byteCount: codec.index.location == .start ? offset : try sum(offset, indexByteCount))
  }

  private static func append(_ piece: Piece, to segments: inout [Segment]) {
    if piece.part >= 0 { segments.append(.part(piece.part, piece.range)) }
    if piece.part == -1 { segments.append(.old(piece.range)) }
  }
}

/// The bytes of an old shard that inner chunks are kept of, if some are those of several.
private struct KeptRanges {
  private let oldByteCount: Int
  private let areShared: Bool
  private var offsets: [Range<Int>: Int] = [:]
  private var byteCount = 0

  /// Looks whether inner chunks have more bytes together than their shard.
  init(_ byteCounts: some Sequence<Int>, oldByteCount: Int) {
    self.oldByteCount = oldByteCount
    areShared = byteCounts.reduce(0, sumOrMaximum) > oldByteCount
  }

  /// Where bytes of the old shard are in the new one, or nil if they go to `offset` since they are not there
  /// yet.
  mutating func offset(of range: Range<Int>, ifFirstAt offset: Int) throws(ChunkError) -> Int? {
    guard areShared else { return nil }
    if let known = offsets[range] { return known }
    byteCount += range.count
    guard byteCount <= oldByteCount else {
      throw .malformed(codec: ShardingCodec.name, reason: "inner chunks of the shard overlap")
    }
    offsets[range] = offset
    return nil
  }
}
