import ZarrPlatform

/// Bytes that no longer change and that any number of threads and views hold together.
///
/// At least 64 bytes after them belong to the same allocation and are unused, so that kernels may copy
/// short elements in moves of fixed width. Chunks that were decoded by one worker may lie in one allocation,
/// which is freed with the last holder of any of them.
@safe
public final class SharedBytes: Sendable {
  private let allocation: Allocation

  /// Where the bytes begin in the allocation.
  private let offset: Int

  /// The number of bytes.
  public let byteCount: Int

  /// Holds bytes of an allocation that no longer change.
  ///
  /// - Precondition: They are inside the allocation.
  init(_ allocation: Allocation, offset: Int = 0, byteCount: Int) {
    precondition(
      offset >= 0 && byteCount >= 0 && offset <= allocation.byteCount - byteCount,
      "there are not as many bytes")
    self.allocation = allocation
    self.offset = offset
    self.byteCount = byteCount
  }

  /// The bytes.
  ///
  /// - Complexity: O(1)
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: baseAddress, count: byteCount))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// Gives memory of chunks that are no longer held, which is kept for the next read, back to the system.
  ///
  /// Call it when your program will not read for a while.
  ///
  /// - Complexity: O(*n*) in the number of allocations.
  public static func releaseRecycledMemory() {
    RecycledMemory.releaseAll()
  }

  /// The first byte.
  var baseAddress: UnsafeRawPointer { unsafe UnsafeRawPointer(allocation.start + offset) }
}

/// Memory that is freed with its last reference.
@safe
final class Allocation: Sendable {
  // SAFETY: The holders of the memory see to it that a byte is written by one thread and read by none, or
  // only read.
  nonisolated(unsafe) let start: UnsafeMutableRawPointer

  /// The number of bytes, without the slack after them.
  let byteCount: Int

  /// Allocates `byteCount` bytes and the slack.
  init(byteCount: Int) throws(ChunkError) {
    if let recycled = unsafe RecycledMemory.take(byteCount) {
      unsafe start = unsafe recycled
    } else {
      unsafe start = try unsafe RawMemory.allocate(byteCount: byteCount)
    }
    self.byteCount = byteCount
  }

  deinit {
    guard unsafe !RecycledMemory.put(start, byteCount) else { return }
    unsafe RawMemory.deallocate(start)
  }
}

/// Large allocations that are no longer in use, kept for the next read.
///
/// Otherwise the system would clear every page again for each batch that a program reads, which costs as much as a
/// third of decoding. The kept pages are marked as free: the system takes them back whenever it needs memory, and
/// does not count them as a container's memory in use. Until then they show in the resident size of the process.
enum RecycledMemory {
  /// The sizes of the allocations that the chunks of a read share.
  ///
  /// Large enough for huge pages, whose first touch costs far less, and small enough that a view of a few elements
  /// does not keep much memory alive. The larger size is for chunks too large for the smaller one to hold many.
  private static let sharedByteCounts = [16 << 20, 64 << 20]

  /// The sizes that are recycled: also those of blocks, of tables, and of batches that are read.
  private static let byteCounts =
    [2 << 20, 4 << 20, 8 << 20] + sharedByteCounts + stride(from: 128 << 20, through: 512 << 20, by: 64 << 20)

  /// The most bytes that are kept.
  private static let maximumByteCount = 768 << 20

  @safe
  private struct Idle: @unchecked Sendable {
    // SAFETY: An allocation is either here or with one owner.
    var allocations: [[UnsafeMutableRawPointer]]
    var byteCount = 0

    init() {
      unsafe allocations = byteCounts.map { _ in unsafe [] }
    }
  }

  // A thread of the process that this one was forked from may have held the lock.
  private static let idle = ProcessLocal { Locked(Idle()) }

  /// Gives the kept memory back to the system.
  static func releaseAll() {
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
      let shared = sharedByteCounts.first(where: { byteCount <= $0 / 4 }) ?? sharedByteCounts.last,
      byteCount <= shared / 2
    else { return byteCount }
    let (all, overflow) = (byteCount + 2 * RawMemory.slack).multipliedReportingOverflow(
      by: expectedChunkCount)
    return overflow || all > shared / 2 ? shared : self.byteCount(forTableOf: all)
  }

  /// The size of an allocation that is filled as a whole.
  ///
  /// Only the pages that are touched take memory.
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
    return unsafe idle.current.withLock { idle in
      nonisolated(unsafe) let taken = unsafe idle.allocations[kind].popLast()
      if unsafe taken != nil { idle.byteCount -= byteCount }
      return unsafe taken
    }
  }

  /// Keeps an allocation of `byteCount` and the slack, if its size is recycled and there is room.
  ///
  /// Larger ones, which are needed less often, make room for it.
  ///
  /// - Returns: Whether it is kept.
  static func put(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) -> Bool {
    guard let kind = byteCounts.firstIndex(of: byteCount) else { return false }
    nonisolated(unsafe) let memory = unsafe memory
    guard unsafe madvise(memory, byteCount, MADV_FREE) == 0 else { return false }
    return idle.current.withLock { idle in
      for larger in byteCounts.indices.reversed() where larger > kind {
        while idle.byteCount + byteCount > maximumByteCount,
          let memory = unsafe idle.allocations[larger].popLast()
        {
          unsafe RawMemory.deallocate(memory)
          idle.byteCount -= byteCounts[larger]
        }
      }
      guard idle.byteCount + byteCount <= maximumByteCount else { return false }
      unsafe idle.allocations[kind].append(memory)
      idle.byteCount += byteCount
      return true
    }
  }
}

/// Takes memory from the system and gives it back.
///
/// Every allocation has ``slack`` unused bytes after those that were asked for. Kernels may read and write them, so
/// that a short copy is two moves of fixed width.
enum RawMemory {
  /// The bytes after each allocation that kernels may touch.
  static let slack = 64

  /// The size from which on the engine asks the system for huge pages: the first touch of a page costs more than
  /// encoding into it.
  static let hugePageByteCount = 2 << 20

  /// Allocates `byteCount` bytes and the slack.
  static func allocate(byteCount: Int) throws(ChunkError) -> UnsafeMutableRawPointer {
    let (total, overflow) = byteCount.addingReportingOverflow(slack)
    guard byteCount >= 0, !overflow else { throw .outOfMemory(byteCount: byteCount) }
    let isHuge = total >= hugePageByteCount
    var memory: UnsafeMutableRawPointer?
    guard unsafe posix_memalign(&memory, isHuge ? hugePageByteCount : 64, total) == 0,
      let memory = unsafe memory
    else { throw .outOfMemory(byteCount: byteCount) }
    if isHuge {
      // Only advice: whole huge pages inside the allocation, never its ragged end.
      unsafe madvise(memory, total / hugePageByteCount * hugePageByteCount, MADV_HUGEPAGE)
    }
    return unsafe memory
  }

  /// Gives back what ``allocate(byteCount:)`` gave.
  static func deallocate(_ memory: UnsafeMutableRawPointer?) {
    unsafe free(memory)
  }
}
