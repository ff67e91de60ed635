/// The division of a stored value into inner chunks.
///
/// A chunk that is a value of its own is its only inner chunk. All the others are in shards.
///
/// All have one shape but for the last ones along a dimension, which end where the shard does:
///
///     shard of 7 x 4, inner chunks of 3 x 4        counts are 3 x 1
///     ┌─────┬─────┬─┐
///     │3 x 4│3 x 4│1│ x 4
///     └─────┴─────┴─┘
///
/// Version 1.0 of the [specification][sharding] has shards of whole inner chunks only; others are a
/// [proposal][uneven] that some libraries write.
///
/// [sharding]: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
/// [uneven]: https://github.com/zarr-developers/zarr-specs/pull/370
///
/// A class, so that a piece is copied without its lists.
package final class InnerChunkGrid: Sendable {
  /// The number of elements of the shard along each dimension.
  package let shardShape: [Int]

  /// The number of elements of an inner chunk along each dimension; of the first one if they differ.
  package let chunkShape: [Int]

  /// Whether all inner chunks have that shape.
  package let isEven: Bool

  /// The number of inner chunks along each dimension.
  package let counts: [Int]

  /// The number of inner chunks.
  package let chunkCount: Int

  /// The number of elements of an inner chunk of that shape.
  package let chunkElementCount: Int

  /// The number of elements of the shard.
  package let elementCount: Int

  /// A value that is one chunk.
  package convenience init(chunkShape: [Int]) throws(ChunkError) {
    try self.init(shardShape: chunkShape, chunkShape: chunkShape)
  }

  /// Divides a shard.
  ///
  /// An inner chunk that is longer than the shard ends with it.
  ///
  /// - Throws: ``ChunkError/unencodable(codec:reason:)`` if the numbers of dimensions differ or a length is
  ///   not positive, and ``ChunkError/chunkTooLarge(byteCount:limit:)`` if an `Int` cannot hold the number of
  ///   elements of the shard.
  package init(shardShape: [Int], chunkShape: [Int]) throws(ChunkError) {
    guard shardShape.count == chunkShape.count,
      zip(shardShape, chunkShape).allSatisfy({ $0 > 0 && $1 > 0 })
    else {
      throw .unencodable(
        codec: ShardingCodec.name,
        reason: "shards of \(shardShape) cannot be divided into inner chunks of \(chunkShape)")
    }
    // No more inner chunks than elements, nor more elements of an inner chunk.
    elementCount = try ChunkRepresentation(shape: shardShape, layout: .variable).elementCount
    let chunkShape = zip(shardShape, chunkShape).map(min)
    self.shardShape = shardShape
    self.chunkShape = chunkShape
    counts = zip(shardShape, chunkShape).map { ($0 - 1) / $1 + 1 }
    isEven = zip(shardShape, chunkShape).allSatisfy { $0.isMultiple(of: $1) }
    chunkCount = counts.reduce(1, *)
    chunkElementCount = chunkShape.reduce(1, *)
  }

  /// The place of an inner chunk along each dimension.
  package func indices(ofChunkAt position: Int) -> [Int] { RowMajor.indices(at: position, in: counts) }

  /// The number of elements of an inner chunk along each dimension.
  package func shape(ofChunkAt position: Int) -> [Int] {
    guard !isEven else { return chunkShape }
    return zip(indices(ofChunkAt: position), zip(shardShape, chunkShape)).map { index, lengths in
      min(lengths.1, lengths.0 - index * lengths.1)
    }
  }

  /// The number of elements of an inner chunk.
  package func elementCount(ofChunkAt position: Int) -> Int {
    isEven ? chunkElementCount : shape(ofChunkAt: position).reduce(1, *)
  }
}

