/// Elements that can be written into chunks, in C order.
///
/// Workers ask a source for runs of elements, from several threads at a time: first for the byte count of a
/// run, to reserve memory once, then for its wire form. They call a source once for each run and not for each
/// element, so that the compiler specializes its loop.
///
/// `[[UInt8]]`, `[ArraySlice<UInt8>]`, ``BlobBatch``, ``BlobView`` and ``GeneratedBlobs``
/// are sources, and so are arrays of any ``BlobConvertible`` type. For your own memory in Arrow's layout, see
/// ``withContiguousBlobs(_:offsets:_:)-(_,Span<Int64>,_)``.
public protocol BlobSource: Sendable {
  /// The number of elements.
  var count: Int { get }

  /// Whether all elements are known to be well-formed UTF-8. They are not checked again then.
  var elementsAreText: Bool { get }

  /// Returns the byte count of all elements in `range`, without their lengths.
  ///
  /// - Precondition: `range` is inside `0..<count`.
  /// - Throws: ``ChunkError``. If your source cannot provide its elements, throw
  ///   ``ChunkError/sourceFailed(reason:)``.
  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int

  /// Appends the elements in `range` to `writer`, each with one call.
  ///
  /// - Precondition: `range` is inside `0..<count`.
  /// - Throws: What `writer` throws, and ``ChunkError/sourceFailed(reason:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError)

  /// Calls `body` with each element in `range`, in order, where it is in memory.
  ///
  /// Large elements that cannot be compressed are then written from there. The default implementation is for sources
  /// that make elements as they are written.
  ///
  /// - Precondition: `range` is inside `0..<count`.
  /// - Returns: `false` if elements have no memory of their own; then `body` is not called.
  /// - Throws: What `body` throws, and ``ChunkError``.
  func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool
}

extension BlobSource {
  public var elementsAreText: Bool { false }

  public func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool { false }
}

/// A type whose values are bytes in memory, such as `[UInt8]`.
///
/// An array of a conforming type is a ``BlobSource``. The two static requirements take whole runs of
/// elements. Their default implementations call ``withBlobBytes(_:)``, and the compiler makes one loop of
/// them for each type.
public protocol BlobConvertible: Sendable {
  /// Whether every value is well-formed UTF-8.
  static var isText: Bool { get }

  /// The number of bytes.
  ///
  /// It is used to reserve memory, and not trusted after that. It should be O(1).
  var blobByteCount: Int { get }

  /// Calls `body` once with the bytes. There must be ``blobByteCount`` of them.
  ///
  /// - Throws: What `body` throws.
  func withBlobBytes(_ body: (RawSpan) throws(ChunkError) -> Void) throws(ChunkError)

  /// Returns the byte count of all `elements`.
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

  public func showElements(in range: Range<Int>, _ body: (RawSpan) throws -> Void) throws -> Bool {
    for index in range {
      var failure: (any Error)?
      try self[index].withBlobBytes { bytes throws(ChunkError) in
        do { try body(bytes) } catch { failure = error }
      }
      if let failure { throw failure }
    }
    return true
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

/// Elements that a closure creates when they are needed, directly in the memory that is encoded.
///
/// ```swift
/// let numbers = GeneratedBlobs(count: 1000, byteCount: { _ in 8 }) { index, output in
///   for byte in withUnsafeBytes(of: index, Array.init) { output.append(byte) }
/// }
/// ```
public struct GeneratedBlobs: BlobSource {
  public let count: Int
  private let byteCount: @Sendable (Int) throws(ChunkError) -> Int
  private let initializer: @Sendable (Int, inout OutputRawSpan) throws(ChunkError) -> Void

  /// Creates a source.
  ///
  /// Both closures are called from several threads at a time.
  ///
  /// - Parameters:
  ///   - count: The number of elements.
  ///   - byteCount: Returns the byte count of the element at an index. Called twice for each element.
  ///   - initializer: Appends exactly that many bytes to its argument.
  /// - Precondition: `count` is not negative. Both closures give the same result each time.
  public init(
    count: Int, byteCount: @escaping @Sendable (Int) throws(ChunkError) -> Int,
    initializingWith initializer: @escaping @Sendable (Int, inout OutputRawSpan) throws(ChunkError) -> Void
  ) {
    precondition(count >= 0, "a source cannot have \(count) elements")
    self.count = count
    self.byteCount = byteCount
    self.initializer = initializer
  }

  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    var total = 0
    for index in range {
      total = try sum(total, byteCount(index))
    }
    return total
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    for index in range {
      try writer.append(byteCount: byteCount(index)) { output throws(ChunkError) in
        try initializer(index, &output)
      }
    }
  }
}

/// One repeated element, such as the fill value beyond the edge of an array.
package struct RepeatedBlob: BlobSource {
  private let element: [UInt8]
  package let count: Int

  /// Creates a source that repeats `element` `count` times.
  ///
  /// - Precondition: `count` is not negative.
  package init(_ element: [UInt8], count: Int) {
    precondition(count >= 0, "a source cannot have \(count) elements")
    self.element = element
    self.count = count
  }

  package func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    let (product, overflow) = element.count.multipliedReportingOverflow(by: range.count)
    guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    return product
  }

  package func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try writer.append(repeating: element.rawSpan, count: range.count)
  }
}

/// The elements of several sources, one source after the other.
package struct JoinedBlobs: BlobSource {
  private let sources: [any BlobSource]

  /// The index after the last element of each source.
  private let ends: [Int]

  /// Joins `sources`.
  ///
  /// - Complexity: O(*n*) where *n* is the number of sources.
  package init(_ sources: [any BlobSource]) {
    self.sources = sources
    var end = 0
    ends = sources.map { source in
      end += source.count
      return end
    }
  }

  package var count: Int { ends.last ?? 0 }

  package var elementsAreText: Bool { sources.allSatisfy(\.elementsAreText) }

  package func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    var total = 0
    try forEachPart(of: range) { source, part throws(ChunkError) in
      total = try sum(total, source.byteCount(of: part))
    }
    return total
  }

  package func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try forEachPart(of: range) { source, part throws(ChunkError) in
      try source.write(part, to: &writer)
    }
  }

  /// Calls `body` with each source that has elements in `range`, and with their range in the source.
  ///
  /// - Complexity: O(log *n* + *m*) for *m* of *n* sources.
  private func forEachPart(
    of range: Range<Int>, _ body: (any BlobSource, Range<Int>) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    var index = firstSource(endingAfter: range.lowerBound)
    var position = range.lowerBound
    while position < range.upperBound {
      let start = index == 0 ? 0 : ends[index - 1]
      let upper = min(range.upperBound, ends[index])
      if upper > position {
        try body(sources[index], position - start..<upper - start)
      }
      position = max(position, upper)
      index += 1
    }
  }

  private func firstSource(endingAfter position: Int) -> Int {
    var lower = 0
    var upper = ends.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if ends[middle] > position { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}
