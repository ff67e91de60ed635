import ChunkEngine

/// A chunk that is being filled.
///
/// Elements are laid out as they are appended, so that sealing the chunk costs nothing.
///
///     [ count | byteCount₀ bytes₀ | byteCount₁ bytes₁ | …
///       patched when the chunk is sealed
///
/// Elements of fixed size stand back to back, without count and lengths.
final class OpenChunk: @unchecked Sendable {
  // SAFETY: A chunk is either with the appender that fills it or with the one worker that encodes it.
  private(set) var arena = ByteArena()

  /// The number of elements.
  private(set) var count = 0

  /// The number and bytes of elements that were not appended: padding, and those that were stored before.
  private var otherCount = 0
  private var otherByteCount = 0

  /// The size of the largest element that has not been written by a writer of ``beginWriting(below:)``.
  private(set) var largestElementByteCount = 0

  /// The position of the chunk in the grid, and its shape.
  var indices: [Int] = []
  var shape: [Int] = []

  /// Which of the chunks of its value it is, in C order.
  var positionInValue = 0

  /// Whether the array's shape covers elements of the chunk that are stored.
  var isCovered = false

  private let layout: ElementLayout

  /// The largest element that is accepted.
  private let maximumElementByteCount: Int

  init(layout: ElementLayout, maximumElementByteCount: Int) {
    self.layout = layout
    self.maximumElementByteCount = maximumElementByteCount
  }

  /// The bytes in front of all elements, and in front of each.
  private var headerByteCount: Int { layout == .variable ? WireForm.headerByteCount : 0 }
  private var lengthByteCount: Int { layout == .variable ? WireForm.lengthByteCount : 0 }

  /// The mean size of the elements as they lie in memory, or nil if there are none.
  var meanByteCount: Double? {
    count > 0 ? Double(byteCount - headerByteCount) / Double(count) : nil
  }

  /// The bytes so far.
  var byteCount: Int { arena.count }

  /// The bytes of memory that the chunk has.
  var capacity: Int { arena.capacity }

  /// The number of elements that were appended, since the chunk was stored last if it was.
  var appendedCount: Int { count - otherCount }

  /// The bytes of the elements that were appended, without their lengths.
  var appendedByteCount: Int { payloadByteCount - otherByteCount }

  /// The bytes of all elements, without their lengths.
  private var payloadByteCount: Int { arena.count - headerByteCount - count * lengthByteCount }

