import Foundation

/// Holds threads back until it is opened.
public final class StoreGate: @unchecked Sendable {
  // SAFETY: `isOpen` is only touched while `condition` is held.
  private let condition = NSCondition()
  private var isOpen = false

  /// Creates a gate that is closed.
  public init() {}

  /// Lets all threads through from now on.
  public func open() {
    condition.withLock { isOpen = true }
    condition.broadcast()
  }

  /// Blocks the thread until the gate is open.
  public func wait() {
    condition.lock()
    while !isOpen { condition.wait() }
    condition.unlock()
  }
}
