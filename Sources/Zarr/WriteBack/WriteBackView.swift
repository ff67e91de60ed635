import ChunkEngine

/// Sets and reads elements one at a time, and encodes each chunk once.
///
///     try array.withWriteBack(as: JSONValue.self) { view in
///       for (index, value) in values { try view.write(value, at: index) }
///     }
///
/// To write one element to an array reads, merges and stores a whole chunk. A view keeps written elements in
/// memory, and does this once for all elements of a chunk: when you flush it, or when its memory is full, for
/// the chunks that have not been used for the longest time. You read what you wrote last, whether it is
/// stored or not.
///
/// A chunk that could not be stored stays in memory, so nothing is lost and you can try again. Others may
/// write to the array at the same time: the view replaces only the elements that you wrote. It sees what
/// others write to a chunk when it reads that chunk again.
///
/// Any number of threads can use a view; one of them works at a time. Close it at the end, as `withWriteBack`
/// does. A view that you drop tries to store what it has, and does not report errors.
public final class WriteBackView<Element: ZarrElement>: Sendable {
  /// The array.
  public let array: ZarrArray

  private let chunks: WriteBackChunks

  /// Creates a view.
  ///
  /// - Parameters:
  ///   - array: The array whose elements are set and read.
  ///   - type: The type of the elements.
  ///   - memoryBudget: The bytes of elements that may be kept. There is always room for one chunk.
  /// - Throws: ``ZarrError/element(path:index:reason:)`` if elements are no such values, and
  ///   ``ZarrError/notWritable(path:reason:)``.
  @available(*, noasync)
  public convenience init(
    _ array: ZarrArray, of type: Element.Type = Element.self,
    memoryBudget: Int = WriteBackView.standardMemoryBudget
  ) throws(ZarrError) {
    try Self.check(array)
    self.init(checked: array, memoryBudget: memoryBudget)
  }

  init(checked array: ZarrArray, memoryBudget: Int) {
    self.array = array
    chunks = WriteBackChunks(array, memoryBudget: memoryBudget)
  }

  /// Checks that an array can be read and written as values of the type.
  static func check(_ array: ZarrArray) throws(ZarrError) {
    try zarrErrors(at: array.location) {
      try array.checkWritable()
      try Element.checkWritable(to: array.dataType)
      try Element.checkReadable(from: array.dataType)
    }
  }

  deinit {
    // Closing the view reports errors. Here nothing can be done about them.
    try? chunks.flush()
  }

  /// The default memory for elements.
  public static var standardMemoryBudget: Int { 64 << 20 }

  /// Sets an element.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)`` and ``ZarrError/element(path:index:reason:)``;
  ///   the element is then as before. An error of a chunk that had to be stored to make room is thrown too,
  ///   and then the element is set, and nothing is lost.
  /// - Complexity: O(*n*) where *n* is the size of the element, but for the time that storing other chunks
  ///   takes.
  @available(*, noasync)
  public func write(_ value: Element, at indices: [Int]) throws(ZarrError) {
    try zarrErrors(at: array.location) {
      var bytes: [UInt8] = []
      let transfer = array.transfer
      try transfer.withCoder { try value.appendElement(of: transfer.dataType, to: &bytes, with: $0) }
      try chunks.write(bytes, at: indices)
    }
  }

  /// Sets an element.
  ///
  /// - Throws: As `write(_:at:)`.
  /// - Complexity: As that.
  @available(*, noasync)
  public func write(_ value: Element, at indices: Int...) throws(ZarrError) {
    try write(value, at: indices)
  }

  /// Reads an element, as it was written last.
  ///
  /// - Throws: ``ZarrError/outOfBounds(path:region:shape:)``, ``ZarrError/element(path:index:reason:)``, and
  ///   what reading the chunk throws.
  /// - Complexity: O(*n*) where *n* is the size of the element, or that of the chunk if it is not in memory.
  @available(*, noasync)
  public func read(at indices: [Int]) throws(ZarrError) -> Element {
    try zarrErrors(at: array.location) {
      let bytes = try chunks.read(at: indices)
      let transfer = array.transfer
      return try transfer.withCoder { coder in
        try Element(element: bytes.rawSpan, of: transfer.dataType, with: coder)
      }
    }
  }

