/// Elements back to back in one buffer, with the offset of each: Arrow's `LargeBinary` layout.
///
///     offsets   0    3    3        9        (count + 1 of them)
///     bytes    [a b c][   ][d e f g h i]
///
/// Copies of a batch share its memory, which never changes.
@safe
public struct BlobBatch: Sendable {
  private let payload: SharedBytes
  private let offsetBytes: SharedBytes

  /// The number of elements.
  public let count: Int

  /// Takes over the memory of a builder.
  ///
  /// - Precondition: `offsets` holds `count + 1` offsets that start at 0, never decrease and end at the size
  ///   of `payload`.
  init(payload: SharedBytes, offsets: SharedBytes, count: Int) {
    self.payload = payload
    offsetBytes = offsets
    self.count = count
  }

  /// The bytes of all elements.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get { payload.bytes }
  }

  /// The offset of each element in ``bytes``, followed by the size of ``bytes``.
  public var offsets: Span<Int64> {
    @_lifetime(borrow self)
    get {
      // SAFETY: The builder wrote whole offsets, and the memory is aligned for them.
      let start = unsafe offsetBytes.baseAddress.assumingMemoryBound(to: Int64.self)
      let offsets = unsafe Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count + 1))
      return unsafe _overrideLifetime(offsets, borrowing: self)
    }
  }

  /// The bytes of the element at `index`.
  ///
  /// - Precondition: `index` is at least 0 and less than ``count``.
  /// - Complexity: O(1). Copies nothing.
  public subscript(index: Int) -> RawSpan {
    @_lifetime(borrow self)
    get {
      precondition(index >= 0 && index < count, "index \(index) is outside of \(count) elements")
      let offsets = offsets
      let element = bytes.extracting(Int(offsets[index])..<Int(offsets[index + 1]))
      return unsafe _overrideLifetime(element, borrowing: self)
    }
  }

  /// Whether each element is UTF-8: all together are, and no element begins within a character.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  package var areText: Bool {
    let (bytes, offsets) = (bytes, offsets)
    guard bytes.isWellFormedText else { return false }
    return (0..<count).allSatisfy { index in
      let start = Int(offsets[index])
      guard start < bytes.byteCount else { return true }
      return unsafe bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) & 0xC0 != 0x80
    }
  }

  private func withSource<Result, Failure>(
    _ body: (ContiguousBlobs) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe bytes.withUnsafeBytes { bytes throws(Failure) in
      try unsafe offsets.withUnsafeBufferPointer { offsets throws(Failure) in
        // SAFETY: The batch keeps the memory until this call returns.
        try body(unsafe ContiguousBlobs(borrowing: bytes, offsets: offsets))
      }
    }
  }
}

extension BlobBatch: BlobSource {
  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    try withSource { source throws(ChunkError) in try source.byteCount(of: range) }
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try withSource { source throws(ChunkError) in try source.write(range, to: &writer) }
  }

  public func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    try withSource { source throws(any Error) in try source.showElements(in: range, body) }
  }
}

/// Collects elements into a ``BlobBatch``.
public struct BlobBatchBuilder: ~Copyable {
  private var payload = ByteArena()
  private var offsets = ByteArena()

  /// The number of elements so far.
  public private(set) var count = 0

  /// Creates a builder with room for `count` elements of `byteCount` bytes together.
  ///
  /// Both numbers are hints. The builder grows beyond them.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  public init(count: Int = 0, byteCount: Int = 0) throws(ChunkError) {
    try payload.reserve(byteCount)
    try offsets.reserve((max(0, count) + 1) * MemoryLayout<Int64>.stride)
    try appendOffset(0)
  }

  /// The byte count of the elements so far.
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
      // The next element must not begin with bytes of this one.
      payload.truncate(to: start)
      throw error
    }
    count += 1
  }

  /// Appends all elements of a chunk in wire form.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` if the chunk is damaged. The builder cannot be used after that.
  /// - Complexity: Amortized O(*n*) where *n* is the size of the chunk.
  public mutating func append(
    wireForm chunk: SharedBytes, expectedCount: Int, codec: String = "vlen-bytes"
  ) throws(ChunkError) {
    try append(wireForm: chunk.bytes, expectedCount: expectedCount, codec: codec)
  }

  /// Appends all elements of a chunk in wire form.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header, in the memory of an arena.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` if the chunk is damaged. The builder cannot be used after that.
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
              // SAFETY: Both have the room that `compact` needs, and arenas align their memory for offsets.
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

  /// Removes all elements and keeps the memory.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(1)
  public mutating func removeAll() throws(ChunkError) {
    payload.removeAll()
    offsets.removeAll()
    count = 0
    try appendOffset(0)
  }

  /// Returns the batch.
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
