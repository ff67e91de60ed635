/// A walk through the elements that two arrays have in common, in row-major order.
///
///     source of shape [2, 3]     0 1 2     target, its transpose     0 3     targets   0 1 2 3 4 5
///                                3 4 5                               1 4     sources   0 3 1 4 2 5
///                                                                    2 5
///
/// Dimensions of length 1 are left out, and neighbours that both arrays have without gaps are one.
package struct StridedWalk: Sendable {
  /// How many steps there are along a dimension, and how far each goes in both arrays.
  package struct Dimension: Hashable, Sendable {
    package var length: Int
    package var sourceStride: Int
    package var targetStride: Int
    fileprivate var step = 0

    package init(length: Int, sourceStride: Int, targetStride: Int) {
      self.length = length
      self.sourceStride = sourceStride
      self.targetStride = targetStride
    }
  }

  /// The dimensions, the outermost first.
  package private(set) var dimensions: [Dimension] = []

  /// Where the walk is in the source.
  package private(set) var source = 0

  /// Where the walk is in the target.
  package private(set) var target = 0

  private var hasBegun = false
  private var isEmpty = false

  /// A walk without dimensions, which has one place.
  package init() {}

  /// A walk through the elements of an array whose dimensions the target has in another order.
  ///
  /// - Precondition: `order` is a permutation of the dimensions, and an `Int` can hold the number of
  ///   elements.
  package init(permuting shape: [Int], by order: [Int]) {
    let sourceStrides = RowMajor.strides(of: shape)
    let targetStrides = RowMajor.strides(of: order.map { shape[$0] })
    for (dimension, targetStride) in zip(order, targetStrides) {
      append(
        Dimension(
          length: shape[dimension], sourceStride: sourceStrides[dimension], targetStride: targetStride))
    }
  }

  /// Begins another walk, in the memory of this one.
  package mutating func restart(source: Int, target: Int) {
    dimensions.removeAll(keepingCapacity: true)
    self.source = source
    self.target = target
    hasBegun = false
    isEmpty = false
  }

  /// Adds an innermost dimension.
  ///
  /// - Precondition: The walk has not begun.
  package mutating func append(_ dimension: Dimension) {
    guard dimension.length != 1 else { return }
    if dimension.length == 0 { isEmpty = true }
    if let last = dimensions.last, last.sourceStride == dimension.sourceStride * dimension.length,
      last.targetStride == dimension.targetStride * dimension.length
    {
      dimensions[dimensions.count - 1] = dimension
      dimensions[dimensions.count - 1].length *= last.length
    } else {
      dimensions.append(dimension)
    }
  }

  /// Takes a dimension out.
  package mutating func remove(at index: Int) -> Dimension { dimensions.remove(at: index) }

  /// Takes the innermost dimension out if both arrays have its elements one after the other.
  ///
  /// - Returns: How many elements follow each other at each place of what is left.
  package mutating func takeRun() -> Int {
    guard let last = dimensions.last, last.sourceStride == 1, last.targetStride == 1 else { return 1 }
    dimensions.removeLast()
    return last.length
  }

  /// The number of places.
  package var count: Int { dimensions.reduce(1) { $0 * $1.length } }

  /// Goes on to the next place; the first call goes to the first one.
  ///
  /// - Returns: Whether there is one. If not, the walk is at its first place again.
  /// - Complexity: O(*n*) in the number of dimensions that move. Does not allocate.
  package mutating func next() -> Bool {
    guard hasBegun else {
      hasBegun = true
      return !isEmpty
    }
    var index = dimensions.count - 1
    while index >= 0 {
      let dimension = dimensions[index]
      if dimension.step + 1 < dimension.length {
        dimensions[index].step += 1
        source += dimension.sourceStride
        target += dimension.targetStride
        return true
      }
      dimensions[index].step = 0
      source -= dimension.step * dimension.sourceStride
      target -= dimension.step * dimension.targetStride
      index -= 1
    }
    return false
  }
}
