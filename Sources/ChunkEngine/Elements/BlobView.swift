/// Elements that were read, in C order, where the decoder left them.
///
///     let view = try array.read()
///     for blob in view { print(blob.byteCount) }
///
/// Nothing is copied: a view holds the decoded chunks and knows where each element begins. Copies of the
/// view, its slices and its elements share that memory, which is freed with the last of them. To keep a few
/// elements of a large read for a long time, copy them, as `[UInt8](view[0])` does.
///
/// A loop over millions of small elements is fastest over ``blobs``, which holds no references.
@safe
public struct BlobView: Sendable {
  private let storage: BlobStorage

  init(_ storage: BlobStorage) {
    self.storage = storage
  }

  /// How the elements lie in memory.
  var layout: ElementLayout { storage.layout }

  /// The places of elements of any size, as long as the view is there.
  var slots: UnsafeMutableBufferPointer<UnsafeRawPointer> { unsafe storage.table.slots(0..<storage.count) }

  /// The elements as spans, which must not outlive this view.
  public var blobs: BlobSpan {
    @_lifetime(borrow self)
    get { storage.blobs }
  }

  /// The elements back to back, or nil if their data type has no fixed size.
  ///
  /// Numbers are little-endian, without padding, in C order.
  ///
  /// - Complexity: O(1). Copies nothing.
  public var packedBytes: RawSpan? {
    @_lifetime(borrow self)
    get { storage.blobs.packedBytes }
  }

  /// A copy of the bytes of the element at `index`.
  ///
  /// - Precondition: `index` is in `indices`.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func bytes(at index: Int) -> [UInt8] {
    unsafe Array(blobs.element(index))
  }

  /// The element at `index` as text.
  ///
  /// - Precondition: `index` is in `indices`.
  /// - Throws: ``ChunkError/invalidUTF8(index:)``
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func string(at index: Int) throws(ChunkError) -> String {
    guard let string = blobs.string(at: index) else { throw .invalidUTF8(index: index) }
    return string
  }
}

extension BlobView: RandomAccessCollection {
  public var startIndex: Int { 0 }

  public var endIndex: Int { storage.count }

  public var count: Int { storage.count }

  public var indices: Range<Int> { 0..<count }

  /// The element at `index`, which shares the memory of the view.
  ///
  /// - Precondition: `index` is in `indices`.
  /// - Complexity: O(1). Copies nothing.
  public subscript(index: Int) -> Blob {
    precondition(index >= 0 && index < count, "index \(index) is outside of \(count) elements")
    return Blob(index, of: storage)
  }
}

/// One element as bytes, where the decoder left it.
///
/// A blob is a collection of bytes: `[UInt8](blob)`, `Data(blob)` and `String(validating: blob, as:
/// UTF8.self)` copy them. It shares the memory of the ``BlobView`` that it comes from, and keeps all of that
/// memory. Blobs are equal if their bytes are.
@safe
public struct Blob: Sendable {
  private let storage: BlobStorage
  private let index: Int

  fileprivate init(_ index: Int, of storage: BlobStorage) {
    self.index = index
    self.storage = storage
  }

  /// The number of bytes.
  ///
  /// - Complexity: O(1)
  public var byteCount: Int { unsafe buffer.count }

  /// The bytes.
  ///
  /// - Complexity: O(1). Copies nothing.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: The storage keeps the bytes, which no longer change.
      let bytes = unsafe RawSpan(_unsafeBytes: buffer)
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// Calls `body` with the bytes, which are valid during the call.
  public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(storage) { () throws(Failure) in try unsafe body(buffer) }
  }

  /// The element as text.
  ///
  /// - Throws: ``ChunkError/invalidUTF8(index:)`` with the index of the element in its view.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func string() throws(ChunkError) -> String {
    guard let string = storage.blobs.string(at: index) else { throw .invalidUTF8(index: index) }
    return string
  }

  private var buffer: UnsafeRawBufferPointer { unsafe storage.blobs.element(index) }
}

extension Blob: RandomAccessCollection {
  public var startIndex: Int { 0 }

  public var endIndex: Int { byteCount }

  public var count: Int { byteCount }

  public var indices: Range<Int> { 0..<byteCount }

  public subscript(offset: Int) -> UInt8 { bytes.byte(at: offset) }

  public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    try withExtendedLifetime(storage) { try unsafe buffer.withMemoryRebound(to: UInt8.self, body) }
  }
}

extension Blob: Hashable {
  public static func == (left: Blob, right: Blob) -> Bool {
    left.bytes.isEqual(to: right.bytes)
  }

  public func hash(into hasher: inout Hasher) {
    unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}

extension Blob: BlobConvertible {
  public var blobByteCount: Int { byteCount }

  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    try body(bytes)
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

  public func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    let blobs = blobs
    for index in range { try body(blobs[index]) }
    return true
  }
}

/// The places of the elements of a ``BlobView``, and the memory that holds them.
@safe
final class BlobStorage: Sendable {
  /// How the elements lie in memory.
  let layout: ElementLayout

  /// The number of elements.
  let count: Int

  // SAFETY: Workers fill disjoint slots before the first view exists. After that, everything is only read.
  nonisolated(unsafe) let table: BlobTable
  private let owners = Locked<[SharedBytes]>([])

  /// Views that have elements of this storage.
  private let sources: [BlobView]

  /// Elements of fixed size, back to back.
  ///
  /// Each worker copies elements to places of its own.
  private let packed: Allocation?

  /// One chunk that has exactly the elements of the view, used instead of `packed`, and where they begin in
  /// it.
  // SAFETY: The one worker that has such a chunk sets it before the first view exists.
  private nonisolated(unsafe) var adopted: (chunk: SharedBytes, offset: Int)?

  /// Creates storage with room for `count` elements, some of which may be in memory that `sources` keep.
  init(count: Int, layout: ElementLayout, sources: [BlobView] = []) throws(ChunkError) {
    self.count = count
    self.sources = sources
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

  /// Keeps the memory of a chunk as long as this storage exists.
  func keep(_ chunk: SharedBytes) {
    owners.withLock { $0.append(chunk) }
  }

  /// Uses the elements that begin at `offset` of a chunk instead of the storage's own.
  ///
  /// - Precondition: The chunk has all elements of the storage from `offset` on, and they have a fixed size.
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
