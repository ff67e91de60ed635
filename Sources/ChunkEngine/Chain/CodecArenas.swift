/// The bytes of a chunk on their way through the codecs of one worker.
///
///     source ──▶ first ──▶ second ──▶ first … ──▶ output
///
/// Codecs write to the two arenas in turn, and the last one to the output, after what that has.
struct CodecArenas: ~Copyable {
  private enum Place {
    case source
    case first
    case second
    case output
  }

  /// Where the bytes of the chunk are.
  private var place = Place.source

  /// Where in the output they begin.
  private var start = 0
  private var first = ByteArena()
  private var second = ByteArena()

  /// Begins with a chunk.
  mutating func begin(_ output: borrowing ByteArena) {
    place = .source
    start = output.count
  }

  /// Makes other bytes of those of the chunk.
  ///
  /// - Parameters:
  ///   - source: The bytes as they came.
  ///   - output: Where the bytes go if `isLast`.
  ///   - isLast: Whether no codec that moves bytes follows.
  ///   - codec: Appends the bytes that it makes of its first argument to the second.
  /// - Throws: What `codec` throws.
  mutating func transform(
    _ source: RawSpan, into output: inout ByteArena, isLast: Bool,
    _ codec: (RawSpan, inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    switch place {
    case .source where isLast: try codec(source, &output)
    case .source: try Self.run(source, into: &first, codec)
    case .first where isLast: try codec(first.bytes, &output)
    case .first: try Self.run(first, into: &second, codec)
    case .second where isLast: try codec(second.bytes, &output)
    case .second: try Self.run(second, into: &first, codec)
    case .output: preconditionFailure("a codec follows the last")
    }
    place = isLast ? .output : place == .first ? .second : .first
  }

  /// Appends a checksum to the bytes where they are, or to a copy of the source.
  mutating func append(
    _ codec: any ChecksumCodec, _ source: RawSpan, _ output: inout ByteArena
  ) throws(ChunkError) {
    switch place {
    case .source:
      first.removeAll()
      try first.append(copying: source)
      place = .first
      try codec.append(to: &first)
    case .first: try codec.append(to: &first)
    case .second: try codec.append(to: &second)
    case .output: try codec.append(to: &output, from: start)
    }
  }

  /// Checks a checksum and drops it where the bytes are.
  mutating func verify(
    _ codec: any ChecksumCodec, _ source: inout RawSpan, _ output: inout ByteArena
  ) throws(ChunkError) {
    switch place {
    case .source: source = source.extracting(0..<(try codec.verifiedByteCount(of: source)))
    case .first: first.truncate(to: try codec.verifiedByteCount(of: first.bytes))
    case .second: second.truncate(to: try codec.verifiedByteCount(of: second.bytes))
    case .output:
      let byteCount = try codec.verifiedByteCount(of: output.bytes.extracting(start..<output.count))
      output.truncate(to: start + byteCount)
    }
  }

  private static func run(
    _ source: borrowing ByteArena, into arena: inout ByteArena,
    _ codec: (RawSpan, inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try run(source.bytes, into: &arena, codec)
  }

  private static func run(
    _ source: RawSpan, into arena: inout ByteArena,
    _ codec: (RawSpan, inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    arena.removeAll()
    try codec(source, &arena)
  }
}

extension ByteArena {
  /// Hands an empty arena to `body`, since codecs of elements begin with one, and appends what it has then.
  mutating func appendElements(
    _ body: (inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    guard count > 0 else { return try body(&self) }
    var elements = ByteArena()
    try body(&elements)
    try append(copying: elements.bytes)
  }
}

extension ChecksumCodec {
  /// Appends the checksum of the bytes of an arena from `start` on.
  func append(to arena: inout ByteArena, from start: Int = 0) throws(ChunkError) {
    let checksum = checksum(of: arena.bytes.extracting(start..<arena.count))
    try arena.append(littleEndian: checksum)
  }
}
