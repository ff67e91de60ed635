import CKernels

/// Walks the elements of a chunk in wire form, checking every length before it is used.
///
/// This is a measured kernel with pointers: an element costs one load, two comparisons and one store.
@safe
struct WireFormCursor: ~Copyable {
  private let codec: String
  private let start: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private var position: UnsafeRawPointer

  /// The end of the bytes that are decoded so far.
  ///
  /// Decoding may go on while the cursor walks.
  private var decodedEnd: UnsafeRawPointer

  /// The index of the next element.
  private(set) var index = 0

  /// The number of elements in the chunk.
  let count: Int

  /// The byte count of all elements without their lengths, if the chunk is valid.
  let payloadByteCount: Int

  /// The number of cache lines to prefetch for each element.
  private let fetchedLineCount: Int

  /// Creates a cursor at the first element of `bytes`, which must have `expectedCount` elements.
  ///
  /// - Precondition: `bytes` outlives the cursor.
  init(_ bytes: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    try self.init(beginning: bytes, byteCount: bytes.byteCount, expectedCount: expectedCount, codec: codec)
  }

  /// Creates a cursor at the first element of a chunk of `byteCount` bytes that begins with `bytes`.
  ///
  /// Call ``extend(to:)`` when more bytes are decoded.
  ///
  /// - Precondition: `bytes` has at least the header, if the chunk is large enough for one. It outlives the
  ///   cursor and does not move.
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

  /// Tells the cursor that the first `byteCount` bytes of the chunk are decoded.
  ///
  /// - Precondition: `byteCount` is not less than before.
  mutating func extend(to byteCount: Int) {
    unsafe decodedEnd = min(end, start + byteCount)
  }

  /// Whether the bytes of all passed elements are decoded.
  var passedElementsAreDecoded: Bool { unsafe position <= decodedEnd }

  /// The error for a chunk that ends before a length.
  private var truncated: ChunkError { .truncatedElements(byteCount: unsafe end - start, count: count) }

