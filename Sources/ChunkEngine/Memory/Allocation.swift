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
