public import ChunkEngine

/// Some elements of an array in random order, as ``RandomBatches`` gives them.
public struct RandomBatch: Sendable {
  /// The elements.
  public let elements: BlobView

  /// The index of each element in the array, counted in C order.
  public let indices: [Int]
}

/// How random batches are drawn.
public struct RandomBatchOptions: Hashable, Sendable {
  /// The number of elements of a batch.
  public var batchSize: Int

  /// What the order follows from, together with ``epoch`` and ``part``.
  public var seed: UInt64

  /// Which pass through the array it is.
  ///
  /// Each has another order.
  public var epoch: Int

  /// Which part of the elements to draw, and into how many they are divided: one for each process or worker.
  ///
  /// The parts of one seed and epoch have no element in common, and are of one size, or one element more.
  public var part: (index: Int, count: Int) {
    get { (partIndex, partCount) }
    set { (partIndex, partCount) = newValue }
  }
  private var partIndex: Int
  private var partCount: Int

  /// About how many bytes of elements a batch is drawn from.
  public var windowByteCount: Int

  /// Whether the last batch is left out if it has fewer elements.
  public var dropsLast: Bool

  /// Creates options.
  ///
  /// - Parameters:
  ///   - batchSize: The number of elements of a batch.
  ///   - seed: What the order follows from.
  ///   - epoch: Which pass through the array it is.
  ///   - part: Which part of the elements to draw, counted from 0, and into how many they are divided.
  ///   - windowByteCount: About how many bytes of elements a batch is drawn from; 64 MiB by default.
  ///   - dropsLast: Whether the last batch is left out if it has fewer elements.
  /// - Precondition: A batch has an element at least, and there is such a part.
  public init(
    batchSize: Int, seed: UInt64 = 0, epoch: Int = 0, part: (index: Int, count: Int) = (0, 1),
    windowByteCount: Int = 64 << 20, dropsLast: Bool = false
  ) {
    precondition(batchSize > 0, "a batch has at least one element")
    precondition(part.count > 0 && (0..<part.count).contains(part.index), "there is no such part")
    self.batchSize = batchSize
    self.seed = seed
    self.epoch = epoch
    (partIndex, partCount) = part
    self.windowByteCount = windowByteCount
    self.dropsLast = dropsLast
  }
}

/// Batches of the elements of an array in random order, each element once, at about the rate of reading in order.
///
/// ```swift
/// func train(on array: ZarrArray, epoch: Int) throws {
///   let batches = try array.randomBatches(RandomBatchOptions(batchSize: 256, seed: 7, epoch: epoch))
///   while let batch = try batches.next() {
///     for blob in batch.elements { print(blob.byteCount) }
///   }
/// }
/// ```
///
/// To read at that rate, neighbours are decoded together. The array is divided into blocks of neighbouring chunks, of about
/// 512 KiB, and these are put into a random order. A *window* has blocks that follow each other in this order, about 64
/// MiB of them; its elements are put into a random order, and batches are taken from it one after the other:
///
///     array      [0 1 2|3 4 5|6 7 8|9 10 11]        blocks
///     order       9 10 11  3 4 5 │ 0 1 2  6 7 8     windows of two blocks
///     batches     4 11 │ 9 5 │ 10 3 │ 8 1 │ …       two elements each
///
/// So any element may come first, and each batch is drawn from places all over the array. But all elements of a block come
/// within one window: two neighbours are in one batch more often than by chance, about (blocks of the array) / (blocks of a
/// window) times. If elements that are alike stand together, widen the window, or shuffle them once when you store them. A
/// window of the whole array gives every order with the same probability.
///
/// The order follows from the seed, the epoch, the parts, the sizes of the window and of batches, and the array, and from
/// nothing else. While you work on batches of one window, the next one is read, so that two windows are in memory. It belongs
/// to one thread or task at a time.
public final class RandomBatches: @unchecked Sendable {
  // SAFETY: What changes is only touched by the thread or task that it belongs to.
  private let array: ZarrArray
  private let options: RandomBatchOptions
  private let blocks: Blocks
  private let monitor: ProgressMonitor

  /// The blocks of this part in their order, and which elements of each the part has.
  private let order: [(block: Int, elements: Range<Int>)]

  /// How many blocks were given to windows, and the elements of a window.
  private var blockCount = 0
  private let windowElementCount: Int

  private var window: Window?
  private var position = 0
  private var random: SeededRandom
  private var windowCount = 0
  private var ahead: ReadAhead<Window>?

  /// The number of elements that are drawn.
  public let count: Int

  /// The bytes of a block, about.
  private static let blockByteCount = 512 << 10

  /// The most blocks, whose order takes 40 bytes each.
  ///
  /// The shape is from outside, and costs its writer nothing.
  private static let maximumBlockCount = 1 << 24

