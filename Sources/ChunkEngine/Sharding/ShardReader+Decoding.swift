extension ShardReader {
  /// Finds the inner chunks of a part.
  mutating func find(_ part: ShardPart, _ index: ShardIndex?) throws(ChunkError) {
    try chunks.find(part, in: index, limits)
  }

  /// The bytes that the inner chunks are likely to decode to.
  var reservedByteCount: Int {
    // A single inner chunk takes just what it needs.
    guard chunks.order.count > 1 else { return 0 }
    let guess = chunks.storedByteCount > Self.largestByteCount ? 0 : 3 * chunks.storedByteCount
    return min(Self.largestByteCount, max(expectedByteCount, guess))
  }

  /// Reads bytes of the shard: to where they are decoded, or to where they stay if decoding is nothing.
  mutating func fetch(
    _ range: Range<Int>, _ read: (Range<Int>, inout ByteArena) throws -> Void
  ) throws {
    let found: Int
    if pipeline.isInPlace {
      fetchedStart = output.count
      try read(range, &output)
      found = output.count - fetchedStart
    } else {
      stored.removeAll()
      try read(range, &stored)
      found = stored.count
    }
    guard found == range.count else {
      throw ChunkError.truncatedHeader(codec: ShardingCodec.name, byteCount: found, expected: range.count)
    }
  }

  /// Decodes one of the inner chunks that were read together from `start` of the shard on.
  mutating func decode(
    _ number: Int, fetchedFrom start: Int, _ grid: InnerChunkGrid
  ) throws(ChunkError) {
    let chunk = chunks.chunks[number]
    guard let range = chunk.stored else { return }
    let source = range.lowerBound - start..<range.upperBound - start
    do throws(ChunkError) {
      if pipeline.isInPlace {
        let offset = fetchedStart + source.lowerBound
        let byteCount = try pipeline.verifiedByteCount(
          of: output.bytes.extracting(offset..<offset + source.count))
        try check(byteCount)
        chunks.setDecoded(offset..<offset + byteCount, of: number)
        return
      }
      let decodedStart = output.count
      try Self.decode(
        &pipeline, stored, source, grid.shape(ofChunkAt: chunk.position), into: &output,
        limit: limits.decodedByteCount(ofStored: source.count))
      try check(output.count - decodedStart)
      chunks.setDecoded(decodedStart..<output.count, of: number)
    } catch {
      throw .innerChunk(
        position: chunk.position, reason: limits.explaining(error, ofStored: source.count))
    }
  }

  private func check(_ byteCount: Int) throws(ChunkError) {
    guard byteCount <= limits.decodedByteCountPerChunk else {
      throw .decodedByteCountExceedsLimit(
        codec: codec.chain.elementCodecName, byteCount: byteCount, limit: limits.decodedByteCountPerChunk)
    }
  }

  private static func decode(
    _ pipeline: inout DecodingPipeline, _ stored: borrowing ByteArena, _ range: Range<Int>, _ shape: [Int],
    into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try pipeline.decode(stored.bytes.extracting(range), shape: shape, into: &output, limit: limit)
  }
}
