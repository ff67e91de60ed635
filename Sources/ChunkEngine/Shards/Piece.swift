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
  /// What a piece has along one dimension.
  package struct Dimension: Sendable {
    /// The selected elements, counted from the first one of the value.
    package let selected: Range<Int>

    /// The inner chunks that have selected elements.
    package let chunks: Range<Int>

    /// The number of elements that are inside the array.
    let extent: Int

    /// How far the next element is in the selection.
    let selectionStride: Int

    fileprivate init(selected: Range<Int>, side: Int, extent: Int, selectionStride: Int) {
      self.selected = selected
      chunks = selected.lowerBound / side..<(selected.upperBound - 1) / side + 1
      self.extent = extent
      self.selectionStride = selectionStride
    }
  }

  /// The inner chunks of the value.
  package let grid: InnerChunkGrid

  /// What the piece has along each dimension.
  ///
  /// In one list, since a small chunk of its own is read in the time of some tens of allocations.
  package let dimensions: [Dimension]

  /// Where the first element of the value would be in the selection, if it were selected.
  let selectionBase: Int

  /// The elements, if they are listed; then there are no ``dimensions``.
  let listed: ListedElements?

  /// Selects elements that are listed.
  package init(_ grid: InnerChunkGrid, _ listed: ListedElements) {
    self.init(grid, [], selectionBase: 0, listed)
  }

  /// Intersects a value with a selection.
  ///
  /// - Parameters:
  ///   - grid: The inner chunks of the value.
  ///   - start: The place of the first element of the value in the array.
  ///   - shape: The number of elements of the array along each dimension.
  ///   - selection: The elements of the array that are selected, a range along each dimension.
  ///   - strides: How far the next element along each dimension is in the selection.
  ///   - firstIndex: Which element of the selection the first one is, where others come before it.
  /// - Precondition: The selection is inside the array and has elements of the value.
  package init(
    _ grid: InnerChunkGrid, start: [Int], shape: [Int], selection: [Range<Int>], strides: [Int],
    firstIndex: Int = 0
  ) {
    // All products are part of the number of elements of the array, which an `Int` holds.
    var base = firstIndex
    let dimensions = selection.indices.map { index in
      let (range, start) = (selection[index], start[index])
      let extent = min(grid.shardShape[index], shape[index] - start)
      base += (start - range.lowerBound) * strides[index]
      return Dimension(
        selected: max(0, range.lowerBound - start)..<min(extent, range.upperBound - start),
        side: grid.chunkShape[index], extent: extent, selectionStride: strides[index])
    }
    self.init(grid, dimensions, selectionBase: base)
  }

  /// Selects all elements of a value.
  package init(allOf grid: InnerChunkGrid) {
    let shape = grid.shardShape
    self.init(
      grid, start: shape.map { _ in 0 }, shape: shape, selection: shape.map { 0..<$0 },
      strides: RowMajor.strides(of: shape))
  }

  /// Selects all elements of an inner chunk.
  package init(chunkAt position: Int, of grid: InnerChunkGrid) {
    let all = Piece(allOf: grid)
    self = all.restricted(to: grid.indices(ofChunkAt: position).map { $0..<$0 + 1 })
  }

  private init(
    _ grid: InnerChunkGrid, _ dimensions: [Dimension], selectionBase: Int, _ listed: ListedElements? = nil
  ) {
    self.grid = grid
    self.dimensions = dimensions
    self.selectionBase = selectionBase
    self.listed = listed
  }

  /// The selected elements along each dimension, counted from the first one of the value.
  package var selected: [Range<Int>] { dimensions.map(\.selected) }

  /// The inner chunks along each dimension that have selected elements.
  package var chunks: [Range<Int>] { dimensions.map(\.chunks) }

  /// The number of selected elements.
  package var elementCount: Int {
    listed?.elementCount ?? dimensions.reduce(1) { $0 * $1.selected.count }
  }

  /// The number of inner chunks that have selected elements.
  package var chunkCount: Int { listed?.chunks.count ?? dimensions.reduce(1) { $0 * $1.chunks.count } }

  /// Which of the inner chunks of the value the first of these is, in C order.
  package var firstPosition: Int {
    listed.map { $0.chunks[0].position } ?? RowMajor.position(of: Box(chunks).first, in: grid.counts)
  }

  /// Whether all elements of the value that are inside the array are selected.
  package var isWhole: Bool {
    dimensions.allSatisfy { $0.selected.lowerBound == 0 && $0.selected.upperBound == $0.extent }
  }

  /// The same selection, of the elements in some of the inner chunks only.
  ///
  /// - Parameter box: Ranges of inner chunks.
  /// - Returns: The part of the piece.
  /// - Precondition: They are inside ``chunks`` and not empty.
  package func restricted(to box: [Range<Int>]) -> Piece {
    let restricted = box.indices.map { index in
      let (range, side, dimension) = (box[index], grid.chunkShape[index], dimensions[index])
      return Dimension(
        selected: dimension.selected.clamped(to: range.lowerBound * side..<range.upperBound * side),
        side: side, extent: dimension.extent, selectionStride: dimension.selectionStride)
    }
    return Piece(grid, restricted, selectionBase: selectionBase)
  }

  /// The same elements, each `count` places later in the selection.
  ///
  /// - Precondition: The elements are not listed.
  package func moved(by count: Int) -> Piece {
    Piece(grid, dimensions, selectionBase: selectionBase + count)
  }

  /// Calls `body` with what the piece has of each inner chunk, in C order.
  package func forEachChunk<Failure: Error>(_ body: (Piece) throws(Failure) -> Void) throws(Failure) {
    if let listed {
      for chunk in listed.chunks { try body(Piece(grid, listed.alone(chunk))) }
      return
    }
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

  /// The same elements as a selection of their own.
  package var alone: Piece {
    var dimensions: [Dimension] = []
    var (stride, base) = (1, 0)
    for (dimension, side) in zip(self.dimensions, grid.chunkShape).reversed() {
      dimensions.append(
        Dimension(
          selected: dimension.selected, side: side, extent: dimension.extent, selectionStride: stride))
      base -= dimension.selected.lowerBound * stride
      stride *= dimension.selected.count
    }
    return Piece(grid, dimensions.reversed(), selectionBase: base)
  }
}

