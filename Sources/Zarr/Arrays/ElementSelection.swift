/// Elements of an array that a region cannot name, in any order.
///
/// ```swift
/// let corners = ElementSelection.orthogonal([.indices([0, 99]), .indices([0, 49])])
/// let diagonal = ElementSelection.coordinates([[0, 1, 2], [0, 1, 2]])
/// ```
///
/// The selected elements are an array again, whose ``shape(in:)`` depends on the form.
public enum ElementSelection: Hashable, Sendable {
  /// All elements whose index along each dimension is in the list of that dimension.
  ///
  /// The result has as many dimensions as the array.
  case orthogonal([IndexList])

  /// The elements at some coordinates: a list for each dimension, all of one length.
  ///
  /// The result has one dimension. Its element at `k` is the one at `[lists[0][k], lists[1][k], …]`.
  case coordinates([[Int]])

  /// The elements for which a mask is true, with as many values as the array has elements, in C order.
  ///
  /// The result has one dimension.
  case mask([Bool])

  /// Indices along one dimension, in the order in which they are wanted.
  public enum IndexList: Hashable, Sendable {
    /// All indices.
    case all

    /// The indices in a range.
    case range(Range<Int>)

    /// Every so many of the indices in a range, the first one included.
    case stride(Range<Int>, by: Int)

    /// These indices, which may repeat.
    case indices([Int])

    /// The indices for which a mask is true, with as many values as the dimension is long.
    case mask([Bool])
  }

  /// The shape of what a selection has of an array.
  ///
  /// - Parameter shape: The shape of the array.
  /// - Returns: The number of selected elements along each dimension of the result.
  /// - Complexity: O(*n*) where *n* is the size of the selection.
  public func shape(in shape: [Int]) -> [Int] {
    switch self {
    case .orthogonal(let lists): zip(lists, shape).map { $0.count(in: $1) }
    case .coordinates(let lists): [lists.first?.count ?? 1]
    case .mask(let mask): [mask.count { $0 }]
    }
  }
}

extension ElementSelection {
  /// The same elements of an array of one dimension, as a list for it.
  var alongOneDimension: ElementSelection {
    switch self {
    case .coordinates(let lists): .orthogonal(lists.map { .indices($0) })
    case .mask(let mask): .orthogonal([.mask(mask)])
    case .orthogonal: self
    }
  }
}

extension ElementSelection.IndexList {
  fileprivate func count(in length: Int) -> Int {
    switch self {
    case .all: length
    case .range(let range): range.count
    case .stride(let range, let step): step > 0 ? range.isEmpty ? 0 : (range.count - 1) / step + 1 : 0
    case .indices(let indices): indices.count
    case .mask(let mask): mask.count { $0 }
    }
  }

  /// The indices, all of which are inside of a dimension.
  ///
  /// - Throws: ``SelectionError``
  func resolved(in length: Int, dimension: Int) throws(SelectionError) -> [Int] {
    switch self {
    case .all: return Array(0..<length)
    case .range(let range):
      try Self.check(range, length, dimension)
      return Array(range)
    case .stride(let range, let step):
      guard step > 0 else { throw .step(step, dimension: dimension) }
      try Self.check(range, length, dimension)
      return Array(Swift.stride(from: range.lowerBound, to: range.upperBound, by: step))
    case .indices(let indices):
      if let position = indices.firstIndex(where: { $0 < 0 || $0 >= length }) {
        throw .index(indices[position], position: position, dimension: dimension, length: length)
      }
      return indices
    case .mask(let mask):
      guard mask.count == length else {
        throw .mask(count: mask.count, expected: length, dimension: dimension)
      }
      return mask.indices.filter { mask[$0] }
    }
  }

  private static func check(_ range: Range<Int>, _ length: Int, _ dimension: Int) throws(SelectionError) {
    guard range.lowerBound >= 0 else {
      throw .index(range.lowerBound, position: 0, dimension: dimension, length: length)
    }
    guard range.upperBound <= length else {
      throw .index(range.upperBound - 1, position: range.count - 1, dimension: dimension, length: length)
    }
  }
}

/// Why a selection is none of an array.
@nonexhaustive
public enum SelectionError: Error, Hashable, Sendable {
  /// An index, at a position of the list of a dimension, is not inside of the length of that dimension.
  ///
  /// Negative indices are outside too.
  case index(Int, position: Int, dimension: Int, length: Int)

  /// A mask has another number of values than the dimension has indices, or the array elements if that is nil.
  case mask(count: Int, expected: Int, dimension: Int?)

  /// A selection has another number of dimensions than the array.
  case dimensionCount(found: Int, expected: Int)

  /// The lists of coordinates differ in length.
  case coordinateCount(found: Int, expected: Int, dimension: Int)

  /// A stride goes on by no indices.
  case step(Int, dimension: Int)
}

extension SelectionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .index(let index, let position, let dimension, let length):
      "index \(index), at position \(position) of the list for dimension \(dimension), is outside of 0..<\(length)"
    case .mask(let count, let expected, let dimension):
      "a mask\(dimension.map { " for dimension \($0)" } ?? "") has \(count) values instead of \(expected)"
    case .dimensionCount(let found, let expected):
      "the selection has \(found) dimensions, and the array has \(expected)"
    case .coordinateCount(let found, let expected, let dimension):
      "there are \(found) coordinates for dimension \(dimension), and \(expected) for the first one"
    case .step(let step, let dimension):
      "the stride for dimension \(dimension) goes on by \(step) instead of 1 or more"
    }
  }
}
