/// Returns the sum of two byte counts, or the largest number if it is beyond that.
package func sumOrMaximum(_ left: Int, _ right: Int) -> Int {
  let (sum, overflow) = left.addingReportingOverflow(right)
  return overflow ? Int.max : sum
}

/// Returns the sum of two byte counts, or throws because no memory can hold it.
func sum(_ left: Int, _ right: Int) throws(ChunkError) -> Int {
  let (sum, overflow) = left.addingReportingOverflow(right)
  guard !overflow else { throw .chunkTooLarge(byteCount: Int.max, limit: Int.max) }
  return sum
}

extension UInt8 {
  /// Whether it is a digit of ASCII.
  package var isDigit: Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= self }
}

extension Int {
  /// Reads a number of digits alone: `Int` takes a sign too.
  package init?(digits: some Collection<UInt8>) {
    guard digits.allSatisfy(\.isDigit) else { return nil }
    self.init(String(decoding: digits, as: UTF8.self))
  }
}
