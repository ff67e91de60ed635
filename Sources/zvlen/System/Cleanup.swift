import Synchronization

/// Removes what work leaves unfinished, once: when the work is given up, or when a signal ends the process first.
final class Cleanup: Sendable {
  private let body: Mutex<(@Sendable () -> Void)?>

  /// Remembers what to do.
  init(_ body: @escaping @Sendable () -> Void) {
    self.body = Mutex(body)
    Interruption.add(self)
  }

  /// Does it, if nobody has; returns when it is done.
  func run() {
    body.withLock { body in
      body?()
      body = nil
    }
  }

  /// There is nothing to do any more.
  func cancel() {
    body.withLock { $0 = nil }
  }

  /// Calls `body`, during which nothing is removed and no signal ends the process.
  func holdingOff<Result>(_ body: () throws -> Result) rethrows -> Result {
    try self.body.withLock { _ in try body() }
  }
}
