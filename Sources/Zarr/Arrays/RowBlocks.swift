public import ChunkEngine

/// The elements of an array in C order, some rows at a time, for arrays that are larger than memory.
///
///     var blocks = array.rowBlocks()
///     while let block = try blocks.next() {
///       for index in block.elements.indices { … block.elements[index] … }
///     }
///
/// Rows are positions along the first axis. A block has one row of chunks for each worker, so that all of
/// them are busy; an array without axes is one block.
public struct RowBlocks {
  /// Some rows of an array.
  public struct Block: Sendable {
    /// The rows.
    public let rows: Range<Int>

    /// Their elements, in C order.
    public let elements: BlobView
  }

  private let array: ZarrArray
  private let shape: [Int]
  private let end: Int
  private let rowsPerBlock: Int
  private var row: Int

  init(_ array: ZarrArray, rows: Range<Int>?) throws(ZarrError) {
    let metadata = array.metadata
    let all = 0..<(metadata.shape.first ?? 1)
    let rows = rows ?? all
    guard rows.lowerBound >= 0, rows.upperBound <= all.upperBound else {
      throw .outOfBounds(path: array.location, region: [rows], shape: metadata.shape)
    }
    self.array = array
    shape = metadata.shape
    row = rows.lowerBound
    end = rows.upperBound
    let (product, overflow) = (metadata.chunkGrid.chunkShape.first ?? 1).multipliedReportingOverflow(
      by: array.access.workerCount)
    rowsPerBlock = overflow ? Int.max : product
  }

  /// Reads the next block, or returns nil behind the last one.
  ///
  /// - Throws: As ``ZarrArray/read(_:monitor:)-8ycye``. Asked again, it goes on behind the block that failed.
  public mutating func next() throws -> Block? {
    guard row < end else { return nil }
    // Blocks end where rows of chunks do, also if the first one begins in the middle of one.
    let (next, overflow) = (row - row % rowsPerBlock).addingReportingOverflow(rowsPerBlock)
    let rows = row..<(overflow ? end : min(end, next))
    row = rows.upperBound
    let others = shape.dropFirst().map { 0..<$0 }
    let region = shape.isEmpty ? ArrayRegion([]) : ArrayRegion([rows] + others)
    return Block(rows: rows, elements: try array.read(region))
  }
}

extension ZarrArray {
  /// The elements in C order, some rows at a time.
  ///
  /// - Parameter rows: The positions along the first axis; all unless it is said.
  /// - Returns: What reads one block after the other.
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``
  public func rowBlocks(_ rows: Range<Int>? = nil) throws(ZarrError) -> RowBlocks {
    try RowBlocks(self, rows: rows)
  }
}
