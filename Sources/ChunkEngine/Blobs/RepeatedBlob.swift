/// One element again and again, such as the fill value behind the edge of an array.
public struct RepeatedBlob: BlobSource {
  private let element: [UInt8]
  public let count: Int

  /// Creates a source of `count` times `element`.
  ///
  /// - Precondition: `count` is not negative.
  public init(_ element: [UInt8], count: Int) {
    precondition(count >= 0, "a source cannot have \(count) elements")
    self.element = element
    self.count = count
  }

  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    let (product, overflow) = element.count.multipliedReportingOverflow(by: range.count)
    guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
    return product
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    // SAFETY: Bytes have no padding.
    try unsafe writer.append(repeating: element.span.bytes, count: range.count)
  }
}