  /// The element at a position, as it was written last.
  ///
  /// - Throws: As `read(at:)`.
  /// - Complexity: As that.
  @available(*, noasync, message: "use read(at:)")
  public subscript(indices: Int...) -> Element {
    get throws(ZarrError) { try read(at: indices) }
  }

  /// Stores everything that was written.
  ///
  /// - Throws: The error of a chunk that cannot be stored. It and those that were not tried stay in memory.
  /// - Complexity: O(*n*) where *n* is the size of the chunks that were written to.
  @available(*, noasync)
  public func flush() throws(ZarrError) {
    try zarrErrors(at: array.location) { try chunks.flush() }
  }

  /// Stores everything that was written, and gives back the memory.
  ///
  /// The view can be used again.
  ///
  /// - Throws: As `flush()`; the memory is then kept.
  /// - Complexity: As that.
  @available(*, noasync)
  public func close() throws(ZarrError) {
    try zarrErrors(at: array.location) { try chunks.close() }
  }
}

extension ZarrArray {
  /// Calls `body` with a view that sets and reads elements one at a time, and stores what it wrote.
  ///
  /// - Parameters:
  ///   - type: The type of the elements.
  ///   - memoryBudget: The bytes of elements that may be kept. There is always room for one chunk.
  ///   - body: What to do with the view.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws, after what it wrote is stored, and what storing throws.
  @available(*, noasync)
  public func withWriteBack<Element: ZarrElement, Result>(
    as type: Element.Type, memoryBudget: Int = WriteBackView<Element>.standardMemoryBudget,
    _ body: (WriteBackView<Element>) throws -> Result
  ) throws -> Result {
    let view = try WriteBackView(self, of: type, memoryBudget: memoryBudget)
    let result: Result
    do {
      result = try body(view)
    } catch {
      // Of two errors the first one counts.
      try? view.close()
      throw error
    }
    try view.close()
    return result
  }
}

// MARK: Chunks

/// The chunks that a write-back view keeps in memory.
private final class WriteBackChunks: Sendable {
  private struct State {
    var chunks: [[Int]: WriteBackChunk] = [:]
    var byteCount = 0
    var useCount = 0
  }

  private let array: ZarrArray
  private let memoryBudget: Int
  private let state = Locked(State())

  init(_ array: ZarrArray, memoryBudget: Int) {
    self.array = array
    self.memoryBudget = memoryBudget
  }

  /// Sets an element.
  func write(_ element: [UInt8], at indices: [Int]) throws {
    let place = try place(at: indices)
    try array.checkElement(element)
    try state.withLock { state in
      Self.use(place.chunk, in: &state) { chunk in chunk.write(element, at: place.index) }
      try makeRoom(in: &state, besides: place.chunk)
    }
  }

  /// Reads an element.
  func read(at indices: [Int]) throws -> [UInt8] {
    let place = try place(at: indices)
    return try state.withLock { state in
      let element = try Self.use(place.chunk, in: &state) { chunk in
        try chunk.read(at: place.index, fillValue: array.metadata.fillValue) {
          try array.readChunk(at: place.chunk)
        }
      }
      try makeRoom(in: &state, besides: place.chunk)
      return element
    }
  }

  /// Stores everything that was written.
  func flush() throws {
    try state.withLock { state in
      try store(state.chunks.values.filter(\.isChanged), in: &state)
    }
  }

  /// Stores everything that was written, and forgets it.
  func close() throws {
    try state.withLock { state in
      try store(state.chunks.values.filter(\.isChanged), in: &state)
      state = State()
    }
  }

