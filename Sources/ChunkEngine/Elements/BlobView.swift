/// The elements that were read, in C order, where the decoder left them.
///
/// No element was copied: a view holds the decoded chunks and knows where each element begins. Copies of a
/// view share them, and the memory is freed with the last copy. To keep a few elements for long, copy them
/// out.
@safe
public struct BlobView: Sendable {
  private let storage: BlobStorage

  init(_ storage: BlobStorage) {
    self.storage = storage
  }

  /// The number of elements.
  public var count: Int { storage.count }

  /// Whether there are no elements.
  public var isEmpty: Bool { count == 0 }

  /// The indices of the elements.
  public var indices: Range<Int> { 0..<count }

  /// The elements.
  public var blobs: BlobSpan {
    @_lifetime(borrow self)
    get { storage.blobs }
  }

  /// The elements back to back, if their type gives all of them the same size, or nil.
  ///
  /// Numbers are little-endian, without padding, in C order.
  ///
  /// - Complexity: O(1). Copies nothing.
  public var packedBytes: RawSpan? {
    @_lifetime(borrow self)
    get { storage.blobs.packedBytes }
  }

  /// The bytes of the element at `index`.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Complexity: O(1). Copies nothing.
  public subscript(index: Int) -> RawSpan {
    @_lifetime(borrow self)
    get { storage.blobs[index] }
  }

  /// A copy of the bytes of the element at `index`.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func bytes(at index: Int) -> [UInt8] {
    unsafe Array(blobs.element(index))
  }

  /// The element at `index` as text.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Throws: ``ChunkError/invalidUTF8(index:)``
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func string(at index: Int) throws(ChunkError) -> String {
    guard let string = blobs.string(at: index) else { throw .invalidUTF8(index: index) }
    return string
  }
}

extension BlobView: BlobSource {
  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    let blobs = blobs
    if let elementByteCount = blobs.elementByteCount { return elementByteCount * range.count }
    var total = 0
    for index in range {
      total = try unsafe sum(total, blobs.element(index).count)
    }
    return total
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    let blobs = blobs
    if let packed = blobs.packedBytes, let byteCount = blobs.elementByteCount, byteCount > 0 {
      return try writer.append(
        packed: packed.extracting(range.lowerBound * byteCount..<range.upperBound * byteCount),
        elementByteCount: byteCount)
    }
    for index in range {
      try writer.append(blobs[index])
    }
  }
}

/// What a ``BlobView`` looks at: where its elements are, and the memory that holds them.
@safe
final class BlobStorage: Sendable {
  /// How the elements lie in memory.
  let layout: ElementLayout

  /// The number of elements.
  let count: Int

  // SAFETY: Workers fill disjoint slots and chunks are kept before the first view exists; from then on all is
  // read only.
  nonisolated(unsafe) let table: BlobTable
  private let owners = Locked<[SharedBytes]>([])

  /// The elements of fixed size back to back, copied there by workers that each have their own places.
  private let packed: Allocation?

  /// One chunk that has just the elements of the view, in place of `packed`, and where they begin in it.
  // SAFETY: The one worker that has such a chunk sets it before the first view exists.
  private nonisolated(unsafe) var adopted: (chunk: SharedBytes, offset: Int)?

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

  /// Keeps the memory of a chunk as long as the table.
  func keep(_ chunk: SharedBytes) {
    owners.withLock { $0.append(chunk) }
  }

  /// Shows the elements that begin at `offset` of a chunk, in place of the storage's own.
  ///
  /// - Precondition: The chunk has all elements of the storage, of fixed size, after the offset.
  func adopt(_ chunk: SharedBytes, at offset: Int) {
    unsafe adopted = (chunk, offset)
  }

  /// The places of elements of fixed size.
  var places: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(
      start: packed?.start, count: count * (layout.fixedByteCount ?? 0))
  }

  /// The elements.
  var blobs: BlobSpan {
    @_lifetime(borrow self)
    get {
      if let packed, let elementByteCount = layout.fixedByteCount {
        let start =
          unsafe adopted.map { unsafe $0.chunk.baseAddress + $0.offset } ?? UnsafeRawPointer(packed.start)
        let blobs = unsafe BlobSpan(packed: start, elementByteCount: elementByteCount, count: count)
        return unsafe _overrideLifetime(blobs, borrowing: self)
      }
      let blobs = unsafe BlobSpan(slots: UnsafePointer(table.slots(0..<count).baseAddress), count: count)
      return unsafe _overrideLifetime(blobs, borrowing: self)
    }
  }
}
