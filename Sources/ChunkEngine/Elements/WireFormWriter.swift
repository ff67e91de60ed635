import CKernels

/// Writes elements in wire form, or back to back if they have a fixed size, into reserved memory.
///
/// Every element is checked against the remaining memory before its first byte is written. So a source that
/// gives more than it announced is an error and never an overrun.
///
/// This is a measured kernel with pointers: it needs about half of the instructions of a chain of spans.
@safe
public struct WireFormWriter: ~Copyable {
  @usableFromInline let start: UnsafeMutableRawPointer
  @usableFromInline var cursor: UnsafeMutableRawPointer
  @usableFromInline let end: UnsafeMutableRawPointer

  /// The largest element that is accepted.
  public let maximumElementByteCount: Int

  /// The byte count of every element if they stand back to back without lengths, otherwise -1.
  @usableFromInline let fixedByteCount: Int

  @usableFromInline var writtenCount = 0

  /// The number of elements written.
  public var count: Int { writtenCount }

  /// Creates a writer for `byteCount` bytes at `start`.
  ///
  /// The slack of ``RawMemory`` must follow them.
  init(
    start: UnsafeMutableRawPointer, byteCount: Int, maximumElementByteCount: Int, fixedByteCount: Int? = nil
  ) {
    self.fixedByteCount = fixedByteCount ?? -1
    unsafe self.start = start
    unsafe cursor = start
    unsafe end = start + byteCount
    self.maximumElementByteCount = min(maximumElementByteCount, WireForm.maximumElementByteCount)
  }

  /// The number of bytes written, including lengths.
  public var byteCount: Int { unsafe cursor - start }

  /// The number of bytes that can still be written.
  public var freeByteCount: Int { unsafe end - cursor }

  /// Appends one element.
  ///
  /// - Throws: ``ChunkError/elementTooLarge(index:byteCount:limit:)``, and ``ChunkError/sourceChanged`` if
  ///   the element does not fit in what was announced.
  /// - Complexity: O(*n*) where *n* is the size of the element. Does not allocate.
  @inlinable @inline(__always)
  public mutating func append(_ element: RawSpan) throws(ChunkError) {
    let destination = try unsafe appendLength(element.byteCount)
    unsafe element.withUnsafeBytes { element in
      guard let source = element.baseAddress else { return }
      // SAFETY: `appendLength` checked that the element fits.
      unsafe destination.copyMemory(from: source, byteCount: element.count)
    }
  }

  /// Appends one element if it is not too large and fits.
  ///
  /// - Returns: Whether it was appended.
  /// - Complexity: O(*n*) where *n* is the size of the element. Does not allocate.
  @inlinable @inline(__always)
  public mutating func appendIfFits(_ element: RawSpan) -> Bool {
    let byteCount = element.byteCount
    let isVariable = fixedByteCount < 0
    guard isVariable ? byteCount <= maximumElementByteCount : byteCount == fixedByteCount,
      byteCount <= freeByteCount - (isVariable ? WireForm.lengthByteCount : 0)
    else { return false }
    do {
      try append(element)
      return true
    } catch {
      return false
    }
  }

  /// Appends one element of `byteCount` bytes that `initializer` writes.
  ///
  /// - Throws: As ``append(_:)``, ``ChunkError/sourceChanged`` also if `initializer` writes fewer bytes, and
  ///   what `initializer` throws.
  /// - Complexity: O(`byteCount`). Does not allocate.
  public mutating func append(
    byteCount: Int, initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    let (start, countBefore) = unsafe (cursor, writtenCount)
    let destination = try unsafe appendLength(byteCount)
    let room = unsafe UnsafeMutableRawBufferPointer(start: destination, count: byteCount)
    var output = unsafe OutputRawSpan(buffer: room, initializedCount: 0)
    do throws(ChunkError) {
      try initializer(&output)
      guard unsafe output.finalize(for: room) == byteCount else { throw .sourceChanged }
    } catch {
      // If the caller goes on, the chunk must not have an element of uninitialized memory.
      unsafe cursor = unsafe start
      writtenCount = countBefore
      throw error
    }
  }

