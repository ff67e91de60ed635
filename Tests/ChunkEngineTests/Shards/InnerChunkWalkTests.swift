import TestSupport
import Testing

@testable import ChunkEngine

@Suite("Walks over inner chunks")
struct InnerChunkWalkTests {
  /// Every element of a selection, by definition: which inner chunk has it, and where it is in both.
  private func expected(
    _ grid: InnerChunkGrid, start: [Int], shape: [Int], selection: [Range<Int>]
  ) -> [Int: [Int: Int]] {
    var found: [Int: [Int: Int]] = [:]
    var selectionIndex = 0
    func visit(_ indices: [Int]) {
      guard indices.count < selection.count else {
        let local = zip(indices, start).map { $0 - $1 }
        guard zip(local, grid.shardShape).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return }
        var position = 0
        var chunkIndex = 0
        for dimension in local.indices {
          let (index, rest) = local[dimension].quotientAndRemainder(dividingBy: grid.chunkShape[dimension])
          let length = min(
            grid.chunkShape[dimension], grid.shardShape[dimension] - index * grid.chunkShape[dimension])
          position = position * grid.counts[dimension] + index
          chunkIndex = chunkIndex * length + rest
        }
        found[position, default: [:]][chunkIndex] = selectionIndex
        return
      }
      for index in selection[indices.count] { visit(indices + [index]) }
    }
    func walk(_ indices: [Int]) {
      guard indices.count < selection.count else {
        visit(indices)
        selectionIndex += 1
        return
      }
      for index in selection[indices.count] { walk(indices + [index]) }
    }
    walk([])
    return found
  }

  @Test("Runs are all elements that a selection has of a shard, in order", arguments: 0..<300)
  func randomSelections(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let rank = Int.random(in: 0...4, using: &generator)
    let chunkShape = (0..<rank).map { _ in Int.random(in: 1...3, using: &generator) }
    let isEven = Bool.random(using: &generator)
    let shardShape = chunkShape.map { side in
      let count = Int.random(in: 1...3, using: &generator)
      return isEven ? side * count : Int.random(in: 1...side * count, using: &generator)
    }
    let grid = try InnerChunkGrid(shardShape: shardShape, chunkShape: chunkShape)
    let start = grid.shardShape.map { $0 * Int.random(in: 0...1, using: &generator) }
    // The array ends somewhere in the shard or after it.
    let shape = zip(start, grid.shardShape).map { $0 + Int.random(in: 1...$1 + 2, using: &generator) }
    var selection: [Range<Int>] = []
    for dimension in 0..<rank {
      let inside = start[dimension]..<min(shape[dimension], start[dimension] + grid.shardShape[dimension])
      let one = Int.random(in: inside, using: &generator)
      let lower = Int.random(in: 0...one, using: &generator)
      selection.append(lower..<Int.random(in: one + 1...shape[dimension], using: &generator))
    }
    let part = Piece(
      grid, start: start, shape: shape, selection: selection,
      strides: RowMajor.strides(of: selection.map(\.count)))
    let expected = expected(grid, start: start, shape: shape, selection: selection)
    #expect(part.chunkCount == expected.count)
    #expect(part.elementCount == expected.values.reduce(0) { $0 + $1.count })

    var found: [Int: [Int: Int]] = [:]
    var walk = InnerChunkWalk(part)
    var last = -1
    while try walk.next() {
      #expect(walk.position > last)
      last = walk.position
      var end = 0
      for run in walk.runs {
        #expect(run.chunkIndex >= end && run.count > 0)
        end = run.chunkIndex + run.count
        for index in 0..<run.count {
          found[walk.position, default: [:]][run.chunkIndex + index] = run.selectionIndex + index
        }
      }
      let elements = try #require(expected[walk.position])
      #expect(walk.elementCount == elements.count)
      #expect(walk.chunkShape == grid.shape(ofChunkAt: walk.position))
      #expect(walk.chunkElementCount == grid.elementCount(ofChunkAt: walk.position))
      // Whole if the inner chunk has no element of the array that is not selected.
      let all = self.expected(grid, start: start, shape: shape, selection: shape.map { 0..<$0 })
      #expect(walk.isWhole == (all[walk.position]?.count == elements.count))
    }
    #expect(found == expected)
    let goesOn = try walk.next()
    #expect(!goesOn)

    // A part of the part, as a selection of its own, has the same elements in the same order.
    let box = part.chunks.map { range in
      let lower = Int.random(in: range, using: &generator)
      return lower..<Int.random(in: lower + 1...range.upperBound, using: &generator)
    }
    let smaller = part.restricted(to: box)
    #expect(smaller.chunks == box)
    var selected: [Int] = []
    var alone: [Int] = []
    for (walked, isAlone) in [(smaller, false), (smaller.alone, true)] {
      var walk = InnerChunkWalk(walked)
      while try walk.next() {
        let places = walk.runs.flatMap { Array($0.selectionIndex..<$0.selectionIndex + $0.count) }
        if isAlone { alone += places } else { selected += places }
      }
    }
    #expect(alone.sorted() == Array(0..<smaller.elementCount))
    let ranks = Dictionary(uniqueKeysWithValues: zip(selected.sorted(), 0...))
    #expect(alone == selected.map { ranks[$0] })
  }

  @Test("Neighbours along trailing dimensions make one run")
  func joinedRuns() throws {
    let grid = try InnerChunkGrid(shardShape: [4, 6], chunkShape: [2, 6])
    var walk = InnerChunkWalk(Piece(allOf: grid))
    var runs: [[ElementRun]] = []
    while try walk.next() { runs.append(walk.runs) }
    #expect(
      runs == [
        [ElementRun(chunkIndex: 0, selectionIndex: 0, count: 12)],
        [ElementRun(chunkIndex: 0, selectionIndex: 12, count: 12)],
      ])
  }
}
