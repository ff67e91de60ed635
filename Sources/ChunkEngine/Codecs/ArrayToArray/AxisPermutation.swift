/// A walk through an array in C order that goes along its axes in another order than they lie in memory.
///
///     shape [2, 3], order [1, 0]     0 1 2      ──▶    0 3    lengths [3, 2]
///                                    3 4 5             1 4    strides [1, 3]
///                                                      2 5
///
/// Axes of length 1 are left out, and axes that stay neighbours are one, so that what is left is the least
/// that has to be done.
struct AxisPermutation {
  /// The number of steps along each axis of the walk, the outermost first.
  private(set) var lengths: [Int] = []

  /// How far a step along each axis of the walk goes in memory, in elements.
  private(set) var strides: [Int] = []

  /// Plans the walk that visits axis `order[i]` of an array as axis `i`.
  ///
  /// - Precondition: `order` is a permutation of the axes, and an `Int` can hold the number of elements.
  init(shape: [Int], order: [Int]) {
    var sourceStrides = shape
    var stride = 1
    for axis in shape.indices.reversed() {
      sourceStrides[axis] = stride
      stride *= shape[axis]
    }
    for axis in order where shape[axis] != 1 {
      let (length, stride) = (shape[axis], sourceStrides[axis])
      if let last = strides.last, last == stride * length {
        lengths[lengths.count - 1] *= length
        strides[strides.count - 1] = stride
      } else {
        lengths.append(length)
        strides.append(stride)
      }
    }
  }

  /// Takes the innermost axis away if it goes along memory.
  ///
  /// - Returns: How many elements lie together then, which the strides count from now on.
  mutating func takeRun() -> Int {
    guard strides.last == 1, let length = lengths.popLast() else { return 1 }
    strides.removeLast()
    // All other strides step over whole runs.
    strides = strides.map { $0 / length }
    return length
  }

  /// The steps along all axes from `axis` on, which is how far a step along the axis in front of it goes in
  /// the array that the walk makes.
  func elementCount(from axis: Int) -> Int { lengths[axis...].reduce(1, *) }
}

extension AxisPermutation {
  /// Calls `body` for each stretch of the walk along the innermost axis, in the order of the walk.
  ///
  /// - Parameter body: Is handed the index of the first element in memory, how far a step goes, and the
  ///   number of elements.
  /// - Precondition: There is at least one element.
  /// - Throws: What `body` throws.
  func forEachRun(_ body: (Int, Int, Int) throws(ChunkError) -> Void) throws(ChunkError) {
    guard let length = lengths.last, let stride = strides.last else { return try body(0, 1, 1) }
    var indices = lengths.dropLast().map { _ in 0 }
    var start = 0
    while true {
      try body(start, stride, length)
      var axis = indices.count - 1
      while axis >= 0 {
        indices[axis] += 1
        start += strides[axis]
        guard indices[axis] == lengths[axis] else { break }
        indices[axis] = 0
        start -= lengths[axis] * strides[axis]
        axis -= 1
      }
      guard axis >= 0 else { return }
    }
  }
}
