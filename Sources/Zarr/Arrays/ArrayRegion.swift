/// A hyper-rectangle of an array: a range of indices along each dimension.
///
/// ```swift
/// let rows: ArrayRegion = [0..<10, 0..<5]
/// ```
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
    // No array reaches the largest integer, and no range begins after it: this is a region outside of every
    // array.
    self.init(indices.map { $0 == Int.max ? -1..<0 : $0..<$0 + 1 })
  }

  /// The number of indices along each dimension.
  public var shape: [Int] { ranges.map { $0.count } }

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

/// Divides a box of whole chunks into boxes of about as many elements, by halving it where chunks end.
///
///     5 regions of 4 x 6 chunks        2 and 3 of 5 parts        1 of 2, 1 of 2, 1 and 2 of 3 …
///     · · · · · ·                      a a b b b b               a a c c d d
///     · · · · · ·           →          a a b b b b       →       a a c c d d
///     · · · · · ·                      a a b b b b               b b c c e e
///     · · · · · ·                      a a b b b b               b b c c e e
private struct AlignedRegions {
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The regions that are found.
  private(set) var regions: [ArrayRegion] = []

  /// Divides an array that has elements.
  ///
  /// - Parameters:
  ///   - shape: The shape of the array.
  ///   - grid: Its chunks, which are no more than can be counted.
  ///   - count: The number of regions, at least 1; there are fewer if there are fewer chunks.
  init(shape: [Int], grid: ChunkGrid, count: Int) {
    self.shape = shape
    self.grid = grid
    let chunks = grid.chunkCounts(of: shape).map { 0..<$0 }
    divide(chunks, into: min(count, Self.count(of: chunks)))
  }

  /// Divides a box into regions, which are no more than its chunks.
  private mutating func divide(_ chunks: [Range<Int>], into count: Int) {
    guard count > 1, let dimension = chunks.indices.max(by: { chunks[$0].count < chunks[$1].count }) else {
      regions.append(ArrayRegion(chunks.indices.map { elements(of: chunks[$0], along: $0) }))
      return
    }
    let half = count / 2
    let cut = cut(chunks[dimension], along: dimension, after: half, of: count)
    var boxes = [chunks, chunks]
    boxes[0][dimension] = chunks[dimension].lowerBound..<cut
    boxes[1][dimension] = cut..<chunks[dimension].upperBound
    // Each region has a chunk at least.
    let first = max(count - Self.count(of: boxes[1]), min(half, Self.count(of: boxes[0])))
    divide(boxes[0], into: first)
    divide(boxes[1], into: count - first)
  }

  /// The chunk boundary that is closest to the end of a part of the elements.
  ///
  /// There are chunks on both sides of it.
  private func cut(_ chunks: Range<Int>, along dimension: Int, after part: Int, of count: Int) -> Int {
    let elements = elements(of: chunks, along: dimension)
    // The product may be out of range, and the quotient is not, since it is a part.
    let wanted =
      elements.lowerBound
      + count.dividingFullWidth(elements.count.multipliedFullWidth(by: part)).quotient
    let chunk = grid.dimensions[dimension].chunkIndex(of: wanted)
    let range = grid.dimensions[dimension].range(ofChunk: chunk)
    let nearest = wanted - range.lowerBound <= range.upperBound - wanted ? chunk : chunk + 1
    return max(chunks.lowerBound + 1, min(chunks.upperBound - 1, nearest))
  }

  /// The elements of chunks along a dimension that are inside of the array.
  private func elements(of chunks: Range<Int>, along dimension: Int) -> Range<Int> {
    let division = grid.dimensions[dimension]
    return division.range(ofChunk: chunks.lowerBound)
      .lowerBound..<min(shape[dimension], division.range(ofChunk: chunks.upperBound - 1).upperBound)
  }

  private static func count(of chunks: [Range<Int>]) -> Int {
    // No more than there are elements, whose number was checked.
    chunks.reduce(1) { $0 * $1.count }
  }
}

extension ZarrArray {
  /// Divides the array into regions that have no chunk in common, and no shard.
  ///
  ///     let regions = array.alignedRegions(count: processCount)
  ///     try array.write(elements, to: regions[processNumber])
  ///
  /// Writers of different regions never wait for each other, in one process or in many. The regions depend
  /// only on the shape and the chunks, so every process computes the same ones.
  ///
  /// - Parameter count: How many regions there are. There are fewer if the array has fewer chunks, and none
  ///   if it has no elements.
  /// - Returns: The regions, which are together the whole array, of about as many elements each.
  /// - Precondition: `count` is at least 1.
  /// - Complexity: O(*n* log *m*) where *n* is the number of regions and *m* that of the lengths of chunks.
  public func alignedRegions(count: Int) -> [ArrayRegion] {
    precondition(count > 0, "an array is divided into at least one region, not \(count)")
    let metadata = metadata
    guard metadata.elementCount > 0 else { return [] }
    return AlignedRegions(shape: metadata.shape, grid: metadata.chunkGrid, count: count).regions
  }
}
