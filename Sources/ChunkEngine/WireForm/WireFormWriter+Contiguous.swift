extension WireFormWriter {
  /// Appends the elements that lie back to back in `bytes`, between each of `offsets` and the next.
  ///
  /// This is the hot loop of bulk writing. Each element is checked: offsets never decrease, stay inside of
  /// `bytes`, and the element fits in the memory that is left.
  ///
  /// - Throws: ``ChunkError/invalidOffsets(index:)``, ``ChunkError/elementTooLarge(index:byteCount:limit:)``
  ///   and ``ChunkError/sourceChanged``.
  /// - Complexity: O(*n*) where *n* is the size of the elements. Does not allocate.
  mutating func append<Offset: FixedWidthInteger>(
    contiguous bytes: UnsafeRawBufferPointer, offsets: UnsafeBufferPointer<Offset>
  ) throws(ChunkError) {
    guard offsets.count > 1, let base = bytes.baseAddress else {
      return try unsafe appendEmpty(count: max(0, offsets.count - 1), offsets: offsets)
    }
    guard fixedByteCount < 0 else { return try unsafe append(fixed: bytes, offsets: offsets) }
    // Kept in registers: the compiler cannot know that writing an element leaves the writer itself alone.
    var cursor = unsafe self.cursor
    defer { unsafe self.cursor = unsafe cursor }
    let limit = UInt64(maximumElementByteCount)
    let byteCount = bytes.count
    var lower = Int(truncatingIfNeeded: unsafe offsets[0])
    guard lower >= 0, lower <= byteCount else { throw .invalidOffsets(index: count) }

    for index in 1..<offsets.count {
      let upper = Int(truncatingIfNeeded: unsafe offsets[index])
      let length = upper &- lower
      // As an unsigned number a negative length is above every limit.
      guard UInt64(bitPattern: Int64(length)) <= limit, upper <= byteCount else {
        guard upper >= lower, upper <= byteCount else { throw .invalidOffsets(index: count) }
        throw .elementTooLarge(index: count, byteCount: length, limit: maximumElementByteCount)
      }
      guard unsafe length <= end - cursor - WireForm.lengthByteCount else { throw .sourceChanged }
      unsafe cursor.storeBytes(of: UInt32(truncatingIfNeeded: length).littleEndian, as: UInt32.self)
      unsafe cursor += WireForm.lengthByteCount
      // SAFETY: The element lies in `bytes` and fits. The slack behind every arena takes what a short copy
      // writes beyond the element; the source is read beyond it only where it has that much left.
      unsafe copyElement(to: cursor, from: base + lower, byteCount: length, readable: byteCount &- lower)
      unsafe cursor += length
      lower = upper
      count &+= 1
    }
  }

  /// Appends elements that all must have the same size, without their lengths.
  private mutating func append<Offset: FixedWidthInteger>(
    fixed bytes: UnsafeRawBufferPointer, offsets: UnsafeBufferPointer<Offset>
  ) throws(ChunkError) {
    for index in 1..<offsets.count {
      let lower = Int(truncatingIfNeeded: unsafe offsets[index - 1])
      let upper = Int(truncatingIfNeeded: unsafe offsets[index])
      guard lower >= 0, lower <= upper, upper <= bytes.count else { throw .invalidOffsets(index: count) }
      try append(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[lower..<upper])))
    }
  }

  /// Appends elements for which there are no bytes, so that all must be empty.
  private mutating func appendEmpty<Offset: FixedWidthInteger>(
    count: Int, offsets: UnsafeBufferPointer<Offset>
  ) throws(ChunkError) {
    for index in 0..<count {
      guard unsafe offsets[index] == 0, unsafe offsets[index + 1] == 0 else {
        throw .invalidOffsets(index: self.count)
      }
      _ = try unsafe appendLength(0)
    }
  }
}

/// Copies one element, small ones in blocks of 64 bytes.
///
/// `memcpy` chooses by size, and on elements of mixed small sizes the processor guesses wrong: blocks of a
/// fixed width are up to four times as fast. They touch up to 64 bytes behind the element on both sides, of
/// which `readable` and `writable` say whether they are there and belong to nobody else. Behind what an arena
/// holds they always are, as the slack of ``RawMemory``.
///
/// - Precondition: `readable` and `writable` are at least `byteCount`, unless they are left out.
@inline(__always)
func copyElement(
  to destination: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int,
  readable: Int = Int.max, writable: Int = Int.max
) {
  // At least one block, also for an empty element.
  let blockEnd = (byteCount &+ 64) & ~63
  if byteCount <= 256 && readable >= blockEnd && writable >= blockEnd {
    var offset = 0
    repeat {
      let first = unsafe source.loadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self)
      let second = unsafe source.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD32<UInt8>.self)
      unsafe destination.storeBytes(of: first, toByteOffset: offset, as: SIMD32<UInt8>.self)
      unsafe destination.storeBytes(of: second, toByteOffset: offset &+ 32, as: SIMD32<UInt8>.self)
      offset &+= 64
    } while offset < byteCount
  } else {
    unsafe destination.copyMemory(from: source, byteCount: byteCount)
  }
}