/// The elements of a stored value that a selection has, and where they are in the selection.
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
/// A worker decodes or encodes one piece at a time: a chunk that is a value of its own, or neighbouring inner
/// chunks of one shard. Values of one array may differ in shape.
package struct Piece: Sendable {
  /// The inner chunks of the value.
  package let grid: InnerChunkGrid

  /// The selected elements along each dimension, counted from the first one of the value.
  package let selected: [Range<Int>]

  /// The inner chunks along each dimension that have selected elements.
  package let chunks: [Range<Int>]

  /// The number of elements along each dimension that are inside the array.
  let extent: [Int]

  /// How far the next element along each dimension is in the selection.
  let selectionStrides: [Int]

  /// Where the first element of the value would be in the selection, if it were selected.
  let selectionBase: Int

  /// Intersects a value with a selection.
  ///
  /// - Parameters:
  ///   - grid: The inner chunks of the value.
  ///   - start: The place of the first element of the value in the array.
  ///   - shape: The number of elements of the array along each dimension.
  ///   - selection: The elements of the array that are selected, a range along each dimension.
  ///   - strides: How far the next element along each dimension is in the selection.
  /// - Precondition: The selection is inside the array and has elements of the value.
  package init(_ grid: InnerChunkGrid, start: [Int], shape: [Int], selection: [Range<Int>], strides: [Int]) {
    var selected: [Range<Int>] = []
    var extent: [Int] = []
    selected.reserveCapacity(start.count)
    extent.reserveCapacity(start.count)
    // All products are part of the number of elements of the array, which an `Int` holds.
    var base = 0
    for (dimension, range) in selection.enumerated() {
      let length = min(grid.shardShape[dimension], shape[dimension] - start[dimension])
      let lower = max(0, range.lowerBound - start[dimension])
      extent.append(length)
      selected.append(lower..<min(length, range.upperBound - start[dimension]))
      base += (start[dimension] - range.lowerBound) * strides[dimension]
    }
    self.init(grid, selected: selected, extent: extent, selectionStrides: strides, selectionBase: base)
  }

  /// Selects all elements of a value.
  package init(allOf grid: InnerChunkGrid) {
    self.init(
      grid, selected: grid.shardShape.map { 0..<$0 }, extent: grid.shardShape,
      selectionStrides: RowMajor.strides(of: grid.shardShape), selectionBase: 0)
  }

  /// Selects all elements of an inner chunk.
  package init(chunkAt position: Int, of grid: InnerChunkGrid) {
    let all = Piece(allOf: grid)
    self = all.restricted(to: grid.indices(ofChunkAt: position).map { $0..<$0 + 1 })
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
  package var elementCount: Int { Box(selected).count }

  /// The number of inner chunks that have selected elements.
  package var chunkCount: Int { Box(chunks).count }

  /// Which of the inner chunks of the value the first of these is, in C order.
  package var firstPosition: Int { RowMajor.position(of: Box(chunks).first, in: grid.counts) }

  /// Whether all elements of the value that are inside the array are selected.
  package var isWhole: Bool {
    zip(selected, extent).allSatisfy { $0.lowerBound == 0 && $0.upperBound == $1 }
  }

  /// The same selection, of the elements in some of the inner chunks only.
  ///
  /// - Parameter box: Ranges of inner chunks.
  /// - Returns: The part of the piece.
  /// - Precondition: They are inside ``chunks`` and not empty.
  package func restricted(to box: [Range<Int>]) -> Piece {
    var restricted: [Range<Int>] = []
    for (dimension, range) in box.enumerated() {
      let side = grid.chunkShape[dimension]
      restricted.append(selected[dimension].clamped(to: range.lowerBound * side..<range.upperBound * side))
    }
    return Piece(
      grid, selected: restricted, extent: extent, selectionStrides: selectionStrides,
      selectionBase: selectionBase)
  }

  /// Calls `body` with what the piece has of each inner chunk, in C order.
  package func forEachChunk<Failure: Error>(_ body: (Piece) throws(Failure) -> Void) throws(Failure) {
    try Box(chunks).forEachPlace { indices throws(Failure) in
      try body(restricted(to: indices.map { $0..<$0 + 1 }))
    }
  }

  /// The selected elements of a piece of one inner chunk, in the order of both it and the selection.
  ///
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)`` for more runs than fit in the
  ///   memory of a chunk.
  package func runs(_ limits: DecodingLimits) throws(ChunkError) -> [ElementRun] {
    var walk = InnerChunkWalk()
    walk.begin(self, byteCountLimit: limits.decodedByteCountPerChunk)
    _ = try walk.next()
    return walk.runs
  }

  /// Parts of the piece in boxes of inner chunks.
  ///
  /// - Parameter count: The inner chunks of a part, at most and if one box can have as many.
  /// - Returns: The parts, in C order of their first inner chunks.
  package func divided(intoPiecesOf count: Int) -> [Piece] {
    var rest = max(1, count)
    var dimension = chunks.count - 1
    while dimension > 0, chunks[dimension].count <= rest {
      rest /= chunks[dimension].count
      dimension -= 1
    }
    guard dimension >= 0, rest < chunks[dimension].count || dimension > 0 else { return [self] }
    let step = min(rest, chunks[dimension].count)
    var counts = chunks[...dimension].map(\.count)
    counts[dimension] = (counts[dimension] + step - 1) / step
    return (0..<counts.reduce(1, *)).map { number in
      var box = chunks
      for (index, place) in RowMajor.indices(at: number, in: counts).enumerated() {
        let length = index == dimension ? step : 1
        let lower = box[index].lowerBound + place * length
        box[index] = lower..<min(box[index].upperBound, lower + length)
      }
      return restricted(to: box)
    }
  }

  /// The same elements as a selection of their own.
  package var alone: Piece {
    let strides = RowMajor.strides(of: selected.map { $0.count })
    return Piece(
      grid, selected: selected, extent: extent, selectionStrides: strides,
      selectionBase: -zip(selected, strides).reduce(0) { $0 + $1.0.lowerBound * $1.1 })
  }
}

