/// A shard that is ready to be written, as the parts that it consists of.
public struct AssembledShard: Sendable {
  let index: SharedBytes
  let location: ShardIndexLocation
  private(set) var parts: [SharedBytes]
  private(set) var segments: [ShardAssembly.Segment]

  /// The bytes of the shard.
  public let byteCount: Int

  /// The most bytes of the old shard that are in memory at a time.
  private static let keptByteCount = 1 << 20

  init(
    index: SharedBytes, location: ShardIndexLocation, parts: [SharedBytes],
    segments: [ShardAssembly.Segment], byteCount: Int
  ) {
    self.index = index
    self.location = location
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
  public mutating func load(
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
  public func write(
    reading read: (Range<Int>, inout ByteArena) throws -> Void, to append: (RawSpan) throws -> Void
  ) throws {
    if location == .start { try append(index.bytes) }
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
    if location == .end { try append(index.bytes) }
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
