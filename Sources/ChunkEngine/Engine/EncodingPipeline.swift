/// The bytes-to-bytes codecs of one worker, with the two arenas that they write to in turn.
struct EncodingPipeline: ~Copyable {
  private enum Stage {
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
  private var first = ByteArena()
  private var second = ByteArena()

  init(_ stages: [CodecChain.Stage]) throws(ChunkError) {
    var made: [Stage] = []
    for stage in stages {
      switch stage {
      case .transform(let codec): made.append(.transform(codec, try codec.makeEncoder()))
      case .checksum(let codec): made.append(.checksum(codec))
      }
    }
    self.stages = made
  }

  /// Runs the codecs over `chunk` and hands the encoded bytes to `body`.
  ///
  /// A checksum goes behind the bytes where they are, which may be in `chunk` itself.
  mutating func encode(_ chunk: inout ByteArena, _ body: (RawSpan) throws -> Void) throws {
    var location = Location.chunk
    for stage in stages {
      switch (stage, location) {
      case (.checksum(let codec), .chunk): try Self.append(codec, to: &chunk)
      case (.checksum(let codec), .first): try Self.append(codec, to: &first)
      case (.checksum(let codec), .second): try Self.append(codec, to: &second)
      case (.transform(let codec, let encoder), .chunk):
        try Self.transform(chunk, codec, encoder, into: &first)
        location = .first
      case (.transform(let codec, let encoder), .first):
        try Self.transform(first, codec, encoder, into: &second)
        location = .second
      case (.transform(let codec, let encoder), .second):
        try Self.transform(second, codec, encoder, into: &first)
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

  private static func transform(
    _ source: borrowing ByteArena, _ codec: any BytesToBytesCodec, _ encoder: any BytesEncoder,
    into arena: inout ByteArena
  ) throws(ChunkError) {
    let bound = try codec.maximumEncodedByteCount(of: source.count)
    arena.removeAll()
    try arena.append(addingCapacity: bound) { output throws(ChunkError) in
      try encoder.encode(source.bytes, into: &output)
    }
  }
}