  /// Appends `element` `count` times.
  ///
  /// - Precondition: `count` is not negative.
  /// - Throws: As ``append(_:)``.
  /// - Complexity: O(*n* · `count`) where *n* is the size of the element.
  public mutating func append(repeating element: RawSpan, count: Int) throws(ChunkError) {
    for _ in 0..<count {
      try append(element)
    }
  }

  /// Appends `count` elements that stand back to back in `elements`.
  ///
  /// - Precondition: All elements have the same size, which is not 0.
  /// - Throws: As ``append(_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public mutating func append(packed elements: RawSpan, elementByteCount: Int) throws(ChunkError) {
    if elementByteCount == fixedByteCount {
      guard elements.byteCount <= freeByteCount else { throw .sourceChanged }
      let destination = unsafe cursor
      unsafe elements.withUnsafeBytes { elements in
        guard let source = elements.baseAddress else { return }
        // SAFETY: The line above checked that the elements fit.
        unsafe destination.copyMemory(from: source, byteCount: elements.count)
      }
      unsafe cursor += elements.byteCount
      writtenCount += elements.byteCount / elementByteCount
      return
    }
    for start in stride(from: 0, to: elements.byteCount, by: elementByteCount) {
      try append(elements.extracting(start..<start + elementByteCount))
    }
  }

  /// Writes the length of the next element, advances past the element, and returns where its bytes go.
  @inlinable @inline(__always)
  mutating func appendLength(_ byteCount: Int) throws(ChunkError) -> UnsafeMutableRawPointer {
    guard byteCount <= maximumElementByteCount else {
      throw .elementTooLarge(index: count, byteCount: byteCount, limit: maximumElementByteCount)
    }
    if fixedByteCount >= 0 { return try unsafe appendRoom(byteCount) }
    guard byteCount >= 0, byteCount <= freeByteCount - WireForm.lengthByteCount else { throw .sourceChanged }
    unsafe cursor.storeBytes(of: UInt32(truncatingIfNeeded: byteCount).littleEndian, as: UInt32.self)
    let destination = unsafe cursor + WireForm.lengthByteCount
    unsafe cursor = unsafe destination + byteCount
    writtenCount += 1
    return unsafe destination
  }

  /// Advances past the next element, which has no length in front, and returns where its bytes go.
  @usableFromInline
  mutating func appendRoom(_ byteCount: Int) throws(ChunkError) -> UnsafeMutableRawPointer {
    guard byteCount == fixedByteCount else {
      throw .byteCountMismatch(codec: "element \(count)", found: byteCount, expected: fixedByteCount)
    }
    guard byteCount <= freeByteCount else { throw .sourceChanged }
    let destination = unsafe cursor
    unsafe cursor += byteCount
    writtenCount += 1
    return unsafe destination
  }
}

extension WireFormWriter {
  /// Appends the elements that lie back to back in `bytes`, between each of `offsets` and the next.
  ///
  /// This is the hot loop of bulk writing. For each element it checks that offsets do not decrease, that they
  /// stay inside `bytes`, and that the element fits in the remaining memory.
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
    // In registers, since the compiler cannot know that writing an element does not change the writer.
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
      // An element that is out of order, or near the end of the bytes.
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

  /// Appends the next elements one by one, up to a fixed number, and stops before an element that needs a
  /// closer check.
  ///
  /// - Returns: The number of elements appended.
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
    // SAFETY: The kernel checks each element against `bytes` and against the remaining memory. The slack
    // follows that.
    let done = unsafe ckernels_lay_out(elements, cursor, end - cursor)
    unsafe cursor += done.byte_count
    writtenCount &+= done.element_count
    return done.element_count
  }

  /// Appends the next eight elements if there are eight, all of them are small, and all of them fit.
  ///
  /// - Returns: Whether they were appended. If not, check each of them.
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
    // SAFETY: The elements lie in `bytes`, with enough bytes after them for the last copy, and they fit. The
    // slack of the arena follows them.
    unsafe cursor = unsafe SmallElements.layOut(bytes, offsets, to: cursor)
    writtenCount &+= SmallElements.count
    return true
  }

  /// Appends elements without lengths.
  ///
  /// All must have the fixed size.
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

  /// Appends elements of a source without bytes.
  ///
  /// All must be empty.
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

