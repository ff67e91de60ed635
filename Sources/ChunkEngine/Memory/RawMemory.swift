import Glibc

/// Takes memory from the system and gives it back.
///
/// Every allocation has ``slack`` bytes more than was asked for. They belong to nobody: kernels may read and
/// write them, so that a short copy is two moves of fixed width.
enum RawMemory {
  /// The bytes behind each allocation that kernels may touch.
  static let slack = 64

  /// From this size on, the system is asked for huge pages: the first touch of a page costs more than
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
      // Only advice: whole huge pages inside of the allocation, never its ragged end.
      unsafe madvise(memory, total / hugePageByteCount * hugePageByteCount, MADV_HUGEPAGE)
    }
    return unsafe memory
  }

  /// Gives back what ``allocate(byteCount:)`` gave.
  static func deallocate(_ memory: UnsafeMutableRawPointer?) {
    unsafe free(memory)
  }
}
