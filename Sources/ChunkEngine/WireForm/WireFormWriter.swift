/// Writes elements in wire form, or back to back if all have the same size, into memory that was reserved.
///
/// Every element is checked against the memory that is left before its first byte is written, so a source
/// that announced less than it gives is an error and never an overrun.
///
/// A measured kernel, hence the pointers: an element costs about half of the instructions of one that goes
/// through a chain of spans.
@safe
public struct WireFormWriter: ~Copyable {
  @usableFromInline let start: UnsafeMutableRawPointer
  @usableFromInline var cursor: UnsafeMutableRawPointer
  @usableFromInline let end: UnsafeMutableRawPointer

  /// The largest element that is accepted.
  public let maximumElementByteCount: Int

  /// The bytes of every element, if they stand back to back without their lengths, or -1.
  @usableFromInline let fixedByteCount: Int

  @usableFromInline var writtenCount = 0

  /// The number of elements written.
  public var count: Int { writtenCount }

  /// Creates a writer for `byteCount` bytes at `start`, which ``RawMemory`` slack follows.
  init(
    start: UnsafeMutableRawPointer, byteCount: Int, maximumElementByteCount: Int, fixedByteCount: Int? = nil
  ) {
    self.fixedByteCount = fixedByteCount ?? -1
    unsafe self.start = start
    unsafe cursor = start
    unsafe end = start + byteCount
    self.maximumElementByteCount = min(maximumElementByteCount, WireForm.maximumElementByteCount)
  }

  /// The number of bytes written, lengths included.
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
      // SAFETY: `appendLength` found the room for the element.
      unsafe destination.copyMemory(from: source, byteCount: element.count)
    }
  }

  /// Appends one element, unless it is larger than accepted or does not fit.
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
      // Whoever goes on must not find an element of whatever was in memory.
      unsafe cursor = unsafe start
      writtenCount = countBefore
      throw error
    }
  }

  /// Appends `element` as often as `count` says.
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
        // SAFETY: The line above found the room.
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

  /// Writes the length of the next element, moves on behind it and returns where its bytes go.
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

  /// Moves on behind the next element, which has no length in front, and returns where its bytes go.
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
