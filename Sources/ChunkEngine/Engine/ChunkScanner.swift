/// Decodes chunk after chunk for one worker, and shows the elements of each without keeping them.
public struct ChunkScanner: ~Copyable {
  private let codec: String
  private let layout: ElementLayout
  private var decoder: ChunkDecoder
  private var table = BlobTable()

  /// Elements of fixed size that do not stand back to back in their chunk.
  private var packed = ByteArena()

  /// Creates a scanner.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    codec = chain.elementCodecName
    layout = chain.layout
    decoder = try ChunkDecoder(chain, limits: limits)
  }

  /// Reads and decodes a chunk, and hands the elements of `runs` to `body`.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - shape: The number of elements along each axis, needed if the chain ``CodecChain/looksAtShape``.
  ///   - runs: The elements to show, in the order of the chunk.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  ///   - body: Is handed the elements, which are valid during the call.
  /// - Returns: Whether the chunk is stored.
  /// - Precondition: Runs do not overlap and follow each other in the chunk.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func scan(
    count: Int, shape: [Int]? = nil, runs: [ElementRun],
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool, _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    if case .fixed(let byteCount) = layout {
      return try Self.scanPacked(
        &decoder, &packed, codec: codec, count: count, shape: shape, elementByteCount: byteCount, runs: runs,
        read, body)
    }
    return try Self.scan(&decoder, &table, codec: codec, count: count, shape: shape, runs: runs, read, body)
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
    // One slot serves all: metadata may claim billions of elements of which none is stored.
    try table.reset(count: 1)
    unsafe table.slots(0..<1).update(repeating: element.baseAddress + WireForm.lengthByteCount)
    try body(table.repeatingFirst(count: count))
  }

  private static func scan(
    _ decoder: inout ChunkDecoder, _ table: inout BlobTable, codec: String, count: Int, shape: [Int]?,
    runs: [ElementRun], _ read: (inout ByteArena, DecodingLimits) throws -> Bool,
    _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    try decoder.withDecoded(shape: shape, read) { chunk in
      var cursor = try WireFormCursor(chunk, expectedCount: count, codec: codec)
      // The chunk has as many elements as it says or the cursor throws: the table is bounded by its bytes.
      try table.reset(count: runs.reduce(0) { $0 + $1.count })
      var position = 0
      for run in runs {
        try cursor.skip(run.chunkIndex - cursor.index)
        try unsafe cursor.next(into: table.slots(position..<position + run.count))
        position += run.count
      }
      try cursor.finish()
      try body(table.blobs)
    }
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
