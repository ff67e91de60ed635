extension SeededGenerator {
  /// Returns `count` incompressible bytes.
  ///
  /// - Complexity: O(`count`), eight bytes at a time, because debug builds are slow.
  public mutating func bytes(count: Int) -> [UInt8] {
    let wordCount = (count + 7) / 8
    let words = (0..<wordCount).map { _ in next() }
    return words.withUnsafeBytes { Array($0.prefix(count)) }
  }

  /// Returns elements of random bytes with the sizes `byteCounts`.
  public mutating func elements(byteCounts: some Sequence<Int>) -> [[UInt8]] {
    byteCounts.map { bytes(count: $0) }
  }

  /// Returns `count` elements with random sizes from `byteCounts`.
  public mutating func elements(count: Int, byteCounts: ClosedRange<Int>) -> [[UInt8]] {
    (0..<count).map { _ in bytes(count: Int.random(in: byteCounts, using: &self)) }
  }
}
