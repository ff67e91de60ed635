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
  /// - Throws: `ChunkError.cancelled`
  func lock(_ part: ArrayPart, timeout: Duration?) throws(ChunkError) -> Bool {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    return try condition.withLock { () throws(ChunkError) in
      while !locked.insert(part).inserted {
        try ProgressMonitor.checkCurrent()
        let rest = deadline.map { ContinuousClock.now.duration(to: $0) }
        if let rest, rest <= .zero { return false }
        let patience = ProgressMonitor.current == nil ? nil : WaitingLock.patience
        condition.wait(atMost: [rest, patience].compactMap(\.self).min())
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
  let locks: ArrayLocks
  let part: ArrayPart
  let storeLock: (any StoreLock)?

  /// Whether other processes are kept away, or never come.
  let isExclusive: Bool

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
