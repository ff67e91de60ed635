import CFloor
import Foundation

/// Decoded chunks that the floor's reader leaves behind.
@safe
final class FloorBlocks {
  let handle: OpaquePointer

  /// Makes an empty list.
  init(chunkCount: Int) throws(FloorError) {
    var handle: OpaquePointer?
    try unsafe FloorError.check(floor_blocks_create(Int64(chunkCount), &handle))
    guard let handle = unsafe handle else { throw FloorError(code: CInt(FLOOR_NO_MEMORY)) }
    unsafe self.handle = handle
  }

  deinit {
    unsafe floor_blocks_destroy(handle)
  }

  /// Gives the memory back to the system, so that the next read touches fresh pages.
  func clear() {
    unsafe floor_blocks_clear(handle)
  }

  /// Whether the decoded blocks are exactly `chunks`, of which each has a range.
  func holds(_ chunks: WireChunks, _ ranges: [Range<Int>]) -> Bool {
    ranges.indices.allSatisfy { index in
      let block = unsafe floor_blocks_get(handle, Int64(index))
      // SAFETY: The block has `byte_count` bytes until this list is cleared or read into again.
      return unsafe chunks.withChunks(in: ranges[index]) { chunk in
        guard unsafe !chunk.isEmpty else { return true }
        guard let expected = chunk.baseAddress, let found = unsafe block.start else { return false }
        return unsafe block.byte_count == chunk.count && memcmp(expected, found, chunk.count) == 0
      }
    }
  }
}
