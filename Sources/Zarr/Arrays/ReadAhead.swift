import ChunkEngine

/// A read that another thread does while the caller is busy.
///
/// A caller who is done before the other thread has begun reads the elements itself, and so never waits for a thread
/// that is not free.
final class ReadAhead<Value: Sendable>: @unchecked Sendable {
  private enum State {
    case waiting
    case running
    case done(Result<Value, any Error>)
    case taken
  }

  // SAFETY: `state` is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var state = State.waiting
  private let read: @Sendable () throws -> Value

  /// Starts a read on another thread, once one is free.
  ///
  /// - Parameters:
  ///   - workerCount: The most threads that do work of this kind at a time.
  ///   - read: What to do.
  init(workerCount: Int, _ read: @escaping @Sendable () throws -> Value) {
    self.read = read
    WorkerThreads.start(limit: workerCount) { self.run() }
  }

  /// Returns what was read.
  ///
  /// - Throws: What reading threw.
  func take() throws -> Value {
    guard let result = end() else { return try read() }
    return try result.get()
  }

  /// Drops what was read; no thread reads any more when this returns.
  func drop() {
    _ = end()
  }

  /// Takes what was read, or the read itself if it has not begun.
  private func end() -> Result<Value, any Error>? {
    lock.lock()
    defer { lock.unlock() }
    while true {
      switch state {
      case .waiting, .taken:
        state = .taken
        return nil
      case .running:
        lock.wait()
      case .done(let result):
        state = .taken
        return result
      }
    }
  }

  private func run() {
    lock.lock()
    guard case .waiting = state else { return lock.unlock() }
    state = .running
    lock.unlock()
    let result = Result { try read() }
    lock.lock()
    state = .done(result)
    lock.unlock()
    lock.broadcast()
  }
}