  /// The place of the chunk that an element is in, and that of the element in it.
  private func place(at indices: [Int]) throws -> (chunk: [Int], index: Int) {
    let metadata = array.metadata
    let region = ArrayRegion(elementAt: indices)
    guard region.isInside(metadata.shape) else {
      throw ZarrError.outOfBounds(path: array.location, region: region, shape: metadata.shape)
    }
    let grid = array.layout.chunkGrid(metadata)
    let chunk = zip(grid.dimensions, indices).map { $0.chunkIndex(of: $1) }
    let local = indices.indices.map { indices[$0] - grid.dimensions[$0].range(ofChunk: chunk[$0]).lowerBound }
    return (chunk, RowMajor.position(of: local, in: grid.chunkShape(at: chunk)))
  }

  private static func use<Result>(
    _ indices: [Int], in state: inout State, _ body: (inout WriteBackChunk) throws -> Result
  ) rethrows -> Result {
    var chunk = state.chunks.removeValue(forKey: indices) ?? WriteBackChunk(indices: indices)
    // A chunk that was not there counts from the beginning.
    let before = chunk.lastUse == 0 ? 0 : chunk.byteCount
    state.useCount += 1
    chunk.lastUse = state.useCount
    defer {
      state.byteCount += chunk.byteCount - before
      state.chunks[indices] = chunk
    }
    return try body(&chunk)
  }

  /// Stores and forgets the chunks that were not used for the longest time, if there is too much.
  ///
  /// Down to half of the budget, so that this is seldom.
  private func makeRoom(in state: inout State, besides used: [Int]) throws {
    guard state.byteCount > memoryBudget, state.chunks.count > 1 else { return }
    var byteCount = state.byteCount
    var dropped: [WriteBackChunk] = []
    for chunk in state.chunks.values.sorted(by: { $0.lastUse < $1.lastUse }) where chunk.indices != used {
      guard byteCount > memoryBudget / 2 else { break }
      byteCount -= chunk.byteCount
      dropped.append(chunk)
    }
    try store(dropped.filter(\.isChanged), in: &state)
    for chunk in dropped {
      state.byteCount -= state.chunks.removeValue(forKey: chunk.indices)?.byteCount ?? 0
    }
  }

  /// Stores chunks on all workers, those of a shard together.
  ///
  /// Those that are stored are no longer changed, whatever happens to the others.
  private func store(_ changed: [WriteBackChunk], in state: inout State) throws {
    let chunks = changed.sorted { $0.indices.lexicographicallyPrecedes($1.indices) }
    let stored = Locked<[[Int]]>([])
    defer {
      for indices in stored.withLock({ $0 }) {
        let before = state.chunks[indices]?.byteCount ?? 0
        state.chunks[indices]?.markStored()
        state.byteCount += (state.chunks[indices]?.byteCount ?? 0) - before
      }
    }
    let metadata = array.metadata
    let values = try Dictionary(
      grouping: chunks.map { ($0, try array.layout.place(ofChunkAt: $0.indices, in: metadata.chunkGrid)) }
    ) { $0.1.valueIndices }.values.sorted {
      $0[0].1.valueIndices.lexicographicallyPrecedes($1[0].1.valueIndices)
    }
    do {
      try ParallelChunks.forEachIndex(
        below: values.count, workerCount: array.access.workerCount, pool: array.layout.encoders,
        following: .current
      ) { index, worker in
        try array.write(values[index], metadata, with: worker)
        stored.withLock { $0 += values[index].map(\.0.indices) }
      }
    } catch {
      throw array.error(error, chunk: values[error.index][0].1.valueIndices)
    }
  }
}

extension ZarrArray {
  /// Replaces some elements of chunks of one value, of which those are read that have others that matter.
  fileprivate func write(
    _ chunks: [(WriteBackChunk, ValueLayout.ChunkPlace)], _ metadata: ArrayMetadata,
    with worker: WorkerState<ChunkEncoder>
  ) throws {
    let (indices, grid) = (chunks[0].1.valueIndices, chunks[0].1.grid)
    let isReplaced = grid.chunkCount == 1 && isWhole(chunks[0].0, metadata)
    try withLock(on: .chunk(indices), isReplaced: isReplaced) {
      let old = isReplaced ? nil : try openValue(at: indices, grid)
      try worker.value.beginPiece()
      for (chunk, place) in chunks {
        let sorted = chunk.changed.sorted { $0.key < $1.key }
        let count = grid.elementCount(ofChunkAt: place.position)
        let existing =
          isWhole(chunk, metadata)
          ? nil : try layout.readChunk(at: place.position, grid, of: old)
        try worker.value.append(
          Self.runs(sorted.map(\.key)), of: sorted.map(\.value),
          others: existing ?? RepeatedBlob(metadata.fillValue, count: count), count: count,
          grid.shape(ofChunkAt: place.position), at: place.position)
      }
      try storeValue(
        of: [worker.value.endPiece()], at: indices, grid, keeping: old,
        over: isReplaced ? .anything : .seen(old?.version))
    }
  }

