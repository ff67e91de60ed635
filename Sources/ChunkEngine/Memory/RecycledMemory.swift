import Glibc
import Synchronization

/// Large allocations that nobody holds any more, kept for the next read.
///
/// Whoever reads batch after batch would otherwise have every page cleared by the system again, which costs
/// as much as a third of decoding. The kept pages are marked as free: the system takes them back whenever it
/// wants memory, without asking, and does not count them as memory in use of a container. Until then they
/// show in the process's resident size.
public enum RecycledMemory {
  /// The sizes that are recycled: those of the allocations that the chunks of a read share.
  ///
  /// Large enough for huge pages, of which the first touch costs far less, and small enough that a view of a
  /// few elements does not keep much memory alive. The larger one is for chunks of which the other holds few.
  private static let byteCounts = [16 << 20, 64 << 20]

  /// The most bytes that are kept.
  private static let maximumByteCount = 512 << 20

  @safe
  private struct Idle: @unchecked Sendable {
    // SAFETY: An allocation is either here or with one owner.
    var allocations: [[UnsafeMutableRawPointer]]
    var byteCount = 0

    init() {
      unsafe allocations = byteCounts.map { _ in unsafe [] }
    }
  }

  private static let idle = Mutex(Idle())

  /// Gives the kept memory back to the system at once.
  ///
  /// For a program that has read what it wanted and goes on to other things for long.
  ///
  /// - Complexity: O(*n*) in the number of allocations.
  public static func releaseAll() {
    for byteCount in byteCounts {
      while let memory = unsafe take(byteCount) {
        unsafe RawMemory.deallocate(memory)
      }
    }
  }

  /// The size of an allocation for a chunk after which others are expected.
  ///
  /// - Parameters:
  ///   - byteCount: The bytes of the chunk.
  ///   - expectedChunkCount: The chunks that are expected, this one included.
  /// - Returns: At least `byteCount`.
  static func byteCount(forChunkOf byteCount: Int, expectedChunkCount: Int) -> Int {
    guard expectedChunkCount > 1,
      let shared = byteCounts.first(where: { byteCount <= $0 / 4 }) ?? byteCounts.last,
      byteCount <= shared / 2
    else { return byteCount }
    let (all, overflow) = (byteCount + 2 * RawMemory.slack).multipliedReportingOverflow(
      by: expectedChunkCount)
    return overflow || all > shared / 2 ? shared : all
  }

  /// The size of an allocation that is filled as a whole, and of which only what is touched takes memory.
  ///
  /// - Parameter byteCount: The bytes that it has to have.
  /// - Returns: A size that is recycled, if huge pages fit in `byteCount` and it is not too large.
  static func byteCount(forTableOf byteCount: Int) -> Int {
    guard byteCount >= RawMemory.hugePageByteCount else { return byteCount }
    return byteCounts.first { byteCount <= $0 } ?? byteCount
  }

  /// Takes an allocation of `byteCount` and the slack, or nil if none is kept.
  static func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard let kind = byteCounts.firstIndex(of: byteCount) else { return nil }
    return unsafe idle.withLock { idle in
      nonisolated(unsafe) let taken = unsafe idle.allocations[kind].popLast()
      if unsafe taken != nil { idle.byteCount -= byteCount }
      return unsafe taken
    }
  }

  /// Keeps an allocation of `byteCount` and the slack, if it is of a size that is recycled and there is room.
  ///
  /// - Returns: Whether it is kept.
  static func put(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) -> Bool {
    guard let kind = byteCounts.firstIndex(of: byteCount) else { return false }
    nonisolated(unsafe) let memory = unsafe memory
    guard unsafe madvise(memory, byteCount, MADV_FREE) == 0 else { return false }
    return idle.withLock { idle in
      guard idle.byteCount + byteCount <= maximumByteCount else { return false }
      unsafe idle.allocations[kind].append(memory)
      idle.byteCount += byteCount
      return true
    }
  }
}
