/// The pieces of a value that is being written, until all of them are there.
///
///     parts      [chunk 0 | chunk 1 | chunk 3]  [chunk 4 | chunk 6]        encoded by several workers
///     the old    … | chunk 5 | gap | chunk 7 | index                      bytes that are not decoded
///     the new    [chunk 0 | chunk 1 | chunk 3 | chunk 4 | chunk 5 | chunk 6 | chunk 7 | index]
///
/// The new shard has its inner chunks in C order and no gaps, whatever the order in which parts came.
package struct ShardAssembly: ~Copyable {
  /// Where an inner chunk comes from.
  private struct Source {
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

  /// How the index is stored, or nil if the value is one chunk.
  private let index: (format: ShardIndexFormat, grid: InnerChunkGrid)?
  private var pieces: [Source]
  private var parts: [SharedBytes] = []

  /// The bytes that inner chunks of the old shard can have together, unless some have the same bytes.
  private let oldByteCount: Int

  /// Begins a value that is one chunk.
  package init() {
    (index, pieces, oldByteCount) = (nil, [Source()], 0)
  }

  /// Begins a shard.
  ///
  /// - Parameters:
  ///   - format: How its index is stored.
  ///   - grid: Its inner chunks.
  ///   - old: The index of the shard whose inner chunks are kept, or nil to begin with none.
  ///   - keptCount: How many of the old inner chunks are kept, the first ones in C order; all unless it is
  ///     said.
  ///   - leftOut: Inner chunks that are not kept all the same.
  /// - Throws: ``ChunkError/malformed(codec:reason:)`` if inner chunks cannot be where the old index says.
  /// - Complexity: O(*n*) in the number of inner chunks.
  package init(
    _ format: ShardIndexFormat, _ grid: InnerChunkGrid, keeping old: ShardIndex? = nil,
    keptCount: Int = Int.max, leavingOut leftOut: Set<Int> = []
  ) throws(ChunkError) {
    var pieces = [Source](repeating: Source(), count: grid.chunkCount)
    if let old {
      for position in pieces.indices.prefix(keptCount) where !leftOut.contains(position) {
        guard let range = try old.range(ofChunkAt: position) else { continue }
        pieces[position] = Source(part: -1, offset: range.lowerBound, byteCount: range.count)
      }
    }
    oldByteCount = old?.dataRange.count ?? 0
    self.pieces = pieces
    index = (format, grid)
  }

  /// Puts encoded inner chunks in place of what was there.
  package mutating func add(_ part: EncodedPiece) {
    var offset = 0
    for chunk in part.chunks {
      guard let byteCount = chunk.byteCount else {
        pieces[chunk.position] = Source()
        continue
      }
      pieces[chunk.position] = Source(part: parts.count, offset: offset, byteCount: byteCount)
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
  package consuming func finish() throws(ChunkError) -> AssembledShard? {
    var entries = [ShardEntry](repeating: .missing, count: pieces.count)
    var segments: [Segment] = []
    let indexByteCount = if let index { try index.format.byteCount(index.grid) } else { 0 }
    var offset = index?.format.location == .start ? indexByteCount : 0
    var last = Source()
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
    guard let (format, grid) = index else {
      return AssembledShard(index: nil, parts: parts, segments: segments, byteCount: offset)
    }
    var encoded = ByteArena()
    try format.encode(entries, grid, into: &encoded)
    return AssembledShard(
      index: (try encoded.takeBytes(), format.location), parts: parts, segments: segments,
      byteCount: format.location == .start ? offset : try sum(offset, indexByteCount))
  }

  private static func append(_ piece: Source, to segments: inout [Segment]) {
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

/// A shard that is ready to be written, as the parts that it consists of.
package struct AssembledShard: Sendable {
  private let index: (bytes: SharedBytes, location: StoredLocation)?
  private(set) var parts: [SharedBytes]
  private(set) var segments: [ShardAssembly.Segment]

  /// The bytes of the shard.
  package let byteCount: Int

  /// The most bytes of the old shard that are in memory at a time.
  private static let keptByteCount = 1 << 20

  init(
    index: (bytes: SharedBytes, location: StoredLocation)?, parts: [SharedBytes],
    segments: [ShardAssembly.Segment], byteCount: Int
  ) {
    self.index = index
    self.parts = parts
    self.segments = segments
    self.byteCount = byteCount
  }

  /// Reads all that is kept of the old shard into memory, so that the old shard may go before the new one is
  /// written.
  ///
  /// - Parameter read: Appends the bytes in a range of the shard that was there before to its argument.
  /// - Throws: As ``write(reading:to:)``.
  /// - Complexity: O(*n*) where *n* is the size of what is kept.
  package mutating func load(
    reading read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws {
    for (number, segment) in segments.enumerated() {
      guard case .old(let range) = segment else { continue }
      var kept = ByteArena()
      try Self.read(range, &kept, read)
      segments[number] = .part(parts.count, 0..<range.count)
      parts.append(try kept.takeBytes())
    }
  }

  /// Hands the bytes of the shard to `append`, part after part.
  ///
  /// - Parameters:
  ///   - read: Appends the bytes in a range of the shard that was there before to its argument.
  ///   - append: Is handed the parts.
  /// - Throws: ``ChunkError/truncatedHeader(codec:byteCount:expected:)`` if `read` gives fewer bytes than it
  ///   is asked for, and what `read` and `append` throw.
  /// - Complexity: O(*n*) where *n* is the size of the shard. What is kept of the old one is read in pieces
  ///   of 1 MiB.
  package func write(
    reading read: (Range<Int>, inout ByteArena) throws -> Void, to append: (RawSpan) throws -> Void
  ) throws {
    if let index, index.location == .start { try append(index.bytes.bytes) }
    var kept = ByteArena()
    for segment in segments {
      switch segment {
      case .part(let number, let range):
        let part = parts[number]
        try append(part.bytes.extracting(range))
      case .old(let range):
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.keptByteCount) {
          let piece = start..<min(range.upperBound, start + Self.keptByteCount)
          kept.removeAll()
          try Self.read(piece, &kept, read)
          try append(kept.bytes)
        }
      }
    }
    if let index, index.location == .end { try append(index.bytes.bytes) }
  }

  private static func read(
    _ range: Range<Int>, _ arena: inout ByteArena, _ read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws {
    try read(range, &arena)
    guard arena.count == range.count else {
      throw ChunkError.truncatedHeader(
        codec: ShardingCodec.name, byteCount: arena.count, expected: range.count)
    }
  }
}
