import ChunkEngine

/// Where an appender is in its array, and the chunks that it is filling.
final class AppendingState {
  let array: ZarrArray
  let layout: AppendLayout
  let queue: ChunkQueue

  /// What keeps others away from the chunks that are stored.
  let end: ArrayEnd

  let fillValue: [UInt8]

  /// The values that chunks go to.
  var values: AppendedValues

  /// The elements of a row of a chunk.
  let slab: Int

  /// The open chunks, one for each column of the layout, or none until the next element comes.
  var chunks: [OpenChunk] = []

  /// The rows of the open chunks once they are full, which are handed over when the next element comes.
  var fullRows: Int?

  /// The elements that come before all others, and how many of them are appended.
  var sample: (elements: any BlobSource, position: Int)?

  /// The elements that come before all others, as long as none of them is appended.
  var waitingSample: (any BlobSource)? { sample.flatMap { $0.position == 0 ? $0.elements : nil } }

  /// The rows that the array has in the store, and those that it had when the appender was made.
  var storedRowCount: Int
  let firstRowCount: Int

  /// The rows that checkpoints have tried to give the array since then, and failed.
  var triedRowCounts: [Int] = []

  /// The row of chunks that is being filled.
  var rows: ChunkRows

  /// The passes over the layout that the open chunks have already.
  var pass: Int

  /// The run of the layout that comes next, and the elements that it has already.
  var run = 0
  var runPosition: Int

  /// The chunk of the run, and the position of the run's last element, once its first one was appended.
  var chunkOfRun: OpenChunk?
  var lastOfRun = 0

  /// The bytes of the last chunk that was sealed, a good guess for the next one.
  var expectedByteCount = 0

  /// The elements of a source that fitted in the chunk before, a good guess for the next one.
  var lastFittingCount = 1

  /// The most runs of a row: somebody else's metadata can claim any number of chunks, which are all open.
  private static let maximumRunCount = 1 << 20

  /// The most bytes of a chunk besides its largest element, and about how many are asked for.
  var chunkByteLimit: Int
  let chunkByteCount: Int

  /// Whether the array was to be divided into smaller chunks and that has failed, so that some are there and
  /// some are not any more.
  var isHalfDivided = false

  let monitor: ProgressMonitor?

  /// What an observer has heard of.
  var reportedProgress = ProgressMonitor.Progress()

  /// The row behind those that are filled, or nil for an array that grows.
  let filledRowEnd: Int?

  /// Checks that a chunk of a few elements, which is padded with the fill value, is one that can be read.
  private static func checkPadded(_ chunkShape: [Int], _ array: ZarrArray) throws {
    let limit = array.access.limits.decodedByteCountPerChunk
    let elementByteCount =
      array.chain.layout.fixedByteCount ?? WireForm.lengthByteCount + array.metadata.fillValue.count
    let fittingCount = limit / max(1, elementByteCount)
    let elementCount = ArrayMetadata.elementCount(of: chunkShape) ?? .max
    guard elementCount > fittingCount else { return }
    throw ZarrError.chunkTooLarge(
      path: array.location, elementCount: elementCount, limit: limit, fittingCount: max(1, fittingCount))
  }

