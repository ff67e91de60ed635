import Synchronization

/// What a ``BlobView`` looks at: the table of its elements, and the chunks that hold them.
@safe
final class BlobStorage: Sendable {
  // SAFETY: Workers fill disjoint slots and chunks are kept before the first view exists; from then on all is
  // read only.
  private nonisolated(unsafe) let table: BlobTable
  private let owners = Mutex<[SharedBytes]>([])

  /// Makes a table for `count` elements, of which none is set.
  init(count: Int) throws(ChunkError) {
    var table = BlobTable()
    try table.reset(count: count)
    unsafe self.table = table
  }

  /// The number of elements.
  var count: Int { unsafe table.count }

  /// The slots of the elements in `range`, for the one worker that fills them.
  func slots(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UnsafeRawPointer> {
    unsafe table.slots(range)
  }

  /// Keeps the memory of a chunk as long as the table.
  func keep(_ chunk: SharedBytes) {
    owners.withLock { $0.append(chunk) }
  }

  /// The elements.
  var blobs: BlobSpan {
    @_lifetime(borrow self)
    get {
      let blobs = unsafe BlobSpan(slots: UnsafePointer(table.slots(0..<count).baseAddress), count: count)
      return unsafe _overrideLifetime(blobs, borrowing: self)
    }
  }
}
