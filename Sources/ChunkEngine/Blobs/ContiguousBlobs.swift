/// Elements that lie back to back in somebody's memory, with offsets as Arrow has them.
///
///     offsets   0    3    3        9        (count + 1 of them)
///     bytes    [a b c][   ][d e f g h i]
///
/// It borrows the memory, so it exists only inside of
/// ``withContiguousBlobs(_:offsets:_:)-(_,Span<Int64>,_)``.
@safe
struct ContiguousBlobs<Offset: FixedWidthInteger & Sendable>: BlobSource {
  // SAFETY: Nobody writes while the call that made the value runs, and the value does not outlive the call.
  private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
  private nonisolated(unsafe) let offsets: UnsafeBufferPointer<Offset>

  /// Borrows memory that outlives the value.
  init(borrowing bytes: UnsafeRawBufferPointer, offsets: UnsafeBufferPointer<Offset>) {
    unsafe self.bytes = unsafe bytes
    unsafe self.offsets = unsafe offsets
  }

  var count: Int { unsafe max(0, offsets.count - 1) }

  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    guard !range.isEmpty else { return 0 }
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    let lower = unsafe Int(clamping: offsets[range.lowerBound])
    let upper = unsafe Int(clamping: offsets[range.upperBound])
    guard lower >= 0, upper >= lower, unsafe upper <= bytes.count else {
      throw .invalidOffsets(index: range.lowerBound)
    }
    return upper - lower
  }

  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    guard !range.isEmpty else { return }
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    try unsafe writer.append(
      contiguous: bytes,
      offsets: UnsafeBufferPointer(rebasing: offsets[range.lowerBound...range.upperBound]))
  }
}

/// Calls `body` with the elements that lie back to back in `bytes`, between each of `offsets` and the next.
///
/// Nothing is copied: the elements are read where they are. This is the layout of Arrow's `LargeBinary`.
///
/// - Precondition: `body` does not keep its argument.
/// - Throws: What `body` throws. Offsets are checked as they are used: ``ChunkError/invalidOffsets(index:)``.
public func withContiguousBlobs<Result>(
  _ bytes: RawSpan, offsets: Span<Int64>, _ body: (any BlobSource) throws -> Result
) rethrows -> Result {
  try withBlobs(bytes, offsets: offsets, body)
}

/// Calls `body` with the elements that lie back to back in `bytes`, between each of `offsets` and the next.
///
/// Nothing is copied: the elements are read where they are. This is the layout of small Arrow-like tables.
///
/// - Precondition: `body` does not keep its argument.
/// - Throws: What `body` throws. Offsets are checked as they are used: ``ChunkError/invalidOffsets(index:)``.
public func withContiguousBlobs<Result>(
  _ bytes: RawSpan, offsets: Span<UInt32>, _ body: (any BlobSource) throws -> Result
) rethrows -> Result {
  try withBlobs(bytes, offsets: offsets, body)
}

private func withBlobs<Offset: FixedWidthInteger & Sendable, Result>(
  _ bytes: RawSpan, offsets: Span<Offset>, _ body: (any BlobSource) throws -> Result
) rethrows -> Result {
  try unsafe bytes.withUnsafeBytes { bytes in
    try unsafe offsets.withUnsafeBufferPointer { offsets in
      // SAFETY: Both are borrowed until this call returns.
      try body(unsafe ContiguousBlobs(borrowing: bytes, offsets: offsets))
    }
  }
}
