/// Collects elements one after the other into a ``BlobBatch``.
public struct BlobBatchBuilder: ~Copyable {
  private var payload = ByteArena()
  private var offsets = ByteArena()

  /// The number of elements so far.
  public private(set) var count = 0

  /// Creates a builder with room for elements of `byteCount` bytes together.
  ///
  /// Both numbers are hints, the builder grows beyond them.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(count: Int = 0, byteCount: Int = 0) throws(ChunkError) {
    try payload.reserve(byteCount)
    try offsets.reserve((max(0, count) + 1) * MemoryLayout<Int64>.stride)
    try appendOffset(0)
  }

  /// The number of bytes of the elements so far.
  public var byteCount: Int { payload.count }

  /// Appends a copy of `element`.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: Amortized O(*n*) where *n* is the size of the element.
  public mutating func append(_ element: RawSpan) throws(ChunkError) {
    try append(addingCapacity: element.byteCount) { output throws(ChunkError) in
      output.append(copying: element)
    }
  }

  /// Appends an element of up to `byteCount` bytes that `initializer` writes.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `initializer` throws.
  /// - Complexity: Amortized O(`byteCount`)
  public mutating func append(
    addingCapacity byteCount: Int,
    initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    let start = payload.count
    do throws(ChunkError) {
      try payload.append(addingCapacity: byteCount, initializingWith: initializer)
      try appendOffset(payload.count)
    } catch {
      // What was written of the element must not begin the next one.
      payload.truncate(to: start)
      throw error
    }
    count += 1
  }

  /// Appends all elements of a chunk in wire form.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that it must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk; the batch is then of no use.
  /// - Complexity: Amortized O(*n*) where *n* is the size of the chunk.
  public mutating func append(
    wireForm chunk: SharedBytes, expectedCount: Int, codec: String = VlenBytesCodec.name
  ) throws(ChunkError) {
    try append(wireForm: chunk.bytes, expectedCount: expectedCount, codec: codec)
  }

  /// Appends all elements of a chunk in wire form.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header, in the memory of an arena.
  ///   - expectedCount: The number of elements that it must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk; the batch is then of no use.
  /// - Complexity: O(*n*) where *n* is the size of the chunk.
  mutating func append(wireForm chunk: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    let payloadByteCount = try WireForm.payloadByteCount(
      of: chunk, expectedCount: expectedCount, codec: codec)
    let base = Int64(payload.count)
    try unsafe chunk.withUnsafeBytes { chunk throws(ChunkError) in
      try payload.append(addingCapacity: payloadByteCount) { output throws(ChunkError) in
        try unsafe output.appendUnsafe { payload throws(ChunkError) in
          try offsets.append(addingCapacity: expectedCount * MemoryLayout<Int64>.stride) {
            ends throws(ChunkError) in
            try unsafe ends.appendUnsafe { ends throws(ChunkError) in
              guard let payload = payload.baseAddress, let ends = ends.baseAddress else { return 0 }
              // SAFETY: Both have the room that `compact` asks for, and arenas align their memory for
              // offsets.
              try unsafe WireForm.compact(
                chunk, expectedCount: expectedCount, payload: payload,
                ends: ends.assumingMemoryBound(to: Int64.self), base: base, codec: codec)
              return expectedCount * MemoryLayout<Int64>.stride
            }
          }
          return payloadByteCount
        }
      }
    }
    count += expectedCount
  }

  /// Forgets all elements and keeps the memory.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(1)
  public mutating func removeAll() throws(ChunkError) {
    payload.removeAll()
    offsets.removeAll()
    count = 0
    try appendOffset(0)
  }

  /// Ends the batch.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(1). Copies nothing.
  public consuming func finish() throws(ChunkError) -> BlobBatch {
    BlobBatch(payload: try payload.takeBytes(), offsets: try offsets.takeBytes(), count: count)
  }

  private mutating func appendOffset(_ offset: Int) throws(ChunkError) {
    try offsets.append(addingCapacity: MemoryLayout<Int64>.stride) { output throws(ChunkError) in
      // SAFETY: `Int64` has no padding.
      unsafe output.append(Int64(offset), as: Int64.self)
    }
  }
}