/// The division of boxes of chunks into smaller ones: some chunks along one dimension, one along each dimension before
/// it, and along those after it all.
package struct ChunkDivision: Sendable {
  /// The dimension that is divided, and the chunks of a part along it.
  private let dimension: Int
  private let step: Int

  /// The parts along the dimensions up to that one.
  private let counts: [Int]

  /// The number of parts.
  ///
  /// Some are empty where a box has fewer chunks.
  package let count: Int

  /// Leaves boxes whole.
  package init() {
    (dimension, step, counts, count) = (0, 1, [], 1)
  }

  /// Divides boxes.
  ///
  /// - Parameters:
  ///   - chunkCounts: The most chunks of a box along each dimension, which an `Int` can count together.
  ///   - partCount: The chunks of a part, at most and if one part can have as many.
  package init(_ chunkCounts: [Int], intoPartsOf partCount: Int) {
    var rest = max(1, partCount)
    var dimension = chunkCounts.count - 1
    while dimension > 0, chunkCounts[dimension] <= rest {
      rest /= max(1, chunkCounts[dimension])
      dimension -= 1
    }
    // Without a dimension there is one chunk.
    self.dimension = max(0, dimension)
    step = dimension < 0 ? 1 : min(rest, max(1, chunkCounts[dimension]))
    var counts = Array(chunkCounts[..<(dimension + 1)])
    if dimension >= 0 { counts[dimension] = (counts[dimension] + step - 1) / step }
    self.counts = counts
    // No more parts than chunks.
    count = counts.reduce(1, *)
  }

  /// A part of a piece, or nil if it is empty.
  package func part(_ number: Int, of whole: Piece) -> Piece? {
    guard count > 1 else { return whole }
    var box = whole.chunks
    for (dimension, index) in RowMajor.indices(at: number, in: counts).enumerated() {
      let step = dimension == self.dimension ? step : 1
      let lower = box[dimension].lowerBound + index * step
      guard lower < box[dimension].upperBound else { return nil }
      box[dimension] = lower..<min(box[dimension].upperBound, lower + step)
    }
    return whole.restricted(to: box)
  }
}

