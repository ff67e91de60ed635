import Synchronization

/// Counts calls from many threads.
public final class Counter: Sendable {
  private let count = Mutex(0)

  /// Creates a counter at 0.
  public init() {}

  /// The calls so far.
  public var value: Int { count.withLock { $0 } }

  /// Counts from the beginning again.
  public func reset() { count.withLock { $0 = 0 } }

  /// Counts a call, and returns its number from 1 on.
  @discardableResult
  public func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}

/// Something that is so until a caller takes note of it.
public final class Flag: Sendable {
  private let isSet = Mutex(false)

  /// Creates one of something that is not so.
  public init() {}

  /// Says whether it is so.
  public func set(_ value: Bool) { isSet.withLock { $0 = value } }

  /// Whether it is so.
  public var value: Bool { isSet.withLock { $0 } }

  /// Returns whether it is so, and from then on it is not.
  public func take() -> Bool {
    isSet.withLock { isSet in
      defer { isSet = false }
      return isSet
    }
  }
}