/// Visits the inner chunks of a shard that a selection needs, in C order.
///
/// A shard of 64 MiB may have 65536 inner chunks, so that nothing is allocated for one: the place of the next
/// one is found from the one before, and ``runs`` are put where those of the one before were.
struct InnerChunkWalk {
  /// What is known of a dimension.
  private struct Dimension {
    /// The selected elements of the shard.
    let selected: Range<Int>
    /// The elements of the shard that are inside the array.
    let extent: Int
    /// The elements of an inner chunk, and of the shard.
    let side: Int
    let shardLength: Int
    /// How far the next element is in the selection and in the inner chunk.
    let selectionStride: Int
    var chunkStride: Int
    /// The elements of the inner chunk that is visited.
    var length = 0
    /// The first of its elements that is selected, counted from that of the shard, and how many are.
    var lower = 0
    var count = 0
    /// Whether all its elements that are inside the array are selected.
    var isWhole = true
  }

  private var dimensions: [Dimension] = []

  /// The inner chunks that are visited, and the one that is.
  private var chunks = Box([])
  private var indices: [Int] = []
  private var counts: [Int] = []
  private var hasBegun = false
  private var hasEnded = false

  /// The elements of the inner chunk that are selected, and where the first of them is in it and in the
  /// selection.
  private var walk = StridedWalk()
  private var (chunkIndex, selectionIndex) = (0, 0)

  /// Whether the inner chunk has another shape than the one before, or other elements of it are selected.
  private var hasNewShape = true
  private var selectionBase = 0
  private var isEven = true
  private var byteCountLimit = Int.max

  /// Which of the inner chunks of the shard is visited, in C order.
  private(set) var position = 0

  /// The selected elements of the inner chunk, in the order of both it and the selection.
  private(set) var runs: [ElementRun] = []

  /// Whether all elements of the inner chunk that are inside the array are selected.
  private(set) var isWhole = true

  /// The number of selected elements of the inner chunk.
  private(set) var elementCount = 0

  /// The number of elements of the inner chunk.
  private(set) var chunkElementCount = 0

  /// The number of elements of the inner chunk along each dimension.
  private(set) var chunkShape: [Int] = []

  /// A walk without inner chunks, until it begins.
  init() { hasEnded = true }

  /// A walk that begins before the first inner chunk of a piece.
  init(_ piece: Piece) {
    begin(piece)
  }

  /// Begins again, before the first inner chunk of a piece.
  ///
  /// - Parameters:
  ///   - piece: The piece.
  ///   - byteCountLimit: The most bytes that the runs of an inner chunk may take. Metadata can claim inner
  ///     chunks with billions of rows, and each row is a run.
  /// - Complexity: O(*n*) in the number of dimensions. Does not allocate once there were as many.
  mutating func begin(_ piece: Piece, byteCountLimit: Int = Int.max) {
    self.byteCountLimit = byteCountLimit
    let grid = piece.grid
    dimensions.removeAll(keepingCapacity: true)
    indices.removeAll(keepingCapacity: true)
    for index in grid.counts.indices {
      dimensions.append(
        Dimension(
          selected: piece.selected[index], extent: piece.extent[index], side: grid.chunkShape[index],
          shardLength: grid.shardShape[index], selectionStride: piece.selectionStrides[index],
          chunkStride: 0))
      indices.append(piece.chunks[index].lowerBound)
    }
    var stride = 1
    for index in dimensions.indices.reversed() {
      dimensions[index].chunkStride = stride
      stride *= dimensions[index].side
    }
    chunks = Box(piece.chunks)
    counts = grid.counts
    isEven = grid.isEven
    chunkShape = grid.chunkShape
    chunkElementCount = grid.chunkElementCount
    selectionBase = piece.selectionBase
    (hasBegun, hasEnded, hasNewShape) = (false, false, true)
  }

