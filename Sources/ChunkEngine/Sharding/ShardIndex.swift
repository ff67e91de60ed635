/// Where each inner chunk of a stored shard is.
///
///     ┌ u64 offset₀ ┬ u64 byteCount₀ ┬ u64 offset₁ ┬ u64 byteCount₁ ┬ …     inner chunks in C order
///
/// Numbers are little-endian; both are 2⁶⁴ - 1 for an inner chunk that is not stored. What the index says is
/// checked when it is asked for, not before: a shard may have many inner chunks of which few are read.
public struct ShardIndex: Sendable {
  private let entries: SharedBytes

  /// The bytes of the shard that inner chunks can be in, which are all but those of the index.
  let dataRange: Range<Int>

  /// The number of inner chunks.
  public var count: Int { entries.byteCount / ShardEntry.encodedByteCount }

  /// The bytes of memory that the index takes.
  public var byteCount: Int { entries.byteCount }

  /// Takes over decoded entries.
  ///
  /// - Parameters:
  ///   - entries: As many bytes as a number of entries has.
  ///   - dataRange: The bytes of the shard that inner chunks can be in.
  init(_ entries: SharedBytes, dataRange: Range<Int>) {
    self.entries = entries
    self.dataRange = dataRange
  }

  /// The bytes of the shard that hold an inner chunk, or nil if it is not stored.
  ///
  /// - Parameter position: Which of the inner chunks, in C order.
  /// - Returns: A range of the shard.
  /// - Precondition: There are as many inner chunks.
  /// - Throws: ``ChunkError/malformed(codec:reason:)`` if the bytes are not all inside of the shard, or are
  ///   those of the index.
  /// - Complexity: O(1)
  public func range(ofChunkAt position: Int) throws(ChunkError) -> Range<Int>? {
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
  public func validate() throws(ChunkError) {
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
