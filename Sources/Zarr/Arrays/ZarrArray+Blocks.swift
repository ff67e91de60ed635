public import ChunkEngine

/// Elements of an array that follow each other in C order: a ``ChunkEngine/BlobView``, or values of a Swift type.
public struct ElementBlock<Elements: RandomAccessCollection & Sendable>: Sendable {
  /// The elements.
  public let elements: Elements

  /// The index of the first of them in the array, counted in C order.
  public let offset: Int
}

extension ElementBlock {
  /// Takes a block of a ``BlockReader``.
  init(_ block: (elements: Elements, offset: Int)) {
    (elements, offset) = block
  }
}

/// What a block of elements is read into.
package protocol ReadableBlock: Sendable {
  /// Reads the elements of a region in C order.
  static func read(_ region: ArrayRegion, of array: ZarrArray, _ monitor: ProgressMonitor) throws -> Self

  /// The number of elements.
  var count: Int { get }

  /// The number of bytes of all elements together.
  var byteCount: Int { get }
}

extension BlobView: ReadableBlock {
  package static func read(
    _ region: ArrayRegion, of array: ZarrArray, _ monitor: ProgressMonitor
  ) throws -> BlobView {
    try array.read(region, monitor: monitor)
  }

  package var byteCount: Int { blobs.byteCount }
}

/// Elements in one buffer with offsets.
package struct BatchBlock: ReadableBlock {
  /// The elements.
  package let elements: BlobBatch

  /// Whether all of them are text.
  ///
  /// This is only looked for where they have to be.
  package let areText: Bool

  package static func read(
    _ region: ArrayRegion, of array: ZarrArray, _ monitor: ProgressMonitor
  ) throws -> BatchBlock {
    try array.readBatch(region, monitor: monitor)
  }

  package var count: Int { elements.count }

  package var byteCount: Int { elements.bytes.byteCount }
}

extension ZarrArray {
  /// Shows elements to `body` in C order, some chunks at a time, however large the array is.
  ///
  ///     try array.forEachBlock { block in
  ///       for blob in block.elements { … }
  ///     }
  ///
  /// `body` is called on your thread. Meanwhile the workers read the next block, so that two blocks are in memory. A block
  /// has about 8 MiB, and at least one chunk for each worker; it ends where a chunk ends if that can be. In an array of
  /// several dimensions, rows of chunks can be much larger: they are read in parts, and their chunks are decoded several
  /// times.
  ///
  /// If a chunk cannot be read, `body` sees the blocks before it, and then the error is thrown. In an array of one
  /// dimension these blocks have all elements before that chunk. An error of `body` ends the work. Nothing reads any more
  /// when this returns.
  ///
  /// - Parameters:
  ///   - elements: The elements to show, counted in C order. The default is all.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is called with one block after the other. Together they have exactly the elements.
  /// - Throws: As `read(_:monitor:)`, and what `body` throws. Elements outside of the array are
  ///   ``ZarrError/outOfBounds(path:region:shape:)``, which counts them in C order too.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  @available(*, noasync, message: "use blocks(of:monitor:)")
  public func forEachBlock(
    of elements: Range<Int>? = nil, monitor: ProgressMonitor? = nil,
    _ body: (ElementBlock<BlobView>) throws -> Void
  ) throws {
    let reader = try BlockReader<BlobView>(of: elements, in: self, monitor: monitor)
    defer { reader.stop() }
    while let block = try reader.next() { try body(ElementBlock(block)) }
  }

