import CFloor

/// The floor's compression contexts and buffers, one set a thread.
@safe
final class FloorWorkers {
  let handle: OpaquePointer

  /// Makes `count` sets for chunks of at most `largestChunk` bytes in wire form.
  init(count: Int, codec: floor_codec, largestChunk: Int) throws(FloorError) {
    var handle: OpaquePointer?
    try unsafe FloorError.check(floor_workers_create(CInt(clamping: count), codec, largestChunk, &handle))
    guard let handle = unsafe handle else { throw FloorError(code: CInt(FLOOR_NO_MEMORY)) }
    unsafe self.handle = handle
  }

  deinit {
    unsafe floor_workers_destroy(handle)
  }

  /// Encodes and stores every chunk.
  func write(_ chunks: WireChunks, to store: FloorStore) throws(FloorError) {
    // SAFETY: The chunks live as long as `chunks`, which is held until the call returns.
    let code = unsafe chunks.withChunks {
      unsafe floor_write(handle, store.handle, $0.baseAddress, Int64($0.count))
    }
    try FloorError.check(code)
  }

  /// Reads and decodes every chunk; with `blocks` they stay there, without each overwrites the one before.
  func read(_ store: FloorStore, into blocks: FloorBlocks? = nil) throws(FloorError) {
    try unsafe FloorError.check(floor_read(handle, store.handle, blocks?.handle))
  }

  /// Reads one element and returns how many bytes it has.
  func readElement(_ index: Int, inChunk chunk: Int, of store: FloorStore) throws(FloorError) -> Int {
    var element = unsafe floor_bytes()
    try unsafe FloorError.check(
      floor_read_element(handle, store.handle, Int64(chunk), Int64(index), &element))
    return unsafe element.byte_count
  }
}
