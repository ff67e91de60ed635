import CKernels

/// Walks the elements of a chunk in wire form, checking every length before it is used.
///
/// A measured kernel, hence the pointers: an element costs one load, two comparisons and one store.
@safe
struct WireFormCursor: ~Copyable {
  private let codec: String
  private let start: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private var position: UnsafeRawPointer

  /// How far the bytes are there, which are decoded while the cursor walks.
  private var decodedEnd: UnsafeRawPointer

  /// The index of the element that comes next.
  private(set) var index = 0

  /// The number of elements of the chunk.
  let count: Int

  /// The bytes that the elements have together, if the chunk is valid.
  let payloadByteCount: Int

  /// The lines of the cache that are fetched ahead for each element.
  private let fetchedLineCount: Int

  /// Creates a cursor at the first element of `bytes`, which must have `expectedCount` elements.
  ///
  /// - Precondition: `bytes` outlives the cursor.
  init(_ bytes: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    try self.init(beginning: bytes, byteCount: bytes.byteCount, expectedCount: expectedCount, codec: codec)
  }

  /// Creates a cursor at the first element of a chunk of `byteCount` bytes that begins with `bytes`.
  ///
  /// The others are decoded after them, and the cursor is told of them by ``extend(to:)``.
  ///
  /// - Precondition: The bytes are at least the header, if the chunk has one, and outlive the cursor where
  ///   they are.
  init(
    beginning bytes: RawSpan, byteCount: Int, expectedCount: Int, codec: String
  ) throws(ChunkError) {
    let payloadByteCount = try WireForm.payloadByteCount(
      ofChunkBeginning: bytes, byteCount: byteCount, expectedCount: expectedCount, codec: codec)
    guard let start = unsafe bytes.withUnsafeBytes({ $0.baseAddress }) else {
      throw .truncatedHeader(codec: codec, byteCount: 0, expected: WireForm.headerByteCount)
    }
    unsafe self.start = start
    unsafe end = start + byteCount
    unsafe decodedEnd = start + bytes.byteCount
    unsafe position = start + WireForm.headerByteCount
    count = expectedCount
    self.payloadByteCount = payloadByteCount
    fetchedLineCount = Self.fetchedLineCount(
      byteCount: byteCount, payloadByteCount: payloadByteCount, count: count)
    self.codec = codec
  }

  /// Goes as far as the first `byteCount` bytes of the chunk from now on.
  ///
  /// - Precondition: They are decoded, and no fewer than before.
  mutating func extend(to byteCount: Int) {
    unsafe decodedEnd = min(end, start + byteCount)
  }

  /// Whether the bytes of all elements that were passed are decoded.
  var passedElementsAreDecoded: Bool { unsafe position <= decodedEnd }

  /// The error for bytes that end before a length.
  private var truncated: ChunkError { .truncatedElements(byteCount: unsafe end - start, count: count) }

  /// Stores where the bytes of the next elements begin, one for each of `slots`, as far as their lengths are
  /// decoded.
  ///
  /// - Returns: The number of elements.
  /// - Complexity: O(*n*) where *n* is the number of slots. Does not allocate.
  @discardableResult
  mutating func next(
    into slots: UnsafeMutableBufferPointer<UnsafeRawPointer>
  ) throws(ChunkError) -> Int {
    let lineCount = fetchedLineCount
    if unsafe decodedEnd - position > Self.farByteCount {
      return try unsafe next(into: slots) { element, byteCount in
        // Every length is somewhere in the bytes to come, so all of them are fetched, up to some lines an
        // element.
        var offset = Self.fetchDistance
        let end = offset + min(byteCount + WireForm.lengthByteCount, 1024)
        while offset < end {
          unsafe ckernels_prefetch(element + offset)
          offset += Self.lineByteCount
        }
      }
    } else if lineCount > 0 {
      return try unsafe next(into: slots) { element, _ in
        for line in 0..<lineCount {
          unsafe ckernels_prefetch(element + Self.fetchDistance + line * Self.lineByteCount)
        }
      }
    } else {
      return try unsafe next(into: slots) { _, _ in }
    }
  }

  /// How many lines of the cache to fetch ahead for each element of a chunk that is not far away.
  ///
  /// Each length waits for the cache, and the next one cannot be found before it came. To fetch as many lines
  /// an element as the mean has keeps the loop free of branches that are guessed wrong: elements of 300 bytes
  /// take 6 nanoseconds in place of 7 in chunks of 64 KiB, and 4 in place of 10 in chunks of 1 MiB.
  private static func fetchedLineCount(byteCount: Int, payloadByteCount: Int, count: Int) -> Int {
    // What is in the first-level cache is near enough, and for small chunks a division would show.
    guard byteCount > 32 << 10, count > 0 else { return 0 }
    let lineCount = payloadByteCount / count / lineByteCount
    // Lengths that stand close together the processor fetches by itself.
    return lineCount == 0 ? 0 : min(lineCount + 1, 16)
  }

