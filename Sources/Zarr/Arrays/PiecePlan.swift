import ChunkEngine
import Synchronization

/// The stored values that a region of an array touches, divided into pieces of work.
///
///     value 0          value 1          value 2            a piece is a box of chunks of one value: some along one
///     ┌ · · a a ┐      ┌ c c d d ┐      ┌ e e · · ┐        dimension, one along each dimension before it, and along
///     └ · · b b ┘      └ … … … … ┘      └ … … · · ┘        those after it all that are selected
///
/// A value that is one chunk is one piece. Inner chunks of shards may be small and many, so that a worker takes
/// many of them at a time.
struct PiecePlan: Sendable {
  /// The region.
  let region: ArrayRegion

  /// The number of its elements.
  let elementCount: Int

  /// The elements, if they are listed; the region says nothing then.
  private(set) var list: ListPlan?

  /// Plans of several regions that are read together, and what of this plan comes before each.
  private var joined: [(plan: PiecePlan, pieceCount: Int, valueCount: Int, elementCount: Int)] = []

  private let shape: [Int]
  private let grid: ChunkGrid
  private let innerChunkShape: [Int]?

  /// How far the next element along each dimension is in the region.
  private let strides: [Int]

  /// The division of every value, once for each worker, or nothing if they differ.
  private let evenGrids: [InnerChunkGrid]

  /// The first value along each dimension, and how many there are.
  private let first: [Int]
  private let counts: [Int]

  /// The number of values.
  let valueCount: Int

  /// The most chunks along each dimension that the region has of one value.
  private let chunkCounts: [Int]

  /// The number of chunks that the region touches, at most.
  let chunkCount: Int

  /// The division of the chunks of a value into pieces.
  private var division = ChunkDivision()

  /// Divides a region that is inside of the array.
  ///
  /// - Parameters:
  ///   - region: The region, which has as many elements as an `Int` can hold.
  ///   - shape: The shape of the array.
  ///   - grid: Its division into values.
  ///   - innerChunkShape: The shape of the inner chunks, or nil if each value is one chunk.
  ///   - evenGrids: The division of every value, as often as there are workers, if it is known and they do not differ.
  init(
    of region: ArrayRegion, shape: [Int], grid: ChunkGrid, innerChunkShape: [Int]?,
    evenGrids: [InnerChunkGrid] = []
  ) {
    self.region = region
    self.shape = shape
    self.grid = grid
    self.innerChunkShape = innerChunkShape
    elementCount = region.elementCount ?? 0
    strides = RowMajor.strides(of: region.shape)
    self.evenGrids = evenGrids
    var first: [Int] = []
    var counts: [Int] = []
    var chunkCounts: [Int] = []
    for (dimension, range) in region.ranges.enumerated() {
      guard !range.isEmpty else {
        first.append(0)
        counts.append(0)
        chunkCounts.append(0)
        continue
      }
      let division = grid.dimensions[dimension]
      let lower = division.chunkIndex(of: range.lowerBound)
      let upper = division.chunkIndex(of: range.upperBound - 1)
      first.append(lower)
      counts.append(upper - lower + 1)
      guard let side = innerChunkShape?[dimension] else {
        chunkCounts.append(1)
        continue
      }
      // The longest value or the whole region, or what the region has of the first and the last.
      let most =
        upper - lower > 1
        ? min(division.longest / side, (range.count - 1) / side + 2)
        : [lower, upper].map { Self.chunks(of: range, in: division.range(ofChunk: $0), side: side).count }
          .max()
      chunkCounts.append(most ?? 0)
    }
    self.first = first
    self.counts = counts
    self.chunkCounts = chunkCounts
    // No more than elements, whose number was checked; a value at the edge may have more chunks.
    valueCount = RowMajor.count(of: counts) ?? 0
    chunkCount = RowMajor.count(of: [valueCount] + chunkCounts) ?? Int.max
  }

  /// Joins plans of regions, whose elements follow each other in the selection.
  ///
  /// - Precondition: There is a plan at least, and an `Int` can count all elements.
  init(joining plans: [PiecePlan]) {
    region = ArrayRegion([])
    (shape, grid) = (plans[0].shape, plans[0].grid)
    innerChunkShape = nil
    (strides, evenGrids, first, counts, chunkCounts) = ([], [], [], [], [])
    elementCount = plans.reduce(0) { $0 + $1.elementCount }
    valueCount = plans.reduce(0) { $0 + $1.valueCount }
    chunkCount = plans.reduce(0) { $0 + $1.chunkCount }
    join(plans)
  }

