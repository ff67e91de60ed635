/// The codecs of one worker in the order in which they encode.
struct EncodingPipeline: ~Copyable {
  private enum Stage {
    /// The number is that of the representation that the codec is given.
    case arrayToArray(any ArrayToArrayCodec, Int)
    case arrayToBytes(any ArrayEncoder, Int)
    case transform(any BytesToBytesCodec, any BytesEncoder)
    case checksum(any ChecksumCodec)
  }

  private let stages: [Stage]

  /// The position of the last stage that is not a checksum.
  private let lastTransform: Int?
  private var representations: ChainRepresentations
  private var arenas = CodecArenas()

  init(_ chain: CodecChain) throws(ChunkError) {
    var stages: [Stage] = []
    for (index, codec) in chain.arrayToArray.enumerated() where !codec.isIdentity {
      stages.append(.arrayToArray(codec, index))
    }
    if !chain.arrayToBytes.isIdentity {
      stages.append(.arrayToBytes(try chain.arrayToBytes.makeEncoder(), chain.arrayToArray.count))
    }
    for stage in chain.stages {
      switch stage {
      case .transform(let codec): stages.append(.transform(codec, try codec.makeEncoder()))
      case .checksum(let codec): stages.append(.checksum(codec))
      }
    }
    self.stages = stages
    lastTransform = stages.lastIndex { if case .checksum = $0 { false } else { true } }
    raw =
      if let frames = chain.zstdFrames, case .transform(_, let encoder)? = stages.first,
        let encoder = encoder as? ZstdEncoder, encoder.writesRawFrames
      {
        (encoder, frames.checksum)
      } else {
        nil
      }
    representations = ChainRepresentations(chain)
  }

  /// What finds chunks that cannot be compressed, and the checksum after it, or nil if chunks have other codecs.
  let raw: (encoder: ZstdEncoder, checksum: CRC32CCodec?)?

  /// Whether encoded bytes begin with those of the chunk, so that nothing has to be copied.
  var isInPlace: Bool { lastTransform == nil }

  /// Lets codecs use some threads for a large chunk.
  func use(threadCount: Int) {
    for case .transform(_, let encoder) in stages { (encoder as? ZstdEncoder)?.threadCount = threadCount }
  }

  /// Appends the encoded form of `chunk` to `output`, after what it has.
  ///
  /// A checksum of the chunk itself is appended to `chunk`.
  mutating func encode(
    _ chunk: inout ByteArena, shape: [Int]?, into output: inout ByteArena
  ) throws(ChunkError) {
    guard lastTransform != nil else { return try encode(chunk.bytes, shape: shape, into: &output) }
    var position = 0
    while position < stages.count, case .checksum(let codec) = stages[position] {
      try codec.append(to: &chunk)
      position += 1
    }
    try encode(chunk.bytes, from: position, shape: shape, into: &output)
  }

  /// Appends the checksums of a chunk that is encoded in place, and that begins at `start` of `arena`.
  func appendChecksums(to arena: inout ByteArena, from start: Int) throws(ChunkError) {
    for case .checksum(let codec) in stages {
      try codec.append(to: &arena, from: start)
    }
  }

  /// Appends the encoded form of `source` to `output`, after what it has.
  ///
  /// - Parameters:
  ///   - source: A chunk.
  ///   - firstPosition: The first stage that is still to be run.
  ///   - shape: The shape of the chunk, if a codec has to be told it.
  ///   - output: Where the encoded bytes go. What it holds after its own is of no use if this throws.
  /// - Throws: ``ChunkError``
  mutating func encode(
    _ source: RawSpan, from firstPosition: Int = 0, shape: [Int]?, into output: inout ByteArena
  ) throws(ChunkError) {
    guard let lastTransform else {
      let start = output.count
      try output.append(copying: source)
      return try appendChecksums(to: &output, from: start)
    }
    let levels = try representations.levels(for: shape)
    arenas.begin(output)
    for position in firstPosition..<stages.count {
      let stage = stages[position]
      if case .checksum(let codec) = stage {
        try arenas.append(codec, source, &output)
        continue
      }
      try arenas.transform(source, into: &output, isLast: position == lastTransform) {
        source, arena throws(ChunkError) in
        try Self.run(stage, source, levels, into: &arena)
      }
    }
  }

  private static func run(
    _ stage: Stage, _ source: RawSpan, _ levels: [ChunkRepresentation], into arena: inout ByteArena
  ) throws(ChunkError) {
    switch stage {
    case .arrayToArray(let codec, let level):
      try arena.appendElements { output throws(ChunkError) in
        try codec.encode(source, of: levels[level], into: &output)
      }
    case .arrayToBytes(let encoder, let level):
      try arena.appendElements { output throws(ChunkError) in
        try encoder.encode(source, of: levels[level], into: &output)
      }
    case .transform(let codec, let encoder):
      let bound = try codec.maximumEncodedByteCount(of: source.byteCount)
      try arena.append(addingCapacity: bound) { output throws(ChunkError) in
        try encoder.encode(source, into: &output)
      }
    case .checksum: break
    }
  }
}

/// Runs a whole chain of codecs inside another codec, such as the inner chunks of a shard.
package final class ChainEncoder {
  private var pipeline: EncodingPipeline

  /// Creates an encoder.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what the codecs throw about their settings.
  package init(_ chain: CodecChain) throws(ChunkError) {
    pipeline = try EncodingPipeline(chain)
  }

  /// Appends the encoded form of a chunk to `output`, after what it has.
  ///
  /// - Throws: ``ChunkError``
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  package func encode(_ source: RawSpan, shape: [Int], into output: inout ByteArena) throws(ChunkError) {
    try pipeline.encode(source, shape: shape, into: &output)
  }
}
