/// Where each inner chunk of a stored shard is.
///
///     ┌ u64 offset₀ ┬ u64 byteCount₀ ┬ u64 offset₁ ┬ u64 byteCount₁ ┬ …     inner chunks in C order
///
/// Numbers are little-endian; both are 2⁶⁴ - 1 for an inner chunk that is not stored. What the index says is
/// checked when it is asked for, not before: a shard may have many inner chunks of which few are read.
package struct ShardIndex: Sendable {
  private let entries: SharedBytes

  /// The bytes of the shard that inner chunks can be in, which are all but those of the index.
  let dataRange: Range<Int>

  /// The number of inner chunks.
  package var count: Int { entries.byteCount / ShardEntry.encodedByteCount }

  /// The bytes of memory that the index takes.
  package var byteCount: Int { entries.byteCount }

  /// Takes over decoded entries.
  init(_ entries: SharedBytes, dataRange: Range<Int>) {
    self.entries = entries
    self.dataRange = dataRange
  }

  /// The bytes of the shard that hold an inner chunk, or nil if it is not stored.
  ///
  /// - Parameter position: Which of the inner chunks, in C order.
  /// - Returns: A range of the shard.
  /// - Precondition: There are as many inner chunks.
  /// - Throws: ``ChunkError/malformed(codec:reason:)`` if the bytes are not all inside the shard, or are
  ///   those of the index.
  /// - Complexity: O(1)
  package func range(ofChunkAt position: Int) throws(ChunkError) -> Range<Int>? {
    let bytes = entries.bytes
    let offset = bytes.littleEndianUInt64(at: position * ShardEntry.encodedByteCount)
    let byteCount = bytes.littleEndianUInt64(at: position * ShardEntry.encodedByteCount + 8)
    let (end, overflow) = offset.addingReportingOverflow(byteCount)
    guard !overflow, offset >= UInt64(dataRange.lowerBound), end <= UInt64(dataRange.upperBound) else {
      guard offset == UInt64.max, byteCount == UInt64.max else {
        throw .malformed(
          codec: ShardingCodec.name,
          reason:
            "the index has inner chunk \(position) at byte \(offset) with \(byteCount) bytes, and inner "
            + "chunks are in bytes \(dataRange.lowerBound) to \(dataRange.upperBound)")
      }
      return nil
    }
    return Int(offset)..<Int(end)
  }

  /// Checks all that the index says.
  ///
  /// Inner chunks may be stored in any order, with gaps, and several may be the same bytes; but none may have
  /// a part of another one's.
  ///
  /// - Throws: ``ChunkError/malformed(codec:reason:)``
  /// - Complexity: O(*n*) in the number of inner chunks, and O(*n* log *n*) if they are not stored in their
  ///   order.
  package func validate() throws(ChunkError) {
    var ranges: [(range: Range<Int>, position: Int)] = []
    var isInOrder = true
    for position in 0..<count {
      guard let range = try range(ofChunkAt: position), !range.isEmpty else { continue }
      isInOrder = isInOrder && range.lowerBound >= ranges.last?.range.upperBound ?? 0
      ranges.append((range, position))
    }
    guard !isInOrder else { return }
    ranges.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(ranges, ranges.dropFirst()) {
      try first.range.checkDisjoint(second.range, positions: (first.position, second.position))
    }
  }
}

extension Range<Int> {
  /// Checks that the bytes of the next inner chunk, which does not begin before this one, are others or the
  /// same.
  func checkDisjoint(_ next: Range<Int>, positions: (Int, Int)) throws(ChunkError) {
    guard next.lowerBound >= upperBound || next == self else {
      throw .malformed(
        codec: ShardingCodec.name,
        reason: "the index has inner chunk \(positions.1) in bytes \(next.lowerBound) to "
          + "\(next.upperBound), of which inner chunk \(positions.0) has some")
    }
  }
}

/// Where an inner chunk is in its shard.
struct ShardEntry: Hashable {
  /// The first byte, counted from the first byte of the shard.
  var offset: UInt64

  /// The number of bytes.
  var byteCount: UInt64

  /// What an index has for an inner chunk that is not stored.
  static let missing = ShardEntry(offset: UInt64.max, byteCount: UInt64.max)

  /// The bytes of an entry in an index.
  static let encodedByteCount = 16
}

