extension WireForm {
  /// Whether all elements of a chunk in wire form equal `fillValue`.
  ///
  /// Elements that are all the same repeat with a fixed period, so this is a check of the size, of the first
  /// element, and one comparison of the chunk with itself.
  ///
  /// - Complexity: O(1) for chunks of another size, else O(*n*) where *n* is the size of the chunk.
  static func elements(of chunk: RawSpan, allEqual fillValue: [UInt8]) -> Bool {
    let count = Int(chunk.littleEndianUInt32(at: 0))
    let period = lengthByteCount + fillValue.count
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: period)
    guard !overflow, chunk.byteCount - headerByteCount == byteCount else { return false }
    guard count > 0 else { return true }
    let elements = chunk.extracting(headerByteCount..<chunk.byteCount)
    guard Int(elements.littleEndianUInt32(at: 0)) == fillValue.count else { return false }
    // SAFETY: Bytes have no padding.
    guard elements.extracting(lengthByteCount..<period).isEqual(to: unsafe fillValue.span.bytes) else {
      return false
    }
    return elements.extracting(period..<byteCount).isEqual(to: elements.extracting(0..<byteCount - period))
  }
}
