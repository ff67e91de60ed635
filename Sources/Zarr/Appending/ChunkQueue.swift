import ChunkEngine

/// Encodes and stores sealed chunks while their appender goes on filling others.
///
/// Workers have threads of their own, besides those that Swift's tasks share. A caller that has used up the memory budget
/// encodes a chunk itself if no worker has a thread, so that work goes on.
///
/// Chunks that could not be stored stay here. The error is thrown once, by the next call that can, and the
/// call after that tries again.
final class ChunkQueue: @unchecked Sendable {
  // SAFETY: Everything below is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var sealed: [SealedChunks] = []
  private var idle: [OpenChunk] = []
  private var idleWorkerCount: Int
  private var sealedByteCount = 0
  private var lastByteCount = 0

  /// The shards that are encoded and not stored yet, and the bytes that they are encoded to.
  private var completeCount = 0
  private var completeByteCount = 0

  /// The most bytes that may be held before a waiting caller is woken.
  private var resumingByteCount = 0
  private var busyCount = 0
  private var failure: (any Error)?

  /// Whether work rests until the next call.
  ///
  /// An error was thrown, and its cause may be gone by then.
  private var isPaused = false

  /// Whether a caller waits for the last chunks, which may have the threads that are left.
  private var isDraining = false

  /// What lets few threads encode while many wait for the store, or nil if each waits for its own requests.
  private let requests: ManyRequests?

  private let array: ZarrArray
  private let end: ArrayEnd
  let memoryBudget: Int
  private let monitor: ProgressMonitor?

  init(_ array: ZarrArray, end: ArrayEnd, memoryBudget: Int, monitor: ProgressMonitor?) {
    self.array = array
    self.end = end
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    idleWorkerCount = array.concurrency
    requests = array.makeRequests()
  }

  /// Leaves chunks to the next appender to the array, up to the default memory budget.
  deinit {
    var byteCount = 0
    for chunk in idle {
      byteCount += chunk.capacity
      guard byteCount <= Appender.standardMemoryBudget else { break }
      array.layout.filling.put(chunk)
    }
  }

  /// A chunk to fill.
  func takeChunk() throws -> OpenChunk {
    try lock.withLock { idle.popLast() } ?? array.layout.filling.take()
  }

  /// Hands over sealed chunks.
  func submit(_ chunks: SealedChunks) {
    lock.withLock {
      lastByteCount = chunks.byteCount
      sealedByteCount += lastByteCount
      sealed.append(chunks)
      startWorker()
    }
  }

  /// Waits until the chunks that are not stored yet fit in the memory budget, or are only the last ones that
  /// were handed over.
  ///
  /// - Throws: The first error of any chunk.
  func waitForRoom() throws {
    try lock.withLock {
      wakeWorkers()
      if heldByteCount > memoryBudget {
        // For some chunks at a time: to be woken for each takes as long as a good part of a small one's encoding.
        resumingByteCount = max(lastByteCount, memoryBudget - memoryBudget / 4)
        while canGoOn, heldByteCount > resumingByteCount {
          helpOrWait()
        }
        resumingByteCount = 0
      }
      try checkFailure()
    }
  }

  /// Waits until all chunks are stored.
  ///
  /// - Throws: The first error of any chunk.
  func drain() throws {
    try lock.withLock {
      isDraining = true
      defer { isDraining = false }
      wakeWorkers()
      while canGoOn, busyCount > 0 || !sealed.isEmpty {
        helpOrWait()
      }
      try checkFailure()
    }
  }

  /// How many threads the caller may use for chunks that it encodes itself.
  var freeThreadCount: Int {
    lock.withLock { max(1, array.access.workerCount - busyCount - sealed.count) }
  }

  /// Drops the chunks that wait, and returns once no thread works on one.
  func cancel() {
    lock.withLock {
      sealed = []
      while busyCount > 0 {
        lock.wait()
        sealed = []
      }
    }
  }

  /// What counts against the memory budget.
  ///
  /// One shard may be stored while the next one is filled. If storing is slower than encoding, more would accumulate.
  private var heldByteCount: Int {
    sealedByteCount + (completeCount > 1 ? completeByteCount : 0)
  }

