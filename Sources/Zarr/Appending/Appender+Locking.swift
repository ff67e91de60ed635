import ChunkEngine

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
  /// If others have appended elements since the last checkpoint, it goes on behind these.
  func appendingState() throws -> AppendingState {
    let state = try writingState()
    guard lock == nil, let lockTimeout else { return state }
    let lock = try lockEnd(of: state.array, timeout: lockTimeout)
    do {
      try state.array.reload()
      if state.array.shape[0] != state.storedRowCount {
        let sample = state.waitingSample
        let next = try AppendingState(
          state.array, sample: sample.map { ($0, 0) }, chunkByteCount: evenChunkByteCount,
          memoryBudget: memoryBudget, monitor: monitor)
        earlierCount += state.appendedCount - (sample?.count ?? 0)
        phase = .writing(next)
      }
    } catch {
      lock.unlock()
      throw error
    }
    self.lock = lock
    let locked = try writingState()
    locked.end.hold(lock)
    return locked
  }

  /// Where the appender is, to store what was appended.
  func storingState() throws -> AppendingState {
    let state = try writingState()
    // Without a lock nothing was appended but the sample.
    return state.waitingSample == nil ? state : try appendingState()
  }

  /// Waits for the end of the array.
  private func lockEnd(of array: ZarrArray, timeout: Duration) throws -> ArrayLock {
    // Whoever goes on after a checkpoint comes after those who have waited.
    let turn = try array.lock(.turn)
    defer { turn.unlock() }
    let deadline = ContinuousClock.now + timeout
    while true {
      do {
        return try array.lock(.end, timeout: min(timeout, Self.patience))
      } catch StoreError.locked(let path, let owner) {
        guard ContinuousClock.now < deadline else { throw StoreError.locked(path: path, owner: owner) }
        if monitor?.isCancelled == true { throw ZarrError.cancelled }
      }
    }
  }

  /// How long to wait before a look whether the caller still wants it.
  private static let patience = Duration.milliseconds(200)

  /// Lets others append.
  func unlock() {
    state?.end.hold(nil)
    lock?.unlock()
    lock = nil
  }
}
