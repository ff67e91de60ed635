public import ChunkEngine

/// Writes a stream of elements of unknown length to the end of an array, along its first dimension.
///
///     let appender = try Appender.create(in: store, at: "documents")
///     for document in documents {
///       try appender.append(document.span.bytes)
///     }
///     let array = try appender.finish()
///
/// Elements go straight into the chunk that is to be stored. Full chunks are encoded by other threads while
/// the caller goes on; a caller that is faster than they are is held back, so that memory stays within the
/// budget however much is written.
///
/// If chunks go to shards, those of a row of shards are stored when the row is complete, and at checkpoints.
/// What is encoded of them is in memory beside the budget.
///
/// The number of elements of a chunk is found from the first elements if ``ArrayOptions/chunkSize`` is in
/// bytes. Where later ones are so much larger that chunks would have many times these bytes, an array that
/// the appender has made and no checkpoint has stored yet is divided into smaller chunks. In all other cases
/// ``ZarrError/chunkTooLarge(path:elementCount:limit:fittingCount:)`` is thrown before anything is stored of
/// a chunk of several elements that has more than `DecodingLimits.byteCountOfAnyChunk`, besides the largest
/// of them.
///
/// What was appended is part of the array after ``checkpoint()`` and ``finish()``, and what was appended
/// since then is gone if the appender is given up or its process dies. An appender to the array that is there
/// then goes on behind the last checkpoint.
///
/// An error of the store, such as a full disk, loses nothing that was appended: chunks that could not be
/// stored stay in memory and are tried again by the next call, and a call that throws can be made again.
/// Of a source of many elements some may have been appended then: ``appendedCount`` tells where to go on.
///
/// An appender belongs to one thread at a time. Any number of them, in any process, may append to one array:
/// from its first element on until the next checkpoint an appender has the end of the array for itself, and
/// others that want to append wait for that. It then goes on behind what they have stored. Meanwhile nobody
/// may set elements in the chunks at the end of the array.
public final class Appender {
  /// What is known of the array.
  enum Phase {
    /// Its chunk size is to be found from the first elements.
    case sampling(OpenChunk, create: (_ meanByteCount: Double?) throws -> ZarrArray, byteCount: Int)
    /// It is there.
    case writing(AppendingState)
    /// The appender is finished.
    case finished(count: Int)
  }

  var phase: Phase

  /// Where the appender is, while it writes.
  var state: AppendingState? { if case .writing(let state) = phase { state } else { nil } }

  /// Writes to the open chunk where it has room, and how many elements it may write.
  ///
  /// Almost every element is a comparison and a copy here. To go through the objects that hold the chunk
  /// takes longer than to copy it: to retain one waits until the copy before has reached memory.
  private var writer: WireFormWriter?
  private var insideCount = 0
  let memoryBudget: Int
  let monitor: ProgressMonitor?

  /// About how many bytes a chunk has, and the most bytes of the chunks to come where they differ in length.
  let evenChunkByteCount: Int

  /// Whether the appender makes the array, and finds the size of its chunks from the first elements.
  private(set) var isMeasured = false

  /// Is called before an array in which a checkpoint has stored elements is divided into smaller chunks,
  /// where later elements are so much larger that chunks would not be read; nil if that is an error.
  ///
  /// Nobody else may know of the array. While it is divided, and until the next checkpoint, its shape covers
  /// no elements.
  package var willDivide: (() throws -> Void)? {
    didSet {
      guard willDivide != nil, let state else { return }
      state.chunkByteLimit = newChunkByteLimit(state.array)
    }
  }

  /// How long to wait for others that append, or nil if nobody else is in the way.
  let lockTimeout: Duration?

  /// What keeps others away from the end of the array, from the first element after a checkpoint on.
  var lock: ArrayLock?

  /// What keeps others from taking the end of the array first, while this appender waits for it.
  var turn: ArrayLock?

  /// The elements that were appended before others appended some.
  var earlierCount = 0

  /// What the elements are.
  public let dataType: DataType

  /// The bytes of a value while it is appended.
  var valueBytes: [UInt8] = []

  /// The most bytes of chunks that differ in length, unless it is said.
  public static let evenChunkByteCount = 1 << 20

  /// The memory for chunks that wait, unless it is said.
  public static let standardMemoryBudget = 64 << 20

  /// How long to wait for others that append, unless it is said.
  public static let standardLockTimeout = Duration.seconds(60)

  /// Creates an appender to an array that exists.
  ///
  /// - Parameters:
  ///   - array: The array, which has at least one dimension.
  ///   - evenChunkByteCount: The most bytes of the chunks to come, where those of the array differ in length.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - lockTimeout: How long to wait when others are appending; ``StoreError/locked(path:owner:)`` is
  ///     thrown then, and nothing is lost.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError`` and ``StoreError``, also for a last chunk that is damaged.
  public init(
    to array: ZarrArray, evenChunkByteCount: Int = Appender.evenChunkByteCount,
    memoryBudget: Int = standardMemoryBudget, lockTimeout: Duration = standardLockTimeout,
    monitor: ProgressMonitor? = nil
  ) throws {
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    self.evenChunkByteCount = evenChunkByteCount
    self.lockTimeout = lockTimeout
    dataType = array.dataType
    let state = try AppendingState(
      array, chunkByteCount: evenChunkByteCount, memoryBudget: memoryBudget, monitor: monitor)
    phase = .writing(state)
  }

