public import ChunkEngine

/// Writes a stream of elements of unknown length to the end of an array, along its first dimension.
///
///     let appender = try Appender.create(of: String.self, in: store, at: "documents")
///     for document in documents {
///       try appender.append(document)
///     }
///     let array = try appender.finish()
///
/// Elements go straight into the open chunk. Other threads encode full chunks while you go on. If you are
/// faster than they are, the appender holds you back, so that memory stays within the budget.
///
/// In an array with shards, the chunks of a row of shards are stored when the row is complete, and at
/// checkpoints. Until then they are in memory, encoded, in addition to the budget.
///
/// If ``ArrayOptions/chunkSize`` is in bytes, the first elements decide how many elements a chunk has. Later
/// elements may be so much larger that chunks would have many times these bytes. If the appender created the
/// array and no checkpoint has stored it, it is then divided into smaller chunks. Otherwise a chunk of
/// several elements whose bytes, without its largest element, exceed `DecodingLimits.byteCountOfAnyChunk` is
/// not stored: ``ZarrError/chunkTooLarge(path:elementCount:limit:fittingCount:)`` is thrown.
///
/// After ``checkpoint()`` and ``finish()``, appended elements are part of the array. Elements appended since
/// then are lost if you drop the appender or its process dies. A new appender to the array goes on after the
/// last checkpoint.
///
/// An error of the store, such as a full disk, loses no element. Chunks that could not be stored stay in
/// memory, and the next call tries again. You can repeat a call that threw. If it appends many elements, some
/// of them may have been appended: ``appendedCount`` tells where to go on.
///
/// An appender belongs to one thread at a time. Any number of appenders, in any process, can append to one
/// array. From its first element until the next checkpoint, an appender has the end of the array for itself,
/// and other appenders wait. It goes on after the elements they have stored. Do not set elements in the
/// chunks at the end of the array during that time.
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
  /// No one else may use the array. While it is divided, and until the next checkpoint, its shape covers no
  /// elements.
  package var willDivide: (() throws -> Void)? {
    didSet {
      guard willDivide != nil, let state else { return }
      state.chunkByteLimit = newChunkByteLimit(state.array)
    }
  }

  /// How long to wait for other appenders, or nil if there can be none.
  let lockTimeout: Duration?

  /// What keeps others away from the end of the array, from the first element after a checkpoint on.
  var lock: ArrayLock?

  /// What keeps others from taking the end of the array first, while this appender waits for it.
  var turn: ArrayLock?

  /// The elements that were appended before others appended some.
  var earlierCount = 0

  /// The data type of the array.
  public var dataType: DataType { transfer.dataType }

  /// Turns values into elements: many at a time, and one by one in memory that is used again.
  let transfer: ElementTransfer
  private lazy var coder = transfer.makeCoder()
  private var valueBytes: [UInt8] = []

  /// Whether bytes have to be looked at before they are appended.
  private let needsBlobCheck: Bool

  /// Where the array is or will be, for errors.
  let location: String

  /// The default for the most bytes of chunks that differ in length.
  public static let evenChunkByteCount = 1 << 20

  /// The default memory for chunks that wait to be stored.
  public static let standardMemoryBudget = 64 << 20

  /// How long an appender waits for other appenders by default.
  public static let standardLockTimeout = Duration.seconds(60)

  /// Creates an appender to an array that exists.
  ///
  /// - Parameters:
  ///   - array: The array, which has at least one dimension.
  ///   - evenChunkByteCount: The most bytes of the chunks to come, where those of the array differ in length.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - lockTimeout: How long to wait when others are appending. After that a call throws
  ///     ``ZarrError/store(path:reason:)`` with ``StoreError/locked(path:owner:)``, and nothing is lost.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError/notWritable(path:reason:)``, ``ZarrError/chunk(path:reason:)`` for a last chunk that is
  ///   damaged, and ``ZarrError/store(path:reason:)``.
  public init(
    to array: ZarrArray, evenChunkByteCount: Int = Appender.evenChunkByteCount,
    memoryBudget: Int = standardMemoryBudget, lockTimeout: Duration = standardLockTimeout,
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) {
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    self.evenChunkByteCount = evenChunkByteCount
    self.lockTimeout = lockTimeout
    transfer = array.transfer
    needsBlobCheck = array.dataType.needsBlobCheck
    location = array.location
    phase = .writing(
      try zarrErrors(at: location) {
        try AppendingState(
          array, chunkByteCount: evenChunkByteCount, memoryBudget: memoryBudget, monitor: monitor)
      })
  }

  /// Creates an appender that fills rows of an array in place of what they hold, and does not let it grow.
  ///
  /// The rows are whole chunks, or whole shards, such as ``ZarrArray/alignedRegions(count:)`` gives for an
  /// array of one dimension: several processes fill one array so, and none waits for another one. An appender
  /// that is finished before all rows are full throws ``ZarrError/elementCount(path:found:expected:)``, as
  /// does one that is given more elements.
  ///
  /// - Parameters:
  ///   - rows: The indices along the first dimension. They begin and end where chunks do, or where the array
  ///     ends.
  ///   - array: The array, whose chunks all have one length along that dimension.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - monitor: Follows the work and can stop it.
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/notWritable(path:reason:)``, and
  ///   ``ZarrError/store(path:reason:)``.
  public init(
    filling rows: Range<Int>, of array: ZarrArray, memoryBudget: Int = standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) {
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    evenChunkByteCount = Self.evenChunkByteCount
    lockTimeout = nil
    transfer = array.transfer
    needsBlobCheck = array.dataType.needsBlobCheck
    location = array.location
    phase = .writing(
      try zarrErrors(at: location) {
        try AppendingState(
          array, filling: rows, chunkByteCount: Self.evenChunkByteCount, memoryBudget: memoryBudget,
          monitor: monitor)
      })
  }

  init(
    sampling sample: OpenChunk, byteCount: Int, chunkByteCount: Int?,
    create: @escaping (_ meanByteCount: Double?) throws -> ZarrArray,
    transfer: ElementTransfer, location: String, memoryBudget: Int, monitor: ProgressMonitor?
  ) {
    phase = .sampling(sample, create: create, byteCount: byteCount)
    self.transfer = transfer
    self.location = location
    needsBlobCheck = transfer.dataType.needsBlobCheck
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

  /// Appends an element that you have as bytes: a copy of them.
  ///
  /// The bytes are those that the data type has in memory, as for `ZarrArray.write(blobs:to:monitor:)`.
  /// Nothing is allocated for an element.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: ``ZarrError``, also for chunks of elements before this one. The element is not appended then. Text
  ///   that is not UTF-8 is an error of its chunk, when that is stored.
  /// - Complexity: O(*n*) where *n* is the size of the element. May wait for a chunk to be stored.
  public func append(blob: RawSpan) throws(ZarrError) {
    if needsBlobCheck { try zarrErrors(at: location) { try check(blob) } }
    try append(checked: blob)
  }

  /// Appends a copy of an element whose bytes are known to be one of the data type.
  package func append(checked element: RawSpan) throws(ZarrError) {
    if appendIfRoom(checked: element) { return }
    try zarrErrors(at: location) {
      try append(byteCount: element.byteCount) { chunk throws(ChunkError) in try chunk.append(element) }
    }
    guard let state else { return }
    insideCount = state.insideCount
    writer = state.beginWriting()
  }

  /// Whether the open chunk may have room for another element.
  var hasRoom: Bool { insideCount > 0 }

  /// Appends a copy of an element if the open chunk has room for it, and returns whether it had.
  @inline(__always)
  func appendIfRoom(checked element: RawSpan) -> Bool {
    guard insideCount > 0, writer?.appendIfFits(element) == true else { return false }
    insideCount -= 1
    return true
  }

  /// Appends an element that you have as bytes: a copy of them.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``.
  /// - Complexity: O(*n*) where *n* is the size of the element. May wait for a chunk to be stored.
  public func append<Blob: BlobConvertible>(blob: Blob) throws(ZarrError) {
    var failure: ZarrError?
    try zarrErrors(at: location) {
      try blob.withBlobBytes { bytes in
        do throws(ZarrError) {
          try append(blob: bytes)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
  }

  /// Appends an element of at most `blobCapacity` bytes that `initializer` writes where they are encoded.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``, and what `initializer` throws. The element is not appended
  ///   then.
  /// - Complexity: O(`blobCapacity`). May wait for a chunk to be stored.
  public func append(
    blobCapacity: Int, initializingWith initializer: (inout OutputRawSpan) throws(ChunkError) -> Void
  ) throws(ZarrError) {
    var failure: ElementError?
    do {
      try append(byteCount: blobCapacity) { chunk throws(ChunkError) in
        try chunk.append(addingCapacity: blobCapacity) { output throws(ChunkError) in
          try initializer(&output)
          guard needsBlobCheck else { return }
          do throws(ElementError) {
            try check(output.bytes)
          } catch {
            failure = error
            throw .sourceFailed(reason: "\(error)")
          }
        }
      }
    } catch {
      throw ZarrError(failure ?? error, at: location)
    }
  }

  /// Appends all elements of a source that you have as bytes.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``. Elements may have been appended then, as ``appendedCount``
  ///   tells.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append(blobs: any BlobSource) throws(ZarrError) {
    try zarrErrors(at: location) {
      try transfer.withChecked(blobs, monitor) { try append(checked: blobs) }
    }
  }

  private func append(checked source: any BlobSource) throws {
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

  private func check(_ blob: RawSpan) throws(ElementError) {
    try dataType.check(blob: blob, scratch: &coder.scratch)
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

// MARK: Values

extension Appender {
  /// Appends a value.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``, and ``ZarrError/element(path:index:reason:)`` if the value
  ///   cannot be an element. Nothing is appended then.
  /// - Complexity: O(*n*) where *n* is the size of the element. May wait for a chunk to be stored.
  public func append<Element: ZarrElement>(_ element: Element) throws(ZarrError) {
    try withBytes(of: element) { bytes throws(ZarrError) in try append(checked: bytes) }
  }

  /// Appends a value if the open chunk has room for it, and returns whether it had.
  ///
  /// This waits for nothing.
  func appendIfRoom<Element: ZarrElement>(_ element: Element) throws(ZarrError) -> Bool {
    guard hasRoom else { return false }
    return try withBytes(of: element) { bytes throws(ZarrError) in appendIfRoom(checked: bytes) }
  }

  private func withBytes<Element: ZarrElement, Result>(
    of element: Element, _ body: (_ checked: RawSpan) throws(ZarrError) -> Result
  ) throws(ZarrError) -> Result {
    do throws(ElementError) {
      try Element.checkWritable(to: dataType)
      valueBytes.removeAll(keepingCapacity: true)
      try element.appendElement(of: dataType, to: &valueBytes, with: coder)
    } catch {
      throw .element(path: location, index: nil, reason: error)
    }
    // The bytes themselves, since the property is not written while they are read.
    let bytes = valueBytes
    // SAFETY: Bytes have no padding.
    return try body(unsafe bytes.span.bytes)
  }

  /// Appends values one after the other.
  ///
  /// Values are turned into elements by several threads, a few MiB at a time.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``, and ``ZarrError/element(path:index:reason:)`` for the first
  ///   value that cannot be an element. Elements before it may have been appended then, as ``appendedCount``
  ///   tells.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append<Elements: Sequence>(contentsOf elements: Elements) throws(ZarrError)
  where Elements.Element: ZarrElement {
    try zarrErrors(at: location) { try appendAll(elements) }
  }

  private func appendAll<Elements: Sequence>(_ elements: Elements) throws
  where Elements.Element: ZarrElement {
    typealias Element = Elements.Element
    try Element.checkWritable(to: dataType)
    if let all = (elements as Any) as? [Element], let source = transfer.sourceInPlace(of: all) {
      return try append(checked: source)
    }
    var iterator = elements.makeIterator()
    var block: [Element] = []
    var blockCount = ElementTransfer.blockElementCount
    var position = 0
    while true {
      while block.count < blockCount, let element = iterator.next() { block.append(element) }
      guard !block.isEmpty else { return }
      let source: any BlobSource
      do {
        source = try transfer.source(of: block, monitor)
      } catch let failure as ElementFailure {
        throw ElementFailure(index: position + failure.index, reason: failure.reason)
      }
      try append(checked: source)
      position += block.count
      let byteCount = try source.byteCount(of: 0..<block.count)
      blockCount = max(1, min(2 * blockCount, Self.blockByteCount / max(1, byteCount / block.count)))
      block.removeAll(keepingCapacity: true)
    }
  }

  /// About how many bytes of values are turned into elements at a time.
  private static var blockByteCount: Int { 4 << 20 }
}