  /// Goes on at the end of an array, or fills rows of it.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - filledRows: The rows that are filled, whole chunks, or nil to go on at the end.
  ///   - storedRowCount: The rows that are stored, if these are more than the document says.
  ///   - sample: Elements that come before all others, and how many of them are appended already.
  ///   - chunkByteCount: About how many bytes of elements a chunk has, and at most as many where chunks differ
  ///     in length.
  ///   - chunkByteLimit: The most bytes of a chunk besides its largest element, or nil for what every reader
  ///     takes.
  ///   - memoryBudget: The bytes of chunks that may wait.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError`` and ``StoreError``.
  init(
    _ array: ZarrArray, filling filledRows: Range<Int>? = nil, behind storedRowCount: Int? = nil,
    sample: (elements: any BlobSource, position: Int)? = nil, chunkByteCount: Int,
    chunkByteLimit: Int? = nil, memoryBudget: Int, monitor: ProgressMonitor?
  ) throws {
    try array.checkWritable()
    let metadata = array.metadata
    guard let arrayRowCount = metadata.shape.first else {
      throw ZarrError.notWritable(path: array.location, reason: "an array without dimensions cannot grow")
    }
    if let filledRows { try Self.checkWhole(filledRows, of: metadata, array.location) }
    // None are none, wherever they are.
    let filledRows = filledRows?.isEmpty == true ? 0..<0 : filledRows
    let rowCount = filledRows?.lowerBound ?? storedRowCount ?? arrayRowCount
    filledRowEnd = filledRows?.upperBound
    guard metadata.chunkGrid.dimensions.dropFirst().allSatisfy(\.isRepeated) else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ along other dimensions than the first")
    }
    let innerGrid = try array.layout.innerChunkShape.map { chunkShape in
      guard let shardShape = metadata.chunkGrid.regularChunkShape else {
        throw ZarrError.notWritable(path: array.location, reason: "its shards differ in length")
      }
      return try InnerChunkGrid(shardShape: shardShape, chunkShape: chunkShape)
    }
    values = AppendedValues(innerGrid, rowCount: rowCount)
    let monitor = array.access.observer == nil ? monitor : ProgressMonitor(ofCallFor: monitor)
    self.array = array
    self.monitor = monitor
    self.sample = sample
    self.chunkByteCount = chunkByteCount
    self.chunkByteLimit = chunkByteLimit ?? array.access.limits.byteCountOfAnyChunk
    self.storedRowCount = filledRows?.lowerBound ?? arrayRowCount
    firstRowCount = rowCount
    let rowShape = Array(metadata.shape.dropFirst())
    let chunkGrid = array.layout.chunkGrid(metadata)
    let chunkShape = chunkGrid.chunkShape
    // The array may be without rows, and then its size says nothing about theirs.
    guard ArrayMetadata.elementCount(of: rowShape) != nil else {
      throw ZarrError.tooLarge(path: array.location)
    }
    guard AppendLayout.runCount(rowShape, chunkShape: Array(chunkShape.dropFirst())) <= Self.maximumRunCount
    else {
      throw ZarrError.notWritable(
        path: array.location, reason: "its rows are too long to be appended in chunks of \(chunkShape)")
    }
    if metadata.chunkGrid.dimensions[0].isRepeated { try Self.checkPadded(chunkShape, array) }
    layout = try AppendLayout(shape: metadata.shape, chunkGrid: chunkGrid)
    end = ArrayEnd(of: array, rowCount: arrayRowCount)
    queue = ChunkQueue(array, end: end, memoryBudget: memoryBudget, monitor: monitor)
    fillValue = metadata.fillValue
    slab = chunkShape.dropFirst().reduce(1, *)
    if !chunkGrid.dimensions[0].isRepeated, Array(chunkShape.dropFirst()) != rowShape {
      throw ZarrError.notWritable(
        path: array.location, reason: "its chunks differ in length and are not as wide as the array")
    }
    rows = try ChunkRows(
      chunkGrid.dimensions[0], rowCount: rowCount, evenByteCount: chunkByteCount,
      longest: layout.rowsPerPass)
    let openRows = rowCount - rows.firstRow
    pass = layout.passesPerChunk == 1 ? 0 : openRows
    runPosition = layout.passesPerChunk == 1 ? openRows * layout.rowElementCount : 0
    try openChunks(rows: openRows)
  }

  /// Checks that rows begin and end where chunks do, and shards, or where the array ends.
  private static func checkWhole(
    _ rows: Range<Int>, of metadata: ArrayMetadata, _ location: String
  ) throws(ZarrError) {
    let region = ArrayRegion([rows] + metadata.shape.dropFirst().map { 0..<$0 })
    guard region.isInside(metadata.shape) else {
      throw .outOfBounds(path: location, region: region, shape: metadata.shape)
    }
    guard case .repeated(let length) = metadata.chunkGrid.dimensions[0] else {
      throw .notWritable(
        path: location, reason: "its chunks differ in length, and rows of them are not filled")
    }
    let isWhole = rows.upperBound.isMultiple(of: length) || rows.upperBound == metadata.shape[0]
    guard isWhole && rows.lowerBound.isMultiple(of: length) || rows.isEmpty else {
      throw .notWritable(path: location, reason: "rows \(rows) do not begin and end where chunks do")
    }
  }
}
