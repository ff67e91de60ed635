import Foundation

/// Memory that a loop writes to, mapped from the system so that it is fresh when it is made.
@safe
final class OutputBuffer {
  /// The memory.
  @unsafe let bytes: UnsafeMutableRawBufferPointer

  /// Whether chunks go one behind the other; otherwise each overwrites the one before.
  let holdsAllChunks: Bool

  /// Maps `byteCount` bytes, none of which is in memory yet.
  ///
  /// - Throws: `POSIXError` where there is no room.
  init(byteCount: Int, holdsAllChunks: Bool) throws {
    let mapped = unsafe mmap(
      nil, max(1, byteCount), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw POSIXError(.ENOMEM) }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: mapped, count: max(1, byteCount))
    self.holdsAllChunks = holdsAllChunks
  }

  deinit {
    unsafe munmap(bytes.baseAddress, bytes.count)
  }
}
