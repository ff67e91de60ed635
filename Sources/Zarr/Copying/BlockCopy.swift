import ChunkEngine
import Dispatch

/// Goes through the elements of one array in blocks of whole chunks of another one of the same shape, while
/// the next block is read.
struct BlockCopy {
  /// The array whose elements are read.
  let source: ZarrArray

  /// The array whose chunks make the blocks.
  let target: ZarrArray

  /// The bytes that elements in memory may have, about.
  let memoryBudget: Int

  /// Is asked which blocks are shown; the others are only counted.
  let isNeeded: (ArrayRegion) -> Bool

  /// What an element takes in memory besides its bytes.
  private static let elementOverhead = 16.0

  /// Shows all blocks to `body`, one after the other.
  ///
  /// - Parameters:
  ///   - monitor: Is asked whether to go on, and told of what is left out.
  ///   - body: Is handed the region of each block, and its elements from the source.
  /// - Throws: What reading and `body` throw, and ``ZarrError/cancelled``.
  func run(monitor: ProgressMonitor?, _ body: (ArrayRegion, BlobView) throws -> Void) throws {
    let blocks = ChunkBlocks(target.metadata)
    guard blocks.chunkCount > 0 else { return }
    let queue = DispatchQueue(label: "zarr.copy")
    let reading = ProgressMonitor()
    var size = try Size(source, target, budget: Double(memoryBudget) / 3)
    var first = 0

    /// Starts to read the next block that is needed, or returns nil if there is none.
    func next() throws -> (region: ArrayRegion, read: ReadAhead)? {
      // Larger and larger blocks are asked for while none is needed, so that few are in a very large array.
      var most = size.chunkCount
      while first < blocks.chunkCount {
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
        let (region, count) = blocks.block(from: first, ofAtMost: most)
        if !isNeeded(region) {
          monitor?.add(elementCount: region.elementCount ?? 0, elementByteCount: 0, storedByteCount: 0)
          first += count
          most = most > blocks.chunkCount / 2 ? blocks.chunkCount : most * 2
        } else if count > size.chunkCount {
          most = max(size.chunkCount, count / 2)
        } else {
          first += count
          return (region, ReadAhead(on: queue) { [source] in try source.read(region, monitor: reading) })
        }
      }
      return nil
    }

    var block = try next()
    while let (region, read) = block {
      let elements = try read.take()
      try size.adapt(to: elements)
      block = try next()
      do {
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
        try body(region, elements)
      } catch {
        reading.cancel()
        block?.read.drop()
        throw error
      }
    }
  }

  /// How many chunks make a block, by the elements that were seen.
  private struct Size {
    private let budget: Double
    private let chunkElementCount: Double
    private let growth = 2

    /// The chunks of the next block.
    private(set) var chunkCount: Int

    init(_ source: ZarrArray, _ target: ZarrArray, budget: Double) throws {
      self.budget = budget
      chunkElementCount = Double(target.metadata.chunkGrid.elementCount)
      chunkCount = 1
      chunkCount = ideal(meanByteCount: try source.sampledMeanByteCount())
    }

    mutating func adapt(to elements: BlobView) throws {
      guard elements.count > 0 else { return }
      let mean = Double(try elements.byteCount(of: elements.indices)) / Double(elements.count)
      // Step by step, since a few elements say little of the others.
      let most = chunkCount.multipliedReportingOverflow(by: growth)
      chunkCount = min(ideal(meanByteCount: mean), most.overflow ? Int.max : most.partialValue)
    }

    private func ideal(meanByteCount: Double) -> Int {
      let byteCount = (meanByteCount + BlockCopy.elementOverhead) * chunkElementCount
      // As many as an integer holds for certain.
      return max(1, Int(min(budget / byteCount, 1e15)))
    }
  }
}
