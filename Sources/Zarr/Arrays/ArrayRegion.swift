/// A hyper-rectangle of an array: a range of indices along each dimension.
///
///     let rows: ArrayRegion = [0..<10, 0..<5]
///
/// The region of an array without dimensions has no ranges, and one element.
public struct ArrayRegion: Hashable, Sendable, ExpressibleByArrayLiteral {
  /// The range of indices along each dimension.
  public let ranges: [Range<Int>]

  /// Creates a region of a range along each dimension.
  public init(_ ranges: [Range<Int>]) {
    self.ranges = ranges
  }

  public init(arrayLiteral ranges: Range<Int>...) {
    self.init(ranges)
  }

  /// The region of all elements of an array.
  ///
  /// - Precondition: No length is negative.
  public init(allOf shape: [Int]) {
    self.init(shape.map { 0..<$0 })
  }

  /// The region of one element.
  public init(elementAt indices: [Int]) {
    // No array reaches as far as the largest integer, and there is no range behind it: a region outside of
    // all.
    self.init(indices.map { $0 == Int.max ? -1..<0 : $0..<$0 + 1 })
  }

  /// The number of indices along each dimension.
  public var shape: [Int] { ranges.map(\.count) }

  /// The number of elements, or nil if an `Int` cannot hold it.
  public var elementCount: Int? { ArrayMetadata.elementCount(of: shape) }

  /// Whether all indices are inside of an array.
  func isInside(_ shape: [Int]) -> Bool {
    ranges.count == shape.count
      && zip(ranges, shape).allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= $1 }
  }
}

extension ArrayRegion: CustomStringConvertible {
  public var description: String {
    "[" + ranges.map { "\($0.lowerBound)..<\($0.upperBound)" }.joined(separator: ", ") + "]"
  }
}
