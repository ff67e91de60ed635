import CKernels

/// Elements in C order in memory that another value owns, as a `Span` is to an array.
///
/// The compiler ensures that neither a span nor its elements outlive that memory.
@safe
public struct BlobSpan: ~Escapable {
  private let slots: UnsafePointer<UnsafeRawPointer>?

  /// The first element if all have a fixed size and there are no slots.
  private let packed: UnsafeRawPointer?

  /// The byte count of every element if all have the same size, otherwise -1.
  private let fixedByteCount: Int

  /// The distance from the slot of an element to the next: 1, or 0 if all are the same element.
  private let stride: Int

  /// The number of elements.
  public let count: Int

  /// Shows the elements that slots point to.
  ///
  /// The length of each stands before it.
  @_lifetime(immortal)
  init(slots: UnsafePointer<UnsafeRawPointer>?, count: Int, stride: Int = 1) {
    unsafe self.slots = unsafe slots
    unsafe packed = nil
    fixedByteCount = -1
    self.stride = stride
    self.count = count
  }

  /// Shows elements of a fixed size: back to back, or the same element `count` times if `isRepeated`.
  @_lifetime(immortal)
  init(packed: UnsafeRawPointer, elementByteCount: Int, count: Int, isRepeated: Bool = false) {
    unsafe slots = nil
    unsafe self.packed = unsafe packed
    fixedByteCount = elementByteCount
    stride = isRepeated ? 0 : 1
    self.count = count
  }

  /// The elements back to back, or nil if they have variable size or are one repeated element.
  public var packedBytes: RawSpan? {
    @_lifetime(copy self)
    get {
      guard let packed = unsafe packed, stride == 1 || count <= 1 else { return nil }
      // SAFETY: The memory has `count` elements, so the product is in range.
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: packed, count: count &* fixedByteCount))
      return unsafe _overrideLifetime(bytes, copying: self)
    }
  }

  /// The byte count of every element if their data type gives all the same size, otherwise nil.
  public var elementByteCount: Int? { fixedByteCount < 0 ? nil : fixedByteCount }

  /// Whether there are no elements.
  public var isEmpty: Bool { count == 0 }

  /// The indices of the elements.
  public var indices: Range<Int> { 0..<count }

  /// The bytes of the element at `index`.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Complexity: O(1). Copies nothing.
  public subscript(index: Int) -> RawSpan {
    @_lifetime(copy self)
    get {
      let element = unsafe RawSpan(_unsafeBytes: element(index))
      return unsafe _overrideLifetime(element, copying: self)
    }
  }

  /// The elements in a range of ``indices``.
  @_lifetime(copy self)
  package func extracting(_ range: Range<Int>) -> BlobSpan {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    let first = range.lowerBound &* stride
    // SAFETY: The range is inside of the elements.
    let part =
      if let packed = unsafe packed {
        unsafe BlobSpan(
          packed: packed + first &* fixedByteCount, elementByteCount: fixedByteCount, count: range.count,
          isRepeated: stride == 0)
      } else {
        unsafe BlobSpan(slots: slots.map { unsafe $0 + first }, count: range.count, stride: stride)
      }
    return unsafe _overrideLifetime(part, copying: self)
  }

  /// The number of bytes of all elements together, without their lengths.
  ///
  /// - Complexity: O(*n*) where *n* is the number of elements.
  public var byteCount: Int {
    if fixedByteCount >= 0 { return count &* fixedByteCount }
    var total = 0
    for index in indices {
      unsafe total += element(index).count
    }
    return total
  }

  /// The bytes of the element at `index`, for kernels.
  @inline(__always)
  func element(_ index: Int) -> UnsafeRawBufferPointer {
    guard index >= 0, index < count else {
      preconditionFailure("index \(index) is outside of \(count) elements")
    }
    guard let slots = unsafe slots else { return unsafe packedElement(index) }
    let start = unsafe slots[index &* stride]
    // SAFETY: A slot points after the length of an element whose bytes were checked to be there.
    let length = unsafe (start - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
    return unsafe UnsafeRawBufferPointer(start: start, count: Int(UInt32(littleEndian: length)))
  }

  /// The bytes of an element of fixed size.
  ///
  /// - Precondition: The index is inside the elements.
  private func packedElement(_ index: Int) -> UnsafeRawBufferPointer {
    guard let packed = unsafe packed else { preconditionFailure("there are elements and no memory of them") }
    return unsafe UnsafeRawBufferPointer(
      start: packed + index &* stride &* fixedByteCount, count: fixedByteCount)
  }
}