  private mutating func join(_ plans: [PiecePlan]) {
    joined = []
    var before = (pieceCount: 0, valueCount: 0, elementCount: 0)
    for plan in plans {
      joined.append((plan, before.pieceCount, before.valueCount, before.elementCount))
      before.pieceCount += plan.pieceCount
      before.valueCount += plan.valueCount
      before.elementCount += plan.elementCount
    }
  }

  /// Which of the joined plans has a piece.
  private func joinedPlan(of piece: Int) -> Int {
    var (lower, upper) = (0, joined.count)
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if joined[middle].pieceCount <= piece { lower = middle } else { upper = middle }
    }
    return lower
  }

  /// Takes elements that are listed.
  init(of list: ListPlan, shape: [Int], grid: ChunkGrid) {
    region = ArrayRegion([])
    self.list = list
    self.shape = shape
    self.grid = grid
    innerChunkShape = nil
    elementCount = list.elementCount
    (strides, evenGrids, first, counts, chunkCounts) = ([], [], [], [], [])
    valueCount = list.valueCount
    chunkCount = list.chunkCount
  }

  /// The chunks of a value along one dimension that have elements of a range.
  private static func chunks(of range: Range<Int>, in value: Range<Int>, side: Int) -> Range<Int> {
    let shared = range.clamped(to: value)
    return (shared.lowerBound - value.lowerBound) / side..<(shared.upperBound - 1 - value.lowerBound) / side
      + 1
  }

  /// Divides the values into pieces.
  ///
  /// - Parameters:
  ///   - chunkCount: The chunks of a piece, at most and if one piece can have as many.
  ///   - gapCount: The chunks that may be between two of a piece, if elements are listed.
  ///   - location: Where the array is, for errors.
  /// - Throws: ``ZarrError/tooLarge(path:)`` if an `Int` cannot hold the number of pieces.
  mutating func divide(
    intoPiecesOf chunkCount: Int, gapsOf gapCount: Int = Int.max, _ location: String
  ) throws(ZarrError) {
    guard joined.isEmpty else {
      var plans = joined.map(\.plan)
      for index in plans.indices { try plans[index].divide(intoPiecesOf: chunkCount, location) }
      return join(plans)
    }
    guard list == nil else { return list?.divide(intoPiecesOf: chunkCount, gapsOf: gapCount) ?? () }
    division = ChunkDivision(chunkCounts, intoPartsOf: chunkCount)
    guard RowMajor.count(of: [valueCount, division.count]) != nil else { throw .tooLarge(path: location) }
  }

  /// The number of pieces of each value.
  ///
  /// Some are empty where the region has fewer chunks.
  var piecesPerValue: Int { division.count }

  /// The number of pieces.
  ///
  /// Some may be empty.
  var pieceCount: Int {
    if let last = joined.last { return last.pieceCount + last.plan.pieceCount }
    return list?.pieceCount ?? valueCount * piecesPerValue
  }

  /// The number of pieces that one worker is likely to get, this one included.
  ///
  /// It sizes memory that is used up with the last of them.
  func expectedPieceCount(from number: Int, workerCount: Int) -> Int {
    (pieceCount - number - 1) / workerCount + 1
  }

  /// How many threads a worker may use for a piece.
  func threadCount(for number: Int, workerCount: Int) -> Int {
    ParallelChunks.threadCount(for: number, below: pieceCount, workerCount: workerCount)
  }

  /// The place in the grid of the value of a piece.
  func indices(ofPiece number: Int) -> [Int] {
    guard joined.isEmpty else {
      let joined = joined[joinedPlan(of: number)]
      return joined.plan.indices(ofPiece: number - joined.pieceCount)
    }
    return list?.indices(ofPiece: number) ?? indices(ofValue: number / piecesPerValue)
  }

  /// The place of a value in the grid.
  func indices(ofValue number: Int) -> [Int] {
    var indices = RowMajor.indices(at: number, in: counts)
    for dimension in first.indices { indices[dimension] += first[dimension] }
    return indices
  }

  /// A piece, and where it is.
  struct Part {
    /// Which of all pieces it is.
    let number: Int
    /// The value that it is of, counted from the first one of the region, and which of its pieces it is.
    let valueNumber: Int
    let numberInValue: Int
    /// The number of pieces of the value.
    let pieceCount: Int
    /// The place of the value in the grid.
    let indices: [Int]
    /// What the region has of the value.
    let whole: Piece
    /// What the piece has of it, or nil if it is empty.
    let piece: Piece?
  }

  /// The place in the array of the first element of a value.
  private func start(ofValueAt indices: [Int]) -> [Int] {
    indices.indices.map { grid.dimensions[$0].range(ofChunk: indices[$0]).lowerBound }
  }

  /// The elements of a part of a value.
  func region(of piece: Piece, ofValueAt indices: [Int]) -> ArrayRegion {
    ArrayRegion(
      zip(piece.dimensions, start(ofValueAt: indices)).map { dimension, start in
        dimension.selected.lowerBound + start..<dimension.selected.upperBound + start
      })
  }

  /// One of the pieces.
  func part(_ number: Int) throws(ChunkError) -> Part {
    if let list { return try list.part(number) }
    guard joined.isEmpty else {
      let joined = joined[joinedPlan(of: number)]
      let part = try joined.plan.part(number - joined.pieceCount)
      return Part(
        number: number, valueNumber: joined.valueCount + part.valueNumber, numberInValue: part.numberInValue,
        pieceCount: part.pieceCount, indices: part.indices, whole: part.whole.moved(by: joined.elementCount),
        piece: part.piece?.moved(by: joined.elementCount))
    }
    let (valueNumber, numberInValue) = number.quotientAndRemainder(dividingBy: piecesPerValue)
    let indices = indices(ofValue: valueNumber)
    // Workers are at different numbers at a time.
    let grid =
      try evenGrids.isEmpty
      ? grid.chunks(ofValueAt: indices, innerChunkShape) : evenGrids[number % evenGrids.count]
    let whole = Piece(
      grid, start: start(ofValueAt: indices), shape: shape,
      selection: region.ranges, strides: strides)
    return Part(
      number: number, valueNumber: valueNumber, numberInValue: numberInValue, pieceCount: piecesPerValue,
      indices: indices, whole: whole, piece: division.part(numberInValue, of: whole))
  }
}

