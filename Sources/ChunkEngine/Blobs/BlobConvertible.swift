/// A type whose values are bytes in memory already, such as `[UInt8]`.
///
/// An array of a conforming type is a ``BlobSource``. The two requirements take whole runs of elements, and
/// have default implementations in terms of ``withBlobBytes(_:)`` that the compiler turns into one loop for
/// each type.
public protocol BlobConvertible: Sendable {
  /// Whether every value is well-formed UTF-8.
  static var isText: Bool { get }

  /// The number of bytes.
  ///
  /// Asked once when memory is reserved and never trusted afterwards, so it should be O(1).
  var blobByteCount: Int { get }

  /// Calls `body` once with the bytes, as many as ``blobByteCount`` says.
  ///
  /// - Throws: What `body` throws.
  func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError)

  /// Returns how many bytes `elements` have together.
  ///
  /// - Throws: ``ChunkError/chunkTooLarge(byteCount:limit:)`` if an `Int` cannot hold the sum.
  /// - Complexity: O(*n*) where *n* is the number of elements.
  static func byteCount(of elements: Span<Self>) throws(ChunkError) -> Int

  /// Appends `elements` to `writer`.
  ///
  /// - Throws: As ``WireFormWriter/append(_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements. Does not allocate.
  static func write(_ elements: Span<Self>, to writer: inout WireFormWriter) throws(ChunkError)
}

extension BlobConvertible {
  public static var isText: Bool { false }

  @inlinable
  public static func byteCount(of elements: Span<Self>) throws(ChunkError) -> Int {
    var total = 0
    for index in elements.indices {
      let (sum, overflow) = total.addingReportingOverflow(elements[index].blobByteCount)
      guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
      total = sum
    }
    return total
  }

  @inlinable
  public static func write(_ elements: Span<Self>, to writer: inout WireFormWriter) throws(ChunkError) {
    for index in elements.indices {
      try elements[index].withBlobBytes { bytes throws(ChunkError) in
        try writer.append(bytes)
      }
    }
  }
}

extension Array: BlobSource where Element: BlobConvertible {
  public var elementsAreText: Bool { Element.isText }

  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    try Element.byteCount(of: span.extracting(range))
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try Element.write(span.extracting(range), to: &writer)
  }
}

extension Array: BlobConvertible where Element == UInt8 {
  @inlinable public var blobByteCount: Int { count }

  @inlinable @inline(__always)
  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    // SAFETY: Bytes have no padding.
    try unsafe body(span.bytes)
  }
}

extension ArraySlice: BlobConvertible where Element == UInt8 {
  @inlinable public var blobByteCount: Int { count }

  @inlinable @inline(__always)
  public func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError) {
    // SAFETY: Bytes have no padding.
    try unsafe body(span.bytes)
  }
}