/// How the index of a shard is stored.
///
///     end     ┌ inner chunks, in any order, gaps allowed ┬ encoded index ┐
///     start   ┌ encoded index ┬ inner chunks, in any order, gaps allowed ┐
///
/// The index is encoded as an array of unsigned integers of 64 bits with one dimension more than the shard:
/// of length 2, for the offset and the size. Its codecs must give the same number of bytes for any index,
/// since nothing else says where it begins.
package struct ShardIndexFormat: Sendable {
  /// The codecs of the index.
  package let chain: CodecChain

  /// Where the index is.
  package let location: StoredLocation

  /// The bytes that the codecs add to an index of any size.
  private let addedByteCount: Int

  /// Describes an index.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if a codec gives more bytes for one index than for
  ///   another, as compressors do.
  package init(_ chain: CodecChain, location: StoredLocation) throws(ChunkError) {
    var added = 0
    for stage in chain.stages {
      switch stage {
      case .checksum(let codec):
        added += type(of: codec).byteCount
      case .transform(let codec):
        guard let byteCount = codec.addedByteCount else {
          throw .unencodable(
            codec: type(of: codec).name,
            reason: "the index of a shard needs codecs whose size is known")
        }
        added += byteCount
      }
    }
    guard chain.layout == .fixed(byteCount: 8), !(chain.arrayToBytes is ShardingCodec) else {
      throw .unencodable(
        codec: chain.elementCodecName, reason: "the index of a shard needs codecs whose size is known")
    }
    self.chain = chain
    self.location = location
    addedByteCount = added
  }

  /// The bytes of the stored index of a shard.
  package func byteCount(_ grid: InnerChunkGrid) throws(ChunkError) -> Int {
    var index = try representation(of: grid)
    for codec in chain.arrayToArray {
      index = try codec.encodedRepresentation(of: index)
    }
    guard let byteCount = index.byteCount else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    return try sum(byteCount, addedByteCount)
  }

  /// The bytes of the stored index of a shard, if they are not too many.
  ///
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)``
  package func byteCount(_ grid: InnerChunkGrid, limit: Int) throws(ChunkError) -> Int {
    let byteCount = try byteCount(grid)
    try checkDecodedByteCount(byteCount, limit: limit, codec: ShardingCodec.name)
    return byteCount
  }

  /// The bytes of a shard that hold its index.
  ///
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)``, and
  ///   ``ChunkError/truncatedHeader(codec:byteCount:expected:)`` for a shard that is shorter than its index.
  func range(
    inShardOf shardByteCount: Int, _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) -> Range<Int> {
    let byteCount = try byteCount(grid, limit: limit)
    guard byteCount <= shardByteCount else {
      throw .truncatedHeader(codec: ShardingCodec.name, byteCount: shardByteCount, expected: byteCount)
    }
    return switch location {
    case .start: 0..<byteCount
    case .end: shardByteCount - byteCount..<shardByteCount
    }
  }

  /// Decodes an index.
  ///
  /// - Throws: ``ChunkError`` for what is wrong with it. What the entries say is checked later.
  /// - Complexity: O(*n*) in the number of inner chunks.
  package func decode(
    _ encoded: RawSpan, _ grid: InnerChunkGrid, shardByteCount: Int
  ) throws(ChunkError) -> ShardIndex {
    let shape = try representation(of: grid).shape
    var entries = ByteArena()
    let byteCount = grid.chunkCount * ShardEntry.encodedByteCount
    try entries.reserve(byteCount)
    try ChainDecoder(chain).decode(encoded, shape: shape, into: &entries, limit: byteCount)
    guard entries.count == byteCount else {
      throw .byteCountMismatch(codec: ShardingCodec.name, found: entries.count, expected: byteCount)
    }
    let dataRange =
      switch location {
      case .start: encoded.byteCount..<shardByteCount
      case .end: 0..<shardByteCount - encoded.byteCount
      }
    return ShardIndex(try entries.takeBytes(), dataRange: dataRange)
  }

  /// Appends an encoded index to `output`.
  ///
  /// - Throws: ``ChunkError``
  /// - Complexity: O(*n*) in the number of inner chunks.
  func encode(
    _ entries: [ShardEntry], _ grid: InnerChunkGrid, into output: inout ByteArena
  ) throws(ChunkError) {
    precondition(entries.count == grid.chunkCount, "an index has an entry for each inner chunk")
    var index = ByteArena()
    try index.append(addingCapacity: entries.count * ShardEntry.encodedByteCount) {
      output throws(ChunkError) in
      for position in entries.indices {
        output.append(littleEndianUInt64: entries[position].offset)
        output.append(littleEndianUInt64: entries[position].byteCount)
      }
    }
    let start = output.count
    try ChainEncoder(chain).encode(index.bytes, shape: representation(of: grid).shape, into: &output)
    let expected = try byteCount(grid)
    guard output.count - start == expected else {
      throw .byteCountMismatch(codec: ShardingCodec.name, found: output.count - start, expected: expected)
    }
  }

  /// What the index stands for.
  private func representation(of grid: InnerChunkGrid) throws(ChunkError) -> ChunkRepresentation {
    try ChunkRepresentation(shape: grid.counts + [2], layout: chain.layout)
  }
}
