import ChunkEngine

/// Encodes and stores sealed chunks while their appender goes on filling others.
///
/// Workers have threads beside those that Swift's tasks share. A caller who has used up the memory budget does
/// not just wait but takes a chunk itself, so that work goes on even where no thread is free.
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
  private var completeShardCount = 0
  private var completeShardByteCount = 0

  /// What may be held at most for a caller who waits to be woken.
  private var resumingByteCount = 0
  private var busyCount = 0
  private var failure: (any Error)?

  /// Whether nothing is done until the next call, since an error was thrown whose cause may be gone by then.
  private var isPaused = false

  private let array: ZarrArray
  private let end: ArrayEnd
  let memoryBudget: Int
  private let monitor: ProgressMonitor?

  init(_ array: ZarrArray, end: ArrayEnd, memoryBudget: Int, monitor: ProgressMonitor?) {
    self.array = array
    self.end = end
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    idleWorkerCount = array.access.workerCount
  }

  /// Leaves chunks to the next stream to the array, as much memory as streams use unless they are told.
  deinit {
    var byteCount = 0
    for chunk in idle {
      byteCount += chunk.capacity
      guard byteCount <= Appender.standardMemoryBudget else { break }
      array.workers.filling.put(chunk)
    }
  }

  /// A chunk to fill.
  func takeChunk() throws -> OpenChunk {
    try lock.withLock { idle.popLast() } ?? array.workers.filling.take()
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
      wakeWorkers()
      while canGoOn, busyCount > 0 || !sealed.isEmpty {
        helpOrWait()
      }
      try checkFailure()
    }
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
  /// One shard may be stored while the next one is filled. Where storing is slower than encoding, more of them
  /// would come.
  private var heldByteCount: Int {
    sealedByteCount + (completeShardCount > 1 ? completeShardByteCount : 0)
  }

  /// Whether nothing has failed and nobody wants to stop.
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
    WorkerThreads.start(limit: array.access.workerCount) { self.work() }
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
    // A caller who encodes fills no chunk meanwhile, so it helps only where no worker has a thread.
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
    lock.unlock()
    let result = Result { try encodeAndStore(&chunks) }
    lock.lock()
    busyCount -= 1
    switch result {
    case .success:
      sealedByteCount -= byteCount
      if let shardByteCount = chunks.shardByteCount {
        completeShardCount -= 1
        completeShardByteCount -= shardByteCount
      }
      idle += chunks.chunks
    case .failure(let error):
      sealed.insert(chunks, at: 0)
      if failure == nil { failure = error }
    }
    if heldByteCount <= resumingByteCount || busyCount == 0 || failure != nil { lock.broadcast() }
  }

  private func encodeAndStore(_ chunks: inout SealedChunks) throws {
    guard let shard = chunks.shard, let sharding = array.sharding else {
      let worker = try array.workers.encoding.take()
      defer { array.workers.encoding.put(worker) }
      for chunk in chunks.chunks { try array.store(chunk, atEnd: end, with: worker, monitor: monitor) }
      return
    }
    if chunks.shardByteCount == nil {
      let worker = try sharding.writers.take()
      defer { sharding.writers.put(worker) }
      let part = try array.encode(
        chunks.chunks, of: shard, expectedPartCount: Self.expectedPartCount, with: worker, monitor: monitor)
      guard shard.add(part, isLast: chunks.endsShard) else { return }
      let byteCount = shard.byteCount
      chunks.shardByteCount = byteCount
      lock.withLock {
        completeShardCount += 1
        completeShardByteCount += byteCount
      }
    }
    // These are the last ones.
    try array.store(shard.parts, of: shard, atEnd: end, sharding)
  }

  /// Nobody knows how many parts there are going to be; so many share an allocation.
  private static let expectedPartCount = 64
}

extension Array {
  /// Removes and returns the first element, if there is one.
  ///
  /// - Complexity: O(*n*), for the few chunks that wait.
  fileprivate mutating func popFirst() -> Element? {
    isEmpty ? nil : removeFirst()
  }
}
