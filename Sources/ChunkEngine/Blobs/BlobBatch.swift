/// Elements back to back in one buffer, with the offset of each: Arrow's `LargeBinary` layout.
///
///     offsets   0    3    3        9        (count + 1 of them)
///     bytes    [a b c][   ][d e f g h i]
///
/// A batch is a value: copies share its memory, which never changes.
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

  /// The offset of each element in ``bytes``, and behind the last one the size of ``bytes``.
  public var offsets: Span<Int64> {
    @_lifetime(borrow self)
    get {
      // SAFETY: The builder wrote whole offsets, and memory is aligned for them.
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

  private func withSource<Result>(
    _ body: (ContiguousBlobs) throws(ChunkError) -> Result
  ) throws(ChunkError) -> Result {
    try unsafe bytes.withUnsafeBytes { bytes throws(ChunkError) in
      try unsafe offsets.withUnsafeBufferPointer { offsets throws(ChunkError) in
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
}
