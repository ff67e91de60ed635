/// Row-major order, also called C order: the last dimension moves fastest.
package enum RowMajor {
  /// How far a step along each dimension goes in an array without gaps.
  ///
  /// - Precondition: An `Int` can hold the number of elements.
  package static func strides(of shape: [Int]) -> [Int] {
    var strides = shape
    var stride = 1
    for dimension in shape.indices.reversed() {
      strides[dimension] = stride
      stride *= shape[dimension]
    }
    return strides
  }

  /// The number of elements, or nil if an `Int` cannot hold it or a length is negative.
  package static func count(of shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, length >= 0 else { return nil }
      count = product
    }
    return count
  }

  /// Which element of an array `indices` name, counted from 0.
  ///
  /// - Precondition: They are inside the array.
  package static func position(of indices: [Int], in shape: [Int]) -> Int {
    var position = 0
    for dimension in shape.indices {
      position = position * shape[dimension] + indices[dimension]
    }
    return position
  }

  /// The indices of the element at `position`.
  ///
  /// - Precondition: The array has as many elements.
  package static func indices(at position: Int, in shape: [Int]) -> [Int] {
    var rest = position
    var indices = shape
    for dimension in shape.indices.reversed() {
      (rest, indices[dimension]) = rest.quotientAndRemainder(dividingBy: shape[dimension])
    }
    return indices
  }
}

/// The places of an array between bounds: a range of indices along each dimension.
///
///     [1..<3, 0..<2] of shape [3, 3]     · · ·
///                                        x x ·
///                                        x x ·
///
/// Without dimensions a box has one place.
package struct Box: Hashable, Sendable {
  /// The indices along each dimension.
  package let ranges: [Range<Int>]

  /// A box between bounds.
  package init(_ ranges: [Range<Int>]) {
    self.ranges = ranges
  }

  /// The number of indices along each dimension.
  package var shape: [Int] { ranges.map { $0.count } }

  /// The number of places.
  ///
  /// - Precondition: An `Int` can hold it.
  package var count: Int { ranges.reduce(1) { $0 * $1.count } }

  /// The first place in row-major order, if the box has one.
  package var first: [Int] { ranges.map { $0.lowerBound } }

  /// Goes on to the next place in row-major order.
  ///
  /// - Parameter indices: A place of the box; the first one again after the last.
  /// - Returns: The outermost dimension that moved, or nil after the last place.
  /// - Complexity: O(*n*) in the number of dimensions that move. Does not allocate.
  @inline(__always)
  package func advance(_ indices: inout [Int]) -> Int? {
    var dimension = ranges.count - 1
    while dimension >= 0 {
      indices[dimension] += 1
      if indices[dimension] < ranges[dimension].upperBound { return dimension }
      indices[dimension] = ranges[dimension].lowerBound
      dimension -= 1
    }
    return nil
  }

  /// Calls `body` with each place, in row-major order.
  package func forEachPlace<Failure: Error>(_ body: ([Int]) throws(Failure) -> Void) throws(Failure) {
    guard ranges.allSatisfy({ !$0.isEmpty }) else { return }
    var indices = first
    repeat { try body(indices) } while advance(&indices) != nil
  }
}
