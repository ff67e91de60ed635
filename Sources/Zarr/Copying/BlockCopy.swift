import ChunkEngine

/// Goes through the elements of one array in blocks of whole chunks of another one of the same shape, or of
/// whole inner chunks, while the next block is read.
struct BlockCopy {
  /// The array whose elements are read.
  let source: ZarrArray

  /// The array whose chunks make the blocks.
  let target: ZarrArray

  /// The bytes that elements in memory may have, about.
  let memoryBudget: Int

  /// Checks the chunks of each block, or nil if their size does not matter.
  var limit: CopiedChunkLimit?

  /// Is asked which blocks are shown; the others are only counted.
  let isNeeded: (ArrayRegion) -> Bool

  /// What an element takes in memory besides its bytes.
  private static let elementOverhead = 16.0

  /// Shows all blocks to `body`, one after the other.
  ///
  /// - Parameters:
  ///   - monitor: Is asked whether to go on, and told of what is left out.
  ///   - body: Is handed each block, and its elements from the source.
  /// - Throws: What reading and `body` throw, and ``ZarrError/cancelled``.
  func run(monitor: ProgressMonitor?, _ body: (CopyBlocks.Block, BlobView) throws -> Void) throws {
    var blocks = CopyBlocks(target, from: source, isNeeded: isNeeded)
    guard target.metadata.elementCount > 0 else { return }
    let reading = ProgressMonitor(readingAheadFor: monitor ?? .current)
    var size = try Size(source, budget: Double(memoryBudget) / 3)

    /// Starts to read the next block, or returns nil if there is none.
    func next() throws -> (block: CopyBlocks.Block, read: ReadAhead<BlobView>)? {
      if monitor?.isCancelled == true { throw ZarrError.cancelled }
      let block = try blocks.next(ofAtMost: size.elementCount) { region in
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
        monitor?.add(elementCount: region.elementCount ?? 0, elementByteCount: 0, storedByteCount: 0)
      }
      return try block.map { block in
        if let limit, (block.region.elementCount ?? Int.max) > size.elementCount,
          limit.mayExceed(block.region, meanByteCount: size.meanByteCount)
        {
          try limit.measure(block.region)
        }
        let read = ReadAhead(workerCount: source.access.workerCount) { [source] in
          try source.read(block.region, monitor: reading)
        }
        return (block, read)
      }
    }

    var current = try next()
    while let (block, read) = current {
      let elements = try read.take()
      try size.adapt(to: elements)
      current = try next()
      do {
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
        try limit?.check(elements, of: block.region)
        try body(block, elements)
      } catch {
        reading.cancel()
        current?.read.drop()
        throw error
      }
    }
  }

  /// How many elements make a block, by those that were seen.
  private struct Size {
    private let budget: Double
    private let growth = 2

    /// The elements of the next block.
    private(set) var elementCount: Int

    /// The mean size of the elements that were seen last.
    private(set) var meanByteCount: Double

    init(_ source: ZarrArray, budget: Double) throws {
      self.budget = budget
      meanByteCount = try source.sampledMeanByteCount()
      elementCount = 1
      elementCount = ideal(meanByteCount: meanByteCount)
    }

    mutating func adapt(to elements: BlobView) throws {
      guard elements.count > 0 else { return }
      meanByteCount = Double(try elements.byteCount(of: elements.indices)) / Double(elements.count)
      // Step by step, since a few elements say little of the others.
      let most = elementCount.multipliedReportingOverflow(by: growth)
      elementCount = min(ideal(meanByteCount: meanByteCount), most.overflow ? Int.max : most.partialValue)
    }

    private func ideal(meanByteCount: Double) -> Int {
      // As many as an integer holds for certain.
      max(1, Int(min(budget / (meanByteCount + BlockCopy.elementOverhead), 1e15)))
    }
  }
}
