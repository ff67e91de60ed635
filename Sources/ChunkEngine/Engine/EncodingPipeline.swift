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
    case output
  }

  private let stages: [Stage]

  /// The position of the last stage that is not a checksum.
  private let lastTransform: Int?

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
    lastTransform = made.lastIndex { if case .checksum = $0 { false } else { true } }
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
      case (_, .output): preconditionFailure("there is no output")
      }
    }
    switch location {
    case .chunk, .output: try body(chunk.bytes)
    case .first: try body(first.bytes)
    case .second: try body(second.bytes)
    }
  }

  /// Whether encoded bytes begin with those of the chunk, so that nothing has to be copied.
  var isInPlace: Bool { lastTransform == nil }

  /// Appends the checksums of a chunk that is encoded in place, and that begins at `start` of `arena`.
  func appendChecksums(to arena: inout ByteArena, from start: Int) throws(ChunkError) {
    for case .checksum(let codec) in stages {
      try Self.append(codec, to: &arena, from: start)
    }
  }

  /// Appends the encoded form of `source` to `output`, behind what it has.
  ///
  /// - Parameters:
  ///   - source: A chunk.
  ///   - shape: The shape of the chunk, if a codec has to be told it.
  ///   - output: Where the encoded bytes go. What it holds behind its own is of no use if this throws.
  /// - Throws: ``ChunkError``
  mutating func encode(
    _ source: RawSpan, shape: [Int]?, into output: inout ByteArena
  ) throws(ChunkError) {
    let start = output.count
    guard let lastTransform else {
      try output.append(copying: source)
      return try appendChecksums(to: &output, from: start)
    }
    var levels: [ChunkRepresentation] = []
    if looksAtShape {
      guard let shape else { preconditionFailure("these codecs have to be told the shape of the chunk") }
      levels = try representations.levels(for: shape)
    }
    var location = Location.chunk
    for position in stages.indices {
      let stage = stages[position]
      switch (stage, location) {
      case (.checksum(let codec), .chunk):
        first.removeAll()
        try first.append(copying: source)
        try Self.append(codec, to: &first)
        location = .first
      case (.checksum(let codec), .first): try Self.append(codec, to: &first)
      case (.checksum(let codec), .second): try Self.append(codec, to: &second)
      case (.checksum(let codec), .output): try Self.append(codec, to: &output, from: start)
      case (_, .chunk) where position == lastTransform:
        try Self.run(stage, source, levels, into: &output)
        location = .output
      case (_, .first) where position == lastTransform:
        try Self.run(stage, first.bytes, levels, into: &output)
        location = .output
      case (_, .second) where position == lastTransform:
        try Self.run(stage, second.bytes, levels, into: &output)
        location = .output
      case (_, .chunk):
        first.removeAll()
        try Self.run(stage, source, levels, into: &first)
        location = .first
      case (_, .first):
        try Self.run(stage, first, levels, into: &second)
        location = .second
      case (_, .second):
        try Self.run(stage, second, levels, into: &first)
        location = .first
      case (_, .output): preconditionFailure("a codec stands behind the last")
      }
    }
  }

  private static func append(
    _ codec: any ChecksumCodec, to arena: inout ByteArena, from start: Int = 0
  ) throws(ChunkError) {
    let checksum = codec.checksum(of: arena.bytes.extracting(start..<arena.count))
    try arena.append(littleEndian: checksum)
  }

  /// Encodes into an arena that is emptied before.
  private static func run(
    _ stage: Stage, _ source: borrowing ByteArena, _ levels: [ChunkRepresentation],
    into arena: inout ByteArena
  ) throws(ChunkError) {
    arena.removeAll()
    try run(stage, source.bytes, levels, into: &arena)
  }

  /// Encodes behind what the arena has.
  private static func run(
    _ stage: Stage, _ source: RawSpan, _ levels: [ChunkRepresentation], into arena: inout ByteArena
  ) throws(ChunkError) {
    switch stage {
    case .arrayToArray(let codec, let level):
      try encodeElements(into: &arena) { output throws(ChunkError) in
        try codec.encode(source, of: levels[level], into: &output)
      }
    case .arrayToBytes(let encoder, let level):
      try encodeElements(into: &arena) { output throws(ChunkError) in
        try encoder.encode(source, of: levels[level], into: &output)
      }
    case .transform(let codec, let encoder):
      let bound = try codec.maximumEncodedByteCount(of: source.byteCount)
      try arena.append(addingCapacity: bound) { output throws(ChunkError) in
        try encoder.encode(source, into: &output)
      }
    case .checksum(let codec):
      let start = arena.count
      try arena.append(copying: source)
      try append(codec, to: &arena, from: start)
    }
  }

  /// Hands an empty arena to `body`, since codecs that take elements begin with one.
  private static func encodeElements(
    into arena: inout ByteArena, _ body: (inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    guard arena.count > 0 else { return try body(&arena) }
    var elements = ByteArena()
    try body(&elements)
    try arena.append(copying: elements.bytes)
  }
}