  /// Whether all elements of a chunk that are inside of the array are written.
  private func isWhole(_ chunk: WriteBackChunk, _ metadata: ArrayMetadata) -> Bool {
    let grid = layout.chunkGrid(metadata)
    let lengths = chunk.indices.enumerated().map { dimension, index in
      grid.dimensions[dimension].range(ofChunk: index).clamped(to: 0..<metadata.shape[dimension]).count
    }
    return RowMajor.count(of: lengths) == chunk.changed.count
  }

  /// The runs of elements at increasing indices of a chunk.
  private static func runs(_ indices: [Int]) -> [ElementRun] {
    var runs: [ElementRun] = []
    for (position, index) in indices.enumerated() {
      if let last = runs.last, last.chunkIndex + last.count == index {
        runs[runs.count - 1] = ElementRun(
          chunkIndex: last.chunkIndex, selectionIndex: last.selectionIndex, count: last.count + 1)
      } else {
        runs.append(ElementRun(chunkIndex: index, selectionIndex: position, count: 1))
      }
    }
    return runs
  }

  /// Checks that an element can be stored, as far as its size says.
  fileprivate func checkElement(_ element: [UInt8]) throws {
    if case .fixed(let byteCount) = dataType.layout, byteCount != element.count {
      throw dataType.wrongByteCount(element.count, byteCount)
    }
    guard element.count <= access.maximumElementByteCount else {
      throw ChunkError.elementTooLarge(
        index: 0, byteCount: element.count, limit: access.maximumElementByteCount)
    }
  }
}

/// What a write-back view has of a chunk.
private struct WriteBackChunk {
  /// The elements that were there when the chunk was read.
  private enum Stored {
    /// The chunk was not read.
    case unknown
    /// The chunk is not stored, and all elements are the fill value.
    case absent
    /// The elements.
    case elements(BlobView)
  }

  /// The position of the chunk in the grid.
  let indices: [Int]

  /// The elements that are to be stored, by their index in the chunk.
  private(set) var changed: [Int: [UInt8]] = [:]

  private var stored = Stored.unknown

  /// The memory that this takes, about.
  private(set) var byteCount = Self.overheadByteCount

  /// When the chunk was used last, as the number of that use.
  var lastUse = 0

  private static let overheadByteCount = 256
  private static let elementOverheadByteCount = 64

  init(indices: [Int]) {
    self.indices = indices
  }

  /// Whether there is something to store.
  var isChanged: Bool { !changed.isEmpty }

  /// Sets an element.
  mutating func write(_ element: [UInt8], at index: Int) {
    let previous = changed.updateValue(element, forKey: index)
    byteCount += element.count - (previous.map(\.count) ?? -Self.elementOverheadByteCount)
  }

  /// Reads an element, and the chunk if that is not there yet.
  mutating func read(
    at index: Int, fillValue: [UInt8], _ read: () throws -> BlobView?
  ) throws -> [UInt8] {
    if let element = changed[index] { return element }
    if case .unknown = stored {
      if let view = try read() {
        byteCount += try view.byteCount(of: view.indices) + view.count * 12
        stored = .elements(view)
      } else {
        stored = .absent
      }
    }
    if case .elements(let view) = stored { return view.bytes(at: index) }
    return fillValue
  }

  /// Forgets what was changed, since it is stored, and what was read before that.
  mutating func markStored() {
    changed = [:]
    stored = .unknown
    byteCount = Self.overheadByteCount
  }
}