  fileprivate init(_ array: ZarrArray, _ options: RandomBatchOptions, _ monitor: ProgressMonitor?) throws {
    self.array = array
    self.options = options
    self.monitor = monitor.map { ProgressMonitor(partOf: $0) } ?? ProgressMonitor(readingAheadFor: .current)
    let meanByteCount = try Self.meanByteCount(of: array)
    blocks = Blocks(array, elementCount: max(1, Int(Double(Self.blockByteCount) / meanByteCount)))
    guard blocks.count <= Self.maximumBlockCount else {
      throw ChunkError.callElementCountExceedsLimit(
        count: array.count, limit: array.count / blocks.count * Self.maximumBlockCount)
    }
    windowElementCount = max(1, Int(Double(max(0, options.windowByteCount)) / meanByteCount))
    random = SeededRandom(seed: options.seed, epoch: options.epoch, stream: 0)
    var numbers = Array(0..<blocks.count)
    numbers.shuffle(using: &random)
    // A part has a range of the elements in the order of their blocks.
    let total = array.count
    let size = total / options.part.count
    let rest = total % options.part.count
    let first = options.part.index * size + min(options.part.index, rest)
    let wanted = first..<first + size + (options.part.index < rest ? 1 : 0)
    var order: [(block: Int, elements: Range<Int>)] = []
    var start = 0
    for number in numbers {
      let count = blocks.region(number).elementCount ?? 0
      let shared = wanted.clamped(to: start..<start + count)
      if !shared.isEmpty { order.append((number, shared.lowerBound - start..<shared.upperBound - start)) }
      start += count
    }
    self.order = order
    count = wanted.count
    random = SeededRandom(seed: options.seed, epoch: options.epoch, stream: 1 + UInt64(options.part.index))
    monitor?.expect(elementCount: count)
  }

  deinit { monitor.cancel() }

  /// About how many bytes an element has, by those of the first chunk.
  private static func meanByteCount(of array: ZarrArray) throws -> Double {
    if let byteCount = array.chain.layout.fixedByteCount { return Double(max(1, byteCount)) }
    let metadata = array.metadata
    guard metadata.elementCount > 0 else { return 1 }
    let grid = array.layout.chunkGrid(metadata)
    let region = ArrayRegion(
      zip(grid.dimensions, metadata.shape).map { $0.range(ofChunk: 0).clamped(to: 0..<$1) })
    let elements = try array.read(region)
    let byteCount = try elements.byteCount(of: elements.indices)
    return Double(byteCount) / Double(max(1, elements.count)) + Double(MemoryLayout<Int>.stride)
  }

  /// Returns the next batch, or nil after the last one.
  ///
  /// Only the last one may have fewer elements.
  ///
  /// - Throws: As `read(_:monitor:)` of the array. There is no other batch then.
  /// - Complexity: O(*n*) where *n* is the size of a batch, and now and then that of a window.
  @available(*, noasync)
  public func next() throws(ZarrError) -> RandomBatch? {
    try zarrErrors(at: array.location, following: monitor) {
      if monitor.isCancelled { throw ZarrError.cancelled }
      do {
        while (window?.order.count ?? 0) - position < options.batchSize, try beginWindow() {}
        guard let window, position < window.order.count else { return nil }
        let rest = window.order[position...]
        guard rest.count >= options.batchSize || !options.dropsLast else { return nil }
        let batch = rest.prefix(options.batchSize)
        position += batch.count
        return RandomBatch(
          elements: try window.elements.view(of: batch), indices: batch.map { window.indices[$0] })
      } catch {
        monitor.cancel()
        throw error
      }
    }
  }

  /// Returns the next batch, as the form that blocks does.
  public func next() async throws(ZarrError) -> RandomBatch? {
    try await array.run(growth: 1, abandons: false) { _ in try self.next() }
  }

  /// Goes on to the next window, which gets what is left of this one, and returns whether there is one.
  private func beginWindow() throws -> Bool {
    guard ahead != nil || blockCount < order.count else { return false }
    var next: Window
    if let ahead = ahead.take() {
      next = try ahead.take()
    } else {
      next = try Self.read(takeBlocks(), blocks, array, nextRandom(), monitor)
    }
    if let window, position < window.order.count {
      let rest = window.order[position...]
      next.insert(
        try window.elements.copies(of: rest), indices: rest.map { window.indices[$0] }, using: &random)
    }
    window = next
    position = 0
    if blockCount < order.count {
      ahead = ReadAhead(workerCount: array.access.workerCount) {
        [next = takeBlocks(), random = nextRandom(), blocks, array, monitor] in
        try Self.read(next, blocks, array, random, monitor)
      }
    }
    return true
  }

  /// Numbers for the next window, which another thread draws.
  private func nextRandom() -> SeededRandom {
    windowCount += 1
    return SeededRandom(
      seed: options.seed, epoch: options.epoch, stream: random.next() &+ UInt64(windowCount))
  }

  /// The blocks of the next window.
  private func takeBlocks() -> ArraySlice<(block: Int, elements: Range<Int>)> {
    let first = blockCount
    var elementCount = 0
    while blockCount < order.count, elementCount < windowElementCount {
      elementCount += order[blockCount].elements.count
      blockCount += 1
    }
    return order[first..<blockCount]
  }