extension ZarrArray {
  /// Plans the work on a region, or on the whole array.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)`` and ``ZarrError/tooLarge(path:)``
  func plan(of region: ArrayRegion?) throws(ZarrError) -> PiecePlan {
    // The work goes by this metadata, whatever happens to the array meanwhile.
    let (shape, grid) = shapeAndGrid
    let region = region ?? ArrayRegion(allOf: shape)
    guard region.isInside(shape) else {
      throw .outOfBounds(path: location, region: region, shape: shape)
    }
    guard region.elementCount != nil else { throw .tooLarge(path: location) }
    return PiecePlan(
      of: region, shape: shape, grid: grid, innerChunkShape: layout.innerChunkShape,
      evenGrids: layout.evenGrids(of: grid))
  }

  /// What a call needs to have many requests on their way, or nil if each worker waits for its own.
  func makeRequests() -> ManyRequests? {
    store.requestConcurrency > 1
      ? ManyRequests(
        count: store.requestConcurrency, workerCount: access.workerCount,
        byteCountLimit: access.byteCountInFlight)
      : nil
  }

  /// The most threads that work on pieces at a time, in a call of its own.
  var concurrency: Int { max(access.workerCount, store.requestConcurrency) }

  /// Calls `body` with each piece, on all workers, and on as many threads as the store wants requests.
  ///
  /// - Parameters:
  ///   - plan: The pieces.
  ///   - workers: Where the workers are.
  ///   - threadCount: The most threads, or nil for as many as the store wants requests.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed the piece, and a worker.
  /// - Throws: What `body` throws; errors of the engine say of which value they are.
  func forEachPiece<Worker>(
    of plan: PiecePlan, workers: WorkerPool<Worker>, threadCount: Int? = nil, monitor: ProgressMonitor?,
    _ body: @Sendable (PiecePlan.Part, Worker) throws -> Void
  ) throws {
    monitor?.expect(elementCount: plan.elementCount)
    do {
      try ParallelChunks.forEachIndex(
        below: plan.pieceCount, workerCount: threadCount ?? concurrency, pool: workers,
        following: monitor ?? .current
      ) { number, worker in try body(plan.part(number), worker) }
    } catch {
      throw self.error(error, chunk: plan.indices(ofPiece: error.index))
    }
    monitor?.finish()
  }
}

/// The bytes that a worker takes at a time.
enum PieceSize {
  /// For what is encoded, so that it stays in a core's cache.
  static let encoded = 128 << 10

  /// For what is decoded for one thread that takes all: the more, the less often workers wait for it.
  static let shown = 512 << 10

  /// For what else is decoded: half of what is fetched together, so that most pieces are one request.
  static func decoded(_ joining: RangeJoining) -> Int { joining.maximumByteCount / 2 }