  /// Fills `slots` with the places of the next elements, as far as their lengths are decoded.
  ///
  /// - Returns: The number of elements stored.
  /// - Complexity: O(*n*) where *n* is the number of slots. Does not allocate.
  @discardableResult
  mutating func next(
    into slots: UnsafeMutableBufferPointer<UnsafeRawPointer>
  ) throws(ChunkError) -> Int {
    let lineCount = fetchedLineCount
    if unsafe decodedEnd - position > Self.farByteCount {
      return try unsafe next(into: slots) { element, byteCount in
        // The next lengths are somewhere in the following bytes, so all of these are fetched, up to some
        // lines for each element.
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

  /// The number of cache lines to prefetch for each element of a chunk that is still in the second-level
  /// cache.
  ///
  /// Each length has to come from the cache before the next one can be found. A fixed number of lines for
  /// each element, from the mean size, keeps mispredicted branches out of the loop: elements of 300 bytes
  /// take 6 nanoseconds instead of 7 in chunks of 64 KiB, and 4 instead of 10 in chunks of 1 MiB.
  private static func fetchedLineCount(byteCount: Int, payloadByteCount: Int, count: Int) -> Int {
    // Small chunks are in the first-level cache, and a division would cost too much for them.
    guard byteCount > 32 << 10, count > 0 else { return 0 }
    let lineCount = payloadByteCount / count / lineByteCount
    // The processor itself fetches lengths that are close together.
    return lineCount == 0 ? 0 : min(lineCount + 1, 16)
  }

  /// A chunk above this size has left the second-level cache before its lengths are walked.
  ///
  /// There a missing line costs more than a branch. In chunks of 16 MiB, fetching exactly the lines of each
  /// element takes 20 nanoseconds for an element of 300 bytes, instead of 35 with a fixed number of lines and
  /// 140 without prefetching.
  static let farByteCount = 3 << 19

  /// The byte count of a cache line.
  private static let lineByteCount = 64

  /// How far ahead to prefetch, in bytes.
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

  /// Checks and passes the next `count` elements, as far as their lengths are decoded.
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

  /// Passes all remaining elements, and checks that nothing follows them.
  ///
  /// - Precondition: The whole chunk is decoded.
  mutating func finish() throws(ChunkError) {
    try skip(count - index)
    let trailing = unsafe end - position
    guard trailing == 0 else { throw .trailingBytes(codec: codec, byteCount: trailing) }
  }
}

/// Finds the elements of runs in the decoded part of a chunk.
struct RunSearch {
  /// The current run, and how many of its elements were found.
  private var runIndex = 0
  private var runCount = 0

  /// The number of elements in all runs before it.
  private var foundCount = 0

  /// Goes on with the search.
  ///
  /// - Parameters:
  ///   - runs: The elements to find, in the order of the chunk. They are the same at each call.
  ///   - cursor: A cursor that nothing else moves.
  ///   - table: Where places are stored: at the elements' indices in the selection, or one after the other if
  ///     `isPacked`.
  ///   - isPacked: See `table`.
  /// - Returns: Whether all elements were found.
  /// - Throws: ``ChunkError`` for damage, also in elements outside of the runs.
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
  /// Stores the places of elements of a chunk in wire form, and checks the whole chunk.
  ///
  /// - Parameters:
  ///   - chunk: The chunk. It must outlive each use of these places.
  ///   - count: The number of elements that the chunk must have.
  ///   - runs: The elements to find, in the order of the chunk, and their indices in the table.
  ///   - codec: The name of the codec, for errors.
  /// - Returns: The byte count of all elements in the chunk, without their lengths.
  /// - Throws: ``ChunkError`` if the chunk is damaged.
  borrowing func place(
    _ chunk: RawSpan, count: Int, runs: Span<ElementRun>, codec: String
  ) throws(ChunkError) -> Int {
    var cursor = try WireFormCursor(chunk, expectedCount: count, codec: codec)
    var search = RunSearch()
    _ = try search.find(runs, with: &cursor, in: self)
    try cursor.finish()
    return cursor.payloadByteCount
  }

  /// Stores the place of `element`, one element in wire form, at all indices of `runs`.
  borrowing func place(repeating element: SharedBytes, runs: Span<ElementRun>) {
    for index in runs.indices {
      let places = runs[index].selectionIndex..<runs[index].selectionIndex + runs[index].count
      let slots = unsafe slots(places)
      unsafe slots.update(repeating: element.baseAddress + WireForm.lengthByteCount)
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Copies elements of fixed size from a chunk to their places in this buffer.
  ///
  /// - Precondition: The elements lie in the chunk, and their places in this buffer.
  func place(_ chunk: RawSpan, runs: Span<ElementRun>, elementByteCount: Int) {
    for index in runs.indices {
      let run = runs[index]
      let start = run.chunkIndex * elementByteCount
      let target = unsafe places(of: run, elementByteCount)
      unsafe chunk.extracting(start..<start + target.count).withUnsafeBytes { elements in
        // SAFETY: Both have the same size, and the line above checked their bounds.
        unsafe target.copyMemory(from: elements)
      }
    }
  }

  /// Copies an element to all places of `runs`.
  ///
  /// - Precondition: The places lie in this buffer.
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

/// Walks the elements of a chunk in ``WireForm``, for codecs that convert each element.
///
///     var elements = try WireFormReader(source, expectedCount: chunk.elementCount, codec: Self.name)
///     while let element = try elements.next() { … }
///
/// Every length is checked before it is used.
public struct WireFormReader: ~Escapable {
  private let chunk: RawSpan
  private let codec: String
  private var position = WireForm.headerByteCount

  /// The number of elements in the chunk.
  public let count: Int

  /// The index of the next element.
  public private(set) var index = 0

  /// Creates a reader at the first element of a chunk.
  ///
  /// - Parameters:
  ///   - chunk: The chunk with its header.
  ///   - expectedCount: The number of elements that the chunk must have.
  ///   - codec: The name of the codec, for errors.
  /// - Throws: ``ChunkError`` if the chunk has another number of elements, or is too short for them.
  @_lifetime(copy chunk)
  public init(_ chunk: RawSpan, expectedCount: Int, codec: String) throws(ChunkError) {
    _ = try WireForm.payloadByteCount(of: chunk, expectedCount: expectedCount, codec: codec)
    self.chunk = chunk
    self.codec = codec
    count = expectedCount
  }

  /// The bytes of the next element, or nil after the last one.
  ///
  /// - Throws: ``ChunkError`` if the chunk ends before the element does, or goes on after the last element.
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

/// Elements that are consecutive both in a chunk and in a selection of the array.
public struct ElementRun: Hashable, Sendable {
  /// The index of the first element in the chunk.
  public let chunkIndex: Int

  /// The index of the first element in the selection.
  public let selectionIndex: Int

  /// The number of elements.
  public let count: Int

  /// Creates a run.
  ///
  /// No number is negative.
  public init(chunkIndex: Int, selectionIndex: Int, count: Int) {
    self.chunkIndex = chunkIndex
    self.selectionIndex = selectionIndex
    self.count = count
  }
}

/// An element of a selection that is the same as another one.
package struct RepeatedElement: Hashable, Sendable {
  /// Where it is in the selection.
  package let index: Int

  /// Where the other one is, which is no repeated one.
  package let original: Int

  /// Creates it.
  package init(index: Int, original: Int) {
    self.index = index
    self.original = original
  }
}