  /// Reads blocks in one call, and puts their elements into a random order.
  private static func read(
    _ parts: ArraySlice<(block: Int, elements: Range<Int>)>, _ blocks: Blocks, _ array: ZarrArray,
    _ random: SeededRandom, _ monitor: ProgressMonitor
  ) throws -> Window {
    var random = random
    var window = Window(try array.read(parts.map { blocks.region($0.block) }, monitor))
    for part in parts { window.choose(part.elements, indices: blocks.indices(part.block)) }
    window.shuffle(using: &random)
    return window
  }
}

extension ZarrArray {
  /// Begins to draw batches of all elements in random order.
  ///
  /// - Parameters:
  ///   - options: How batches are drawn.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The batches, of one epoch.
  /// - Throws: As `read(_:monitor:)`: the first chunk is read, to learn how large elements are.
  @available(*, noasync)
  public func randomBatches(
    _ options: RandomBatchOptions, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> RandomBatches {
    try zarrErrors(at: location, following: monitor) { try RandomBatches(self, options, monitor) }
  }

  /// Begins to draw batches of all elements in random order, as the form that blocks does.
  public func randomBatches(
    _ options: RandomBatchOptions, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> RandomBatches {
    try await run(growth: 1, monitor) { _ in try self.randomBatches(options, monitor: monitor) }
  }
}

/// Elements that batches are drawn from.
private struct Window: Sendable {
  private var views: [BlobView]

  /// The elements, those that are not drawn too.
  private(set) var elements: PickedBlobs

  /// The index in the array of each of ``elements``.
  private(set) var indices: [Int] = []

  /// The positions of the elements that are drawn, in their order.
  private(set) var order: [Int] = []

  init(_ view: BlobView) {
    views = [view]
    elements = PickedBlobs(views)
  }

  /// Chooses some of the next elements, which have these indices in the array.
  mutating func choose(_ chosen: Range<Int>, indices: [Int]) {
    let start = self.indices.count
    self.indices.append(contentsOf: indices)
    order.append(contentsOf: start + chosen.lowerBound..<start + chosen.upperBound)
  }

  mutating func shuffle(using random: inout SeededRandom) {
    order.shuffle(using: &random)
  }

  /// Adds elements at random places of the order, which is then as random as before.
  mutating func insert(_ view: BlobView, indices: [Int], using random: inout SeededRandom) {
    views.append(view)
    elements = PickedBlobs(views)
    let first = order.count
    choose(0..<view.count, indices: indices)
    for position in first..<order.count {
      order.swapAt(position, Int.random(in: 0...position, using: &random))
    }
  }
}

/// The division of an array into blocks of neighbouring chunks.
private struct Blocks: Sendable {
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The chunks of a block along the last dimension; it has one along each other.
  private let chunkCount: Int
  private let counts: [Int]

  /// The number of blocks.
  let count: Int

  /// Divides an array into blocks of about as many elements, and of one chunk at least.
  init(_ array: ZarrArray, elementCount: Int) {
    let metadata = array.metadata
    shape = metadata.shape
    grid = array.layout.chunkGrid(metadata)
    chunkCount = max(1, elementCount / max(1, grid.elementCount))
    var counts = grid.chunkCounts(of: shape)
    if let last = counts.last { counts[counts.count - 1] = (last + chunkCount - 1) / chunkCount }
    self.counts = counts
    // No more than elements, whose number was checked.
    count = metadata.elementCount == 0 ? 0 : counts.reduce(1, *)
  }

  /// The elements of a block.
  func region(_ number: Int) -> ArrayRegion {
    ArrayRegion(
      RowMajor.indices(at: number, in: counts).enumerated().map { dimension, index in
        let division = grid.dimensions[dimension]
        let step = dimension == counts.count - 1 ? chunkCount : 1
        let lower = division.range(ofChunk: index * step).lowerBound
        let last = min((index + 1) * step, division.chunkCount(covering: shape[dimension])) - 1
        return lower..<min(shape[dimension], division.range(ofChunk: last).upperBound)
      })
  }

  /// The index in the array of each element of a block, both in C order.
  func indices(_ number: Int) -> [Int] {
    let ranges = region(number).ranges
    guard let row = ranges.last else { return [0] }
    var indices: [Int] = []
    Box(Array(ranges.dropLast())).forEachPlace { place in
      let start = RowMajor.position(of: place + [row.lowerBound], in: shape)
      indices.append(contentsOf: start..<start + row.count)
    }
    return indices
  }
}

/// Numbers that follow from a seed: [SplitMix64](https://prng.di.unimi.it/splitmix64.c).
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) {
    state = seed
  }

  init(seed: UInt64, epoch: Int, stream: UInt64) {
    self.init(seed: seed)
    for number in [UInt64(bitPattern: Int64(epoch)), stream] {
      state = next() ^ number
    }
  }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
