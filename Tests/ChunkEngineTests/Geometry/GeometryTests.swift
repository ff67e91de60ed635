import Testing

@testable import ChunkEngine

/// Geometry against lists of all places, for all small arrays.
@Suite("Geometry of n dimensions")
struct GeometryTests {
  /// All shapes of up to `rank` dimensions of lengths up to `length`.
  private static func shapes(rank: Int, length: Int, from least: Int = 0) -> [[Int]] {
    var shapes: [[Int]] = [[]]
    var last: [[Int]] = [[]]
    for _ in 0..<rank {
      last = last.flatMap { shape in (least...length).map { shape + [$0] } }
      shapes += last
    }
    return shapes
  }

  /// All places between bounds, by definition of row-major order.
  private func places(_ ranges: [Range<Int>]) -> [[Int]] {
    guard let first = ranges.first else { return [[]] }
    return first.flatMap { index in places(Array(ranges.dropFirst())).map { [index] + $0 } }
  }

  @Test("Positions, indices, strides and counts are those of a list of all places")
  func rowMajor() {
    for shape in Self.shapes(rank: 4, length: 3) {
      let all = places(shape.map { 0..<$0 })
      let strides = RowMajor.strides(of: shape)
      #expect(RowMajor.count(of: shape) == all.count)
      for (position, indices) in all.enumerated() {
        #expect(RowMajor.position(of: indices, in: shape) == position)
        #expect(RowMajor.indices(at: position, in: shape) == indices)
        #expect(zip(indices, strides).reduce(0) { $0 + $1.0 * $1.1 } == position)
      }
    }
  }

  @Test("A number of elements that is none, or that no `Int` holds, is nil")
  func counts() {
    #expect(RowMajor.count(of: [1 << 32, 1 << 31]) == nil)
    #expect(RowMajor.count(of: [1 << 32, 1 << 31, 0]) == nil)
    #expect(RowMajor.count(of: [1 << 32, (1 << 31) - 1]) == ((1 << 31) - 1) << 32)
    #expect(RowMajor.count(of: [2, -1]) == nil)
    #expect(RowMajor.count(of: []) == 1)
  }

  @Test("A box visits all places between its bounds in order")
  func boxes() {
    let ranges = [0..<0, 0..<1, 1..<3, 2..<5]
    for choice in Self.shapes(rank: 3, length: ranges.count - 1) {
      let box = Box(choice.map { ranges[$0] })
      let expected = places(box.ranges)
      var visited: [[Int]] = []
      box.forEachPlace { visited.append($0) }
      #expect(visited == expected)
      #expect(box.count == expected.count && box.shape == box.ranges.map(\.count))
      for (place, next) in zip(expected, expected.dropFirst()) {
        var indices = place
        #expect(box.advance(&indices) == zip(place, next).enumerated().first { $1.0 != $1.1 }?.offset)
        #expect(indices == next)
      }
      guard let last = expected.last else { continue }
      var indices = last
      #expect(box.advance(&indices) == nil)
      #expect(indices == box.first)
    }
  }

  @Test("A body that throws ends the visit of a box")
  func throwing() {
    struct Stop: Error {}
    var count = 0
    #expect(throws: Stop.self) {
      try Box([0..<3, 0..<3]).forEachPlace { (_) throws(Stop) in
        count += 1
        if count == 4 { throw Stop() }
      }
    }
    #expect(count == 4)
  }

  @Test("A walk in another order of the dimensions goes to every element, in the least dimensions")
  func permutations() {
    for shape in Self.shapes(rank: 4, length: 3) {
      for order in permutations(of: Array(shape.indices)) {
        let target = places(order.map { 0..<shape[$0] })
        let expected = target.map { place in
          var indices = shape
          for (dimension, index) in zip(order, place) { indices[dimension] = index }
          return RowMajor.position(of: indices, in: shape)
        }
        var walk = StridedWalk(permuting: shape, by: order)
        #expect(walk.dimensions.count <= shape.count { $0 != 1 })
        #expect(walk.count == expected.count)
        let runLength = walk.takeRun()
        var sources: [Int] = []
        var targets: [Int] = []
        while walk.next() {
          sources += walk.source..<walk.source + runLength
          targets += walk.target..<walk.target + runLength
        }
        #expect(sources == expected)
        #expect(targets == Array(0..<expected.count))
      }
    }
  }

  @Test("The same order is one run")
  func oneRun() {
    for shape in Self.shapes(rank: 4, length: 3, from: 1) {
      var walk = StridedWalk(permuting: shape, by: Array(shape.indices))
      #expect(walk.takeRun() == shape.reduce(1, *))
      #expect(walk.dimensions.isEmpty)
    }
  }

  @Test("A walk over a box of two arrays has its elements, and its memory serves the next walk")
  func boxesOfArrays() {
    var walk = StridedWalk()
    for source in Self.shapes(rank: 3, length: 3, from: 1) {
      let sourceStrides = RowMajor.strides(of: source)
      // A box that leaves out the first place of each dimension that has two.
      let box = Box(source.map { min(1, $0 - 1)..<$0 })
      let targetStrides = RowMajor.strides(of: box.shape)
      walk.restart(source: RowMajor.position(of: box.first, in: source), target: 0)
      for dimension in source.indices {
        walk.append(
          StridedWalk.Dimension(
            length: box.shape[dimension], sourceStride: sourceStrides[dimension],
            targetStride: targetStrides[dimension]))
      }
      let runLength = walk.takeRun()
      var found: [Int] = []
      while walk.next() { found += walk.source..<walk.source + runLength }
      #expect(found == places(box.ranges).map { RowMajor.position(of: $0, in: source) })
    }
  }

  private func permutations(of dimensions: [Int]) -> [[Int]] {
    guard !dimensions.isEmpty else { return [[]] }
    return dimensions.flatMap { first in
      permutations(of: dimensions.filter { $0 != first }).map { [first] + $0 }
    }
  }
}
