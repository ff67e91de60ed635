/// Decodes chunk after chunk for one worker, and shows the elements of each without keeping them.
public struct ChunkScanner: ~Copyable {
  private let codec: String
  private let layout: ElementLayout
  private var decoder: ChunkDecoder
  private let follower: WireFormFollower

  /// Elements of fixed size that do not stand back to back in their chunk.
  private var packed = ByteArena()

  /// Creates a scanner.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    codec = chain.elementCodecName
    follower = WireFormFollower(codec: codec)
    layout = chain.layout
    decoder = try ChunkDecoder(chain, limits: limits)
  }

  /// Reads and decodes a chunk, and hands the elements of `runs` to `body`.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - shape: The number of elements along each dimension, needed if the chain ``CodecChain/needsShape``.
  ///   - runs: The elements to show, in the order of the chunk.
  ///   - stopsAfterRuns: Whether what is after them need not be decoded. Damage there may not be found.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  ///   - body: Is handed the elements, which are valid during the call.
  /// - Returns: Whether the chunk is stored.
  /// - Precondition: Runs do not overlap and follow each other in the chunk.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func scan(
    count: Int, shape: [Int]? = nil, runs: [ElementRun], stopsAfterRuns: Bool = false,
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool, _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    if case .fixed(let byteCount) = layout {
      return try Self.scanPacked(
        &decoder, &packed, codec: codec, count: count, shape: shape, elementByteCount: byteCount, runs: runs,
        read, body)
    }
    follower.begin(count: count, runs: runs, stopsAfterRuns: stopsAfterRuns)
    guard try decoder.decode(for: follower, shape: shape, read) else { return false }
    try follower.show(body)
    return true
  }

  /// Shows one element again and again, in place of a chunk that is not stored.
  ///
  /// - Precondition: `element` is well-formed, as ``ElementLayout/sharedElement(_:)`` makes it.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws.
  /// - Complexity: O(1), without what `body` does.
  public mutating func scan(
    repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void
  ) throws {
    if case .fixed(let byteCount) = layout {
      return try body(
        unsafe BlobSpan(
          packed: element.baseAddress, elementByteCount: byteCount, count: count, isRepeated: true))
    }
    try follower.show(repeating: element, count: count, body)
  }

  private static func scanPacked(
    _ decoder: inout ChunkDecoder, _ packed: inout ByteArena, codec: String, count: Int, shape: [Int]?,
    elementByteCount: Int, runs: [ElementRun], _ read: (inout ByteArena, DecodingLimits) throws -> Bool,
    _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    try decoder.withDecoded(shape: shape, read) { chunk in
      try ElementLayout.fixed(byteCount: elementByteCount).checkByteCount(
        chunk.byteCount, count: count, codec: codec)
      func bytes(_ run: ElementRun) -> Range<Int> {
        run.chunkIndex * elementByteCount..<(run.chunkIndex + run.count) * elementByteCount
      }
      if runs.count == 1 {
        return try show(chunk.extracting(bytes(runs[0])), elementByteCount, count: runs[0].count, body)
      }
      packed.removeAll()
      for run in runs {
        try packed.append(copying: chunk.extracting(bytes(run)))
      }
      try show(packed.bytes, elementByteCount, count: runs.reduce(0) { $0 + $1.count }, body)
    }
  }

  /// Shows elements of fixed size that stand back to back.
  private static func show(
    _ elements: RawSpan, _ elementByteCount: Int, count: Int, _ body: (BlobSpan) throws -> Void
  ) throws {
    try unsafe elements.withUnsafeBytes { elements in
      guard let start = elements.baseAddress else { return try body(unsafe BlobSpan(slots: nil, count: 0)) }
      try body(unsafe BlobSpan(packed: start, elementByteCount: elementByteCount, count: count))
    }
  }
}
