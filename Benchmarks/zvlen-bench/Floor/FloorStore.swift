import CFloor

/// The floor's place for encoded chunks.
@safe
final class FloorStore {
  let handle: OpaquePointer

  /// Makes a store in memory, or in files in an existing directory.
  init(directory: String?, chunkCount: Int) throws(FloorError) {
    var handle: OpaquePointer?
    let code =
      if let directory {
        unsafe floor_store_create(directory, Int64(chunkCount), &handle)
      } else {
        unsafe floor_store_create(nil, Int64(chunkCount), &handle)
      }
    try FloorError.check(code)
    guard let handle = unsafe handle else { throw FloorError(code: CInt(FLOOR_NO_MEMORY)) }
    unsafe self.handle = handle
  }

  deinit {
    unsafe floor_store_destroy(handle)
  }

  /// The bytes of all encoded chunks.
  var byteCount: Int { unsafe floor_store_byte_count(handle) }

  /// Removes all chunks.
  func clear() {
    unsafe floor_store_clear(handle)
  }
}