  /// Shows elements to `body` as ``forEachBlock(of:monitor:_:)`` does, copied into one buffer with offsets as soon as they
  /// are decoded.
  ///
  /// - Throws: As ``forEachBlock(of:monitor:_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  package func forEachBatch(
    of elements: Range<Int>, monitor: ProgressMonitor?, _ body: (BatchBlock, _ offset: Int) throws -> Void
  ) throws {
    let reader = try BlockReader<BatchBlock>(of: elements, in: self, monitor: monitor)
    defer { reader.stop() }
    while let block = try reader.next() { try body(block.elements, block.offset) }
  }

  /// Shows elements to `body` in C order as values of a type, some chunks at a time, however large the array is.
  ///
  ///     try array.forEachBlock(as: Station.self) { block in
  ///       for station in block.elements { … }
  ///     }
  ///
  /// The form of ``forEachBlock(of:monitor:_:)`` for values.
  ///
  /// - Throws: As ``forEachBlock(of:monitor:_:)``, and ``ZarrError/element(path:index:reason:)`` for an element that is no
  ///   value of the type, with its index in C order.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  @available(*, noasync, message: "use blocks(of:monitor:)")
  public func forEachBlock<Value: ZarrElement>(
    of elements: Range<Int>? = nil, as type: Value.Type, monitor: ProgressMonitor? = nil,
    _ body: (ElementBlock<[Value]>) throws -> Void
  ) throws {
    try zarrErrors(at: location) { try type.checkReadable(from: transfer.dataType) }
    try forEachBlock(of: elements, monitor: monitor) { block in
      try body(monitor.whileCurrent { try values(of: block) })
    }
  }

  /// The elements as values of a type, one after the other in C order, in constant memory.
  ///
  ///     for station in array.elements(as: Station.self) {
  ///       print(try station.get().name)
  ///     }
  ///
  /// Each element is a `Result`, since reading can fail while a loop runs. A failure is the last one. Blocks of elements
  /// are read as by ``forEachBlock(of:monitor:_:)``. Each loop reads the array anew.
  ///
  /// - Parameters:
  ///   - elements: The elements, counted in C order. The default is all.
  ///   - type: The type of the values.
  /// - Returns: The values.
  @available(*, noasync, message: "use values(_:as:)")
  public func elements<Value: ZarrElement>(
    _ elements: Range<Int>? = nil, as type: Value.Type
  ) -> ElementSequence<Value> {
    ElementSequence(array: self, range: elements)
  }

  /// The elements of a block as values of a type.
  func values<Value: ZarrElement>(
    of block: ElementBlock<BlobView>
  ) throws(ZarrError) -> ElementBlock<[Value]> {
    try zarrErrors(at: location) {
      do {
        let values = try transfer.elements(of: block.elements, as: Value.self)
        return ElementBlock(elements: values, offset: block.offset)
      } catch let failure as ElementFailure {
        throw ElementFailure(index: block.offset + failure.index, reason: failure.reason)
      }
    }
  }
}

/// The elements of an array as values of a type, as ``ZarrArray/elements(_:as:)`` gives them.
public struct ElementSequence<Value: ZarrElement>: Sequence, Sendable {
  fileprivate let array: ZarrArray
  fileprivate let range: Range<Int>?

  public func makeIterator() -> Iterator { Iterator(self) }

  /// Reads one block of elements after the other.
  public struct Iterator: IteratorProtocol {
    private let array: ZarrArray
    private let reader: Result<BlockReader<BlobView>, ZarrError>
    private var block: [Value] = []
    private var position = 0
    private var isEnded = false

    fileprivate init(_ sequence: ElementSequence) {
      let array = sequence.array
      self.array = array
      reader = Result { () throws(ZarrError) in
        try zarrErrors(at: array.location) { try Value.checkReadable(from: array.transfer.dataType) }
        return try BlockReader(of: sequence.range, in: array, monitor: nil)
      }
    }

    public mutating func next() -> Result<Value, ZarrError>? {
      if position == block.count {
        guard !isEnded else { return nil }
        do throws(ZarrError) {
          guard let next = try reader.get().next() else {
            isEnded = true
            return nil
          }
          block = try array.values(of: ElementBlock(next)).elements
          position = 0
        } catch {
          isEnded = true
          return .failure(error)
        }
      }
      defer { position += 1 }
      return .success(block[position])
    }
  }
}

