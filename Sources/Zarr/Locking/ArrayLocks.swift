import ChunkEngine

/// Lets one thread at a time change a part of an array, or the document of a group.
///
/// Writing a part of a chunk reads it, merges and writes it: without a lock a second writer's elements would
/// be lost. All values of one array that a process has share the locks; other processes are kept away by
/// those of the store.
final class ArrayLocks: @unchecked Sendable {
  /// What tells arrays apart.
  private struct Place: Hashable {
    let store: StoreIdentity
    let path: ExactString
  }

  /// Locks that end with the last value of the array.
  private struct Reference {
    weak var locks: ArrayLocks?
  }

  private static let all = Locked<[Place: Reference]>([:])

  // SAFETY: `locked` is only touched while `condition` is held.
  private let condition = WaitingLock()
  private var locked: Set<ArrayPart> = []
  private let place: Place?

  private init(_ place: Place?) {
    self.place = place
  }

  deinit {
    guard let place else { return }
    // There may be new ones by now. If they go away meanwhile, they may not do so in here.
    let others = Self.all.withLock { all in
      let others = all[place]?.locks
      if others == nil { all[place] = nil }
      return others
    }
    withExtendedLifetime(others) {}
  }

  /// The locks of an array.
  ///
  /// In a store without an identity they are not shared.
  static func shared(by store: any Store, at path: NodePath) -> ArrayLocks {
    guard let identity = store.identity else { return ArrayLocks(nil) }
    let place = Place(store: identity, path: ExactString(path.description))
    return all.withLock { all in
      if let locks = all[place]?.locks { return locks }
      let locks = ArrayLocks(place)
      all[place] = Reference(locks: locks)
      return locks
    }
  }

  /// Waits until no other thread has locked a part, and locks it.
  ///
  /// Lock several chunks in C order of the grid. Otherwise two threads can wait for each other.
  ///
  /// - Parameters:
  ///   - part: What is locked.
  ///   - timeout: How long to wait, or nil for as long as it takes.
  /// - Returns: Whether it is locked.
  func lock(_ part: ArrayPart, timeout: Duration?) -> Bool {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    return condition.withLock {
      while !locked.insert(part).inserted {
        let rest = deadline.map { ContinuousClock.now.duration(to: $0) }
        if let rest, rest <= .zero { return false }
        condition.wait(atMost: rest)
      }
      return true
    }
  }

  /// Unlocks a part, on any thread.
  func unlock(_ part: ArrayPart) {
    condition.withLock { _ = locked.remove(part) }
    condition.broadcast()
  }
}

/// What of an array one writer at a time may change.
enum ArrayPart: Hashable, Sendable {
  /// What is stored under the key of a chunk.
  case chunk([Int])
  /// The end, where elements are appended.
  case end
  /// The right to be the next one at the end.
  case turn
  /// The metadata.
  case metadata

  /// Whether it is a chunk.
  var isChunk: Bool { if case .chunk = self { true } else { false } }
}

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

/// Lets one at a time change the document of a group and the consolidated metadata in it.
enum GroupLock {
  /// Calls `body` while no other writer changes the documents of a group, and hands it the store to do so.
  ///
  /// In a store without locks, `body` is called again if another process has changed them meanwhile.
  ///
  /// - Throws: What `body` and the store throw.
  static func withLock<Result>(
    on path: NodePath, in store: any Store, _ body: (any Store) throws -> Result
  ) throws -> Result {
    let locks = ArrayLocks.shared(by: store, at: path)
    _ = locks.lock(.metadata, timeout: nil)
    defer { locks.unlock(.metadata) }
    var lock: (any StoreLock)?
    do {
      lock = try store.lock("\(ArrayPart.metadata)", below: path.description, timeout: nil)
    } catch StoreError.notLockable {
      // As for arrays: only what was read is replaced.
    }
    defer { lock?.unlock() }
    return try NodeMetadata.edit(at: path, in: store, body)
  }
}
