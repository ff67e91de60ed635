import ChunkEngine
import Foundation

/// A read that another thread does while the caller is busy.
///
/// A caller who is done before the other thread has begun reads himself: nobody waits for a thread that may
/// never be free.
final class ReadAhead: @unchecked Sendable {
  private enum State {
    case waiting
    case running
    case done(Result<BlobView, any Error>)
    case taken
  }

  // SAFETY: `state` is only touched while `condition` is held.
  private let condition = NSCondition()
  private var state = State.waiting
  private let read: @Sendable () throws -> BlobView

  /// Starts a read on another thread, once one is free.
  init(_ read: @escaping @Sendable () throws -> BlobView) {
    self.read = read
    WorkerThreads.start { self.run() }
  }

  /// Returns what was read.
  ///
  /// - Throws: What reading threw.
  func take() throws -> BlobView {
    guard let result = end() else { return try read() }
    return try result.get()
  }

  /// Drops what was read; when this returns nobody reads any more.
  func drop() {
    _ = end()
  }

  /// Takes what was read, or the read itself if it has not begun.
  private func end() -> Result<BlobView, any Error>? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      switch state {
      case .waiting, .taken:
        state = .taken
        return nil
      case .running:
        condition.wait()
      case .done(let result):
        state = .taken
        return result
      }
    }
  }

  private func run() {
    condition.lock()
    guard case .waiting = state else { return condition.unlock() }
    state = .running
    condition.unlock()
    let result = Result { try read() }
    condition.lock()
    state = .done(result)
    condition.unlock()
    condition.broadcast()
  }
}