  /// Goes on to the next inner chunk.
  ///
  /// - Returns: Whether there is one.
  /// - Throws: ``ChunkError/decodedByteCountExceedsLimit(codec:byteCount:limit:)`` if its runs would take more memory
  ///   than they may.
  /// - Complexity: O(*n*) in the number of runs. Does not allocate once there was an inner chunk of as many.
  mutating func next() throws(ChunkError) -> Bool {
    guard !hasEnded, let moved = hasBegun ? chunks.advance(&indices) : 0 else {
      hasEnded = true
      return false
    }
    hasBegun = true
    position = RowMajor.position(of: indices, in: counts)
    for index in moved..<dimensions.count { enter(index) }
    let (lastChunkIndex, lastSelectionIndex) = (chunkIndex, selectionIndex)
    if hasNewShape && !isEven { measureChunk() }
    findFirst()
    if hasNewShape {
      try findRuns()
    } else {
      moveRuns(chunkIndex - lastChunkIndex, selectionIndex - lastSelectionIndex)
    }
    return true
  }

  /// Finds the selected elements of the inner chunk along a dimension.
  private mutating func enter(_ index: Int) {
    var dimension = dimensions[index]
    let start = indices[index] * dimension.side
    let end = start + dimension.side
    // No inner chunk reaches beyond its shard.
    let upper = min(end, dimension.selected.upperBound)
    let length = min(dimension.side, dimension.shardLength - start)
    dimension.lower = max(start, dimension.selected.lowerBound)
    let count = upper - dimension.lower
    hasNewShape = hasNewShape || length != dimension.length || count != dimension.count
    dimension.length = length
    dimension.count = count
    dimension.isWhole = dimension.lower == start && upper == min(end, dimension.extent)
    dimensions[index] = dimension
  }

  /// Finds the shape of an inner chunk that may end with the shard.
  private mutating func measureChunk() {
    chunkElementCount = 1
    for index in dimensions.indices.reversed() {
      chunkShape[index] = dimensions[index].length
      dimensions[index].chunkStride = chunkElementCount
      chunkElementCount *= dimensions[index].length
    }
  }

  /// Finds the first selected element of the inner chunk.
  private mutating func findFirst() {
    var (chunkIndex, selectionIndex, isWhole) = (0, selectionBase, true)
    for position in dimensions.indices {
      let dimension = dimensions[position]
      chunkIndex += (dimension.lower - indices[position] * dimension.side) * dimension.chunkStride
      selectionIndex += dimension.lower * dimension.selectionStride
      isWhole = isWhole && dimension.isWhole
    }
    (self.chunkIndex, self.selectionIndex, self.isWhole) = (chunkIndex, selectionIndex, isWhole)
  }

  /// Finds the runs of the inner chunk.
  private mutating func findRuns() throws(ChunkError) {
    hasNewShape = false
    runs.removeAll(keepingCapacity: true)
    walk.restart(source: chunkIndex, target: selectionIndex)
    elementCount = 1
    for dimension in dimensions {
      elementCount *= dimension.count
      walk.append(
        StridedWalk.Dimension(
          length: dimension.count, sourceStride: dimension.chunkStride,
          targetStride: dimension.selectionStride))
    }
    let runLength = walk.takeRun()
    // No more than elements, whose number was checked.
    guard walk.count == 1 || walk.count <= byteCountLimit / MemoryLayout<ElementRun>.stride else {
      throw .decodedByteCountExceedsLimit(codec: "the chunk grid", byteCount: nil, limit: byteCountLimit)
    }
    while walk.next() {
      runs.append(ElementRun(chunkIndex: walk.source, selectionIndex: walk.target, count: runLength))
    }
  }

  /// Moves the runs of the inner chunk before, which had the same shape.
  private mutating func moveRuns(_ chunkStep: Int, _ selectionStep: Int) {
    var runs = runs.mutableSpan
    for index in runs.indices {
      let run = runs[index]
      runs[index] = ElementRun(
        chunkIndex: run.chunkIndex + chunkStep, selectionIndex: run.selectionIndex + selectionStep,
        count: run.count)
    }
  }
}
