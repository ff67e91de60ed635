/// A chunk as lists in lists, one level an axis.
///
///     shape 2, 3     [[e₀, e₁, e₂], [e₃, e₄, e₅]]     depth 2; a row begins at e₀ and e₃
struct NestedRows {
  /// The number of elements of a list, for each level but the outermost; the innermost comes last.
  private let elementCounts: [Int]

  /// The lists that an element is in.
  ///
  /// A chunk without axes is a list of one.
  let depth: Int

  /// Takes the shape of a chunk whose elements can be counted.
  init(_ shape: [Int]) {
    depth = max(1, shape.count)
    var counts: [Int] = []
    var count = 1
    for length in shape.dropFirst().reversed() {
      count *= length
      counts.append(count)
    }
    elementCounts = counts.reversed()
  }

  /// The number of lists that begin with the element at `index`, without the outermost.
  ///
  /// - Complexity: O(1), but for the few elements that begin many.
  func rowsBeginning(at index: Int) -> Int {
    var count = 0
    for elementCount in elementCounts.reversed() {
      guard elementCount > 0, index.isMultiple(of: elementCount) else { break }
      count += 1
    }
    return count
  }
}
