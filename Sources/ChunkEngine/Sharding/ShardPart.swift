/// The elements of a shard that a selection has, and where they are in the selection.
///
///       shard of 4 x 6 elements, inner chunks of 2 x 2     selection of the array, which has parts of others
///       ┌─────┬─────┬─────┐                                ┌ ─ ─ ─ ─ ─ ─
///       │· · │· · │· · │                                       0 1 2 …  │
///       │· · │· 0 │1 2 │                                 │   8 9 10 …
///       ├─────┼─────┼─────┤                                   …         │
///       │· · │· 8 │9 10│                                 └ ─ ─ ─ ─ ─ ─
///       │· · │· …│…   │
///       └─────┴─────┴─────┘
///
/// Shards of one array may differ in shape.
public struct ShardPart: Sendable {
  /// The inner chunks of the shard.
  public let grid: InnerChunkGrid

  /// The selected elements along each axis, counted from the first one of the shard.
  public let selected: [Range<Int>]

  /// The inner chunks along each axis that have selected elements.
  public let chunks: [Range<Int>]

  /// The number of elements along each axis that are inside of the array.
  let extent: [Int]

  /// How far the next element along each axis is in the selection.
  let selectionStrides: [Int]

  /// Where the first element of the shard would be in the selection, if it were selected.
  let selectionBase: Int

  /// Intersects a shard with a selection.
  ///
  /// - Parameters:
  ///   - grid: The inner chunks of the shard.
  ///   - start: The place of the first element of the shard in the array.
  ///   - shape: The number of elements of the array along each axis.
  ///   - selection: The elements of the array that are selected, a range along each axis.
  /// - Precondition: The selection is inside of the array and has elements of the shard.
  public init(_ grid: InnerChunkGrid, start: [Int], shape: [Int], selection: [Range<Int>]) {
    var selected: [Range<Int>] = []
    var extent: [Int] = []
    for (axis, range) in selection.enumerated() {
      let length = min(grid.shardShape[axis], shape[axis] - start[axis])
      let lower = max(0, range.lowerBound - start[axis])
      extent.append(length)
      selected.append(lower..<min(length, range.upperBound - start[axis]))
    }
    let strides = Self.strides(selection.map(\.count))
    // All products are part of the number of elements of the array, which an `Int` holds.
    var base = 0
    for (axis, range) in selection.enumerated() {
      base += (start[axis] - range.lowerBound) * strides[axis]
    }
    self.init(grid, selected: selected, extent: extent, selectionStrides: strides, selectionBase: base)
  }

  /// Selects all elements of a shard.
  init(allOf grid: InnerChunkGrid) {
    self.init(
      grid, selected: grid.shardShape.map { 0..<$0 }, extent: grid.shardShape,
      selectionStrides: Self.strides(grid.shardShape), selectionBase: 0)
  }

  private init(
    _ grid: InnerChunkGrid, selected: [Range<Int>], extent: [Int], selectionStrides: [Int],
    selectionBase: Int
  ) {
    self.grid = grid
    self.selected = selected
    self.extent = extent
    self.selectionStrides = selectionStrides
    self.selectionBase = selectionBase
    chunks = zip(selected, grid.chunkShape).map { range, side in
      range.lowerBound / side..<(range.upperBound - 1) / side + 1
    }
  }

  /// The number of selected elements.
  public var elementCount: Int { selected.reduce(1) { $0 * $1.count } }

  /// The number of inner chunks that have selected elements.
  public var chunkCount: Int { chunks.reduce(1) { $0 * $1.count } }

  /// Which of the inner chunks of the shard the first of these is, in C order.
  public var firstPosition: Int {
    zip(grid.counts, chunks).reduce(0) { $0 * $1.0 + $1.1.lowerBound }
  }

  /// Whether all elements of the shard that are inside of the array are selected.
  public var isWhole: Bool {
    zip(selected, extent).allSatisfy { $0.lowerBound == 0 && $0.upperBound == $1 }
  }

  /// The same selection, of the elements in some of the inner chunks only.
  ///
  /// - Parameter box: Ranges of inner chunks.
  /// - Returns: The part of the part.
  /// - Precondition: They are inside of ``chunks`` and not empty.
  public func restricted(to box: [Range<Int>]) -> ShardPart {
    var restricted: [Range<Int>] = []
    for (axis, range) in box.enumerated() {
      let side = grid.chunkShape[axis]
      restricted.append(selected[axis].clamped(to: range.lowerBound * side..<range.upperBound * side))
    }
    return ShardPart(
      grid, selected: restricted, extent: extent, selectionStrides: selectionStrides,
      selectionBase: selectionBase)
  }

  /// Calls `body` with what the part has of each inner chunk, in C order.
  ///
  /// - Throws: What `body` throws.
  public func forEachChunk(_ body: (ShardPart) throws -> Void) rethrows {
    var indices = chunks.map(\.lowerBound)
    while true {
      try body(restricted(to: indices.map { $0..<$0 + 1 }))
      var axis = indices.count - 1
      while axis >= 0, indices[axis] == chunks[axis].upperBound - 1 {
        indices[axis] = chunks[axis].lowerBound
        axis -= 1
      }
      guard axis >= 0 else { return }
      indices[axis] += 1
    }
  }

  /// The same elements as a selection of their own.
  public var alone: ShardPart {
    let strides = Self.strides(selected.map(\.count))
    return ShardPart(
      grid, selected: selected, extent: extent, selectionStrides: strides,
      selectionBase: -zip(selected, strides).reduce(0) { $0 + $1.0.lowerBound * $1.1 })
  }

  /// How far the next element along each axis is in C order.
  private static func strides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    return strides
  }
}