  /// Pieces are made no smaller than this for there to be some for each worker: to wake it up takes longer then.
  fileprivate static let smallest = 32 << 10

  /// The elements that a piece has at most, unless one chunk has more, so that tables of them stay small.
  fileprivate static let largestElementCount = 1 << 20
}

extension ValueLayout {
  /// The chunks that a worker takes at a time.
  ///
  /// - Parameters:
  ///   - chunkCount: All chunks of the call.
  ///   - elementCount: The elements of a chunk.
  ///   - byteCount: The bytes of a chunk, about.
  ///   - most: The most bytes that a worker takes, unless one chunk has more.
  /// - Returns: At least 1.
  func chunksPerPiece(of chunkCount: Int, elementCount: Int, byteCount: Int, most: Int) -> Int {
    let (least, overflow) = elementCount.multipliedReportingOverflow(
      by: chain.layout.fixedByteCount ?? WireForm.lengthByteCount)
    let byteCount = max(1, byteCount, overflow ? Int.max : least)
    // Several pieces for each worker.
    let shared = max(chunkCount / 4 / workerCount, PieceSize.smallest / byteCount)
    return max(1, min(shared, most / byteCount, PieceSize.largestElementCount / elementCount))
  }

  /// The chunks that a worker encodes at a time.
  ///
  /// - Parameters:
  ///   - chunkCount: All chunks of the call.
  ///   - elementCount: The elements of a chunk.
  ///   - elements: Elements like those of the chunks.
  /// - Returns: At least 1.
  /// - Throws: What `elements` throws.
  func encodedChunksPerPiece(
    of chunkCount: Int, elementCount: Int, like elements: any BlobSource
  ) throws(ChunkError) -> Int {
    // Those of one size are known to have that.
    let mean = chain.layout == .variable ? try ZarrArray.meanByteCount(of: elements) : 0
    return chunksPerPiece(
      of: chunkCount, elementCount: elementCount, byteCount: Int(min(mean * Double(elementCount), 0x1p62)),
      most: PieceSize.encoded)
  }
}

/// A worker that keeps nothing from piece to piece.
final class StatelessWorker {
  static let pool = WorkerPool { StatelessWorker() }
}

/// The values that a call works on, each begun once for all workers and ended with the last of its pieces.
///
/// Workers take pieces in order: there are few values at a time, and two calls that write the same values lock
/// them in the same order.
final class ValuesAtWork<State: Sendable>: Sendable {
  private final class Slot: Sendable {
    let state = Locked<(value: State, endedCount: Int)?>(nil)
  }

  private let slots = Locked<[Int: Slot]>([:])

  /// Changes what is known of a value.
  ///
  /// - Parameters:
  ///   - number: The number of the value.
  ///   - begin: Finds what is known at first. It is called once a value, unless it throws.
  ///   - body: Changes it, while no other worker does.
  /// - Returns: What `body` returns.
  /// - Throws: What `begin` and `body` throw.
  func withValue<Result: Sendable>(
    _ number: Int, begin: () throws -> State, _ body: (inout State) throws -> Result
  ) throws -> Result {
    let slot = slots.withLock { slots in
      if let slot = slots[number] { return slot }
      let slot = Slot()
      slots[number] = slot
      return slot
    }
    return try slot.state.withLock { state in
      var known = try state ?? (begin(), 0)
      // Not in two places, so that what it holds is not copied.
      state = nil
      defer { state = known }
      return try body(&known.value)
    }
  }

  /// Ends the work on a piece of a value that was begun.
  ///
  /// - Parameters:
  ///   - number: The number of the value.
  ///   - pieceCount: The pieces that it has.
  ///   - body: Changes what is known of it for the last time.
  /// - Returns: What is known of the value if this was its last piece, and is forgotten here. Otherwise nil.
  func endPiece(
    _ number: Int, of pieceCount: Int, _ body: (inout State) -> Void = { _ in }
  ) -> State? {
    guard let slot = slots.withLock({ $0[number] }) else { return nil }
    let ended = slot.state.withLock { state -> State? in
      guard var known = state else { return nil }
      state = nil
      body(&known.value)
      known.endedCount += 1
      guard known.endedCount < pieceCount else { return known.value }
      state = known
      return nil
    }
    if ended != nil { slots.withLock { $0[number] = nil } }
    return ended
  }

  /// Forgets all values, when no worker works on one any more.
  func removeAll() -> [State] {
    slots.withLock { slots in
      defer { slots = [:] }
      return slots.values.compactMap { slot in slot.state.withLock { $0?.value } }
    }
  }
}
