import Glibc
import Synchronization

/// Large allocations that nobody holds any more, kept for the next read.
///
/// Whoever reads batch after batch would otherwise have every page cleared by the system again, which costs
/// as much as a third of decoding. The kept pages are marked as free: the system takes them back whenever it
/// wants memory, without asking, and does not count them as memory in use of a container. Until then they
/// show in the process's resident size.
enum RecycledMemory {
  /// The one size that is recycled: that of the allocations that the chunks of a read share.
  static let byteCount = 16 << 20

  /// The most allocations that are kept: 512 MiB.
  private static let maximumCount = 32

  @safe
  private struct Idle: @unchecked Sendable {
    // SAFETY: An allocation is either here or with one owner.
    var allocations: [UnsafeMutableRawPointer]

    init() {
      unsafe allocations = []
    }
  }

  private static let idle = Mutex(Idle())

  /// Takes an allocation of ``byteCount`` and the slack, or nil if none is kept.
  static func take() -> UnsafeMutableRawPointer? {
    unsafe idle.withLock { idle in
      nonisolated(unsafe) let taken = unsafe idle.allocations.popLast()
      return unsafe taken
    }
  }

  /// Keeps an allocation of ``byteCount`` and the slack, unless there are enough.
  ///
  /// - Returns: Whether it is kept.
  static func put(_ memory: UnsafeMutableRawPointer) -> Bool {
    nonisolated(unsafe) let memory = unsafe memory
    guard unsafe madvise(memory, byteCount, MADV_FREE) == 0 else { return false }
    return idle.withLock { idle in
      guard unsafe idle.allocations.count < maximumCount else { return false }
      unsafe idle.allocations.append(memory)
      return true
    }
  }
}