  /// Whether nothing has failed and the work is not cancelled.
  private var canGoOn: Bool { failure == nil && !isPaused && monitor?.isCancelled != true }

  /// Lets threads go on with chunks that were left when one failed.
  private func wakeWorkers() {
    isPaused = false
    for _ in sealed.indices { startWorker() }
  }

  /// Starts a worker if one is idle.
  ///
  /// The lock is held.
  private func startWorker() {
    guard idleWorkerCount > 0 else { return }
    idleWorkerCount -= 1
    WorkerThreads.start(limit: array.concurrency) { self.work() }
  }

  /// Throws the first error of any chunk, once no thread works on one.
  private func checkFailure() throws {
    guard !canGoOn else { return }
    // Chunks that are being stored stay here, whatever becomes of them.
    if monitor?.isCancelled == true { throw ZarrError.cancelled }
    while busyCount > 0 { lock.wait() }
    defer {
      failure = nil
      isPaused = true
    }
    if let failure { throw failure }
  }

  /// Encodes chunks until there are none.
  private func work() {
    lock.lock()
    while canGoOn, let chunks = sealed.popFirst() {
      store(chunks)
    }
    idleWorkerCount += 1
    lock.unlock()
  }

  /// Encodes a chunk on this thread, or waits for another thread to be done with one.
  ///
  /// The lock is held.
  private func helpOrWait() {
    // A caller that encodes cannot fill a chunk meanwhile, so it helps only if no worker has a thread.
    if busyCount == 0, let chunks = sealed.popFirst() {
      store(chunks)
    } else {
      lock.wait(atMost: WaitingLock.patience)
    }
  }

  /// Encodes and stores chunks, or leaves them here.
  ///
  /// The lock is held, but for the work itself.
  private func store(_ chunks: SealedChunks) {
    var chunks = chunks
    let byteCount = chunks.byteCount
    busyCount += 1
    // A large chunk takes longer than it takes to fill another one.
    let isLast = isDraining || byteCount >= Self.largeByteCount
    let threadCount = isLast ? max(1, array.access.workerCount / (busyCount + sealed.count)) : 1
    lock.unlock()
    let result = Result { try monitor.whileCurrent { try encodeAndStore(&chunks, threadCount) } }
    lock.lock()
    busyCount -= 1
    switch result {
    case .success:
      sealedByteCount -= byteCount
      if let valueByteCount = chunks.valueByteCount {
        completeCount -= 1
        completeByteCount -= valueByteCount
      }
      idle += chunks.chunks
    case .failure(let error):
      sealed.insert(chunks, at: 0)
      if failure == nil { failure = error }
    }
    if heldByteCount <= resumingByteCount || busyCount == 0 || failure != nil { lock.broadcast() }
  }

  private func encodeAndStore(_ chunks: inout SealedChunks, _ threadCount: Int) throws {
    let value = chunks.value
    if chunks.valueByteCount == nil {
      if value.grid == nil, requests == nil {
        return try array.layout.encoders.withState { worker in
          worker.value.threadCount = threadCount
          try array.store(chunks.chunks[0], of: value, atEnd: end, with: worker, monitor: monitor)
        }
      }
      let piece = try requests.compute {
        try array.layout.encoders.withState { [chunks] worker in
          worker.value.threadCount = threadCount
          return try array.encode(
            chunks.chunks, of: value, expectedPieceCount: value.grid == nil ? 1 : Self.expectedPieceCount,
            with: worker, monitor: monitor)
        }
      }
      guard value.add(piece, isLast: chunks.endsValue) else { return }
      let byteCount = value.byteCount
      chunks.valueByteCount = byteCount
      lock.withLock {
        completeCount += 1
        completeByteCount += byteCount
      }
    }
    // These are the last ones.
    try array.store(value.pieces, of: value, atEnd: end)
  }

  /// Chunks of as many bytes have the threads that are left.
  private static let largeByteCount = 8 << 20

  /// The number of pieces to come is not known.
  ///
  /// So many of them share an allocation.
  private static let expectedPieceCount = 64
}

