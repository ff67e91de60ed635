/// Elements back to back in the caller's memory, with Arrow's offsets.
///
///     offsets   0    3    3        9        (count + 1 of them)
///     bytes    [a b c][   ][d e f g h i]
///
/// It borrows the memory, so it exists only during ``withContiguousBlobs(_:offsets:_:)-(_,Span<Int64>,_)``, or a call of the
/// C interface.
@safe
package struct ContiguousBlobs: BlobSource {
  /// The offsets, in one of two types.
  ///
  /// Not a generic parameter, since calls through `any BlobSource` would not be specialized.
  @unsafe
  private enum Offsets {
    case int64(UnsafeBufferPointer<Int64>)
    case uint32(UnsafeBufferPointer<UInt32>)
  }

  // SAFETY: The memory does not change during the call that made the value, and the value does not outlive
  // the call.
  private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  private nonisolated(unsafe) let offsets: Offsets

  /// The number of elements.
  package let count: Int

  /// Borrows memory that outlives the value.
  package init(borrowing bytes: UnsafeRawBufferPointer, offsets: UnsafeBufferPointer<Int64>) {
    unsafe self.bytes = unsafe bytes
    unsafe self.offsets = unsafe .int64(offsets)
    count = max(0, offsets.count - 1)
  }

  /// Borrows memory that outlives the value.
  package init(borrowing bytes: UnsafeRawBufferPointer, offsets: UnsafeBufferPointer<UInt32>) {
    unsafe self.bytes = unsafe bytes
    unsafe self.offsets = unsafe .uint32(offsets)
    count = max(0, offsets.count - 1)
  }

  package func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    guard !range.isEmpty else { return 0 }
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    let (lower, upper) =
      switch unsafe offsets {
      case .int64(let offsets):
        unsafe (Int(offsets[range.lowerBound]), Int(offsets[range.upperBound]))
      case .uint32(let offsets):
        unsafe (Int(offsets[range.lowerBound]), Int(offsets[range.upperBound]))
      }
    guard lower >= 0, upper >= lower, unsafe upper <= bytes.count else {
      throw .invalidOffsets(index: range.lowerBound)
    }
    return upper - lower
  }

  package func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    guard !range.isEmpty else { return }
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    let bounds = range.lowerBound..<range.upperBound + 1
    switch unsafe offsets {
    case .int64(let offsets):
      try unsafe writer.append(contiguous: bytes, offsets: UnsafeBufferPointer(rebasing: offsets[bounds]))
    case .uint32(let offsets):
      try unsafe writer.append(contiguous: bytes, offsets: UnsafeBufferPointer(rebasing: offsets[bounds]))
    }
  }

  package func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    for index in range {
      // This checks the offsets.
      let byteCount = try byteCount(of: index..<index + 1)
      let start =
        switch unsafe offsets {
        case .int64(let offsets): unsafe Int(offsets[index])
        case .uint32(let offsets): unsafe Int(offsets[index])
        }
      try body(
        unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + byteCount])))
    }
    return true
  }
}

/// Calls `body` with the elements that lie back to back in `bytes`, between each of `offsets` and the next.
///
/// Nothing is copied: the elements are read where they are. Arrow's `LargeBinary` has this layout.
///
/// - Precondition: `body` does not keep its argument.
/// - Throws: What `body` throws. Bad offsets are found when they are used:
///   ``ChunkError/invalidOffsets(index:)``.
public func withContiguousBlobs<Result>(
  _ bytes: RawSpan, offsets: Span<Int64>, _ body: (any BlobSource) throws -> Result
) rethrows -> Result {
  try unsafe bytes.withUnsafeBytes { bytes in
    try unsafe offsets.withUnsafeBufferPointer { offsets in
      // SAFETY: Both are borrowed until this call returns.
      try body(unsafe ContiguousBlobs(borrowing: bytes, offsets: offsets))
    }
  }
}

/// Calls `body` with the elements that lie back to back in `bytes`, between each of `offsets` and the next.
///
/// Nothing is copied: the elements are read where they are. Small tables of Arrow have this layout.
///
/// - Precondition: `body` does not keep its argument.
/// - Throws: What `body` throws. Bad offsets are found when they are used:
///   ``ChunkError/invalidOffsets(index:)``.
public func withContiguousBlobs<Result>(
  _ bytes: RawSpan, offsets: Span<UInt32>, _ body: (any BlobSource) throws -> Result
) rethrows -> Result {
  try unsafe bytes.withUnsafeBytes { bytes in
    try unsafe offsets.withUnsafeBufferPointer { offsets in
      // SAFETY: Both are borrowed until this call returns.
      try body(unsafe ContiguousBlobs(borrowing: bytes, offsets: offsets))
    }
  }
}
