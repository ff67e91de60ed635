import ChunkEngine
import Synchronization

/// An array of variable-length elements in a store.
///
/// ```swift
/// let store = try FileStore(creating: "data.zarr")
/// let array = try ZarrArray.create(in: store, at: "labels", writing: ["north", "south"])
/// let labels = try array.read(as: String.self)
/// ```
///
/// An array can be used from any number of threads. Calls block their thread until they are done; for `async`
/// code there are forms of them that leave Swift's own threads alone.
public final class ZarrArray: Sendable {
  /// The store that holds the array.
  public let store: any Store

  /// Where the array is in the store.
  public let path: NodePath

  /// The run-time settings.
  public let access: ArrayAccess

  let chain: CodecChain

  /// How chunks lie in the values of the store.
  let layout: ValueLayout

  /// Turns values of Swift types into elements and back.
  let transfer: ElementTransfer

  /// The store if it opens values, looked up once: every read of a shard asks for it.
  let openingStore: (any OpeningStore)?

  /// Locks that all values of the array in this process share.
  let locks: ArrayLocks

  /// The fill value as a chunk holds it.
  let fillElement: SharedBytes

  /// Why the elements can be neither read nor written, or nil if they can be read.
  ///
  /// Pickles are never read. You can still look at the metadata of such an array.
  public let readingObstacle: String?

  /// Why the array cannot be written, or nil.
  private let obstacle: String?

  private let currentMetadata: Locked<ArrayMetadata>

  /// How chunks are named.
  ///
  /// It never changes, and copying all metadata for each key would cost time.
  let chunkKeyEncoding: ChunkKeyEncoding

  /// The directory of an array below the root of the store.
  ///
  /// The store itself notices only when its root is replaced.
  private let directory: FileIdentity?

  /// Whether the metadata is from a copy of the array's document, which may be out of date.
  private let isCopy: Atomic<Bool>

  /// Takes an array whose metadata is known.
  ///
  /// - Parameters:
  ///   - metadata: What the array's document says, or a copy of it.
  ///   - isCopy: Whether it is a copy. Then the document itself is read before anything is written.
  ///   - store: The store that holds the array.
  ///   - path: Where the array is in the store.
  ///   - access: The run-time settings.
  /// - Throws: ``ZarrError/metadata(path:reason:)``
  init(
    _ metadata: ArrayMetadata, isCopy: Bool = false, store: any Store, path: NodePath, access: ArrayAccess
  ) throws {
    do throws(MetadataError) {
      try access.metadataLimits.check(metadata.codecs)
      chain = try CodecChain(metadata.codecs, metadata.codecContext)
      layout = try ValueLayout(chain, metadata, access)
    } catch {
      throw ZarrError.metadata(path: Self.location(store, path), reason: error)
    }
    self.store = store
    openingStore = store as? any OpeningStore
    self.path = path
    self.access = access
    transfer = ElementTransfer(metadata.dataType, access)
    locks = ArrayLocks.shared(by: store, at: path)
    fillElement = try chain.layout.sharedElement(metadata.fillValue)
    readingObstacle = chain.arrayToBytes is PickleCodec ? CodecRegistry.pickleError.message : nil
    obstacle =
      readingObstacle != nil
      ? readingObstacle
      : !chain.hasAll(metadata.codecs) ? "its metadata has a codec that is not known here" : nil
    currentMetadata = Locked(metadata)
    chunkKeyEncoding = metadata.chunkKeyEncoding
    directory = path.names.isEmpty ? nil : (store as? FileStore)?.directoryIdentity(path.description)
    self.isCopy = Atomic(isCopy)
  }

