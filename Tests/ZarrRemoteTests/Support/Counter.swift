import Synchronization

/// Counts calls from many threads.
final class Counter: Sendable {
  private let count = Mutex(0)

  /// The calls so far.
  var value: Int { count.withLock { $0 } }

  func reset() { count.withLock { $0 = 0 } }

  /// Counts a call, and returns its number from 1 on.
  @discardableResult
  func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}

/// Something that is so until somebody takes note of it.
final class Flag: Sendable {
  private let isSet = Mutex(false)

  func set(_ value: Bool) { isSet.withLock { $0 = value } }

  /// Returns whether it is so, and from then on it is not.
  func take() -> Bool {
    isSet.withLock { isSet in
      defer { isSet = false }
      return isSet
    }
  }
}
