import Synchronization

/// What a ``BlobView`` looks at: where its elements are, and the memory that holds them.
@safe
final class BlobStorage: Sendable {
  /// How the elements lie in memory.
  let layout: ElementLayout

  /// The number of elements.
  let count: Int

  // SAFETY: Workers fill disjoint slots and chunks are kept before the first view exists; from then on all is
  // read only.
  private nonisolated(unsafe) let table: BlobTable
  private let owners = Mutex<[SharedBytes]>([])

  /// The elements of fixed size back to back, copied there by workers that each have their own places.
  private let packed: Allocation?

  /// One chunk that has just the elements of the view, in place of `packed`, and where they begin in it.
  private let adopted = Mutex<(chunk: SharedBytes, offset: Int)?>(nil)

  /// Makes room for `count` elements, of which none is set.
  init(count: Int, layout: ElementLayout) throws(ChunkError) {
    self.count = count
    self.layout = layout
    var table = BlobTable()
    if let elementByteCount = layout.fixedByteCount {
      let (byteCount, overflow) = count.multipliedReportingOverflow(by: elementByteCount)
      guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
      packed = try Allocation(byteCount: byteCount)
    } else {
      packed = nil
      try table.reset(count: count)
    }
    unsafe self.table = table
  }

  /// The slots of the elements in `range`, for the one worker that fills them.
  func slots(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UnsafeRawPointer> {
    unsafe table.slots(range)
  }

  /// Keeps the memory of a chunk as long as the table.
  func keep(_ chunk: SharedBytes) {
    owners.withLock { $0.append(chunk) }
  }

  /// Shows the elements that begin at `offset` of a chunk, in place of the storage's own.
  ///
  /// - Precondition: The chunk has all elements of the storage, of fixed size, behind the offset.
  func adopt(_ chunk: SharedBytes, at offset: Int) {
    adopted.withLock { $0 = (chunk, offset) }
  }

  /// Copies elements of fixed size to their places.
  ///
  /// - Precondition: The places are inside of the storage, and nobody else's.
  func copy(_ elements: RawSpan, to index: Int) {
    guard let packed, let elementByteCount = layout.fixedByteCount else { return }
    let offset = index * elementByteCount
    precondition(
      offset >= 0 && elements.byteCount <= count * elementByteCount - offset, "there is no such place")
    unsafe elements.withUnsafeBytes { elements in
      guard let source = elements.baseAddress else { return }
      unsafe (packed.start + offset).copyMemory(from: source, byteCount: elements.count)
    }
  }

  /// The elements.
  var blobs: BlobSpan {
    @_lifetime(borrow self)
    get {
      if let packed, let elementByteCount = layout.fixedByteCount {
        let start =
          unsafe adopted.withLock { adopted in
            unsafe adopted.map { unsafe $0.chunk.baseAddress + $0.offset }
          } ?? UnsafeRawPointer(packed.start)
        let blobs = unsafe BlobSpan(packed: start, elementByteCount: elementByteCount, count: count)
        return unsafe _overrideLifetime(blobs, borrowing: self)
      }
      let blobs = unsafe BlobSpan(slots: UnsafePointer(table.slots(0..<count).baseAddress), count: count)
      return unsafe _overrideLifetime(blobs, borrowing: self)
    }
  }
}
