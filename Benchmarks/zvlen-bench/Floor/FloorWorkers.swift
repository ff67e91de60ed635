import CFloor
import CommandLineOptions
import Foundation

/// The floor's compression contexts and buffers, one set for each thread.
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

  /// Reads and decodes every chunk into `blocks`; without them, each overwrites the last one.
  func read(_ store: FloorStore, into blocks: FloorBlocks? = nil) throws(FloorError) {
    try unsafe FloorError.check(floor_read(handle, store.handle, blocks?.handle))
  }

  /// Reads one element, and returns its size.
  func readElement(_ index: Int, inChunk chunk: Int, of store: FloorStore) throws(FloorError) -> Int {
    var element = unsafe floor_bytes()
    try unsafe FloorError.check(
      floor_read_element(handle, store.handle, Int64(chunk), Int64(index), &element))
    return unsafe element.byte_count
  }
}

/// The floor's store of encoded chunks.
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

/// The decoded chunks of the floor's reader.
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

  /// Returns the memory to the system, so that the next read touches fresh pages.
  func clear() {
    unsafe floor_blocks_clear(handle)
  }

  /// Whether the decoded blocks are exactly the ranges of `chunks`.
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

extension CodecChoice {
  /// The floor's codec, or nil if it has none for this compression.
  var floorCodec: floor_codec? {
    switch self {
    case .none: floor_codec(kind: CInt(FLOOR_CODEC_NONE), setting: 0)
    case .zstd(let level): floor_codec(kind: CInt(FLOOR_CODEC_ZSTD), setting: CInt(level))
    case .lz4(let acceleration): floor_codec(kind: CInt(FLOOR_CODEC_LZ4), setting: CInt(acceleration))
    case .gzip, .zlib, .bz2, .lzma, .blosc: nil
    }
  }
}

/// The reason why the floor could not be measured.
struct FloorError: Error, CustomStringConvertible {
  /// The code that the C function returned.
  let code: CInt

  var description: String { unsafe "floor: " + String(cString: floor_message(code)) }

  /// Throws if `code` is an error.
  static func check(_ code: CInt) throws(FloorError) {
    guard code == 0 else { throw FloorError(code: code) }
  }
}
