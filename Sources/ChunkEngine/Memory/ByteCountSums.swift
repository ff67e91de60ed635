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