/// Where an element is, as C has it.
@safe
package struct ElementBytes {
  /// The first byte, or nil for an element without bytes.
  package var start: UnsafeRawPointer?

  /// The number of bytes.
  package var byteCount: Int
}

extension BlobSpan {
  /// Writes down where each element is.
  ///
  /// - Parameter target: Memory for one pointer an element, which is not initialized.
  /// - Complexity: O(*n*) where *n* is the number of elements.
  package func copyPointers(to target: UnsafeMutableBufferPointer<ElementBytes>) {
    for index in indices {
      let element = unsafe element(index)
      unsafe target.initializeElement(
        at: index, to: ElementBytes(start: element.baseAddress, byteCount: element.count))
    }
  }

  /// Calls `body` with elements that lie one after the other in memory, and all bytes from the first to the last of
  /// them, as often as it takes to show all elements that have bytes.
  ///
  /// Before each element but the first are the bytes of its length.
  ///
  /// - Complexity: O(*n*) where *n* is the number of elements, besides what `body` does.
  package func forEachRun(
    _ body: (_ elements: Range<Int>, _ bytes: RawSpan) throws -> Void
  ) rethrows {
    // What lies between two elements.
    let gap = fixedByteCount < 0 ? WireForm.lengthByteCount : 0
    var start = 0
    while start < count {
      let first = unsafe element(start)
      guard let address = first.baseAddress else {
        start += 1
        continue
      }
      var byteCount = first.count
      var end = start + 1
      while end < count {
        let next = unsafe element(end)
        // SAFETY: Only addresses are compared.
        guard unsafe next.baseAddress == address + byteCount + gap else { break }
        byteCount += gap + next.count
        end += 1
      }
      // SAFETY: All of these bytes are in one chunk, since a chunk begins with more bytes than a gap has.
      try body(
        start..<end, unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: address, count: byteCount)))
      start = end
    }
  }

  /// The index of the element that has the byte at `offset` of the bytes that ``forEachRun(_:)`` shows with `elements`,
  /// and where that element begins there.
  ///
  /// Bytes of a length belong to the element before it.
  ///
  /// - Complexity: O(log *n*) where *n* is the number of elements.
  package func element(at offset: Int, in elements: Range<Int>) -> (index: Int, start: Int) {
    guard let origin = unsafe element(elements.lowerBound).baseAddress else {
      return (elements.lowerBound, 0)
    }
    func start(of index: Int) -> Int { unsafe (element(index).baseAddress ?? origin) - origin }
    var (low, high) = (elements.lowerBound, elements.upperBound)
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if start(of: middle) <= offset { low = middle } else { high = middle }
    }
    return (low, start(of: low))
  }

  /// The element at `index` as text, or nil if it is not well-formed UTF-8.
  func string(at index: Int) -> String? {
    let element = unsafe element(index)
    guard unsafe ckernels_is_utf8(element.baseAddress, element.count) else { return nil }
    // The text was validated above, and `decoding:` is faster than the initializers that validate.
    return unsafe String(decoding: element, as: UTF8.self)
  }
}

