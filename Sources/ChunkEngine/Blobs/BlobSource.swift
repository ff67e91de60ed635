/// Elements that can be written into chunks, in C order.
///
/// Workers ask a source for runs of elements, from several threads at once: first for the bytes of a run, so
/// that memory is reserved once, then for its wire form. A source is called once a run, not once an element,
/// so that its loop is compiled for it.
///
/// `[[UInt8]]`, `[ArraySlice<UInt8>]`, ``BlobBatch``, ``BlobView``, ``GeneratedBlobs`` and ``JoinedBlobs``
/// are sources, as are arrays of any type that is ``BlobConvertible``. For memory of your own that has
/// Arrow's layout see ``withContiguousBlobs(_:offsets:_:)-(_,Span<Int64>,_)``.
public protocol BlobSource: Sendable {
  /// The number of elements.
  var count: Int { get }

  /// Whether all elements are known to be well-formed UTF-8, so that they need not be checked again.
  var elementsAreText: Bool { get }

  /// Returns how many bytes the elements in `range` have together, without their lengths.
  ///
  /// - Precondition: `range` is inside of `0..<count`.
  /// - Throws: ``ChunkError``. A source of yours that cannot give its elements throws
  ///   ``ChunkError/sourceFailed(reason:)``.
  func byteCount(of range: Range<Int>) throws(ChunkError) -> Int

  /// Appends the elements in `range` to `writer`, each with one call.
  ///
  /// - Precondition: `range` is inside of `0..<count`.
  /// - Throws: What `writer` throws, and ``ChunkError/sourceFailed(reason:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError)
}

extension BlobSource {
  public var elementsAreText: Bool { false }
}
