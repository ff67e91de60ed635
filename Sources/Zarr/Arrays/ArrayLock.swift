/// A part of an array that is locked.
struct ArrayLock: Sendable {
  fileprivate let locks: ArrayLocks
  fileprivate let part: ArrayPart
  fileprivate let storeLock: (any StoreLock)?

  /// Whether other processes are kept away, or never come.
  fileprivate let isExclusive: Bool

  /// Makes sure that others are kept away, and returns whether they are.
  func check() throws -> Bool {
    try storeLock?.check()
    return isExclusive
  }

  /// Lets the next one change the part, on any thread.
  func unlock() {
    storeLock?.unlock()
    locks.unlock(part)
  }
}

extension ZarrArray {
  /// Waits until nobody else changes a part of the array, and locks it.
  ///
  /// - Parameters:
  ///   - part: What is locked.
  ///   - isReplaced: Whether nothing of the part is kept. Then nothing that another process writes meanwhile
  ///     can be lost but all of it, and the lock is for this process only, which costs next to nothing.
  ///   - timeout: How long to wait, or nil for as long as it takes.
  /// - Returns: The lock, which has to be unlocked.
  /// - Throws: ``StoreError/locked(path:owner:)``, ``StoreError/notLockable(path:code:)``, and what else the
  ///   store throws.
  func lock(_ part: ArrayPart, isReplaced: Bool = false, timeout: Duration? = nil) throws -> ArrayLock {
    guard observedWait({ locks.lock(part, timeout: timeout) }) else {
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

  /// Calls `body` while nobody else changes a part of the array.
  ///
  /// If something of the part is kept, and somebody who keeps nothing has replaced it meanwhile, calls it again.
  func withLock<Result>(
    on part: ArrayPart, isReplaced: Bool = false, _ body: () throws -> Result
  ) throws -> Result {
    let lock = try lock(part, isReplaced: isReplaced)
    defer { lock.unlock() }
    while true {
      do {
        return try body()
      } catch let error as StoreError {
        guard !isReplaced, case .changed = error else { throw error }
        reportRetry(error)
      }
    }
  }

  private func lockInStore(_ part: ArrayPart, timeout: Duration?) throws -> (any StoreLock)? {
    let prefix = path.description
    switch part {
    case .chunk(let indices):
      return try store.lock(
        metadata.chunkKeyEncoding.key(for: indices), below: prefix, timeout: timeout)
    case .end, .turn, .metadata:
      return try store.lock("\(part)", below: prefix, timeout: timeout)
    }
  }
}
