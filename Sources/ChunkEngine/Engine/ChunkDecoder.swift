/// Decodes chunk after chunk for one worker.
///
///     store ──▶ first arena ──▶ second arena ──▶ first arena … ──▶ wire form ──▶ views of the elements
///
/// The arenas and the codecs' contexts live as long as the decoder. The arena that holds the wire form is
/// either given away with the views into it, or used again for the next chunk.
public struct ChunkDecoder: ~Copyable {
  private enum Stage {
    case transform(any BytesDecoder)
    case checksum(any ChecksumCodec)
  }

  private let chain: CodecChain
  private let stages: [Stage]
  private let limits: DecodingLimits
  private var first = ByteArena()
  private var second = ByteArena()

  /// Creates a decoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    self.chain = chain
    self.limits = limits
    var stages: [Stage] = []
    for stage in chain.stages.reversed() {
      switch stage {
      case .transform(let codec): stages.append(.transform(try codec.makeDecoder()))
      case .checksum(let codec): stages.append(.checksum(codec))
      }
    }
    self.stages = stages
  }

  /// Where the bytes of the chunk are.
  private enum Location {
    case first
    case second
  }

  /// Reads and decodes a chunk, and gives away its memory.
  ///
  /// - Parameters:
  ///   - expectedChunkCount: How many chunks, this one included, this worker is going to give away. They
  ///     share allocations.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  /// - Returns: The chunk in wire form, or `nil` if it is not stored. Its elements are not checked yet.
  /// - Throws: ``ChunkError``, and what `read` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func decode(
    expectedChunkCount: Int = 1, _ read: (inout ByteArena, DecodingLimits) throws -> Bool
  ) throws -> SharedBytes? {
    let transformCount = stages.count { if case .transform = $0 { true } else { false } }
    if transformCount.isMultiple(of: 2) {
      first.expectedChunkCount = expectedChunkCount
    } else {
      second.expectedChunkCount = expectedChunkCount
    }
    guard let location = try run(read) else { return nil }
    return switch location {
    case .first: try first.takeBytes()
    case .second: try second.takeBytes()
    }
  }

  /// Reads and decodes a chunk, and hands its wire form to `body`, during whose call it is valid.
  ///
  /// - Returns: Whether the chunk is stored.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages. Does not allocate once the arenas
  ///   are large enough.
  public mutating func withDecoded(
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool, _ body: (RawSpan) throws -> Void
  ) throws -> Bool {
    guard let location = try run(read) else { return false }
    switch location {
    case .first: try body(first.bytes)
    case .second: try body(second.bytes)
    }
    return true
  }

  /// Reads a chunk and runs the codecs, and returns where its wire form is.
  private mutating func run(_ read: (inout ByteArena, DecodingLimits) throws -> Bool) throws -> Location? {
    first.removeAll()
    guard try read(&first, limits) else { return nil }
    guard first.count <= limits.storedByteCountPerChunk else {
      throw ChunkError.storedByteCountExceedsLimit(
        byteCount: first.count, limit: limits.storedByteCountPerChunk)
    }
    let limit = limits.decodedByteCountPerChunk
    var location = Location.first
    for stage in stages {
      switch (stage, location) {
      case (.checksum(let codec), .first): first.truncate(to: try codec.verifiedByteCount(of: first.bytes))
      case (.checksum(let codec), .second): second.truncate(to: try codec.verifiedByteCount(of: second.bytes))
      case (.transform(let decoder), .first):
        second.removeAll()
        try Self.transform(first, decoder, into: &second, limit: limit)
        location = .second
      case (.transform(let decoder), .second):
        first.removeAll()
        try Self.transform(second, decoder, into: &first, limit: limit)
        location = .first
      }
    }
    let byteCount = location == .first ? first.count : second.count
    guard byteCount <= limit else {
      throw ChunkError.decodedByteCountExceedsLimit(
        codec: chain.elementCodecName, byteCount: byteCount, limit: limit)
    }
    return location
  }
  private static func transform(
    _ source: borrowing ByteArena, _ decoder: any BytesDecoder, into arena: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try decoder.decode(source.bytes, into: &arena, limit: limit)
  }
}
