import CKernels

/// The bytes of a chunk of variable-length elements, as `vlen-bytes` and `vlen-utf8` lay them out.
///
///     +-------+------------+---------+------------+---------+ …
///     | count | byteCount₀ | bytes₀  | byteCount₁ | bytes₁  |
///     +-------+------------+---------+------------+---------+ …
///      u32     u32                    u32            all little endian, no padding
///
/// The elements stand in C order. See
/// [vlen-bytes](https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-bytes).
public enum WireForm {
  /// The bytes of the count before the elements.
  public static let headerByteCount = 4

  /// The bytes of the length before each element.
  public static let lengthByteCount = 4

  /// The largest number of elements in a chunk.
  public static let maximumElementCount = Int(UInt32.max)

  /// The largest element that the format can hold.
  public static let maximumElementByteCount = Int(UInt32.max)

  /// The largest element that every reader accepts.
  ///
  /// numcodecs reads lengths as signed numbers of 32 bits.
  public static let portableElementByteCount = Int(Int32.max)

  /// Checks the header of a chunk, and that the chunk is large enough for its elements.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - codec: The name of the codec, for errors.
  /// - Returns: The byte count of all elements without their lengths, if the chunk is valid.
  /// - Throws: ``ChunkError``. If nothing is thrown, the size of the chunk bounds the memory for its
  ///   elements.
  /// - Complexity: O(1)
  static func payloadByteCount(
    of chunk: RawSpan, expectedCount: Int, codec: String
  ) throws(ChunkError) -> Int {
    try payloadByteCount(
      ofChunkBeginning: chunk, byteCount: chunk.byteCount, expectedCount: expectedCount, codec: codec)
  }

  /// Checks the header of a chunk of `byteCount` bytes that begins with `bytes`, and that the chunk is large
  /// enough for its elements.
  ///
  /// - Precondition: The header is part of `bytes`, if the chunk is large enough to have one.
  static func payloadByteCount(
    ofChunkBeginning bytes: RawSpan, byteCount: Int, expectedCount: Int, codec: String
  ) throws(ChunkError) -> Int {
    guard byteCount >= headerByteCount else {
      throw .truncatedHeader(codec: codec, byteCount: byteCount, expected: headerByteCount)
    }
    let found = Int(bytes.littleEndianUInt32(at: 0))
    guard found == expectedCount else { throw .countMismatch(found: found, expected: expectedCount) }
    let available = byteCount - headerByteCount
    guard found * lengthByteCount <= available else {
      throw .truncatedElements(byteCount: byteCount, count: expectedCount)
    }
    return available - found * lengthByteCount
  }

  /// The byte count in wire form of `count` elements with `payloadByteCount` bytes, without the header.
  static func elementsByteCount(count: Int, payloadByteCount: Int) throws(ChunkError) -> Int {
    guard count <= maximumElementCount else { throw .tooManyElements(count: count) }
    let (total, overflow) = payloadByteCount.addingReportingOverflow(count * lengthByteCount)
    guard !overflow, total <= Int.max - headerByteCount else {
      throw .chunkTooLarge(byteCount: Int.max, limit: Int.max - headerByteCount)
    }
    return total
  }
}

extension WireForm {
  /// Whether all elements of a chunk in wire form equal `fillValue`.
  ///
  /// Equal elements repeat with a fixed period. So this checks the size and the first element, and compares
  /// the chunk with itself, shifted by an element.
  ///
  /// - Complexity: O(1) for chunks of another size, otherwise O(*n*) where *n* is the size of the chunk.
  static func elements(of chunk: RawSpan, allEqual fillValue: [UInt8]) -> Bool {
    let count = Int(chunk.littleEndianUInt32(at: 0))
    let period = lengthByteCount + fillValue.count
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: period)
    guard !overflow, chunk.byteCount - headerByteCount == byteCount else { return false }
    guard count > 0 else { return true }
    let elements = chunk.extracting(headerByteCount..<chunk.byteCount)
    guard Int(elements.littleEndianUInt32(at: 0)) == fillValue.count else { return false }
    guard elements.extracting(lengthByteCount..<period).isEqual(to: fillValue.rawSpan) else {
      return false
    }
    return elements.extracting(period..<byteCount).isEqual(to: elements.extracting(0..<byteCount - period))
  }
}