  /// Creates an appender that fills rows of an array in place of what they hold, and does not let it grow.
  ///
  /// The rows are whole chunks, or whole shards, such as ``ZarrArray/alignedRegions(count:)`` gives for an
  /// array of one dimension: several processes fill one array so, and none waits for another one. An appender
  /// that is finished before all rows are full throws ``ZarrError/elementCount(path:found:expected:)``, as
  /// does one that is given more elements.
  ///
  /// - Parameters:
  ///   - rows: The indices along the first dimension. They begin and end where chunks do, or where the array ends.
  ///   - array: The array, whose chunks all have one length along that dimension.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/notWritable(path:reason:)``, and
  ///   ``StoreError``.
  public init(
    filling rows: Range<Int>, of array: ZarrArray, memoryBudget: Int = standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws {
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    evenChunkByteCount = Self.evenChunkByteCount
    lockTimeout = nil
    dataType = array.dataType
    let state = try AppendingState(
      array, filling: rows, chunkByteCount: Self.evenChunkByteCount, memoryBudget: memoryBudget,
      monitor: monitor)
    phase = .writing(state)
  }

  init(
    sampling sample: OpenChunk, byteCount: Int, chunkByteCount: Int?,
    create: @escaping (_ meanByteCount: Double?) throws -> ZarrArray,
    dataType: DataType, memoryBudget: Int, monitor: ProgressMonitor?
  ) {
    phase = .sampling(sample, create: create, byteCount: byteCount)
    self.dataType = dataType
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    evenChunkByteCount = chunkByteCount ?? Self.evenChunkByteCount
    isMeasured = chunkByteCount != nil
    lockTimeout = Self.standardLockTimeout
  }

  deinit {
    giveUpTurn()
    if let lock {
      // What is still being stored would be in the way of the next one.
      state?.cancel()
      lock.unlock()
    }
  }

  /// Appends a copy of an element.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: ``ZarrError``, ``StoreError`` and the engine's `ChunkError`, also for chunks of elements
  ///   before this one. The element is not appended then.
  /// - Complexity: O(*n*) where *n* is the size of the element, and may wait for a chunk to be stored.
  public func append(_ element: RawSpan) throws {
    if appendIfRoom(element) { return }
    try append(byteCount: element.byteCount) { chunk throws(ChunkError) in try chunk.append(element) }
    guard let state else { return }
    insideCount = state.insideCount
    writer = state.beginWriting()
  }

  /// Whether the open chunk may have room for another element.
  var hasRoom: Bool { insideCount > 0 }

  /// Appends a copy of an element if the open chunk has room for it, and returns whether it had.
  @inline(__always)
  func appendIfRoom(_ element: RawSpan) -> Bool {
    guard insideCount > 0, writer?.appendIfFits(element) == true else { return false }
    insideCount -= 1
    return true
  }

  /// Appends an element of at most `capacity` bytes that `initializer` writes where it is encoded.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(_:)-(RawSpan)``, and what `initializer` throws; the element is then not appended.
  /// - Complexity: O(`capacity`), and may wait for a chunk to be stored.
  public func append(
    addingCapacity capacity: Int,
    initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws {
    try append(byteCount: capacity) { chunk throws(ChunkError) in
      try chunk.append(addingCapacity: capacity, initializingWith: initializer)
    }
  }

  /// Appends all elements of a source.
  ///
  /// - Throws: As ``append(_:)-(RawSpan)``. Elements may have been appended then, as ``appendedCount`` tells.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append(contentsOf source: any BlobSource) throws {
    endWriting()
    var position = 0
    while position < source.count {
      if state != nil {
        position += try dividing(appendingState) { try $0.append(position..<source.count, of: source) }
      } else {
        try append(byteCount: 0) { chunk throws(ChunkError) in
          try chunk.append(position..<position + 1, of: source)
        }
        position += 1
      }
    }
  }

  /// Appends elements one after the other.
  ///
  /// - Throws: As ``append(_:)-(RawSpan)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append<Elements: Sequence>(contentsOf elements: Elements) throws
  where Elements.Element: BlobConvertible {
    for element in elements {
      try append(byteCount: element.blobByteCount) { chunk throws(ChunkError) in
        try element.withBlobBytes { bytes throws(ChunkError) in try chunk.append(bytes) }
      }
    }
  }

  /// Gives the open chunk back what was written to it.
  func endWriting() {
    insideCount = 0
    guard let writer = writer.take() else { return }
    state?.endWriting(writer)
  }

  private func append(byteCount: Int, _ body: (OpenChunk) throws(ChunkError) -> Void) throws {
    endWriting()
    guard case .sampling(let sample, _, let sampleByteCount) = phase else {
      return try dividing(appendingState) { try $0.append(byteCount: byteCount, body) }
    }
    if sample.byteCount < sampleByteCount, sample.count < ChunkGrid.maximumElementCount {
      try body(sample)
    } else {
      try dividing(appendingState) { try $0.append(byteCount: byteCount, body) }
    }
  }
}
