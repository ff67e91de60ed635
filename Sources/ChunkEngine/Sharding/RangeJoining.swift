/// Which parts of a value are read together.
///
/// A read has a price of its own, so that it pays to read some bytes nobody asked for between two parts, and
/// not to read a large part in small pieces.
public struct RangeJoining: Hashable, Sendable {
  /// The most bytes between two parts that are read along with them.
  public let gapByteCount: Int

  /// The most bytes that several parts are joined to.
  public let maximumByteCount: Int

  /// Creates settings.
  ///
  /// - Precondition: No number is negative.
  public init(gapByteCount: Int, maximumByteCount: Int) {
    precondition(gapByteCount >= 0 && maximumByteCount >= 0, "a number of bytes is negative")
    self.gapByteCount = gapByteCount
    self.maximumByteCount = maximumByteCount
  }

  /// For files and memory, where a read costs about a microsecond.
  public static let local = RangeJoining(gapByteCount: 4 << 10, maximumByteCount: 256 << 10)

  /// For stores behind a network, where a read costs some milliseconds.
  public static let remote = RangeJoining(gapByteCount: 1 << 20, maximumByteCount: 16 << 20)

  /// Whether a part, which does not begin in front of what is read already, is read together with that.
  func joins(_ range: Range<Int>, to joined: Range<Int>) -> Bool {
    range.upperBound <= joined.upperBound
      || (range.lowerBound - joined.upperBound <= gapByteCount
        && range.upperBound - joined.lowerBound <= maximumByteCount)
  }
}
