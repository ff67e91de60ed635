extension ElementLayout {
  /// Whether all elements of a chunk equal `fillValue`.
  ///
  /// - Complexity: O(1) for a chunk of elements of variable size that has another size, else O(*n*) where *n*
  ///   is the size of the chunk.
  func elements(of chunk: RawSpan, allEqual fillValue: [UInt8]) -> Bool {
    guard let period = fixedByteCount else { return WireForm.elements(of: chunk, allEqual: fillValue) }
    guard period == fillValue.count else { return false }
    guard chunk.byteCount >= period, period > 0 else { return true }
    // SAFETY: Bytes have no padding.
    guard chunk.extracting(0..<period).isEqual(to: unsafe fillValue.span.bytes) else { return false }
    return chunk.extracting(period..<chunk.byteCount).isEqual(
      to: chunk.extracting(0..<chunk.byteCount - period))
  }

  /// Returns `element` as a chunk of it holds it: in ``WireForm`` with its length, or just its bytes.
  ///
  /// - Throws: ``ChunkError/elementTooLarge(index:byteCount:limit:)``,
  ///   ``ChunkError/byteCountMismatch(codec:found:expected:)`` and ``ChunkError/outOfMemory(byteCount:)``.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func sharedElement(_ element: [UInt8]) throws(ChunkError) -> SharedBytes {
    guard let byteCount = fixedByteCount else { return try WireForm.sharedElement(element) }
    guard element.count == byteCount else {
      throw .byteCountMismatch(codec: "the element", found: element.count, expected: byteCount)
    }
    var arena = ByteArena()
    // SAFETY: Bytes have no padding.
    try arena.append(copying: unsafe element.span.bytes)
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
  /// Appends the elements of a chunk, with the header that its layout has.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - payloadByteCount: The bytes that they have together.
  ///   - layout: How they lie in memory.
  ///   - maximumElementByteCount: The largest element that is accepted.
  ///   - body: Writes them, all of them and no others.
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