/// Visits the inner chunks of a shard that a selection needs, in C order.
///
/// A shard of 64 MiB may have 65536 inner chunks, so that nothing is allocated for one: the place of the next
/// one is found from the one before, and ``runs`` are put where those of the one before were.
struct InnerChunkWalk {
  /// What is known of a dimension.
  private struct Dimension {
    /// What the piece has along it.
    let piece: Piece.Dimension
    /// The elements of an inner chunk, and of the shard.
    let side: Int
    let shardLength: Int
    /// The inner chunks of the shard.
    let chunkCount: Int
    /// How far the next element is in the inner chunk.
    var chunkStride = 0
    /// Which inner chunk is visited.
    var index: Int
    /// The elements of the inner chunk that is visited.
    var length = 0
    /// The first of its elements that is selected, counted from that of the shard, and how many are.
    var lower = 0
    var count = 0
    /// Whether all its elements that are inside the array are selected.
    var isWhole = true
  }

  private var dimensions: [Dimension] = []
  private var hasBegun = false
  private var hasEnded = false

  /// The elements of the inner chunk that are selected, and where the first of them is in it and in the
  /// selection.
  private var walk = StridedWalk()
  private var (chunkIndex, selectionIndex) = (0, 0)

  /// Whether the inner chunk has another shape than the one before, or other elements of it are selected.
  private var hasNewShape = true
  private var selectionBase = 0
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
    for (index, dimension) in piece.dimensions.enumerated() {
      dimensions.append(
        Dimension(
          piece: dimension, side: grid.chunkShape[index], shardLength: grid.shardShape[index],
          chunkCount: grid.counts[index], index: dimension.chunks.lowerBound))
    }
    chunkShape = grid.chunkShape
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
    guard !hasEnded, let moved = hasBegun ? advance() : 0 else {
      hasEnded = true
      return false
    }
    hasBegun = true
    for index in moved..<dimensions.count { enter(index) }
    let (lastChunkIndex, lastSelectionIndex) = (chunkIndex, selectionIndex)
    if hasNewShape { measureChunk() }
    findFirst()
    if hasNewShape {
      try findRuns()
    } else {
      moveRuns(chunkIndex - lastChunkIndex, selectionIndex - lastSelectionIndex)
    }
    return true
  }

  /// Goes on to the next inner chunk.
  ///
  /// - Returns: The outermost dimension that moved, or nil after the last inner chunk.
  private mutating func advance() -> Int? {
    for index in dimensions.indices.reversed() {
      dimensions[index].index += 1
      if dimensions[index].index < dimensions[index].piece.chunks.upperBound { return index }
      dimensions[index].index = dimensions[index].piece.chunks.lowerBound
    }
    return nil
  }

  /// Finds the selected elements of the inner chunk along a dimension.
  private mutating func enter(_ index: Int) {
    var dimension = dimensions[index]
    let selected = dimension.piece.selected
    let start = dimension.index * dimension.side
    let end = start + dimension.side
    // No inner chunk reaches beyond its shard.
    let upper = min(end, selected.upperBound)
    let length = min(dimension.side, dimension.shardLength - start)
    dimension.lower = max(start, selected.lowerBound)
    let count = upper - dimension.lower
    hasNewShape = hasNewShape || length != dimension.length || count != dimension.count
    dimension.length = length
    dimension.count = count
    dimension.isWhole = dimension.lower == start && upper == min(end, dimension.piece.extent)
    dimensions[index] = dimension
  }

  /// Finds how many elements the inner chunk has; it may end with the shard.
  private mutating func measureChunk() {
    chunkElementCount = 1
    for index in dimensions.indices.reversed() {
      dimensions[index].chunkStride = chunkElementCount
      chunkElementCount *= dimensions[index].length
      if chunkShape[index] != dimensions[index].length { chunkShape[index] = dimensions[index].length }
    }
  }

  /// Finds where the inner chunk is, and its first selected element.
  private mutating func findFirst() {
    var (position, chunkIndex, selectionIndex, isWhole) = (0, 0, selectionBase, true)
    for dimension in dimensions {
      position = position * dimension.chunkCount + dimension.index
      chunkIndex += (dimension.lower - dimension.index * dimension.side) * dimension.chunkStride
      selectionIndex += dimension.lower * dimension.piece.selectionStride
      isWhole = isWhole && dimension.isWhole
    }
    self.position = position
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
          targetStride: dimension.piece.selectionStride))
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