extension WireForm {
  /// Copies the elements of a chunk back to back and writes where each of them ends, in one pass.
  ///
  /// The hot loop of decoding to one contiguous batch.
  ///
  /// - Parameters:
  ///   - bytes: The chunk, with its header.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - payload: Where the elements go: at least `bytes.count - 4 - 4 * expectedCount` bytes, and the slack.
  ///   - ends: A slot for each element, for the offset of its end.
  ///   - base: The number to add to the offsets.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk.
  static func compact(
    _ bytes: UnsafeRawBufferPointer, expectedCount: Int, payload: UnsafeMutableRawPointer,
    ends: UnsafeMutablePointer<Int64>, base: Int64, codec: String
  ) throws(ChunkError) {
    // The payload has the size that the caller reserved, whatever the lengths say.
    var room = try payloadByteCount(
      of: unsafe RawSpan(_unsafeBytes: bytes), expectedCount: expectedCount, codec: codec)
    guard let start = bytes.baseAddress else { return }
    var position = unsafe start + headerByteCount
    var destination = unsafe payload
    var offset = base
    var index = 0
    while index < expectedCount {
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      // The rest of the chunk has the lengths of the remaining elements, and `room` bytes.
      if length <= SmallElements.byteCount, expectedCount &- index >= SmallElements.count,
        SmallElements.count &* length <= room, unsafe SmallElements.areAll(length, from: position)
      {
        // SAFETY: Eight elements of this length fit in `room` on both sides, and the slack follows.
        unsafe SmallElements.takeApart(
          position, length: length, to: destination, ends: ends + index, base: offset)
        let byteCount = SmallElements.count &* length
        unsafe position += SmallElements.count &* WireForm.lengthByteCount &+ byteCount
        unsafe destination += byteCount
        room &-= byteCount
        offset &+= Int64(byteCount)
        index &+= SmallElements.count
        continue
      }
      // SAFETY: `room` bytes of the payload remain on both sides. Slack, which short copies may touch,
      // follows both the decoded chunk and the payload.
      let done = unsafe ckernels_take_apart(
        position, min(expectedCount &- index, SmallElements.triedAgain), room, destination, ends + index,
        offset)
      unsafe position += done.element_count &* lengthByteCount &+ done.byte_count
      unsafe destination += done.byte_count
      room &-= done.byte_count
      offset &+= Int64(done.byte_count)
      index &+= done.element_count
      if done.element_count < SmallElements.triedAgain, index < expectedCount {
        let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
        throw .elementOverrun(index: index, byteCount: length, available: room)
      }
    }
    guard room == 0 else { throw .trailingBytes(codec: codec, byteCount: room) }
  }
}

extension ElementLayout {
  /// Whether all elements of a chunk equal `fillValue`.
  func elements(of chunk: RawSpan, allEqual fillValue: [UInt8]) -> Bool {
    guard let period = fixedByteCount else { return WireForm.elements(of: chunk, allEqual: fillValue) }
    guard period == fillValue.count else { return false }
    guard chunk.byteCount >= period, period > 0 else { return true }
    guard chunk.extracting(0..<period).isEqual(to: fillValue.rawSpan) else { return false }
    return chunk.extracting(period..<chunk.byteCount).isEqual(
      to: chunk.extracting(0..<chunk.byteCount - period))
  }

  /// Returns `element` as chunks hold it: in ``WireForm`` with its length, or only its bytes.
  ///
  /// - Throws: ``ChunkError/elementTooLarge(index:byteCount:limit:)``,
  ///   ``ChunkError/byteCountMismatch(codec:found:expected:)`` and ``ChunkError/outOfMemory(byteCount:)``.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func sharedElement(_ element: [UInt8]) throws(ChunkError) -> SharedBytes {
    var arena = ByteArena()
    let bytes = element.rawSpan
    if let byteCount = fixedByteCount {
      guard element.count == byteCount else {
        throw .byteCountMismatch(codec: "the element", found: element.count, expected: byteCount)
      }
      try arena.append(copying: bytes)
    } else {
      try arena.appendElement(bytes, index: 0, maximumElementByteCount: WireForm.maximumElementByteCount)
    }
    return try arena.takeBytes()
  }

  /// Checks the size of a chunk of elements of fixed size.
  func checkByteCount(_ byteCount: Int, count: Int, codec: String) throws(ChunkError) {
    guard let elementByteCount = fixedByteCount else { return }
    let (expected, overflow) = count.multipliedReportingOverflow(by: elementByteCount)
    guard !overflow, byteCount == expected else {
      throw .byteCountMismatch(codec: codec, found: byteCount, expected: overflow ? Int.max : expected)
    }
  }
}

extension ByteArena {
  /// Appends the elements of a chunk, with the header of its layout.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - payloadByteCount: The byte count of all elements.
  ///   - layout: Their layout in memory.
  ///   - maximumElementByteCount: The largest element that is accepted.
  ///   - body: Writes exactly these elements.
  /// - Throws: ``ChunkError``, and what `body` throws.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  mutating func appendChunk(
    count: Int, payloadByteCount: Int, layout: ElementLayout, maximumElementByteCount: Int,
    writingWith body: (inout WireFormWriter) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    let byteCount: Int
    if layout == .variable {
      byteCount = try WireForm.elementsByteCount(count: count, payloadByteCount: payloadByteCount)
      try reserve(WireForm.headerByteCount + byteCount)
      try append(littleEndian: UInt32(count))
    } else {
      byteCount = payloadByteCount
      try layout.checkByteCount(byteCount, count: count, codec: "the source")
    }
    try appendElements(
      byteCount: byteCount, maximumElementByteCount: maximumElementByteCount,
      layout: layout
    ) { writer throws(ChunkError) in
      try body(&writer)
      guard writer.count == count, writer.freeByteCount == 0 else { throw .sourceChanged }
    }
  }
}
