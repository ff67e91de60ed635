extension ZarrArray {
  /// Waits until no one else changes a part of the array, and locks it.
  ///
  /// - Parameters:
  ///   - part: What is locked.
  ///   - isReplaced: Whether the whole part is replaced. Then there is nothing of another process to keep,
  ///     and the lock is for this process only, which costs almost nothing.
  ///   - timeout: How long to wait, or nil for as long as it takes.
  /// - Returns: The lock, which has to be unlocked.
  /// - Throws: ``StoreError/locked(path:owner:)``, ``StoreError/notLockable(path:code:)``, and what else the
  ///   store throws.
  func lock(_ part: ArrayPart, isReplaced: Bool = false, timeout: Duration? = nil) throws -> ArrayLock {
    guard try observedWait({ try locks.lock(part, timeout: timeout) }) else {
      throw StoreError.locked(path: location, owner: "this process")
    }
    do {
      do {
        return ArrayLock(
          locks: locks, part: part,
          storeLock: isReplaced ? nil : try observedWait { try lockInStore(part, timeout: timeout) },
          isExclusive: true)
      } catch StoreError.notLockable where !part.isChunk {
        // Metadata is read anew before it is changed, so that what others changed is noticed.
        return ArrayLock(locks: locks, part: part, storeLock: nil, isExclusive: false)
      }
    } catch {
      locks.unlock(part)
      throw error
    }
  }

  /// Calls `body` while no one else changes a part of the array.
  ///
  /// If some of the part is kept, and a writer that replaces all of it has done so during the call, calls
  /// `body` again.
  func withLock<Result>(
    on part: ArrayPart, isReplaced: Bool = false, _ body: () throws -> Result
  ) throws -> Result {
    let lock = try lock(part, isReplaced: isReplaced)
    defer { lock.unlock() }
    var attemptCount = 0
    while true {
      attemptCount += 1
      do {
        return try body()
      } catch let error as StoreError {
        guard !isReplaced, attemptCount < 1000, case .changed = error else { throw error }
        reportRetry(error)
      }
    }
  }

  private func lockInStore(_ part: ArrayPart, timeout: Duration?) throws -> (any StoreLock)? {
    let prefix = path.description
    switch part {
    case .chunk(let indices):
      return try store.lock(
        chunkKeyEncoding.key(for: indices), below: prefix, timeout: timeout)
    case .end, .turn, .metadata:
      return try store.lock("\(part)", below: prefix, timeout: timeout)
    }
  }
}