  /// A chunk above this size has left the second-level cache before its lengths are walked.
  ///
  /// There a line that was not fetched costs more than a branch: to fetch just those of each element makes 20
  /// nanoseconds an element of 300 bytes of 35, in chunks of 16 MiB, and of 140 without.
  static let farByteCount = 3 << 19

  /// The bytes of a line of the cache.
  private static let lineByteCount = 64

  /// How far ahead is fetched, in bytes.
  private static let fetchDistance = 4096

  @inline(__always)
  private mutating func next(
    into slots: UnsafeMutableBufferPointer<UnsafeRawPointer>, _ prefetch: (UnsafeRawPointer, Int) -> Void
  ) throws(ChunkError) -> Int {
    var position = unsafe self.position
    let undecoded = unsafe end - decodedEnd
    var slot = 0
    while slot < slots.count {
      let decoded = unsafe decodedEnd - position - WireForm.lengthByteCount
      guard decoded >= 0 else {
        guard undecoded > 0 else { throw truncated }
        break
      }
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      guard length <= decoded &+ undecoded else {
        throw .elementOverrun(index: index + slot, byteCount: length, available: decoded + undecoded)
      }
      unsafe position += WireForm.lengthByteCount
      unsafe slots.initializeElement(at: slot, to: position)
      unsafe prefetch(position, length)
      unsafe position += length
      slot &+= 1
    }
    unsafe self.position = unsafe position
    index += slot
    return slot
  }

  /// Checks the next `count` elements and passes them by, as far as their lengths are decoded.
  mutating func skip(_ count: Int) throws(ChunkError) {
    let undecoded = unsafe end - decodedEnd
    for _ in 0..<count {
      let decoded = unsafe decodedEnd - position - WireForm.lengthByteCount
      guard decoded >= 0 else {
        guard undecoded > 0 else { throw truncated }
        return
      }
      let length = Int(UInt32(littleEndian: unsafe position.loadUnaligned(as: UInt32.self)))
      guard length <= decoded + undecoded else {
        throw .elementOverrun(index: index, byteCount: length, available: decoded + undecoded)
      }
      unsafe position += WireForm.lengthByteCount + length
      index += 1
    }
  }

  /// Passes all elements that are left, and checks that nothing follows them.
  ///
  /// - Precondition: The whole chunk is decoded.
  mutating func finish() throws(ChunkError) {
    try skip(count - index)
    let trailing = unsafe end - position
    guard trailing == 0 else { throw .trailingBytes(codec: codec, byteCount: trailing) }
  }
}

/// Finds the elements of runs in a chunk, as far as it is decoded.
struct RunSearch {
  /// The run that is looked for, and how many of its elements were found.
  private var runIndex = 0
  private var runCount = 0

  /// The elements of all runs before it.
  private var foundCount = 0

  /// Goes on with the search.
  ///
  /// - Parameters:
  ///   - runs: The elements to find, in the order of the chunk, the same ones at each call.
  ///   - cursor: A cursor that nothing else moves.
  ///   - table: Remembers where elements are: in their places of the selection, or one after the other if
  ///     `isPacked`.
  ///   - isPacked: See `table`.
  /// - Returns: Whether all were found.
  /// - Throws: ``ChunkError`` for what is wrong with the elements, also those that are not in a run.
  @inline(__always)
  mutating func find(
    _ runs: Span<ElementRun>, with cursor: inout WireFormCursor, in table: borrowing BlobTable,
    isPacked: Bool = false
  ) throws(ChunkError) -> Bool {
    while runIndex < runs.count {
      let run = runs[runIndex]
      try cursor.skip(max(0, run.chunkIndex - cursor.index))
      guard cursor.index >= run.chunkIndex else { return false }
      let start = isPacked ? foundCount : run.selectionIndex
      runCount += try unsafe cursor.next(into: table.slots(start + runCount..<start + run.count))
      guard runCount == run.count else { return false }
      foundCount += run.count
      runCount = 0
      runIndex += 1
    }
    return true
  }
}