extension ByteArena {
  /// Appends one element in wire form.
  ///
  /// - Parameters:
  ///   - element: The bytes of the element.
  ///   - index: The index of the element in its chunk, for errors.
  ///   - maximumElementByteCount: The largest element that is accepted.
  /// - Throws: ``ChunkError/elementTooLarge(index:byteCount:limit:)`` and
  ///   ``ChunkError/outOfMemory(byteCount:)``. The arena is then as before.
  /// - Complexity: Amortized O(*n*) where *n* is the size of the element.
  public mutating func appendElement(
    _ element: RawSpan, index: Int, maximumElementByteCount: Int
  ) throws(ChunkError) {
    let limit = min(maximumElementByteCount, WireForm.maximumElementByteCount)
    guard element.byteCount <= limit else {
      throw .elementTooLarge(index: index, byteCount: element.byteCount, limit: limit)
    }
    try reserve(element.byteCount + WireForm.lengthByteCount)
    guard let target = unsafe free.baseAddress else { return }
    unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: element.byteCount).littleEndian, as: UInt32.self)
    unsafe element.withUnsafeBytes { element in
      guard let source = element.baseAddress else { return }
      // SAFETY: There is room for the length and the element.
      unsafe (target + WireForm.lengthByteCount).copyMemory(from: source, byteCount: element.count)
    }
    advance(by: WireForm.lengthByteCount + element.byteCount)
  }

  /// Appends elements that `body` writes, in wire form or, if the layout is fixed, back to back.
  ///
  /// The writer refuses elements that do not fit in `byteCount`. If `body` throws, the arena is as before.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``, and what `body` throws.
  /// - Complexity: O(`byteCount`), and O(`count` + `byteCount`) when the arena has to move.
  public mutating func appendElements(
    byteCount: Int, maximumElementByteCount: Int, layout: ElementLayout = .variable,
    writingWith body: (inout WireFormWriter) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    try reserve(byteCount)
    guard let start = unsafe free.baseAddress else { return }
    // SAFETY: `byteCount` bytes and the slack are free, and the writer does not outlive this call.
    var writer = unsafe WireFormWriter(
      start: start, byteCount: byteCount, maximumElementByteCount: maximumElementByteCount,
      fixedByteCount: layout.fixedByteCount)
    try body(&writer)
    advance(by: writer.byteCount)
  }

  /// Lends the free memory to a writer, which appends elements as ``appendElements`` does.
  ///
  /// Use it for elements that come one by one: each then costs one check and one copy.
  ///
  /// - Precondition: The arena is not used before ``endWriting(_:)``, and the writer is not used after it.
  package mutating func beginWriting(
    maximumElementByteCount: Int, layout: ElementLayout, limit: Int
  ) -> WireFormWriter? {
    let freeByteCount = min(capacity, limit) - count
    guard let start = unsafe free.baseAddress, freeByteCount > 0 else { return nil }
    return unsafe WireFormWriter(
      start: start, byteCount: freeByteCount, maximumElementByteCount: maximumElementByteCount,
      fixedByteCount: layout.fixedByteCount)
  }

  /// Takes the elements that a writer of ``beginWriting(maximumElementByteCount:layout:)`` has written.
  package mutating func endWriting(_ writer: consuming WireFormWriter) {
    precondition(unsafe free.baseAddress == writer.start, "it is not the arena's writer")
    advance(by: writer.byteCount)
  }
}