/// Reads blocks of elements one after the other, each while the caller works on the one before.
///
/// It belongs to one thread or task at a time.
package final class BlockReader<Block: ReadableBlock>: @unchecked Sendable {
  // SAFETY: What changes is only touched by that thread.
  private let array: ZarrArray
  private let regions: BlockRegions?
  private let monitor: ProgressMonitor?
  private let part: ProgressMonitor
  private var size: BlockSize

  /// The elements that come after the last block that was given.
  private var rest: Range<Int>

  /// The number of elements to ask for.
  ///
  /// It is small once a chunk could not be read, so that all before it are shown.
  private var wanted: Int
  private var isCutShort = false
  private var ahead: ReadAhead<Block>?

  private static var smallest: Int { 1 }

  /// Begins to read elements, counted in C order, or all.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``
  package init(of elements: Range<Int>?, in array: ZarrArray, monitor: ProgressMonitor?) throws(ZarrError) {
    let metadata = array.metadata
    let grid = array.layout.chunkGrid(metadata)
    let all = 0..<metadata.elementCount
    rest = elements ?? all
    guard rest.lowerBound >= 0, rest.upperBound <= all.upperBound else {
      throw ZarrError.outOfBounds(path: array.location, region: [rest], shape: [all.upperBound])
    }
    monitor?.expect(elementCount: rest.count)
    self.array = array
    self.monitor = monitor
    part = monitor.map { ProgressMonitor(partOf: $0) } ?? ProgressMonitor(readingAheadFor: .current)
    regions = rest.isEmpty ? nil : BlockRegions(shape: metadata.shape, grid: grid)
    size = BlockSize(of: array, chunkElementCount: grid.elementCount)
    wanted = size.wanted
  }

  deinit { part.cancel() }

  /// Ends the work soon; any thread may call this.
  func cancel() {
    part.cancel()
  }

  /// Returns the next block, or nil after the last one.
  ///
  /// - Throws: What reading throws, and ``ZarrError/cancelled``. There is no other block then.
  package func next() throws(ZarrError) -> (elements: Block, offset: Int)? {
    if part.isCancelled { throw .cancelled }
    guard let regions, !rest.isEmpty else {
      monitor?.finish()
      return nil
    }
    do {
      let elements: Block
      if let ahead = ahead.take() {
        elements = try ahead.take()
      } else {
        elements = try Self.read(rest, wanted: wanted, limit: size.limit, regions, of: array, part)
      }
      let offset = rest.lowerBound
      let full = regions.first(of: rest, wanted: wanted, limit: size.limit).elementCount
      isCutShort = isCutShort || elements.count != full
      size.adapt(to: elements)
      wanted = isCutShort ? Self.smallest : size.wanted
      rest = offset + elements.count..<rest.upperBound
      if !rest.isEmpty {
        ahead = ReadAhead(workerCount: array.access.workerCount) {
          [rest, wanted, limit = size.limit, array, part] in
          try Self.read(rest, wanted: wanted, limit: limit, regions, of: array, part)
        }
      }
      if part.isCancelled { throw ZarrError.cancelled }
      return (elements, offset)
    } catch {
      stop()
      throw ZarrError(error, at: array.location)
    }
  }

  /// Ends the work: nothing reads any more when this returns.
  package func stop() {
    if let ahead = ahead.take() {
      part.cancel()
      ahead.drop()
    }
    rest = rest.upperBound..<rest.upperBound
  }

  /// Reads a block of about the size that is wanted, or the smallest if there is a chunk in it that cannot be read: what
  /// is before that chunk is shown.
  private static func read(
    _ rest: Range<Int>, wanted: Int, limit: Int, _ regions: BlockRegions, of array: ZarrArray,
    _ part: ProgressMonitor
  ) throws -> Block {
    do {
      return try Block.read(regions.first(of: rest, wanted: wanted, limit: limit), of: array, part)
    } catch ZarrError.chunk where wanted > smallest {
      return try Block.read(regions.first(of: rest, wanted: smallest, limit: limit), of: array, part)
    }
  }
}

/// Cuts elements that follow each other in C order into regions, which are read one after the other.
///
/// A region has a range along one dimension, one index along each dimension before it, and all of the
/// dimensions after it:
///
///     · · · · a a      a   the rest of a row
///     b b b b b b      b   whole rows, as many as make a region
///     b b b b b b
///     c c c · · ·      c   the beginning of a row
private struct BlockRegions {
  private let shape: [Int]
  private let grid: ChunkGrid

  /// The number of elements for one index along each dimension.
  private let strides: [Int]

  /// The number of elements in all chunks that share one index along each dimension.
  ///
  /// They are decoded together.
  private let chunkStrides: [Int]

  /// The most elements of a region.
  ///
  /// It bounds the memory for their offsets too.
  static let maximumElementCount = 4 << 20

  /// Divides an array that has elements.
  init(shape: [Int], grid: ChunkGrid) {
    self.shape = shape
    self.grid = grid
    let rank = shape.count
    var strides = [Int](repeating: 1, count: rank)
    var chunkStrides = [Int](repeating: grid.elementCount, count: rank)
    for dimension in strides.indices.dropLast().reversed() {
      // Part of the number of elements, which was checked.
      strides[dimension] = strides[dimension + 1] * shape[dimension + 1]
      let columnCount = grid.dimensions[dimension + 1].chunkCount(covering: shape[dimension + 1])
      chunkStrides[dimension] = chunkStrides[dimension + 1].multipliedClamping(by: columnCount)
    }
    self.strides = strides
    self.chunkStrides = chunkStrides
  }

