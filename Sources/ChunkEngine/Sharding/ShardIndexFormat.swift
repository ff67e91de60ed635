/// How the index of a shard is stored.
///
///     end     ┌ inner chunks, in any order, gaps allowed ┬ encoded index ┐
///     start   ┌ encoded index ┬ inner chunks, in any order, gaps allowed ┐
///
/// The index is encoded as an array of unsigned integers of 64 bits with one axis more than the shard: of
/// length 2, for the offset and the size. Its codecs must give the same number of bytes for any index, since
/// nothing else says where it begins.
public struct ShardIndexFormat: Sendable {
  /// The codecs of the index.
  public let chain: CodecChain

  /// Where the index is.
  public let location: ShardIndexLocation

  /// The bytes that the codecs add to an index of any size.
  private let addedByteCount: Int

  /// Describes an index.
  ///
  /// - Parameters:
  ///   - chain: The codecs, for elements of 8 bytes.
  ///   - location: Where the index is.
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if a codec gives more bytes for one index than for
  ///   another, as compressors do.
  public init(_ chain: CodecChain, location: ShardIndexLocation) throws(ChunkError) {
    var added = 0
    for stage in chain.stages {
      switch stage {
      case .checksum(let codec):
        added += type(of: codec).byteCount
      case .transform(let codec):
        guard let byteCount = codec.addedByteCount else {
          throw .unencodable(
            codec: type(of: codec).name,
            reason: "the index of a shard needs codecs of which the size is known")
        }
        added += byteCount
      }
    }
    guard chain.layout == .fixed(byteCount: 8), !(chain.arrayToBytes is ShardingCodec) else {
      throw .unencodable(
        codec: chain.elementCodecName, reason: "the index of a shard needs codecs of which the size is known")
    }
    self.chain = chain
    self.location = location
    addedByteCount = added
  }

  /// The bytes of the stored index of a shard.
  ///
  /// - Throws: ``ChunkError/chunkTooLarge(byteCount:limit:)``
  public func byteCount(_ grid: InnerChunkGrid) throws(ChunkError) -> Int {
    var index = try representation(of: grid)
    for codec in chain.arrayToArray {
      index = try codec.encodedRepresentation(of: index)
    }
    guard let byteCount = index.byteCount else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    return try sum(byteCount, addedByteCount)
  }

  /// The bytes of a shard that hold its index.
  ///
  /// - Parameters:
  ///   - shardByteCount: The bytes of the shard.
  ///   - grid: The inner chunks of the shard.
  ///   - limit: The most bytes that an index may have.
  /// - Returns: A range of the shard.
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)``, and
  ///   ``ChunkError/truncatedHeader(codec:byteCount:expected:)`` for a shard that is shorter than its index.
  public func range(
    inShardOf shardByteCount: Int, _ grid: InnerChunkGrid, limit: Int
  ) throws(ChunkError) -> Range<Int> {
    let byteCount = try byteCount(grid)
    guard byteCount <= limit else {
      throw .decodedByteCountExceedsLimit(codec: ShardingCodec.name, byteCount: byteCount, limit: limit)
    }
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
  /// - Parameters:
  ///   - encoded: The bytes of the shard that hold its index.
  ///   - grid: The inner chunks of the shard.
  ///   - shardByteCount: The bytes of the shard.
  /// - Returns: The index.
  /// - Throws: ``ChunkError`` for what is wrong with it. What the entries say is checked later.
  /// - Complexity: O(*n*) in the number of inner chunks.
  public func decode(
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
  /// - Parameters:
  ///   - entries: One for each inner chunk, in C order.
  ///   - grid: The inner chunks of the shard.
  ///   - output: Where the encoded index goes.
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
