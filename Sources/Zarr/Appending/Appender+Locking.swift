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
