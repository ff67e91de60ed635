/// Decodes chunk after chunk for one worker, and shows the elements of each without keeping them.
public struct ChunkScanner: ~Copyable {
  private let codec: String
  private var decoder: ChunkDecoder
  private var table = BlobTable()

  /// Creates a scanner.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(_ chain: CodecChain, limits: DecodingLimits = DecodingLimits()) throws(ChunkError) {
    codec = chain.elementCodecName
    decoder = try ChunkDecoder(chain, limits: limits)
  }

  /// Reads and decodes a chunk, and hands the elements of `runs` to `body`.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - runs: The elements to show, in the order of the chunk.
  ///   - read: Appends the stored bytes to its argument, or returns `false` if the chunk is not stored.
  ///   - body: Is handed the elements, which are valid during the call.
  /// - Returns: Whether the chunk is stored.
  /// - Precondition: Runs do not overlap and follow each other in the chunk.
  /// - Throws: ``ChunkError``, and what `read` and `body` throw.
  /// - Complexity: O(*n*) where *n* is the size of the chunk at all stages.
  public mutating func scan(
    count: Int, runs: [ElementRun], _ read: (inout ByteArena, DecodingLimits) throws -> Bool,
    _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    try Self.scan(&decoder, &table, codec: codec, count: count, runs: runs, read, body)
  }

  /// Shows one element again and again, in place of a chunk that is not stored.
  ///
  /// - Precondition: `element` is well-formed, as ``WireForm/sharedElement(_:)`` makes it.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws.
  /// - Complexity: O(1), without what `body` does.
  public mutating func scan(
    repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void
  ) throws {
    // One slot serves all: metadata may claim billions of elements of which none is stored.
    try table.reset(count: 1)
    unsafe table.slots(0..<1).update(repeating: element.baseAddress + WireForm.lengthByteCount)
    try body(table.repeatingFirst(count: count))
  }

  private static func scan(
    _ decoder: inout ChunkDecoder, _ table: inout BlobTable, codec: String, count: Int, runs: [ElementRun],
    _ read: (inout ByteArena, DecodingLimits) throws -> Bool, _ body: (BlobSpan) throws -> Void
  ) throws -> Bool {
    try decoder.withDecoded(read) { chunk in
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
}