/// Chunks that are full, for a worker to encode at a time.
struct SealedChunks {
  /// The chunks: one, or several that go to the same shard.
  let chunks: [OpenChunk]

  /// The value that they go to.
  let value: AppendedValue

  /// Whether the value gets no more chunks.
  let endsValue: Bool

  /// The bytes that a shard is encoded to, once it has got all its chunks and only has to be stored.
  var valueByteCount: Int?

  /// The bytes of the chunks.
  var byteCount: Int { chunks.reduce(0) { $0 + $1.byteCount } }
}

/// A value that an appender fills, until all its chunks are encoded.
final class AppendedValue: Sendable {
  private struct State {
    var pieces: [EncodedPiece] = []
    /// The calls of ``add(_:isLast:)`` that are to come, and one until the last of them is known.
    var rest = 1
    var isCovered: Bool
  }

  /// The place of the value in the grid.
  let indices: [Int]

  /// Its inner chunks, or nil if it is one chunk.
  let grid: InnerChunkGrid?

  /// How many inner chunks that were stored before are kept, the first ones in C order.
  let keptCount: Int

  private let state: Locked<State>

  init(indices: [Int], grid: InnerChunkGrid?, keptCount: Int, isCovered: Bool) {
    self.indices = indices
    self.grid = grid
    self.keptCount = keptCount
    state = Locked(State(isCovered: isCovered))
  }

  /// The chunks that are encoded so far.
  var pieces: [EncodedPiece] { state.withLock { $0.pieces } }

  /// The bytes that they are encoded to.
  var byteCount: Int { pieces.reduce(0) { $0 + $1.byteCount } }

  /// Whether the array's shape covers elements of the value that are stored.
  var isCovered: Bool { state.withLock { $0.isCovered } }

  /// Remembers that the array's shape covers elements of the value.
  func cover() {
    state.withLock { $0.isCovered = true }
  }

  /// Announces a piece that is going to be added.
  func expectPiece() {
    state.withLock { $0.rest += 1 }
  }

  /// Takes encoded chunks.
  ///
  /// - Parameters:
  ///   - piece: The chunks.
  ///   - isLast: Whether no more pieces are announced.
  /// - Returns: Whether all are there.
  func add(_ piece: EncodedPiece, isLast: Bool) -> Bool {
    state.withLock { state in
      state.pieces.append(piece)
      state.rest -= isLast ? 2 : 1
      return state.rest == 0
    }
  }
}

/// Collects the chunks of an appender by the values that they go to.
///
/// A chunk that is a value of its own is handed over when it is full. Of those that go to shards, a worker gets many
/// small ones at a time. The shards of a row of shards are open together; what is encoded of them stays in memory
/// until the row ends.
struct AppendedValues {
  /// A shard, and the chunks for it that are not handed over yet.
  private struct Open {
    let value: AppendedValue
    var chunks: [OpenChunk] = []
    var byteCount = 0
  }

  /// The chunks of every shard, or nil if each value is one chunk.
  private let grid: InnerChunkGrid?

  /// The rows of chunks of a shard, and how many of them are stored already in the first row of shards.
  private let rowsPerShard: Int
  private let storedRows: Int
  private let firstShardRow: Int

  /// Whether the array has elements in the first row of shards.
  private let isFirstCovered: Bool

  private var open: [[Int]: Open] = [:]

  /// The bytes of the chunks that a worker gets at a time.
  private static let byteCount = 128 << 10

  /// Prepares to go on after as many rows of an array.
  ///
  /// - Precondition: There is a dimension.
  init(_ grid: InnerChunkGrid?, rowCount: Int) {
    self.grid = grid
    let (length, chunkLength) = (grid?.shardShape[0] ?? 1, grid?.chunkShape[0] ?? 1)
    rowsPerShard = grid?.counts[0] ?? 1
    firstShardRow = rowCount / length
    storedRows = rowCount % length / chunkLength
    isFirstCovered = !rowCount.isMultiple(of: length)
  }