  /// The region that begins at an element.
  ///
  /// - Parameters:
  ///   - elements: The elements that are still to be read, at least one.
  ///   - wanted: About as many elements are decoded, if chunks are small enough for that, and as many as one
  ///     row of chunks has at least.
  ///   - limit: A row of chunks with more elements is not decoded at once but in parts. Its chunks are then
  ///     decoded again for each of their rows.
  /// - Returns: A region that ends where chunks end, if that can be.
  func first(of elements: Range<Int>, wanted: Int, limit: Int) -> ArrayRegion {
    guard !shape.isEmpty else { return ArrayRegion([]) }
    let position = elements.lowerBound
    let dimension =
      shape.indices.first { dimension in
        position % strides[dimension] == 0 && strides[dimension] <= elements.count
          && chunkStrides[dimension] <= limit
          && strides[dimension] <= Self.maximumElementCount
      } ?? shape.count - 1
    let index = position / strides[dimension] % shape[dimension]
    let rows = grid.chunkShape[dimension].multipliedClamping(by: max(1, wanted / chunkStrides[dimension]))
    // Where the chunk ends that the block would end in if it began where a chunk does.
    let chunkStart = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: index)
    ).lowerBound
    let last = min(shape[dimension] - 1, chunkStart.addingReportingOverflow(rows - 1).partialValue)
    let end = grid.dimensions[dimension].range(
      ofChunk: grid.dimensions[dimension].chunkIndex(of: max(index, last))
    ).upperBound
    let count = min(
      end - index, Self.maximumElementCount / strides[dimension], shape[dimension] - index,
      elements.count / strides[dimension])
    return ArrayRegion(
      shape.indices.map { other in
        guard other <= dimension else { return 0..<shape[other] }
        let start = position / strides[other] % shape[other]
        return start..<start + (other == dimension ? count : 1)
      })
  }
}

extension Int {
  /// The product, or the largest number if it is larger than that.
  fileprivate func multipliedClamping(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Int.max : product
  }
}

/// How many elements make a block, by those that were seen.
private struct BlockSize {
  /// Blocks grow until they have as many bytes, in wire form, and shrink where they have more.
  private static let targetByteCount = 8 << 20

  /// Rows of chunks that are this much larger than a block are still read whole.
  private static let largestRow = 16

  /// The elements of a chunk for each worker.
  private let least: Int

  /// The elements of a chunk for each request that the store takes at a time, and the bytes that may be on their way.
  private let inFlight: Int
  private let inFlightByteCount: Int

  /// The number of elements that fill a block, and their mean size, as far as they are known.
  private var elementCount: Int
  private var meanByteCount: Double

  init(of array: ZarrArray, chunkElementCount: Int) {
    let most = BlockRegions.maximumElementCount
    elementCount = min(most, chunkElementCount)
    least = min(most, chunkElementCount.multipliedClamping(by: array.access.workerCount))
    inFlight = min(most, chunkElementCount.multipliedClamping(by: array.store.requestConcurrency))
    // Two blocks are in memory.
    inFlightByteCount = array.access.byteCountInFlight / 2
    meanByteCount = array.chain.layout.fixedByteCount.map(Double.init) ?? ChunkSize.assumedMeanByteCount
  }

  /// The elements of the next block.
  var wanted: Int {
    max(least, elementCount, min(inFlight, Int(Double(inFlightByteCount) / max(1, meanByteCount))))
  }

  /// The most elements of a row of chunks that is read whole.
  var limit: Int { max(wanted, elementCount * Self.largestRow) }

  /// Adapts to the size of the elements that were read.
  mutating func adapt(to elements: some ReadableBlock) {
    guard elements.count > 0 else { return }
    meanByteCount = Double(elements.byteCount) / Double(elements.count) + Double(WireForm.lengthByteCount)
    let ideal = Int(Double(Self.targetByteCount) / meanByteCount)
    // Step by step, since a few elements say little of the others.
    let range = max(1, elementCount / 2)...min(BlockRegions.maximumElementCount, elementCount * 2)
    elementCount = min(max(ideal, range.lowerBound), range.upperBound)
  }
}
