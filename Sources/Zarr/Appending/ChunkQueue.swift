import ChunkEngine
import Dispatch
import Foundation

/// Encodes and stores sealed chunks while their appender goes on filling others.
///
/// Each worker has a private serial queue: these run beside the threads that Swift's tasks share. A caller
/// who has used up the memory budget does not just wait but takes a chunk itself, so that work goes on even
/// where no thread is free.
final class ChunkQueue: @unchecked Sendable {
  // SAFETY: Everything below is only touched while `condition` is held.
  private let condition = NSCondition()
  private var sealed: [SealedChunks] = []
  private var idle: [OpenChunk] = []
  private var idleWorkers: [DispatchQueue]
  private var heldByteCount = 0

  /// What may be held at most for a caller who waits to be woken.
  private var resumingByteCount = 0
  private var busyCount = 0
  private var failure: (any Error)?

  private let array: ZarrArray
  private let fillValue: [UInt8]?
  private let memoryBudget: Int
  private let monitor: ProgressMonitor?

  init(_ array: ZarrArray, memoryBudget: Int, monitor: ProgressMonitor?) {
    self.array = array
    self.memoryBudget = memoryBudget
    self.monitor = monitor
    fillValue = array.access.storesFillValueChunks ? nil : array.metadata.definedFillValue
    idleWorkers = (0..<array.access.workerCount).map { DispatchQueue(label: "zarr.appender.\($0)") }
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
    try condition.withLock { idle.popLast() } ?? array.workers.filling.take()
  }

  /// Hands over sealed chunks, once there is room for them in the memory budget.
  ///
  /// - Throws: The first error of any chunk.
  func submit(_ chunks: SealedChunks) throws {
    let byteCount = chunks.byteCount
    condition.lock()
    defer { condition.unlock() }
    if heldByteCount + byteCount > memoryBudget {
      // For some chunks at a time: to be woken for each takes as long as a good part of a small one's encoding.
      resumingByteCount = max(0, memoryBudget - max(byteCount, memoryBudget / 4))
      while failure == nil, heldByteCount > resumingByteCount {
        helpOrWait()
      }
      resumingByteCount = 0
    }
    try checkFailure()
    heldByteCount += byteCount
    sealed.append(chunks)
    if let worker = idleWorkers.popLast() {
      worker.async { self.work(on: worker) }
    }
  }

  /// Waits until all chunks are stored.
  ///
  /// - Throws: The first error of any chunk.
  func finish() throws {
    condition.lock()
    defer { condition.unlock() }
    while busyCount > 0 || !sealed.isEmpty {
      helpOrWait()
    }
    try checkFailure()
  }

  /// Encodes chunks until there are none.
  private func work(on worker: DispatchQueue) {
    condition.lock()
    while let chunks = sealed.popFirst() {
      encode(chunks)
    }
    idleWorkers.append(worker)
    condition.unlock()
  }

  /// Encodes a chunk on this thread, or waits for another thread to be done with one.
  ///
  /// The lock is held.
  private func helpOrWait() {
    // A caller who encodes fills no chunk meanwhile, so it helps only where no worker has a thread.
    if busyCount == 0, let chunks = sealed.popFirst() {
      encode(chunks)
    } else {
      condition.wait()
    }
  }

  /// Drops the chunks that wait, and returns once no thread works on one.
  func cancel() {
    condition.lock()
    defer { condition.unlock() }
    if failure == nil { failure = ZarrError.cancelled }
    while busyCount > 0 || !sealed.isEmpty {
      helpOrWait()
    }
  }

  private func checkFailure() throws {
    if failure == nil, monitor?.isCancelled == true { failure = ZarrError.cancelled }
    if let failure { throw failure }
  }

  /// Encodes and stores chunks.
  ///
  /// The lock is held, but for the work itself.
  private func encode(_ chunks: SealedChunks) {
    let byteCount = chunks.byteCount
    let isStopped = failure != nil || monitor?.isCancelled == true
    busyCount += 1
    condition.unlock()
    let result = Result { if !isStopped { try store(chunks) } }
    condition.lock()
    busyCount -= 1
    heldByteCount -= byteCount
    idle += chunks.chunks
    if case .failure(let error) = result, failure == nil { failure = error }
    if heldByteCount <= resumingByteCount || busyCount == 0 || failure != nil { condition.broadcast() }
  }

  private func store(_ chunks: SealedChunks) throws {
    if let shard = chunks.shard, let sharding = array.sharding {
      try store(chunks, in: shard, sharding)
    } else {
      for chunk in chunks.chunks { try store(chunk) }
    }
  }

  /// Encodes chunks of a shard, and stores the shard if they are the last.
  private func store(_ chunks: SealedChunks, in shard: AppendedShard, _ sharding: Sharding) throws {
    do {
      let part = try encode(chunks, of: shard.grid, sharding)
      guard let parts = shard.add(part, isLast: chunks.endsShard) else { return }
      try array.withLock(on: .chunk(shard.indices), isReplaced: shard.keptCount == 0) {
        let old = shard.keptCount == 0 ? nil : try array.openShard(at: shard.indices, shard.grid, sharding)
        try array.store(
          parts, at: shard.indices, shard.grid, over: old, keptCount: shard.keptCount, sharding)
      }
    } catch {
      throw array.error(error, chunk: shard.indices)
    }
  }

  private func encode(
    _ chunks: SealedChunks, of grid: InnerChunkGrid, _ sharding: Sharding
  ) throws -> EncodedInnerChunks {
    let worker = try sharding.writers.take()
    defer { sharding.writers.put(worker) }
    try worker.writer.beginPart(expectedPartCount: Self.expectedPartCount)
    for chunk in chunks.chunks { try chunk.encode(with: &worker.writer, of: grid) }
    let part = try worker.writer.endPart(elementByteCount: 0)
    if let monitor, !chunks.chunks.isEmpty {
      monitor.add(
        elementCount: chunks.chunks.reduce(0) { $0 + $1.appendedCount },
        elementByteCount: chunks.chunks.reduce(0) { $0 + $1.appendedByteCount },
        storedByteCount: part.byteCount)
    }
    return part
  }

  /// Nobody knows how many parts there are going to be; so many share an allocation.
  private static let expectedPartCount = 64

  private func store(_ chunk: OpenChunk) throws {
    let worker = try array.workers.encoding.take()
    defer { array.workers.encoding.put(worker) }
    let key = array.key(ofChunkAt: chunk.indices)
    // Now, since a checksum may come to lie behind the elements.
    let elementByteCount = chunk.appendedByteCount
    var storedByteCount = 0
    do {
      try array.withLock(on: .chunk(chunk.indices), isReplaced: true) {
        let isEncoded = try chunk.encode(with: worker, unlessAllEqual: fillValue) {
          encoded in
          storedByteCount = encoded.byteCount
          try array.store.write(key, encoded)
        }
        if !isEncoded { try array.store.delete(key) }
      }
    } catch {
      throw array.error(error, chunk: chunk.indices)
    }
    monitor?.add(
      elementCount: chunk.appendedCount, elementByteCount: elementByteCount, storedByteCount: storedByteCount)
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
