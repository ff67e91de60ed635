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
  @available(*, noasync, message: "use an AsyncAppender")
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
      try zarrErrors(at: location, following: monitor) {
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
  @available(*, noasync, message: "use an AsyncAppender")
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
      try zarrErrors(at: location, following: monitor) {
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
  @available(*, noasync, message: "use an AsyncAppender")
  public func append(blob: RawSpan) throws(ZarrError) {
    if needsBlobCheck { try zarrErrors(at: location) { try check(blob) } }
    try append(checked: blob)
  }

  /// Appends a copy of an element whose bytes are known to be one of the data type.
  package func append(checked element: RawSpan) throws(ZarrError) {
    if appendIfRoom(checked: element) { return }
    try zarrErrors(at: location, following: monitor) {
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
  @available(*, noasync, message: "use an AsyncAppender")
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
  @available(*, noasync, message: "use an AsyncAppender")
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
  @available(*, noasync, message: "use an AsyncAppender")
  public func append(blobs: any BlobSource) throws(ZarrError) {
    try zarrErrors(at: location, following: monitor) {
      try transfer.withChecked(blobs) { try append(checked: blobs) }
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
  @available(*, noasync, message: "use an AsyncAppender")
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
    return try body(bytes.rawSpan)
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
  @available(*, noasync, message: "use an AsyncAppender")
  public func append<Elements: Sequence>(contentsOf elements: Elements) throws(ZarrError)
  where Elements.Element: ZarrElement {
    try zarrErrors(at: location, following: monitor) { try appendAll(elements) }
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
        source = try transfer.source(of: block)
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

extension Appender {
  /// Creates an array and an appender of values of a type to it.
  ///
  ///     let appender = try Appender.create(of: Station.self, in: store, at: "stations")
  ///     for station in stations { try appender.append(station) }
  ///     try appender.finish()
  ///
  /// See ``create(in:at:rowShape:options:access:memoryBudget:monitor:)``. The data type is that of the values
  /// unless the options say another.
  ///
  /// - Throws: As that, and ``ZarrError/element(path:index:reason:)`` if values of the type cannot be
  ///   elements.
  @available(*, noasync, message: "use an AsyncAppender")
  public static func create<Element: ZarrElement>(
    of type: Element.Type, in store: any Store, at path: String = "", rowShape: [Int] = [],
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> Appender {
    var options = options
    let dataType = options.dataType ?? type.dataType
    options.dataType = dataType
    let node = try ZarrArray.nodePath(path, in: store)
    try zarrErrors(at: ZarrArray.location(store, node)) { try type.checkWritable(to: dataType) }
    return try create(
      in: store, at: path, rowShape: rowShape, options: options, access: access, memoryBudget: memoryBudget,
      monitor: monitor)
  }

  /// Creates an array and an appender to it.
  ///
  /// If the options give the size of chunks or shards in bytes, the array is created as soon as there are
  /// enough elements to know how many make a chunk, at the latest at the first checkpoint with elements or
  /// when the appender is finished. If there are none by then, the chunks are those of elements of 1 KiB.
  ///
  /// - Parameters:
  ///   - store: Where the array goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - rowShape: The number of elements along each dimension but the first.
  ///   - options: What the array is like.
  ///   - access: How the array is worked on.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The appender.
  /// - Throws: As `ZarrArray.create(in:at:shape:options:access:)`.
  @available(*, noasync, message: "use an AsyncAppender")
  public static func create(
    in store: any Store, at path: String = "", rowShape: [Int] = [], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess(), memoryBudget: Int = standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> Appender {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path), following: monitor) {
      try create(in: store, at: path, rowShape, options, access, memoryBudget, monitor)
    }
  }

  private static func create(
    in store: any Store, at path: NodePath, _ rowShape: [Int], _ options: ArrayOptions, _ access: ArrayAccess,
    _ memoryBudget: Int, _ monitor: ProgressMonitor?
  ) throws -> Appender {
    let create = { (meanByteCount: Double?) in
      try ZarrArray.create(
        in: store, at: path, shape: [0] + rowShape, meanByteCount: meanByteCount, options: options,
        access: access)
    }
    if case .evenBytes(let byteCount) = options.chunkSize {
      return try Appender(
        to: create(nil), evenChunkByteCount: byteCount, memoryBudget: memoryBudget, monitor: monitor)
    }
    guard let byteCount = options.sampledByteCount else {
      return try Appender(to: create(nil), memoryBudget: memoryBudget, monitor: monitor)
    }
    if !options.overwrites, try NodeMetadata.exists(in: store, at: path) {
      throw ZarrError.alreadyExists(path: ZarrArray.location(store, path))
    }
    let transfer = ElementTransfer(options.dataType ?? .bytes, access)
    let sample = OpenChunk(
      layout: transfer.dataType.layout, maximumElementByteCount: access.maximumElementByteCount)
    try sample.reset(expectedByteCount: min(byteCount, memoryBudget))
    return Appender(
      sampling: sample, byteCount: min(byteCount, memoryBudget),
      chunkByteCount: options.chunkByteCount, create: create, transfer: transfer,
      location: ZarrArray.location(store, path), memoryBudget: memoryBudget, monitor: monitor)
  }
}

extension ArrayOptions {
  /// The bytes of elements that have to be seen to know how many make a chunk or a shard, or nil if that is
  /// said.
  fileprivate var sampledByteCount: Int? {
    guard case .bytes(let byteCount)? = shardSize else { return chunkByteCount }
    // A few small elements say little of many.
    return max(chunkByteCount ?? 0, min(byteCount, Self.largestShardSample))
  }

  /// About how many bytes a chunk has, or nil if that is not said.
  fileprivate var chunkByteCount: Int? {
    if case .bytes(let byteCount) = chunkSize { byteCount } else { nil }
  }

  private static var largestShardSample: Int { 1 << 20 }
}

/// What was appended, and what becomes of it.
extension Appender {
  /// The number of elements that were appended.
  public var appendedCount: Int {
    endWriting()
    return switch phase {
    case .sampling(let sample, _, _): sample.count
    case .writing(let state): earlierCount + state.appendedCount
    case .finished(let count): count
    }
  }

  /// Stores all that was appended and gives the array a shape that covers it.
  ///
  /// When this returns, the elements survive the end of the process, however it ends; in a ``FileStore`` with
  /// ``Durability/durable`` also a crash of the machine. Readers see either the array as it was or the array
  /// with these elements: the shape is written last.
  ///
  /// A last chunk that is not full is stored at full shape, padded with the fill value, and stored again when
  /// it is; the same goes for a shard. Where chunks differ in length, a checkpoint ends the open one. Each
  /// checkpoint waits for the chunks that are being stored, so that one every few seconds costs little and one
  /// for each element very much.
  ///
  /// An array whose chunk size is not known yet is created with the elements that there are; without any,
  /// nothing is done.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``append(blob:)-(RawSpan)``, and ``ZarrError/elementCount(path:found:expected:)`` if the last row is not
  ///   complete. The array stays as it was at the last checkpoint, no element is lost, and the appender can go
  ///   on.
  /// - Complexity: O(*n*) where *n* is the size of the elements that are not stored yet, and of the last chunk
  ///   or shard.
  @available(*, noasync, message: "use an AsyncAppender")
  public func checkpoint() throws(ZarrError) {
    try store { try $0.checkpoint() }
    unlock()
  }

  /// Stores all that was appended, and leaves the shape of the array to the next checkpoint.
  ///
  /// For arrays that belong together: when all are stored, their shapes follow each other closely.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``checkpoint()``.
  package func flush() throws(ZarrError) {
    try store { try $0.flush() }
  }

  private func store(_ body: (AppendingState) throws -> Void) throws(ZarrError) {
    endWriting()
    if case .sampling(let sample, _, _) = phase, sample.count == 0 { return }
    try zarrErrors(at: location, following: monitor) { try dividing(storingState, body) }
  }

  /// Stores all that was appended and gives the array its new shape.
  ///
  /// The last chunk is stored at full shape, padded with the fill value.
  ///
  /// - Returns: The array.
  /// - Throws: As ``checkpoint()``. The appender is not finished then, and can be.
  /// - Precondition: The appender is not finished.
  @available(*, noasync, message: "use an AsyncAppender")
  @discardableResult
  public func finish() throws(ZarrError) -> ZarrArray {
    endWriting()
    let array = try zarrErrors(at: location, following: monitor) {
      try dividing(storingState) { state in
        try state.finish()
        return state.array
      }
    }
    phase = .finished(count: appendedCount)
    unlock()
    monitor?.finish()
    return array
  }

  /// Gives up: what is not stored yet is dropped, and the array stays as it was at the last checkpoint.
  ///
  /// When this returns no thread stores anything any more, so the store can be removed. Chunks that were
  /// stored since then stay, and are no part of the array. Does nothing if the appender is finished.
  @available(*, noasync, message: "use an AsyncAppender")
  public func cancel() {
    endWriting()
    if let state { state.cancel() }
    phase = .finished(count: appendedCount)
    unlock()
  }
}

/// The end of the array, which one appender at a time has for itself.
extension Appender {
  /// Where the appender is; an array that is not there yet is created, for elements like those of the sample.
  func writingState() throws -> AppendingState {
    if let state { return state }
    guard case .sampling(let sample, let create, _) = phase else {
      preconditionFailure("the appender is finished")
    }
    let array = try create(sample.meanByteCount ?? ChunkSize.assumedMeanByteCount)
    let state = try AppendingState(
      array, sample: (sample.takeElements(chain: array.chain), 0), chunkByteCount: evenChunkByteCount,
      chunkByteLimit: isMeasured ? newChunkByteLimit(array) : nil, memoryBudget: memoryBudget,
      monitor: monitor)
    phase = .writing(state)
    return state
  }

  /// Where the appender is, once it has the end of the array for itself.
  ///
  /// If others have appended elements since the last checkpoint, it goes on after these.
  func appendingState() throws -> AppendingState {
    let state = try writingState()
    guard lock == nil, let lockTimeout else { return state }
    defer { giveUpTurn() }
    let start = ContinuousClock.now
    while true {
      if try lockEnd(of: state, within: WaitingLock.patience, since: start, lockTimeout) {
        return try writingState()
      }
      if monitor?.isCancelled == true { throw ZarrError.cancelled }
    }
  }

  /// Takes the end of the array if that is free, and returns whether the appender has it or needs none.
  ///
  /// The next call goes on waiting where this one has left, until ``giveUpTurn()`` is called.
  ///
  /// - Parameter start: When the appender began to wait.
  /// - Returns: Whether the appender has the end or needs none.
  /// - Throws: ``ZarrError`` and ``StoreError``.
  func lockEndIfFree(since start: ContinuousClock.Instant) throws -> Bool {
    guard let state, lock == nil, let lockTimeout else { return true }
    return try lockEnd(of: state, within: .zero, since: start, lockTimeout)
  }

  /// Where the appender is, to store what was appended.
  func storingState() throws -> AppendingState {
    let state = try writingState()
    // Without a lock nothing was appended but the sample.
    return state.waitingSample == nil ? state : try appendingState()
  }

  /// Waits a little for the end of the array, and returns whether the appender has it.
  private func lockEnd(
    of state: AppendingState, within patience: Duration, since start: ContinuousClock.Instant,
    _ timeout: Duration
  ) throws -> Bool {
    let array = state.array
    let lock: ArrayLock
    do {
      // An appender that goes on after a checkpoint comes after those that have waited.
      if turn == nil { turn = try array.lock(.turn, timeout: patience) }
      lock = try array.lock(.end, timeout: patience)
    } catch StoreError.locked(let path, let owner) {
      guard start.duration(to: .now) < timeout else { throw StoreError.locked(path: path, owner: owner) }
      return false
    }
    giveUpTurn()
    do {
      try array.reload()
      if array.metadata.sharedWork.commit != nil { try SegmentCommit(to: array).completePending() }
      if array.shape[0] != state.storedRowCount {
        let sample = state.waitingSample
        let next = try AppendingState(
          array, sample: sample.map { ($0, 0) }, chunkByteCount: evenChunkByteCount,
          memoryBudget: memoryBudget, monitor: monitor)
        earlierCount += state.appendedCount - (sample?.count ?? 0)
        phase = .writing(next)
      }
    } catch {
      lock.unlock()
      throw error
    }
    self.lock = lock
    try writingState().end.hold(lock)
    return true
  }

  /// Lets others take the end of the array first.
  func giveUpTurn() {
    turn?.unlock()
    turn = nil
  }

  /// Lets others append.
  func unlock() {
    state?.end.hold(nil)
    lock?.unlock()
    lock = nil
  }
}

/// Chunks that later elements would make too large.
///
/// The first elements decide how many a chunk has. If later ones are much larger, the appender divides the array into
/// smaller chunks, as long as no reader knows of its elements:
///
///     [ a b c d e f ][ g h A · · · ]   ──▶   [ a b ][ c d ][ e f ][ g h ][ A
extension Appender {
  /// Calls `body` until no chunk is too large for what it appends.
  func dividing<Result>(
    _ state: () throws -> AppendingState, _ body: (AppendingState) throws -> Result
  ) throws -> Result {
    while true {
      let state = try state()
      guard !state.isHalfDivided else {
        throw ZarrError.notWritable(
          path: state.array.location,
          reason:
            "its elements were to be stored in smaller chunks, and that failed; it has none, append all again"
        )
      }
      do {
        return try body(state)
      } catch ZarrError.chunkTooLarge(let path, let elementCount, let limit, let fittingCount) {
        guard canDivide(state) else {
          throw ZarrError.chunkTooLarge(
            path: path, elementCount: elementCount, limit: limit, fittingCount: fittingCount)
        }
        if state.storedRowCount > 0 { try willDivide?() }
        // What was appended of the sample is stored, and the rest goes on.
        let rest = state.sample.map { $0.elements.count - $0.position } ?? 0
        let next = try state.dividing(intoChunksOf: fittingCount)
        earlierCount += state.appendedCount - rest
        next.end.hold(lock)
        phase = .writing(next)
      }
    }
  }

  private func canDivide(_ state: AppendingState) -> Bool {
    state.filledRowEnd == nil && state.array.metadata.chunkGrid.regularChunkShape?.count == 1
      && (isMeasured && state.storedRowCount == 0 || willDivide != nil)
  }

  func newChunkByteLimit(_ array: ZarrArray) -> Int {
    Self.chunkByteLimit(
      forChunksOf: evenChunkByteCount, inShards: array.layout.isSharded, memoryBudget: memoryBudget,
      array.access.limits)
  }

  /// The most bytes of a chunk of a new array, besides its largest element.
  ///
  /// As few as the memory asks for, and so many that elements may differ.
  package static func chunkByteLimit(
    forChunksOf byteCount: Int, inShards: Bool, memoryBudget: Int, _ limits: DecodingLimits
  ) -> Int {
    let most = min(limits.byteCountOfAnyChunk, 1 << 48)
    let byteCount = min(byteCount, most)
    // What is compressed of a shard is in memory, too.
    let factor = inShards ? 4 : 16
    return max(byteCount, min(most, byteCount * 4), min(most, byteCount * factor, memoryBudget / 4))
  }
}

extension ZarrArray {
  /// Divides an array of one dimension into smaller chunks, or into shards of smaller ones, where it is.
  ///
  /// From the last chunk to the first, each is read and stored under keys that are not smaller than its own,
  /// so that nothing is replaced that is still to be read.
  ///
  /// - Parameters:
  ///   - chunkLength: The elements of the new chunks.
  ///   - elementCount: The elements that are stored, also those that the shape does not cover.
  /// - Returns: The array, which has the shape that it had.
  /// - Throws: ``ZarrError`` and ``StoreError``. Chunks of both sizes are stored then.
  func divided(intoChunksOf chunkLength: Int, elementCount: Int) throws -> ZarrArray {
    let metadata: ArrayMetadata
    let source: ZarrArray
    let target: ZarrArray
    do {
      metadata = try self.metadata.divided(intoChunksOf: chunkLength)
      source = try ZarrArray(
        self.metadata.resized(to: [elementCount]), store: store, path: path, access: access)
      target = try ZarrArray(metadata.resized(to: [elementCount]), store: store, path: path, access: access)
    } catch let error as MetadataError {
      throw ZarrError.metadata(path: location, reason: error)
    }
    let (length, newLength) = (source.metadata.chunkGrid.chunkShape[0], metadata.chunkGrid.chunkShape[0])
    var carried: (any BlobSource)?
    for index in (0..<(elementCount + length - 1) / length).reversed() {
      let (start, end) = (index * length, min(elementCount, (index + 1) * length))
      // Elements in front of the first new chunk that begins here go with the chunk before.
      let first = min(end, (start + newLength - 1) / newLength * newLength)
      let carriedCount = carried?.count ?? 0
      if first < end {
        var elements: any BlobSource = try source.read([first..<end])
        let head: (any BlobSource)? = first > start ? try source.read([start..<first]) : nil
        if let carried { elements = JoinedBlobs([elements, carried]) }
        try target.write(
          elements, to: [first..<end + carriedCount], durability: .deferred, monitor: nil)
        carried = head
      } else {
        let head: any BlobSource = try source.read([start..<end])
        carried = carried.map { JoinedBlobs([head, $0]) } ?? head
      }
    }
    try NodeMetadata.array(metadata).write(to: store, at: path, access.metadataLimits)
    return try ZarrArray(metadata, store: store, path: path, access: access)
  }
}

extension ArrayMetadata {
  /// The same array of one dimension with chunks of another length; shards have as many of them as before.
  fileprivate func divided(intoChunksOf length: Int) throws(MetadataError) -> ArrayMetadata {
    if var document = version2Document {
      document["chunks"] = [.integer(length)]
      return try ArrayMetadata(version2: document, attributes: attributes)
    }
    var stored = length
    var codecs = codecs
    if let index = codecs.firstIndex(where: { $0.name == ShardingCodec.name }),
      let old = codecs[index].configuration["chunk_shape"]?.arrayValue?.first?.integerValue, old > 0
    {
      stored = max(1, chunkGrid.chunkShape[0] / old) * length
      var configuration = codecs[index].configuration
      configuration["chunk_shape"] = [.integer(length)]
      codecs[index] = MetadataExtension(name: ShardingCodec.name, configuration: configuration)
    }
    return try ArrayMetadata(
      shape: shape, dataType: dataType, statedDataType: statedDataType,
      chunkGrid: try ChunkGrid(chunkShape: [stored]), chunkKeyEncoding: chunkKeyEncoding,
      fillValue: fillValue, codecs: codecs, attributes: attributes, dimensionNames: dimensionNames,
      storageTransformers: storageTransformers, additionalFields: additionalFields)
  }
}