  /// Empties the chunk and keeps its memory.
  ///
  /// - Parameter expectedByteCount: The bytes that are going to be written, as a hint.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  func reset(expectedByteCount: Int) throws(ChunkError) {
    arena.removeAll()
    // With a margin, since chunks differ a little. Memory that moved at each chunk which is a little larger
    // than all before would leave holes that no other chunk fits in.
    if arena.capacity < max(WireForm.headerByteCount, expectedByteCount) {
      try arena.reserve(WireForm.headerByteCount + expectedByteCount + expectedByteCount / 8)
    }
    if layout == .variable { try arena.append(littleEndian: 0) }
    count = 0
    otherCount = 0
    otherByteCount = 0
    largestElementByteCount = 0
    isCovered = false
  }

  /// Appends a copy of an element.
  func append(_ element: RawSpan) throws(ChunkError) {
    if layout == .variable {
      try arena.appendElement(element, index: count, maximumElementByteCount: maximumElementByteCount)
    } else {
      try checkFixedByteCount(element.byteCount)
      try arena.append(copying: element)
    }
    largestElementByteCount = max(largestElementByteCount, element.byteCount)
    count += 1
  }

  /// Lends the free memory to a writer, until ``endWriting(_:)``, as long as the chunk has fewer than `limit`
  /// bytes.
  ///
  /// - Precondition: Nothing else is done with the chunk meanwhile.
  func beginWriting(below limit: Int) -> WireFormWriter? {
    arena.beginWriting(
      maximumElementByteCount: maximumElementByteCount, layout: layout, limit: limit)
  }

  /// Takes the elements that a writer of ``beginWriting(below:)`` has appended.
  func endWriting(_ writer: consuming WireFormWriter) {
    count += writer.count
    arena.endWriting(writer)
  }

  /// Appends an element of at most `capacity` bytes that `initializer` writes.
  func append(
    addingCapacity capacity: Int,
    initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    let start = arena.count
    do throws(ChunkError) {
      if layout == .variable { try arena.append(littleEndian: 0) }
      try arena.append(addingCapacity: capacity, initializingWith: initializer)
      let byteCount = arena.count - start - lengthByteCount
      try checkFixedByteCount(byteCount)
      guard byteCount <= maximumElementByteCount else {
        throw .elementTooLarge(index: count, byteCount: byteCount, limit: maximumElementByteCount)
      }
      if layout == .variable { arena.overwrite(littleEndian: UInt32(byteCount), at: start) }
      largestElementByteCount = max(largestElementByteCount, byteCount)
    } catch {
      arena.truncate(to: start)
      throw error
    }
    count += 1
  }

  private func checkFixedByteCount(_ byteCount: Int) throws(ChunkError) {
    if case .fixed(let expected) = layout, byteCount != expected {
      throw .byteCountMismatch(codec: "element \(count)", found: byteCount, expected: expected)
    }
  }

  /// Appends a run of elements of a source.
  func append(_ range: Range<Int>, of source: any BlobSource) throws(ChunkError) {
    let payloadByteCount = try source.byteCount(of: range)
    let (byteCount, overflow) = payloadByteCount.addingReportingOverflow(
      range.count * lengthByteCount)
    guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    try arena.appendElements(
      byteCount: byteCount, maximumElementByteCount: maximumElementByteCount, layout: layout
    ) { writer throws(ChunkError) in
      try source.write(range, to: &writer)
      guard writer.count == range.count, writer.freeByteCount == 0 else { throw .sourceChanged }
    }
    if range.count == 1 { largestElementByteCount = max(largestElementByteCount, payloadByteCount) }
    count += range.count
  }

  /// Remembers the size of an element that is restored with others.
  func noteElement(ofByteCount byteCount: Int) {
    largestElementByteCount = max(largestElementByteCount, byteCount)
  }

  /// Appends an element again and again until there are `count`.
  func pad(with element: [UInt8], to count: Int) throws(ChunkError) {
    guard count > self.count else { return }
    try restore(0..<count - self.count, of: RepeatedBlob(element, count: count - self.count))
  }

  /// Appends elements that do not count as appended.
  func restore(_ range: Range<Int>, of source: any BlobSource) throws(ChunkError) {
    let before = arena.count
    try append(range, of: source)
    otherCount += range.count
    otherByteCount += arena.count - before - range.count * lengthByteCount
  }

  /// Ends the chunk: its header says how many elements it has.
  func seal() {
    if layout == .variable { arena.overwrite(littleEndian: UInt32(count), at: 0) }
  }

  /// Calls `body` while the chunk is padded to `count` elements and sealed, and then goes on with those that
  /// it had before.
  ///
  /// - Returns: What `body` returns. Until then the elements count as appended; afterwards, if `body` has not
  ///   thrown, those to come do.
  func whilePadded<Result>(with element: [UInt8], to count: Int, _ body: () throws -> Result) throws -> Result
  {
    let (before, byteCount, others, otherBytes) = (self.count, arena.count, otherCount, otherByteCount)
    defer {
      self.count = before
      arena.truncate(to: byteCount)
    }
    do {
      try pad(with: element, to: count)
      seal()
      let result = try body()
      otherCount = before
      otherByteCount = byteCount - headerByteCount - before * lengthByteCount
      return result
    } catch {
      (otherCount, otherByteCount) = (others, otherBytes)
      throw error
    }
  }

  /// Encodes the sealed chunk, which is a value of its own, and hands the bytes to `body`.
  ///
  /// - Parameters:
  ///   - worker: What to encode with.
  ///   - body: Takes the encoded bytes.
  /// - Throws: ``ChunkError``, and what `body` throws.
  func encode(with worker: WorkerState<ChunkEncoder>, _ body: ChunkEncoder.ValueWriter) throws {
    // Checksums may come to lie after the elements; the chunk may be encoded again.
    let byteCount = arena.count
    defer { arena.truncate(to: byteCount) }
    try worker.value.encodeValue(&arena, shape: shape, body)
  }

  /// Encodes the sealed chunk as one of a piece.
  func append(to encoder: inout ChunkEncoder) throws(ChunkError) {
    let byteCount = arena.count
    defer { arena.truncate(to: byteCount) }
    try encoder.append(&arena, shape: shape, at: positionInValue)
  }

  /// The elements so far, as a source.
  ///
  /// The chunk is left without memory.
  func takeElements(chain: CodecChain) throws(ChunkError) -> BlobView {
    seal()
    return try BlobView(try arena.takeBytes(), count: count, chain: chain)
  }
}
