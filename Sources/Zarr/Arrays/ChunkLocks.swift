import Foundation

/// Lets one thread at a time change a chunk.
///
/// Writing a part of a chunk reads it, merges and writes it: without a lock a second writer's elements would
/// be lost.
final class ChunkLocks: @unchecked Sendable {
  // SAFETY: `locked` is only touched while `condition` is held.
  private let condition = NSCondition()
  private var locked: Set<[Int]> = []

  /// Calls `body` while no other thread is in this function for the same chunk.
  func withLock<Result>(on indices: [Int], _ body: () throws -> Result) rethrows -> Result {
    condition.lock()
    while !locked.insert(indices).inserted {
      condition.wait()
    }
    condition.unlock()
    defer {
      condition.lock()
      locked.remove(indices)
      condition.unlock()
      condition.broadcast()
    }
    return try body()
  }
}
