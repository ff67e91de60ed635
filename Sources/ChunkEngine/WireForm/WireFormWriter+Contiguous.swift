internal import CKernels

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
    let byteCount = bytes.count
    let first = Int(truncatingIfNeeded: unsafe offsets[0])
    guard first >= 0, first <= byteCount else { throw .invalidOffsets(index: count) }

    var index = 1
    while index < offsets.count {
      if unsafe appendSmall(base, byteCount: byteCount, offsets, from: index &- 1, at: &cursor) {
        index &+= SmallElements.count
        continue
      }
      let laidOut = unsafe layOut(base, byteCount: byteCount, offsets, from: index &- 1, at: &cursor)
      index &+= laidOut
      guard laidOut < SmallElements.triedAgain, index < offsets.count else { continue }
      // One that is not in order, or near the end of the bytes.
      let lower = Int(truncatingIfNeeded: unsafe offsets[index &- 1])
      let upper = Int(truncatingIfNeeded: unsafe offsets[index])
      guard upper >= lower, upper <= byteCount else { throw .invalidOffsets(index: count) }
      unsafe self.cursor = unsafe cursor
      defer { unsafe cursor = unsafe self.cursor }
      // SAFETY: The element lies in `bytes`.
      try append(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: bytes[lower..<upper])))
      index &+= 1
    }
  }

  /// Appends the next elements, as many as are tried one by one, until one has to be looked at.
  ///
  /// - Returns: How many were appended.
  @inline(__always)
  private mutating func layOut<Offset: FixedWidthInteger>(
    _ bytes: UnsafeRawPointer, byteCount: Int, _ offsets: UnsafeBufferPointer<Offset>, from first: Int,
    at cursor: inout UnsafeMutableRawPointer
  ) -> Int {
    guard let start = unsafe offsets.baseAddress.map({ unsafe $0 + first }) else { return 0 }
    let elements = unsafe CKernelsElements(
      bytes: bytes.assumingMemoryBound(to: UInt8.self), byte_count: byteCount, offsets: start,
      has_64_bit_offsets: Offset.bitWidth == 64,
      count: min(offsets.count &- first &- 1, SmallElements.triedAgain),
      largest: UInt32(truncatingIfNeeded: maximumElementByteCount))
    // SAFETY: The kernel checks each element against the bytes and against the room, behind which is the slack.
    let done = unsafe ckernels_lay_out(elements, cursor, end - cursor)
    unsafe cursor += done.byte_count
    writtenCount &+= done.element_count
    return done.element_count
  }

  /// Appends the next eight elements if there are as many, all of them are small, and all of them fit.
  ///
  /// - Returns: Whether they were appended. If they were not, each of them has to be looked at.
  @inline(__always)
  private mutating func appendSmall<Offset: FixedWidthInteger>(
    _ bytes: UnsafeRawPointer, byteCount: Int, _ offsets: UnsafeBufferPointer<Offset>, from first: Int,
    at cursor: inout UnsafeMutableRawPointer
  ) -> Bool {
    guard first &+ SmallElements.count < offsets.count, maximumElementByteCount >= SmallElements.byteCount,
      let offsets = unsafe offsets.baseAddress.map({ unsafe $0 + first }),
      let upper = unsafe SmallElements.end(of: offsets), upper <= byteCount &- SmallElements.byteCount
    else { return false }
    let lower = Int(truncatingIfNeeded: unsafe offsets[0])
    guard
      unsafe upper &- lower <= end - cursor &- SmallElements.count &* WireForm.lengthByteCount
    else { return false }
    // SAFETY: The elements lie in `bytes`, where the last copy may touch as much as it does, and fit. Behind
    // them is the slack of the arena.
    unsafe cursor = unsafe SmallElements.layOut(bytes, offsets, to: cursor)
    writtenCount &+= SmallElements.count
    return true
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
