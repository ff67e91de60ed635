import ChunkEngine

extension ZarrArray {
  /// Shows elements to `body` in C order, some chunks at a time, however large the array is.
  ///
  ///     try array.forEachBlock { block in
  ///       for index in block.elements.indices { … block.elements.blobs[index] … }
  ///     }
  ///
  /// `body` is called on the caller's thread. Meanwhile the workers read the next block, so that there are
  /// two in memory. Blocks have about 8 MiB, and at least a chunk for each worker; they end where chunks end
  /// if that can be. An array with several dimensions may have rows of chunks that are much larger: these are
  /// read in parts, and their chunks are decoded several times.
  ///
  /// An error of a chunk is thrown after `body` has seen the blocks before it, which end in front of that
  /// chunk where the array has one dimension. An error that `body` throws
  /// ends the work. In both cases nobody reads any more when this returns.
  ///
  /// - Parameters:
  ///   - elements: The elements to show, counted in C order; all unless it is said.
  ///   - monitor: Follows the work and can stop it.
  ///   - body: Is handed one block after the other. They have all the elements, and no others.
  /// - Throws: As ``read(_:monitor:)-8ycye``, and what `body` throws. Elements that are not inside of the
  ///   array are ``ZarrError/outOfBounds(path:region:shape:)``, which counts them in C order too.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that the elements are in.
  public func forEachBlock(
    of elements: Range<Int>? = nil, monitor: ProgressMonitor? = nil, _ body: (ElementBlock) throws -> Void
  ) throws {
    let blocks = try BlockReader(self, elements, monitor)
    do {
      while let block = try blocks.next() { try body(block) }
    } catch {
      blocks.end()
      throw error
    }
  }
}

/// Reads blocks one after the other, each while the one before it is used.
///
/// It belongs to one thread or task at a time.
final class BlockReader: @unchecked Sendable {
  // SAFETY: What changes is only touched by the one thread.
  private let array: ZarrArray
  private let monitor: ProgressMonitor?

  /// The monitor of all reads, which ends those that are not wanted any more.
  private let part: ProgressMonitor
  private let regions: BlockRegions
  private var size: BlockSize

  /// The elements that come next.
  private var rest: Range<Int>
  private var isCutShort = false
  private var ahead: (read: ReadAhead, fullCount: Int)?

  private static let smallest = 1

  /// Prepares to read some elements of an array, counted in C order, or all.
  init(_ array: ZarrArray, _ elements: Range<Int>?, _ monitor: ProgressMonitor?) throws(ZarrError) {
    let metadata = array.metadata
    let grid = array.readingGrid(metadata)
    let all = 0..<metadata.elementCount
    rest = elements ?? all
    guard rest.lowerBound >= 0, rest.upperBound <= all.upperBound else {
      throw .outOfBounds(path: array.location, region: [rest], shape: [all.upperBound])
    }
    self.array = array
    self.monitor = monitor
    part = ProgressMonitor(partOf: monitor)
    regions = BlockRegions(shape: metadata.shape, grid: grid)
    size = BlockSize(chunkElementCount: grid.elementCount, workerCount: array.access.workerCount)
    monitor?.expect(elementCount: rest.count)
  }

  deinit {
    part.cancel()
  }

  /// Returns the next block, and begins to read the one after it.
  func next() throws -> ElementBlock? {
    if part.isCancelled { throw ZarrError.cancelled }
    guard !rest.isEmpty else {
      monitor?.finish()
      return nil
    }
    let elements: BlobView
    let fullCount: Int
    if let ahead = ahead.take() {
      fullCount = ahead.fullCount
      elements = try ahead.read.take()
    } else {
      let (read, count) = nextRead()
      fullCount = count
      elements = try read()
    }
    let block = ElementBlock(elements: elements, offset: rest.lowerBound)
    isCutShort = isCutShort || elements.count != fullCount
    try size.adapt(to: elements)
    rest = rest.lowerBound + elements.count..<rest.upperBound
    if !rest.isEmpty {
      let (read, count) = nextRead()
      ahead = (ReadAhead(workerCount: array.access.workerCount, read), count)
    }
    return block
  }

  /// Has the work end soon, also from another thread.
  func cancel() {
    part.cancel()
  }

  /// Ends the work; no thread reads any more when this returns.
  func end() {
    part.cancel()
    ahead?.read.drop()
    ahead = nil
  }

  /// What reads a block of about the size that is wanted, and how many elements that has.
  ///
  /// If a chunk in it cannot be read, it reads the smallest block: what comes before the chunk is shown first.
  private func nextRead() -> (read: @Sendable () throws -> BlobView, fullCount: Int) {
    let wanted = isCutShort ? Self.smallest : size.wanted
    let region = regions.first(of: rest, wanted: wanted, limit: size.limit)
    let least = regions.first(of: rest, wanted: Self.smallest, limit: size.limit)
    let read: @Sendable () throws -> BlobView = { [array, part] in
      do {
        return try array.read(region, monitor: part)
      } catch ZarrError.chunk where wanted > Self.smallest {
        return try array.read(least, monitor: part)
      }
    }
    return (read, region.elementCount ?? 0)
  }
}
