/// The codecs of one worker, with the two arenas that they write to in turn.
struct EncodingPipeline: ~Copyable {
  private enum Stage {
    /// The number is that of the representation that the codec is given.
    case arrayToArray(any ArrayToArrayCodec, Int)
    case arrayToBytes(any ArrayEncoder, Int)
    case transform(any BytesToBytesCodec, any BytesEncoder)
    case checksum(any ChecksumCodec)
  }

  /// Where the bytes of the chunk are.
  private enum Location {
    case chunk
    case first
    case second
  }

  private let stages: [Stage]
  private let looksAtShape: Bool
  private var representations: ChainRepresentations
  private var first = ByteArena()
  private var second = ByteArena()

  init(_ chain: CodecChain) throws(ChunkError) {
    var made: [Stage] = []
    for (index, codec) in chain.arrayToArray.enumerated() where !codec.keepsBytes {
      made.append(.arrayToArray(codec, index))
    }
    if !chain.arrayToBytes.keepsBytes {
      made.append(.arrayToBytes(try chain.arrayToBytes.makeEncoder(), chain.arrayToArray.count))
    }
    for stage in chain.stages {
      switch stage {
      case .transform(let codec): made.append(.transform(codec, try codec.makeEncoder()))
      case .checksum(let codec): made.append(.checksum(codec))
      }
    }
    stages = made
    looksAtShape = chain.looksAtShape
    representations = ChainRepresentations(chain)
  }

  /// Runs the codecs over `chunk`, which has the shape `shape`, and hands the encoded bytes to `body`.
  ///
  /// A checksum goes behind the bytes where they are, which may be in `chunk` itself.
  mutating func encode(_ chunk: inout ByteArena, shape: [Int]?, _ body: (RawSpan) throws -> Void) throws {
    var levels: [ChunkRepresentation] = []
    if looksAtShape {
      guard let shape else { preconditionFailure("these codecs have to be told the shape of the chunk") }
      levels = try representations.levels(for: shape)
    }
    var location = Location.chunk
    for stage in stages {
      switch (stage, location) {
      case (.checksum(let codec), .chunk): try Self.append(codec, to: &chunk)
      case (.checksum(let codec), .first): try Self.append(codec, to: &first)
      case (.checksum(let codec), .second): try Self.append(codec, to: &second)
      case (_, .chunk):
        try Self.run(stage, chunk, levels, into: &first)
        location = .first
      case (_, .first):
        try Self.run(stage, first, levels, into: &second)
        location = .second
      case (_, .second):
        try Self.run(stage, second, levels, into: &first)
        location = .first
      }
    }
    switch location {
    case .chunk: try body(chunk.bytes)
    case .first: try body(first.bytes)
    case .second: try body(second.bytes)
    }
  }

  private static func append(_ codec: any ChecksumCodec, to arena: inout ByteArena) throws(ChunkError) {
    let checksum = codec.checksum(of: arena.bytes)
    try arena.append(littleEndian: checksum)
  }

  private static func run(
    _ stage: Stage, _ source: borrowing ByteArena, _ levels: [ChunkRepresentation],
    into arena: inout ByteArena
  ) throws(ChunkError) {
    arena.removeAll()
    switch stage {
    case .arrayToArray(let codec, let level):
      try codec.encode(source.bytes, of: levels[level], into: &arena)
    case .arrayToBytes(let encoder, let level):
      try encoder.encode(source.bytes, of: levels[level], into: &arena)
    case .transform(let codec, let encoder):
      let bound = try codec.maximumEncodedByteCount(of: source.count)
      try arena.append(addingCapacity: bound) { output throws(ChunkError) in
        try encoder.encode(source.bytes, into: &output)
      }
    case .checksum(let codec):
      try arena.append(copying: source.bytes)
      try append(codec, to: &arena)
    }
  }
}
