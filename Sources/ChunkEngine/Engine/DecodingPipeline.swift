/// The codecs of one worker in the order in which they decode, with the arenas between them.
struct DecodingPipeline: ~Copyable {
  private enum Stage {
    case checksum(any ChecksumCodec)
    case transform(any BytesDecoder)
    /// The number is that of the representation that the codec gives back.
    case arrayToBytes(any ArrayDecoder, Int)
    case arrayToArray(any ArrayToArrayCodec, Int)
  }

  /// Where the bytes of the chunk are.
  private enum Location {
    case source
    case first
    case second
    case output
  }

  private let stages: [Stage]

  /// The position of the last stage that is not a checksum.
  private let lastTransform: Int?

  /// The decoder of the last stage, if it can decode part by part.
  private let followed: (any FollowedBytesDecoder)?

  private let looksAtShape: Bool
  private var representations: ChainRepresentations
  private var first = ByteArena()
  private var second = ByteArena()

  init(_ chain: CodecChain) throws(ChunkError) {
    var stages: [Stage] = []
    for stage in chain.stages.reversed() {
      switch stage {
      case .transform(let codec): stages.append(.transform(try codec.makeDecoder()))
      case .checksum(let codec): stages.append(.checksum(codec))
      }
    }
    if !chain.arrayToBytes.keepsBytes {
      stages.append(.arrayToBytes(try chain.arrayToBytes.makeDecoder(), chain.arrayToArray.count))
    }
    for (index, codec) in chain.arrayToArray.enumerated().reversed() where !codec.keepsBytes {
      stages.append(.arrayToArray(codec, index))
    }
    self.stages = stages
    lastTransform = stages.lastIndex { if case .checksum = $0 { false } else { true } }
    followed =
      if case .transform(let decoder)? = stages.last { decoder as? any FollowedBytesDecoder } else { nil }
    looksAtShape = chain.looksAtShape
    representations = ChainRepresentations(chain)
  }

  /// Whether decoded bytes are a prefix of the encoded ones, so that nothing has to be copied.
  var isInPlace: Bool { lastTransform == nil }

  /// Checks the checksums of a chunk that decodes in place.
  ///
  /// - Returns: How many of the bytes are the decoded ones.
  func verifiedByteCount(of source: RawSpan) throws(ChunkError) -> Int {
    var byteCount = source.byteCount
    for case .checksum(let codec) in stages {
      byteCount = try codec.verifiedByteCount(of: source.extracting(0..<byteCount))
    }
    return byteCount
  }

  /// Appends the decoded form of `source` to `output`, behind what it has.
  ///
  /// - Parameters:
  ///   - source: The encoded bytes.
  ///   - shape: The shape of the chunk, if a codec has to be told it.
  ///   - output: Where the elements go. It is of no use if this throws.
  ///   - limit: The most bytes that any stage may have.
  ///   - follower: Is shown parts of what is decoded, where that is possible, and may end it.
  /// - Throws: ``ChunkError`` for what is wrong with `source`, and for what the follower finds.
  mutating func decode(
    _ source: RawSpan, shape: [Int]?, into output: inout ByteArena, limit: Int,
    follower: WireFormFollower? = nil
  ) throws(ChunkError) {
    guard let lastTransform else {
      let byteCount = try verifiedByteCount(of: source)
      return try output.append(copying: source.extracting(0..<byteCount))
    }
    var levels: [ChunkRepresentation] = []
    if looksAtShape {
      guard let shape else { preconditionFailure("these codecs have to be told the shape of the chunk") }
      levels = try representations.levels(for: shape)
    }
    let start = output.count
    var sourceByteCount = source.byteCount
    var location = Location.source
    for position in stages.indices {
      let stage = stages[position]
      if case .checksum(let codec) = stage {
        switch location {
        case .source:
          sourceByteCount = try codec.verifiedByteCount(of: source.extracting(0..<sourceByteCount))
        case .first: first.truncate(to: try codec.verifiedByteCount(of: first.bytes))
        case .second: second.truncate(to: try codec.verifiedByteCount(of: second.bytes))
        case .output:
          let byteCount = try codec.verifiedByteCount(of: output.bytes.extracting(start..<output.count))
          output.truncate(to: start + byteCount)
        }
        continue
      }
      let isLast = position == lastTransform
      let followed = position == stages.count - 1 ? followed : nil
      switch (location, isLast) {
      case (.source, true):
        let source = source.extracting(0..<sourceByteCount)
        if let follower, let followed {
          try followed.decode(source, into: &output, limit: limit, follower: follower)
        } else {
          try Self.run(stage, source, levels, into: &output, limit: limit)
        }
      case (.source, false):
        first.removeAll()
        try Self.run(stage, source.extracting(0..<sourceByteCount), levels, into: &first, limit: limit)
      case (.first, true): try Self.run(stage, first, levels, into: &output, limit: limit)
      case (.first, false):
        second.removeAll()
        try Self.run(stage, first, levels, into: &second, limit: limit)
      case (.second, true): try Self.run(stage, second, levels, into: &output, limit: limit)
      case (.second, false):
        first.removeAll()
        try Self.run(stage, second, levels, into: &first, limit: limit)
      case (.output, _): preconditionFailure("a codec stands behind the last")
      }
      location = isLast ? .output : location == .first ? .second : .first
    }
  }

  private static func run(
    _ stage: Stage, _ source: borrowing ByteArena, _ levels: [ChunkRepresentation],
    into arena: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    try run(stage, source.bytes, levels, into: &arena, limit: limit)
  }

  private static func run(
    _ stage: Stage, _ source: RawSpan, _ levels: [ChunkRepresentation], into arena: inout ByteArena,
    limit: Int
  ) throws(ChunkError) {
    switch stage {
    case .checksum: break
    case .transform(let decoder): try decoder.decode(source, into: &arena, limit: limit)
    case .arrayToBytes(let decoder, let level):
      try decodeElements(into: &arena) { output throws(ChunkError) in
        try decoder.decode(source, of: levels[level], into: &output, limit: limit)
      }
    case .arrayToArray(let codec, let level):
      try decodeElements(into: &arena) { output throws(ChunkError) in
        try codec.decode(source, of: levels[level], into: &output, limit: limit)
      }
    }
  }

  /// Hands an empty arena to `body`, since codecs that give elements begin with one.
  private static func decodeElements(
    into arena: inout ByteArena, _ body: (inout ByteArena) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    guard arena.count > 0 else { return try body(&arena) }
    var elements = ByteArena()
    try body(&elements)
    try arena.append(copying: elements.bytes)
  }
}
