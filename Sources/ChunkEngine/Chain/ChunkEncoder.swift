/// Encodes chunk after chunk for one worker.
///
///     source ──▶ chunk arena ──▶ first arena ──▶ second arena ──▶ first arena … ──▶ store
///         the one copy     codecs, from arena to arena
///
/// The arenas and the codecs' contexts live as long as the encoder, so after the first chunks nothing is
/// allocated. An encoder stays with its worker.
public struct ChunkEncoder: ~Copyable {
  private let chain: CodecChain
  private let maximumElementByteCount: Int
  private var wire = ByteArena()
  private var pipeline: EncodingPipeline

  /// Creates an encoder.
  ///
  /// - Parameters:
  ///   - chain: The codecs.
  ///   - maximumElementByteCount: The largest element that is accepted.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(
    _ chain: CodecChain, maximumElementByteCount: Int = WireForm.portableElementByteCount
  ) throws(ChunkError) {
    self.chain = chain
    self.maximumElementByteCount = maximumElementByteCount
    pipeline = try EncodingPipeline(chain)
  }

  /// A run of elements of a source.
  public struct Segment {
    let source: any BlobSource
    let range: Range<Int>

    /// Names the elements in `range` of `source`.
    ///
    /// - Precondition: `range` is inside the source.
    public init(_ source: any BlobSource, _ range: Range<Int>) {
      self.source = source
      self.range = range
    }
  }

  /// Encodes a chunk of the elements of `segments`, one segment after the other.
  ///
  /// - Parameters:
  ///   - segments: All elements of the chunk, in C order.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - fillValue: If every element equals it, nothing is encoded and `body` is not called.
  ///   - body: Is handed the encoded bytes, which are valid during the call.
  /// - Returns: Whether the chunk was encoded, and the bytes of its elements without their lengths.
  /// - Throws: ``ChunkError``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages. Does not allocate once the arenas
  ///   are large enough.
  public mutating func encode(
    _ segments: [Segment], shape: [Int]? = nil, unlessAllEqual fillValue: [UInt8]?,
    _ body: (RawSpan) throws -> Void
  ) throws -> (isEncoded: Bool, payloadByteCount: Int) {
    let payloadByteCount = try gather(segments)
    if let fillValue, chain.layout.elements(of: wire.bytes, allEqual: fillValue) {
      return (false, payloadByteCount)
    }
    if !segments.allSatisfy({ $0.range.isEmpty || $0.source.elementsAreText }) {
      try validateText(wire)
    }
    try pipeline.encode(&wire, shape: shape, body)
    return (true, payloadByteCount)
  }

  /// Encodes a chunk that is laid out already.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, as long as its header at least. A checksum may be appended to it.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - fillValue: If every element equals it, nothing is encoded and `body` is not called.
  ///   - body: Is handed the encoded bytes, which are valid during the call.
  /// - Returns: Whether the chunk was encoded.
  /// - Precondition: The elements are laid out as the chain's ``ElementLayout`` says. Text is validated here.
  /// - Throws: ``ChunkError``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func encode(
    _ chunk: inout ByteArena, shape: [Int]? = nil, unlessAllEqual fillValue: [UInt8]?,
    _ body: (RawSpan) throws -> Void
  ) throws -> Bool {
    if let fillValue, chain.layout.elements(of: chunk.bytes, allEqual: fillValue) { return false }
    try validateText(chunk)
    try pipeline.encode(&chunk, shape: shape, body)
    return true
  }

  /// Checks that the elements of a chunk in wire form are text, if the codec asks for it.
  private func validateText(_ chunk: borrowing ByteArena) throws(ChunkError) {
    guard chain.elementsAreText, chain.layout == .variable else { return }
    let chunk = chunk.bytes
    try VlenUTF8Codec.validate(
      chunk.extracting(WireForm.headerByteCount..<chunk.byteCount),
      count: Int(chunk.littleEndianUInt32(at: 0)))
  }

  /// Lays out the elements in the wire arena, and returns how many bytes they have.
  private mutating func gather(_ segments: [Segment]) throws(ChunkError) -> Int {
    var count = 0
    var payloadByteCount = 0
    for segment in segments {
      count += segment.range.count
      payloadByteCount = try sum(payloadByteCount, segment.source.byteCount(of: segment.range))
    }
    wire.removeAll()
    try wire.appendChunk(
      count: count, payloadByteCount: payloadByteCount, layout: chain.layout,
      maximumElementByteCount: maximumElementByteCount
    ) { writer throws(ChunkError) in
      for segment in segments {
        try segment.source.write(segment.range, to: &writer)
      }
    }
    return payloadByteCount
  }
}
