import ChunkEngine

/// Stores elements beside an array as a ``Segment``, for someone else to put into it.
///
/// Any number of writers, on any machines, write to one array at a time; none waits for another. Each encodes what it
/// is given as the array's own chunks or shards:
///
///     let writer = try SegmentWriter(for: array)
///     for row in rows { try writer.appender.append(row) }
///     let message = try writer.finish().message
///
/// A worker that is run again makes another segment. Only those whose messages are committed become a part of the
/// array, so that a worker may die, stall or run twice.
///
/// A writer belongs to one thread at a time.
public final class SegmentWriter {
  /// Takes the elements: use its calls that append.
  ///
  /// Do not finish or cancel it.
  public let appender: Appender

  /// The default for the most bytes of a chunk, where those of the array differ in length: 4 MiB.
  ///
  /// A commit asks the store twice for each chunk. With chunks of this size that takes less than a twentieth of the
  /// time of encoding; the chunks of an ``Appender``, a fourth as large, would take more.
  public static let evenChunkByteCount = 4 << 20

  private let id: String
  private let staged: ZarrArray
  private let store: StagingStore

  /// Begins a segment.
  ///
  /// - Parameters:
  ///   - array: The array that the segment is for. It has one dimension, and is of Zarr v3.
  ///   - evenChunkByteCount: The most bytes of a chunk, where those of the array differ in length.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError/notWritable(path:reason:)``, ``ZarrError/metadata(path:reason:)``, and
  ///   ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public init(
    for array: ZarrArray, evenChunkByteCount: Int = SegmentWriter.evenChunkByteCount,
    memoryBudget: Int = Appender.standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) {
    var generator = SystemRandomNumberGenerator()
    let id = Segment.makeID(using: &generator)
    let (store, staged) = try zarrErrors(at: array.location) {
      try array.checkWritable()
      try array.checkTakesSegments()
      let metadata = try array.metadata.forSegment()
      let store = StagingStore(array.store, prefix: SharedKeys(of: array).segment(id))
      try NodeMetadata.array(metadata).write(to: store, at: .root, array.access.metadataLimits)
      return (store, try ZarrArray(metadata, store: store, path: .root, access: array.access))
    }
    self.id = id
    self.store = store
    self.staged = staged
    appender = try Appender(
      to: staged, evenChunkByteCount: evenChunkByteCount, memoryBudget: memoryBudget, monitor: monitor)
  }

  /// Stores what was appended, and returns the segment.
  ///
  /// What is stored is as safe then as the store can make it.
  ///
  /// - Throws: ``ZarrError``. The segment is not finished then, and can be.
  @available(*, noasync)
  public func finish() throws(ZarrError) -> Segment {
    try appender.finish()
    return try zarrErrors(at: staged.location) {
      let metadata = staged.metadata
      let lengths = try metadata.chunkGrid.dimensions[0].lengths(covering: metadata.shape[0])
      let byteCounts = (0..<lengths.chunkCount).map {
        store.byteCount(ofWritten: staged.key(ofChunkAt: [$0]))
      }
      return Segment(id: id, lengths: lengths, byteCounts: byteCounts)
    }
  }

  /// Gives up, and removes what is stored.
  ///
  /// What cannot be removed is left to `zvlen gc`.
  @available(*, noasync)
  public func cancel() {
    appender.cancel()
    try? store.removeAll()
  }
}

extension ZarrArray {
  /// Checks that the array is one that segments are made for.
  func checkTakesSegments() throws(ZarrError) {
    let metadata = metadata
    let reason: String? =
      if metadata.zarrFormat != .version3 {
        "segments need an array of Zarr v3"
      } else if metadata.shape.count != 1 {
        "segments need an array of one dimension, and it has \(metadata.shape.count)"
      } else if metadata.sharedWork.parts != nil {
        "it is divided into parts, which are not all there yet"
      } else {
        nil
      }
    if let reason { throw .notWritable(path: location, reason: reason) }
  }
}

extension ArrayMetadata {
  /// The metadata of an array that has the elements of a segment.
  func forSegment() throws(MetadataError) -> ArrayMetadata {
    var metadata = try resized(
      to: [0],
      chunkGrid: chunkGrid.dimensions[0].isRepeated
        ? nil : ChunkGrid(dimensions: [.lengths(ChunkLengths([1]))]))
    metadata.attributes = [:]
    metadata.sharedWork = SharedWork()
    return metadata
  }
}

extension ChunkDimension {
  /// The lengths of the chunks of the first rows, the last one without what is beyond them.
  func lengths(covering rowCount: Int) throws(MetadataError) -> ChunkLengths {
    switch self {
    case .repeated(let length):
      var lengths = ChunkLengths()
      if rowCount / length > 0 { try lengths.append(length, count: rowCount / length) }
      if rowCount % length > 0 { try lengths.append(rowCount % length) }
      return lengths
    case .lengths(let lengths):
      return try lengths.prefix(chunkCount: chunkCount(covering: rowCount))
    }
  }
}

/// The store of a segment: documents are in memory, and chunks below a prefix of the array's store.
private final class StagingStore: BatchingStore {
  private let base: any Store
  private let prefix: String
  private let documents = MemoryStore()
  private let byteCounts = Locked<[StoreKey: Int]>([:])

  init(_ base: any Store, prefix: String) {
    self.base = base
    self.prefix = prefix
  }

  /// The size of a value, or 0 if it was not written.
  func byteCount(ofWritten key: StoreKey) -> Int { byteCounts.withLock { $0[key] ?? 0 } }

  /// Removes everything that was written.
  func removeAll() throws { try base.delete(byteCounts.withLock { Array($0.keys) }.map(staged)) }

  var location: String { "\(base.location)/\(prefix)" }
  var rangeJoining: RangeJoining { base.rangeJoining }
  var requestConcurrency: Int { base.requestConcurrency }

  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    key.isDocument
      ? try documents.read(part, of: key, ifVersion: version, limit: limit, into: &arena)
      : try base.read(part, of: staged(key), ifVersion: version, limit: limit, into: &arena)
  }

  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    guard !key.isDocument else { return try documents.write(key, byteCount: byteCount, gathering: gather) }
    var writtenCount = 0
    try base.write(staged(key), byteCount: byteCount, durability: durability) { append in
      writtenCount = 0
      try withoutActuallyEscaping(append) { append in
        try gather { part in
          writtenCount += part.byteCount
          try append(part)
        }
      }
    }
    byteCounts.withLock { $0[key] = writtenCount }
  }

  func delete(_ key: StoreKey) throws {
    guard !key.isDocument else { return try documents.delete(key) }
    try base.delete(staged(key))
    byteCounts.withLock { $0[key] = nil }
  }

  func list(_ prefix: String) throws -> [StoreKey] {
    try documents.list(prefix) + byteCounts.withLock { Array($0.keys) }
  }

  func synchronize() throws { try base.synchronize() }

  private func staged(_ key: StoreKey) -> StoreKey { StoreKey(checked: "\(prefix)/\(key)") }
}