  /// Opens an array.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/wrongNode(path:expected:)``,
  ///   ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess()
  ) throws(ZarrError) -> ZarrArray {
    let path = try NodePath(existing: path, in: store)
    return try zarrErrors(at: location(store, path)) {
      guard case .array(let metadata) = try NodeMetadata.read(from: store, at: path, access.metadataLimits)
      else {
        throw ZarrError.wrongNode(path: location(store, path), expected: "array")
      }
      return try ZarrArray(metadata, store: store, path: path, access: access)
    }
  }

  /// What the array's metadata says now.
  public var metadata: ArrayMetadata { currentMetadata.withLock { $0 } }

  /// The number of elements along each dimension, and the division into values, as metadata has both now.
  var shapeAndGrid: (shape: [Int], grid: ChunkGrid) { currentMetadata.withLock { ($0.shape, $0.chunkGrid) } }

  /// The number of elements along each dimension.
  public var shape: [Int] { metadata.shape }

  /// The number of elements of a chunk along each dimension; of the longest where they differ.
  ///
  /// If chunks are divided, it is that of the inner chunks, which can be read and written by themselves.
  public var chunkShape: [Int] { layout.innerChunkShape ?? metadata.chunkGrid.chunkShape }

  /// The number of elements of a shard along each dimension, of the longest where they differ, or nil if
  /// chunks are not divided.
  public var shardShape: [Int]? { !layout.isSharded ? nil : metadata.chunkGrid.chunkShape }

  /// What the elements are.
  public var dataType: DataType { metadata.dataType }

  /// The number of elements.
  public var count: Int { metadata.elementCount }

  /// The number of chunks, of inner chunks if they are divided.
  public var chunkCount: Int {
    let metadata = metadata
    // Metadata has no more chunks than elements, and their number was checked.
    return layout.chunkGrid(metadata).chunkCount(of: metadata.shape) ?? 0
  }

  /// The number of shards, or nil if chunks are not divided.
  public var shardCount: Int? {
    let metadata = metadata
    return !layout.isSharded ? nil : metadata.chunkGrid.chunkCount(of: metadata.shape) ?? 0
  }

  /// Where the array is, for messages.
  public var location: String { Self.location(store, path) }

  /// The key of the chunk at a position of the grid.
  ///
  /// - Precondition: No index is negative, and there is one for each dimension.
  public func key(ofChunkAt indices: [Int]) -> StoreKey {
    StoreKey(checked: path.key(chunkKeyEncoding.key(for: indices)))
  }

  /// Reads a chunk as the store holds it, encoded.
  ///
  /// - Parameter indices: The position of the chunk in the grid.
  /// - Returns: The bytes, or nil if the chunk is not stored.
  /// - Throws: ``ZarrError/store(path:reason:)``, also for a chunk above the limits of ``ArrayAccess``.
  /// - Precondition: No index is negative, and there is one for each dimension.
  /// - Complexity: O(*n*) where *n* is the size of the chunk.
  @available(*, noasync)
  public func storedBytes(ofChunkAt indices: [Int]) throws(ZarrError) -> [UInt8]? {
    try zarrErrors(at: location) {
      try store.bytes(of: key(ofChunkAt: indices), limit: access.limits.storedByteCountPerChunk)
    }
  }

  /// Gives the array another shape.
  ///
  /// Elements outside of it are no longer read, but stay stored.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)``, ``ZarrError/notWritable(path:reason:)``, and
  ///   ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public func resize(to shape: [Int]) throws(ZarrError) {
    try zarrErrors(at: location) {
      try checkWritable()
      try update { metadata in metadata = try metadata.resized(to: shape) }
    }
  }

  /// Gives the array more rows, unless another writer has changed their number.
  ///
  /// - Parameters:
  ///   - rowCount: The rows that the array has, as far as the caller knows.
  ///   - triedRowCounts: The rows that calls which failed may have given it.
  ///   - newRowCount: The rows that it gets.
  ///   - chunkGrid: The division into chunks, or nil for the one that it has.
  /// - Throws: ``ZarrError/metadata(path:reason:)``, and ``StoreError``: ``StoreError/lockLost(path:)`` if another writer
  ///   has changed the number of rows.
  func grow(
    from rowCount: Int, orFrom triedRowCounts: [Int], to newRowCount: Int, chunkGrid: ChunkGrid?
  ) throws {
    try update { metadata in
      try metadata.checkRowCount(isOneOf: [rowCount] + triedRowCounts, at: location)
      metadata = try metadata.resized(to: [newRowCount] + metadata.shape.dropFirst(), chunkGrid: chunkGrid)
    }
  }

  /// Replaces what is said about the array.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public func setAttributes(_ attributes: JSONObject) throws(ZarrError) {
    try zarrErrors(at: location) {
      try update { metadata in metadata.attributes = attributes }
    }
  }

  /// Changes the metadata: the document in the store, as other writers left it, and then the consolidated metadata of
  /// the groups above.
  private func update(_ change: (inout ArrayMetadata) throws -> Void) throws {
    try updateDocument(change)
    try ConsolidatedMetadata.refresh(.documents, at: [path], in: store, access.metadataLimits)
  }

  private func updateDocument(_ change: (inout ArrayMetadata) throws -> Void) throws {
    let lock = try lock(.metadata)
    defer { lock.unlock() }
    try NodeMetadata.edit(at: path, in: store, reportRetry: reportRetry) { store in
      try reload(from: store)
      try currentMetadata.withLock { current in
        var metadata = current
        do {
          try change(&metadata)
        } catch let error as MetadataError {
          throw ZarrError.metadata(path: location, reason: error)
        }
        // A commit is about the rows that follow those that were there.
        guard current.sharedWork.commit == nil || metadata.shape == current.shape else {
          throw StoreError.locked(path: location, owner: "a commit that is not complete")
        }
        try NodeMetadata.array(metadata).write(to: store, at: path, access.metadataLimits)
        current = metadata
      }
    }
  }

  /// Gives an array that is filled in parts the shape that it has here, unless it has it already.
  func finishParts() throws {
    let lock = try lock(.metadata)
    defer { lock.unlock() }
    let whole = metadata
    try NodeMetadata.edit(at: path, in: store, reportRetry: reportRetry) { store in
      guard case .array(var found) = try NodeMetadata.read(from: store, at: path, access.metadataLimits)
      else {
        throw ZarrError.wrongNode(path: location, expected: "array")
      }
      guard found.sharedWork.parts != nil else { return }
      guard whole.isStoredLike(found) else { throw ZarrError.replaced(path: location) }
      found = try found.resized(to: whole.shape)
      found.sharedWork.parts = nil
      try NodeMetadata.array(found).write(to: store, at: path, access.metadataLimits)
    }
    try ConsolidatedMetadata.refresh(.documents, at: [path], in: store, access.metadataLimits)
  }

  /// What the document says.
  func documentForReading() throws -> ArrayMetadata {
    try reload(from: store)
    return metadata
  }

  /// Reads the document, and returns what it says and a function that replaces it if it is still the same.
  ///
  /// The function throws ``StoreError/changed(path:)`` if it is not.
  func documentForReplacing() throws -> (metadata: ArrayMetadata, replace: (ArrayMetadata) throws -> Void) {
    let store = try NodeMetadata.editingStore(store, at: path)
    try reload(from: store)
    let metadata = metadata
    return (
      metadata,
      { new in
        try NodeMetadata.array(new).write(to: store, at: self.path, self.access.metadataLimits)
        self.currentMetadata.withLock { $0 = new }
      }
    )
  }

  /// Checks, after a read, that all elements are those of the array that was opened.
  ///
  /// Another array may have taken its place during the read, which then mixes both.
  ///
  /// - Throws: ``ZarrError/replaced(path:)``, and what reading the document throws.
  package func checkIsInPlace() throws {
    guard let directory, let store = store as? FileStore else { return }
    guard store.directoryIdentity(path.description) == directory,
      case .array(let found) = try NodeMetadata.read(from: store, at: path, access.metadataLimits),
      metadata.isStoredLike(found)
    else { throw ZarrError.replaced(path: location) }
  }

  func checkWritable() throws {
    if let obstacle { throw ZarrError.notWritable(path: location, reason: obstacle) }
    try replaceCopy()
  }

  /// Puts what the array's own document says in place of a copy.
  private func replaceCopy() throws {
    if isCopy.load(ordering: .acquiring) { try reload(from: store) }
  }

  /// Reads the metadata anew: others may have given the array another shape, or other attributes.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, ``ZarrError/store(path:reason:)``,
  ///   and ``ZarrError/replaced(path:)`` if anything else was changed, so that the array has to be opened anew.
  @available(*, noasync)
  public func reload() throws(ZarrError) {
    try zarrErrors(at: location) { try reload(from: store) }
  }

  private func reload(from store: any Store) throws {
    try currentMetadata.withLock { current in
      guard case .array(let metadata) = try NodeMetadata.read(from: store, at: path, access.metadataLimits)
      else {
        throw ZarrError.wrongNode(path: location, expected: "array")
      }
      // All else has been used already to open the array.
      guard current.isStoredLike(metadata) else { throw ZarrError.replaced(path: location) }
      current = metadata
      isCopy.store(false, ordering: .releasing)
    }
  }

  /// Adds the path of the chunk to an error of the engine.
  func error(_ failure: ChunkFailure, chunk indices: [Int]) -> any Error {
    error(failure.reason, chunk: indices)
  }

  /// Adds the path of the chunk to an error of the engine.
  func error(_ reason: any Error, chunk indices: [Int]) -> any Error {
    guard let failure = reason as? ChunkError else { return reason }
    switch failure {
    case .cancelled: return ZarrError.cancelled
    case .callByteCountExceedsLimit, .callElementCountExceedsLimit:
      return ZarrError.limit(path: location, reason: failure)
    default: break
    }
    return ZarrError.chunk(path: "\(store.location)/\(key(ofChunkAt: indices))", reason: reason)
  }

  /// The error of the chunk that has an element, whose bytes are not what the data type has.
  ///
  /// - Precondition: The element is inside of the array.
  package func damage(_ reason: any Error, elementAt indices: [Int]) -> ZarrError {
    let chunk = zip(metadata.chunkGrid.dimensions, indices).map { $0.chunkIndex(of: $1) }
    return .chunk(path: "\(store.location)/\(key(ofChunkAt: chunk))", reason: reason)
  }

  static func location(_ store: any Store, _ path: NodePath) -> String {
    path.names.isEmpty ? store.location : "\(store.location)/\(path)"
  }

  static func nodePath(_ path: String, in store: any Store) throws(ZarrError) -> NodePath {
    do {
      return try NodePath(path)
    } catch {
      throw .metadata(path: store.location, reason: error)
    }
  }
}
