/// The codecs of one worker in the order in which they decode.
struct DecodingPipeline: ~Copyable {
  private enum Stage {
    case checksum(any ChecksumCodec)
    case transform(any BytesDecoder)
    /// The number is that of the representation that the codec gives back.
    case arrayToBytes(any ArrayDecoder, Int)
    case arrayToArray(any ArrayToArrayCodec, Int)
  }

  private let stages: [Stage]

  /// The position of the last stage that is not a checksum.
  private let lastTransform: Int?

  /// The decoder of the last stage, if it can decode part by part.
  private let followed: (any FollowedBytesDecoder)?

  /// How chunks are stored that are frames of Zstandard, or nil if they have other codecs.
  let zstdFrames: ZstdFrames?

  private var representations: ChainRepresentations
  private var arenas = CodecArenas()

  init(_ chain: CodecChain) throws(ChunkError) {
    var stages: [Stage] = []
    for stage in chain.stages.reversed() {
      switch stage {
      case .transform(let codec): stages.append(.transform(try codec.makeDecoder()))
      case .checksum(let codec): stages.append(.checksum(codec))
      }
    }
    if !chain.arrayToBytes.isIdentity {
      stages.append(.arrayToBytes(try chain.arrayToBytes.makeDecoder(), chain.arrayToArray.count))
    }
    for (index, codec) in chain.arrayToArray.enumerated().reversed() where !codec.isIdentity {
      stages.append(.arrayToArray(codec, index))
    }
    self.stages = stages
    lastTransform = stages.lastIndex { if case .checksum = $0 { false } else { true } }
    followed =
      if case .transform(let decoder)? = stages.last { decoder as? any FollowedBytesDecoder } else { nil }
    zstdFrames = chain.zstdFrames
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

  /// Appends the decoded form of `source` to `output`, after what it has.
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
    let levels = try representations.levels(for: shape)
    var source = source
    arenas.begin(output)
    for position in stages.indices {
      let stage = stages[position]
      if case .checksum(let codec) = stage {
        try arenas.verify(codec, &source, &output)
        continue
      }
      let followed = position == stages.count - 1 ? followed : nil
      try arenas.transform(source, into: &output, isLast: position == lastTransform) {
        source, arena throws(ChunkError) in
        if let follower, let followed {
          try followed.decode(source, into: &arena, limit: limit, follower: follower)
        } else {
          try Self.run(stage, source, levels, into: &arena, limit: limit)
        }
      }
    }
  }

  private static func run(
    _ stage: Stage, _ source: RawSpan, _ levels: [ChunkRepresentation], into arena: inout ByteArena,
    limit: Int
  ) throws(ChunkError) {
    switch stage {
    case .checksum: break
    case .transform(let decoder): try decoder.decode(source, into: &arena, limit: limit)
    case .arrayToBytes(let decoder, let level):
      try arena.appendElements { output throws(ChunkError) in
        try decoder.decode(source, of: levels[level], into: &output, limit: limit)
      }
    case .arrayToArray(let codec, let level):
      try arena.appendElements { output throws(ChunkError) in
        try codec.decode(source, of: levels[level], into: &output, limit: limit)
      }
    }
  }
}

/// Runs a whole chain of codecs backwards inside another codec, such as the inner chunks of a shard.
package final class ChainDecoder {
  private let layout: ElementLayout
  private let codec: String
  private var pipeline: DecodingPipeline

  /// Creates a decoder.
  package init(_ chain: CodecChain) throws(ChunkError) {
    layout = chain.layout
    codec = chain.elementCodecName
    pipeline = try DecodingPipeline(chain)
  }

  /// Appends the elements of a chunk to `output`, after what it has.
  ///
  /// - Parameters:
  ///   - source: The encoded bytes.
  ///   - shape: The number of elements along each dimension.
  ///   - output: Where the elements go, laid out as the chain's ``ElementLayout`` says. Elements of fixed size are as
  ///     many as the chunk has; those of variable size are not checked yet.
  ///   - limit: The most bytes that the chunk may have, at any stage.
  /// - Throws: ``ChunkError`` for what is wrong with `source`.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  package func decode(
    _ source: RawSpan, shape: [Int], into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let start = output.count
    try pipeline.decode(source, shape: shape, into: &output, limit: limit)
    let byteCount = output.count - start
    try checkDecodedByteCount(byteCount, limit: limit, codec: codec)
    let chunk = try ChunkRepresentation(shape: shape, layout: layout)
    if let expected = chunk.byteCount, expected != byteCount {
      throw .byteCountMismatch(codec: codec, found: byteCount, expected: expected)
    }
  }
}
