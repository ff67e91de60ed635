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
    lock(indices)
    defer { unlock(indices) }
    return try body()
  }

  /// Waits until nobody else has locked a chunk, and locks it.
  ///
  /// Whoever locks several chunks does so in C order of the grid, or two would wait for each other.
  func lock(_ indices: [Int]) {
    condition.withLock {
      while !locked.insert(indices).inserted {
        condition.wait()
      }
    }
  }

  /// Unlocks a chunk, on any thread.
  func unlock(_ indices: [Int]) {
    condition.withLock { _ = locked.remove(indices) }
    condition.broadcast()
  }
}