  /// Takes a full chunk, and hands those of its value over if they are enough.
  mutating func add(_ chunk: OpenChunk, to queue: ChunkQueue) {
    let indices = place(chunk)
    // Taken out, so that its chunks are not copied.
    var open = self.open.removeValue(forKey: indices) ?? makeOpen(indices, chunk)
    open.chunks.append(chunk)
    open.byteCount += chunk.byteCount
    if open.value.grid == nil { return Self.submit(&open, to: queue, endsValue: true) }
    if open.byteCount >= Self.byteCount { Self.submit(&open, to: queue, endsValue: false) }
    self.open[indices] = open
  }

  /// Ends the shards after a row of chunks, if it is their last.
  mutating func endRow(_ index: Int, queue: ChunkQueue) {
    guard (index + 1).isMultiple(of: rowsPerShard) else { return }
    for indices in open.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      guard var open = open.removeValue(forKey: indices) else { continue }
      Self.submit(&open, to: queue, endsValue: true)
    }
  }

  /// Hands over all chunks of values that are not complete.
  ///
  /// - Parameters:
  ///   - partial: Chunks that are not complete either.
  ///   - queue: Where the others go.
  /// - Returns: The values, each with those of `partial` that are in it.
  mutating func openValues(
    with partial: [OpenChunk], queue: ChunkQueue
  ) -> [(value: AppendedValue, partial: [OpenChunk])] {
    var found: [[Int]: (value: AppendedValue, partial: [OpenChunk])] = [:]
    for chunk in partial {
      let indices = place(chunk)
      let open = self.open[indices] ?? makeOpen(indices, chunk)
      if open.value.grid != nil { self.open[indices] = open }
      found[indices, default: (open.value, [])].partial.append(chunk)
    }
    for indices in open.keys {
      guard var shard = open.removeValue(forKey: indices) else { continue }
      if !shard.chunks.isEmpty { Self.submit(&shard, to: queue, endsValue: false) }
      open[indices] = shard
      if found[indices] == nil { found[indices] = (shard.value, []) }
    }
    return Array(found.values)
  }

  /// Finds the place of a chunk in its value, and returns that of the value in the grid.
  private func place(_ chunk: OpenChunk) -> [Int] {
    var indices = chunk.indices
    chunk.positionInValue = 0
    guard let grid else { return indices }
    for (dimension, count) in grid.counts.enumerated() {
      chunk.positionInValue = chunk.positionInValue * count + indices[dimension] % count
      indices[dimension] /= count
    }
    return indices
  }

  private func makeOpen(_ indices: [Int], _ chunk: OpenChunk) -> Open {
    guard let grid else {
      return Open(
        value: AppendedValue(indices: indices, grid: nil, keptCount: 0, isCovered: chunk.isCovered))
    }
    // What is stored after the end of the array goes.
    let isFirst = indices[0] == firstShardRow
    return Open(
      value: AppendedValue(
        indices: indices, grid: grid,
        keptCount: isFirst ? storedRows * (grid.chunkCount / rowsPerShard) : 0,
        isCovered: isFirst && isFirstCovered))
  }

  private static func submit(_ open: inout Open, to queue: ChunkQueue, endsValue: Bool) {
    open.value.expectPiece()
    queue.submit(SealedChunks(chunks: open.chunks, value: open.value, endsValue: endsValue))
    open.chunks = []
    open.byteCount = 0
  }
}

/// What threads do with the chunks of an appender.
extension ZarrArray {
  /// Encodes and stores a sealed chunk that is a value, or removes what is there if all its elements equal the fill
  /// value.
  ///
  /// - Throws: As ``store(_:of:atEnd:)``. The chunk can be stored again then.
  fileprivate func store(
    _ chunk: OpenChunk, of value: AppendedValue, atEnd end: ArrayEnd, with worker: WorkerState<ChunkEncoder>,
    monitor: ProgressMonitor?
  ) throws {
    var storedByteCount = 0
    try replace(value, atEnd: end, looksFirst: true) { seen, durability, check in
      try chunk.encode(with: worker) { byteCount, gather in
        storedByteCount = byteCount ?? 0
        try storeChunk(byteCount, at: value.indices, over: .seen(seen), durability: durability) { append in
          // The compiler cannot know that neither of the two calls the other again.
          try withoutActuallyEscaping(append) { try gather($0) }
          try check()
        }
      }
    }
    monitor?.add(
      elementCount: chunk.appendedCount, elementByteCount: chunk.appendedByteCount,
      storedByteCount: storedByteCount)
  }

