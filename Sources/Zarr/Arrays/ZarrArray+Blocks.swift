public import ChunkEngine

/// Elements of an array that follow each other in C order: a ``ChunkEngine/BlobView``, or values of a Swift type.
public struct ElementBlock<Elements: RandomAccessCollection & Sendable>: Sendable {
  /// The elements.
  public let elements: Elements

  /// The index of the first of them in the array, counted in C order.
  public let offset: Int
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
  /// - Throws: As ``read(_:monitor:)-8ycye``, and what `body` throws. Elements outside of the array are
  ///   ``ZarrError/outOfBounds(path:region:shape:)``, which counts them in C order too.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  public func forEachBlock(
    of elements: Range<Int>? = nil, monitor: ProgressMonitor? = nil,
    _ body: (ElementBlock<BlobView>) throws -> Void
  ) throws {
    let reader = try BlockReader(of: elements, in: self, monitor: monitor)
    defer { reader.stop() }
    while let block = try reader.next() { try body(block) }
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
  public func forEachBlock<Value: ZarrElement>(
    of elements: Range<Int>? = nil, as type: Value.Type, monitor: ProgressMonitor? = nil,
    _ body: (ElementBlock<[Value]>) throws -> Void
  ) throws {
    try withElementErrors { try type.checkReadable(from: transfer.dataType) }
    try forEachBlock(of: elements, monitor: monitor) { block in
      try body(values(of: block))
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
  public func elements<Value: ZarrElement>(
    _ elements: Range<Int>? = nil, as type: Value.Type
  ) -> ElementSequence<Value> {
    ElementSequence(array: self, range: elements)
  }

  /// The elements of a block as values of a type.
  func values<Value: ZarrElement>(
    of block: ElementBlock<BlobView>
  ) throws -> ElementBlock<[Value]> {
    do {
      let values = try transfer.elements(of: block.elements, as: Value.self)
      return ElementBlock(elements: values, offset: block.offset)
    } catch let failure as ElementFailure {
      throw ZarrError.element(path: location, index: block.offset + failure.index, reason: failure.reason)
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
    private let reader: Result<BlockReader, any Error>
    private var block: [Value] = []
    private var position = 0
    private var isEnded = false

    fileprivate init(_ sequence: ElementSequence) {
      let array = sequence.array
      self.array = array
      reader = Result {
        try array.withElementErrors { try Value.checkReadable(from: array.transfer.dataType) }
        return try BlockReader(of: sequence.range, in: array, monitor: nil)
      }
    }

    public mutating func next() -> Result<Value, any Error>? {
      if position == block.count {
        guard !isEnded else { return nil }
        do {
          guard let next = try reader.get().next() else {
            isEnded = true
            return nil
          }
          block = try array.values(of: next).elements
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
final class BlockReader: @unchecked Sendable {
  // SAFETY: What changes is only touched by that thread.
  private let array: ZarrArray
  private let regions: BlockRegions?
  private let monitor: ProgressMonitor?
  private let part: ProgressMonitor
  private var size: BlockSize

  /// The elements that come after the last block that was given.
  private var rest: Range<Int>

  /// The elements to ask for: few of them once a chunk could not be read, so that what is before it is shown.
  private var wanted: Int
  private var isCutShort = false
  private var ahead: ReadAhead?

  private static let smallest = 1

  /// Begins to read elements, counted in C order, or all.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``
  init(of elements: Range<Int>?, in array: ZarrArray, monitor: ProgressMonitor?) throws {
    let metadata = array.metadata
    let grid = array.readingGrid(metadata)
    let all = 0..<metadata.elementCount
    rest = elements ?? all
    guard rest.lowerBound >= 0, rest.upperBound <= all.upperBound else {
      throw ZarrError.outOfBounds(path: array.location, region: [rest], shape: [all.upperBound])
    }
    monitor?.expect(elementCount: rest.count)
    self.array = array
    self.monitor = monitor
    part = ProgressMonitor(partOf: monitor)
    regions = rest.isEmpty ? nil : BlockRegions(shape: metadata.shape, grid: grid)
    size = BlockSize(chunkElementCount: grid.elementCount, workerCount: array.access.workerCount)
    wanted = size.wanted
  }

  deinit { part.cancel() }

  /// Has the work end soon. Any thread may call this.
  func cancel() {
    part.cancel()
  }

  /// Returns the next block, or nil after the last one.
  ///
  /// - Throws: What reading throws, and ``ZarrError/cancelled``. There is no other block then.
  func next() throws -> ElementBlock<BlobView>? {
    if part.isCancelled { throw ZarrError.cancelled }
    guard let regions, !rest.isEmpty else {
      monitor?.finish()
      return nil
    }
    do {
      let view: BlobView
      if let ahead = ahead.take() {
        view = try ahead.take()
      } else {
        view = try Self.read(rest, wanted: wanted, limit: size.limit, regions, of: array, part)
      }
      let block = ElementBlock(elements: view, offset: rest.lowerBound)
      let full = regions.first(of: rest, wanted: wanted, limit: size.limit).elementCount
      isCutShort = isCutShort || view.count != full
      try size.adapt(to: view)
      wanted = isCutShort ? Self.smallest : size.wanted
      rest = rest.lowerBound + view.count..<rest.upperBound
      if !rest.isEmpty {
        ahead = ReadAhead(workerCount: array.access.workerCount) { [rest, wanted, limit = size.limit, array, part] in
          try Self.read(rest, wanted: wanted, limit: limit, regions, of: array, part)
        }
      }
      if part.isCancelled { throw ZarrError.cancelled }
      return block
    } catch {
      stop()
      throw error
    }
  }

  /// Ends the work: nothing reads any more when this returns.
  func stop() {
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
  ) throws -> BlobView {
    do {
      return try array.read(regions.first(of: rest, wanted: wanted, limit: limit), monitor: part)
    } catch ZarrError.chunk where wanted > smallest {
      return try array.read(regions.first(of: rest, wanted: smallest, limit: limit), monitor: part)
    }
  }
}
