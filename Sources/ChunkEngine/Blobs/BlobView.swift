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