  /// Encodes sealed chunks of a value.
  ///
  /// - Throws: ``ZarrError/chunk(path:reason:)``
  func encode(
    _ chunks: [OpenChunk], of value: AppendedValue, expectedPieceCount: Int,
    with worker: WorkerState<ChunkEncoder>, monitor: ProgressMonitor?
  ) throws -> EncodedPiece {
    do {
      try worker.value.beginPiece(expectedPieceCount: expectedPieceCount)
      for chunk in chunks { try chunk.append(to: &worker.value) }
      let piece = try worker.value.endPiece()
      if let monitor, !chunks.isEmpty {
        monitor.add(
          elementCount: chunks.reduce(0) { $0 + $1.appendedCount },
          elementByteCount: chunks.reduce(0) { $0 + $1.appendedByteCount },
          storedByteCount: piece.byteCount)
      }
      return piece
    } catch {
      throw self.error(error, chunk: value.indices)
    }
  }

  /// Stores a value of encoded chunks in place of the existing one, and may keep some chunks of that.
  ///
  /// A value that the shape does not cover yet is safe from a crash of the machine when the store is
  /// synchronized.
  ///
  /// - Throws: ``StoreError``, and ``ZarrError/chunk(path:reason:)``. What others have stored, who took the end of the
  ///   array meanwhile, stays.
  func store(_ pieces: [EncodedPiece], of value: AppendedValue, atEnd end: ArrayEnd) throws {
    // Where a look takes long, it is expected that there is nothing yet. To remove something, one has to know of it.
    let looksFirst =
      store.requestConcurrency == 1 || value.keptCount > 0 || !pieces.contains { $0.isStored }
    try replace(value, atEnd: end, looksFirst: looksFirst) { seen, durability, check in
      let old =
        if let seen, let grid = value.grid, value.keptCount > 0 {
          try openValue(seen, at: value.indices, grid)
        } else {
          nil as OpenValue?
        }
      try storeValue(
        of: pieces, at: value.indices, value.grid, keeping: old, over: .seen(seen),
        keptCount: value.keptCount,
        durability: durability, checking: check)
    }
  }

  /// Calls `body` while a value is locked and the end of the array is the appender's.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - end: The end of the array.
  ///   - looksFirst: Whether to look what is there before it is known that there is something.
  ///   - body: Is handed what the value takes the place of, when it has to be safe, and what to call before it takes
  ///     that place.
  /// - Throws: What `body` throws; errors of the engine say of which value they are.
  private func replace(
    _ value: AppendedValue, atEnd end: ArrayEnd, looksFirst: Bool,
    _ body: ((any StoredValue)?, WriteDurability, _ check: () throws -> Void) throws -> Void
  ) throws {
    do {
      try withLock(on: .chunk(value.indices), isReplaced: value.keptCount == 0) {
        let isCovered = value.isCovered
        /// What is there while the end is locked may be replaced, and nothing that comes after.
        func replace(_ seen: (any StoredValue)?) throws {
          try end.check(readingDocument: isCovered)
          try body(seen, isCovered ? .immediate : .deferred) {
            if !isCovered { try end.check(readingDocument: false) }
          }
        }
        let key = key(ofChunkAt: value.indices)
        do {
          try replace(looksFirst ? store.openValue(key) : nil)
        } catch StoreError.changed where !looksFirst {
          try replace(store.openValue(key))
        }
      }
    } catch {
      throw self.error(error, chunk: value.indices)
    }
  }
}

extension Array {
  /// Removes and returns the first element, if there is one.
  ///
  /// - Complexity: O(*n*), for the few chunks that wait.
  fileprivate mutating func popFirst() -> Element? {
    isEmpty ? nil : removeFirst()
  }
}