extension BlobTable {
  /// Remembers where elements of a chunk in wire form are, and checks all of it.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, which outlives what the table is used for.
  ///   - count: The number of elements that it must have.
  ///   - runs: The elements that are remembered, in the order of the chunk, and their places in the table.
  ///   - codec: The name of the codec, for errors.
  /// - Returns: The bytes of all elements of the chunk together, without their lengths.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk.
  borrowing func place(
    _ chunk: RawSpan, count: Int, runs: Span<ElementRun>, codec: String
  ) throws(ChunkError) -> Int {
    var cursor = try WireFormCursor(chunk, expectedCount: count, codec: codec)
    var search = RunSearch()
    _ = try search.find(runs, with: &cursor, in: self)
    try cursor.finish()
    return cursor.payloadByteCount
  }

  /// Puts `element`, which is one element in wire form, in all places of `runs`.
  borrowing func place(repeating element: SharedBytes, runs: Span<ElementRun>) {
    for index in runs.indices {
      let places = runs[index].selectionIndex..<runs[index].selectionIndex + runs[index].count
      let slots = unsafe slots(places)
      unsafe slots.update(repeating: element.baseAddress + WireForm.lengthByteCount)
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Copies elements of one size from a chunk to their places here.
  ///
  /// - Precondition: The elements are in the chunk, and their places are here.
  func place(_ chunk: RawSpan, runs: Span<ElementRun>, elementByteCount: Int) {
    for index in runs.indices {
      let run = runs[index]
      let start = run.chunkIndex * elementByteCount
      let target = unsafe places(of: run, elementByteCount)
      unsafe chunk.extracting(start..<start + target.count).withUnsafeBytes { elements in
        // SAFETY: Both have the same size, and lie where they were checked to lie.
        unsafe target.copyMemory(from: elements)
      }
    }
  }

  /// Puts an element in all places of `runs`.
  ///
  /// - Precondition: The places are here.
  func place(repeating element: RawSpan, runs: Span<ElementRun>) {
    for index in runs.indices { unsafe places(of: runs[index], element.byteCount).fill(repeating: element) }
  }

  private func places(of run: ElementRun, _ elementByteCount: Int) -> UnsafeMutableRawBufferPointer {
    let (start, end) = (
      run.selectionIndex * elementByteCount, (run.selectionIndex + run.count) * elementByteCount
    )
    precondition(start >= 0 && start <= end && end <= count, "there is no such place")
    return unsafe UnsafeMutableRawBufferPointer(rebasing: self[start..<end])
  }
}

/// Walks the elements of a chunk in ``WireForm``, for codecs that make other bytes of each.
///
///     var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
///     while let element = try elements.next() { … }
///
/// Every length is checked before it is used.
public struct WireFormReader: ~Escapable {
  private let chunk: RawSpan
  private let codec: String
  private var position = WireForm.headerByteCount

  /// The number of elements of the chunk.
  public let count: Int

  /// The index of the element that comes next.
  public private(set) var index = 0

  /// Begins at the first element of a chunk.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that it must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` if the chunk has another number of elements, or is too short for as many.
  @_lifetime(copy chunk)
  public init(_ chunk: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    _ = try WireForm.payloadByteCount(of: chunk, expectedCount: expectedCount, codec: codec)
    self.chunk = chunk
    self.codec = codec
    count = expectedCount
  }

  /// The bytes of the next element, or nil after the last one.
  ///
  /// - Throws: ``ChunkError`` if the bytes of the chunk end before the element does, or go on after the
  ///   last.
  @_lifetime(copy self)
  public mutating func next() throws(ChunkError) -> RawSpan? {
    guard index < count else {
      guard position == chunk.byteCount else {
        throw .trailingBytes(codec: codec, byteCount: chunk.byteCount - position)
      }
      return nil
    }
    let available = chunk.byteCount - position - WireForm.lengthByteCount
    guard available >= 0 else { throw .truncatedElements(byteCount: chunk.byteCount, count: count) }
    let byteCount = Int(chunk.littleEndianUInt32(at: position))
    guard byteCount <= available else {
      throw .elementOverrun(index: index, byteCount: byteCount, available: available)
    }
    let start = position + WireForm.lengthByteCount
    position = start + byteCount
    index += 1
    return chunk.extracting(start..<position)
  }
}

/// Elements that follow each other both in a chunk and in a selection of the array.
public struct ElementRun: Hashable, Sendable {
  /// The index of the first element in the chunk.
  public let chunkIndex: Int

  /// The index of the first element in the selection.
  public let selectionIndex: Int

  /// The number of elements.
  public let count: Int

  /// Names a run.
  ///
  /// - Parameters:
  ///   - chunkIndex: The index of the first element in the chunk, at least 0.
  ///   - selectionIndex: The index of the first element in the selection, at least 0.
  ///   - count: The number of elements, at least 0.
  public init(chunkIndex: Int, selectionIndex: Int, count: Int) {
    self.chunkIndex = chunkIndex
    self.selectionIndex = selectionIndex
    self.count = count
  }
}
