/// Where each of many elements in wire form begins.
///
///     table    [•][•][•][•] …          one pointer an element, in C order
///               │  └──────────────┐
///     chunk    [byteCount|bytes…][byteCount|bytes…]
///
/// The length of an element stands in front of its bytes, so the table needs no lengths.
@safe
struct BlobTable: ~Copyable {
  private var allocation: Allocation?
  private var slots: UnsafeMutablePointer<UnsafeRawPointer>?
  private var capacity = 0

  /// The number of elements.
  private(set) var count = 0

  init() {
    unsafe slots = nil
  }

  /// Makes the table one of `count` elements, of which none is set.
  ///
  /// - Complexity: O(1). Allocates only if the table never was as large.
  mutating func reset(count: Int) throws(ChunkError) {
    if unsafe count > capacity || slots == nil {
      let (byteCount, overflow) = unsafe count.multipliedReportingOverflow(
        by: MemoryLayout<UnsafeRawPointer>.stride)
      guard !overflow else { throw .outOfMemory(byteCount: Int.max) }
      let allocation = try Allocation(byteCount: RecycledMemory.byteCount(forTableOf: byteCount))
      unsafe slots = unsafe allocation.start.assumingMemoryBound(to: UnsafeRawPointer.self)
      self.allocation = allocation
      capacity = count
    }
    self.count = count
  }

  /// The slots of the elements in `range`, for the one worker that fills them.
  func slots(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UnsafeRawPointer> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    guard let slots = unsafe slots else { return unsafe UnsafeMutableBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeMutableBufferPointer(start: slots + range.lowerBound, count: range.count)
  }

  /// The first element, `count` times.
  ///
  /// - Precondition: The first slot is set, and the chunk that it points into outlives the span.
  @_lifetime(borrow self)
  func repeatingFirst(count: Int) -> BlobSpan {
    let blobs = unsafe BlobSpan(slots: UnsafePointer(slots), count: count, stride: 0)
    return unsafe _overrideLifetime(blobs, borrowing: self)
  }

  /// The elements.
  ///
  /// - Precondition: All slots are set, and the chunks that they point into outlive the span.
  var blobs: BlobSpan {
    @_lifetime(borrow self)
    get {
      let blobs = unsafe BlobSpan(slots: UnsafePointer(slots), count: count)
      return unsafe _overrideLifetime(blobs, borrowing: self)
    }
  }
}