/// Where each element of a selection begins in wire form.
///
///     table    [•][•][•][•] …          a pointer for each element, in C order
///               │  └──────────────┐
///     chunk    [byteCount|bytes…][byteCount|bytes…]
///
/// The length of an element stands before its bytes, so the table needs no lengths.
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

  /// Resets the table to `count` elements, none of them set.
  ///
  /// - Complexity: O(1). Allocates only if the table has never been this large.
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

  /// The slots of the elements in `range`.
  ///
  /// Only one worker may fill them.
  func slots(_ range: Range<Int>) -> UnsafeMutableBufferPointer<UnsafeRawPointer> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is outside of the elements")
    guard let slots = unsafe slots else { return unsafe UnsafeMutableBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeMutableBufferPointer(start: slots + range.lowerBound, count: range.count)
  }

  /// A span of the first element, repeated `count` times.
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

extension ByteArena {
  /// Appends copies of elements, each after its length.
  ///
  /// - Parameters:
  ///   - elements: The elements of a chunk.
  ///   - runs: Those that are appended, by their indices in the chunk.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: Amortized O(*n*) where *n* is the size of the elements.
  mutating func append(withLengths elements: BlobSpan, runs: Span<ElementRun>) throws(ChunkError) {
    var byteCount = 0
    for run in runs.indices {
      for index in runs[run].chunkIndex..<runs[run].chunkIndex + runs[run].count {
        byteCount = try unsafe sum(byteCount, elements.element(index).count + WireForm.lengthByteCount)
      }
    }
    try append(addingCapacity: byteCount) { output throws(ChunkError) in
      try unsafe output.appendUnsafe { target throws(ChunkError) in
        guard let start = target.baseAddress else { return 0 }
        var offset = 0
        for run in runs.indices {
          for index in runs[run].chunkIndex..<runs[run].chunkIndex + runs[run].count {
            let element = unsafe elements.element(index)
            unsafe (start + offset).storeBytes(of: UInt32(element.count).littleEndian, as: UInt32.self)
            offset &+= WireForm.lengthByteCount
            if let source = element.baseAddress {
              // SAFETY: After every chunk lies the slack, and so it does after the arena.
              unsafe copyElement(
                to: start + offset, from: source, byteCount: element.count, writable: byteCount &- offset)
            }
            offset &+= element.count
          }
        }
        return offset
      }
    }
  }
}

extension BlobTable {
  /// Stores the places of elements that were copied one after the other, each after its length.
  ///
  /// - Parameters:
  ///   - elements: The elements, well-formed, in the order of the runs. They must outlive each use of the places.
  ///   - offset: Where the first one begins.
  ///   - runs: The runs. Only their places in the table matter.
  /// - Returns: Where the last one ends.
  @discardableResult
  borrowing func place(gathered elements: SharedBytes, from offset: Int, runs: Span<ElementRun>) -> Int {
    var offset = offset
    for index in runs.indices {
      let run = runs[index]
      let slots = unsafe slots(run.selectionIndex..<run.selectionIndex + run.count)
      for slot in 0..<run.count {
        let byteCount = Int(elements.bytes.littleEndianUInt32(at: offset))
        offset += WireForm.lengthByteCount
        unsafe slots.initializeElement(at: slot, to: elements.baseAddress + offset)
        offset += byteCount
      }
    }
    return offset
  }

  /// Stores the places of elements of a chunk that are known already.
  ///
  /// - Parameters:
  ///   - elements: The elements of the chunk, of any size. Their memory must outlive each use of the places.
  ///   - runs: The elements to store, and their indices in the table.
  borrowing func place(_ elements: BlobSpan, runs: Span<ElementRun>) {
    for run in runs.indices {
      let slots = unsafe slots(runs[run].selectionIndex..<runs[run].selectionIndex + runs[run].count)
      for index in 0..<runs[run].count {
        guard let start = unsafe elements.element(runs[run].chunkIndex + index).baseAddress else { continue }
        unsafe slots.initializeElement(at: index, to: start)
      }
    }
  }
}
