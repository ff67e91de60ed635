internal import CKernels

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

  /// Copies of the elements.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element.
  public func arrays() -> [[UInt8]] {
    indices.map(bytes(at:))
  }

  /// The element at `index` as text.
  ///
  /// - Precondition: `index` is in ``indices``.
  /// - Throws: ``ChunkError/invalidUTF8(index:)``
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func string(at index: Int) throws(ChunkError) -> String {
    let element = unsafe blobs.element(index)
    guard unsafe ckernels_is_utf8(element.baseAddress, element.count) else {
      throw .invalidUTF8(index: index)
    }
    // Valid already, and `decoding:` is quicker than the initializers that validate.
    return unsafe String(decoding: element, as: UTF8.self)
  }

  /// The elements as text.
  ///
  /// - Throws: ``ChunkError/invalidUTF8(index:)`` for the first element that is not well-formed UTF-8.
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element of more than 15
  ///   bytes.
  public func strings() throws(ChunkError) -> [String] {
    var strings: [String] = []
    strings.reserveCapacity(count)
    for index in indices {
      strings.append(try string(at: index))
    }
    return strings
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
