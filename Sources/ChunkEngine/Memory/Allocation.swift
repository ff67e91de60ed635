/// Memory that is freed when nobody holds it any more.
@safe
final class Allocation: Sendable {
  // SAFETY: Whoever holds the memory sees to it that a byte is written by one thread and read by none, or
  // only read.
  nonisolated(unsafe) let start: UnsafeMutableRawPointer

  /// The number of bytes, without the slack behind them.
  let byteCount: Int

  /// Allocates `byteCount` bytes and the slack.
  init(byteCount: Int) throws(ChunkError) {
    unsafe start = try unsafe RawMemory.allocate(byteCount: byteCount)
    self.byteCount = byteCount
  }

  deinit {
    unsafe RawMemory.deallocate(start)
  }
}
