import CFloor

/// The floor's shards of encoded chunks.
@safe
final class FloorShards {
  private let handle: OpaquePointer
  private let chunks: UnsafeMutableBufferPointer<floor_bytes>
  private let wire: WireChunks
  private let chunksPerShard: Int
  private let chunksPerRun: Int

  /// The bytes that a thread encodes or decodes at once, unless a chunk is larger.
  private static let runByteCount = 128 << 10

  /// Makes shards in memory, or in files in an existing directory.
  init(
    _ wire: WireChunks, chunksPerShard: Int, codec: floor_codec, workers: Int, directory: String?
  ) throws(FloorError) {
    let count = wire.count
    let chunks = UnsafeMutableBufferPointer<floor_bytes>.allocate(capacity: max(1, count))
    unsafe wire.withChunks { unsafe _ = chunks.initialize(from: $0) }
    let chunksPerRun = max(1, min(chunksPerShard, Self.runByteCount * count / max(1, wire.byteCount)))
    var handle: OpaquePointer?
    func create(_ directory: UnsafePointer<CChar>?) -> CInt {
      unsafe floor_shards_create(
        chunks.baseAddress, Int64(count), Int64(chunksPerShard), Int64(chunksPerRun), directory, codec,
        CInt(clamping: workers), &handle)
    }
    let code =
      if let directory { unsafe directory.withCString { unsafe create($0) } } else { create(nil) }
    guard code == 0, let handle = unsafe handle else {
      unsafe chunks.deallocate()
      throw FloorError(code: code == 0 ? CInt(FLOOR_NO_MEMORY) : code)
    }
    unsafe self.handle = handle
    unsafe self.chunks = unsafe chunks
    self.wire = wire
    self.chunksPerShard = chunksPerShard
    self.chunksPerRun = chunksPerRun
  }

  deinit {
    unsafe floor_shards_destroy(handle)
    unsafe chunks.deallocate()
  }

  /// The bytes of all shards.
  var byteCount: Int { unsafe floor_shards_byte_count(handle) }

  /// The maximum number of bytes that a thread encodes or decodes at once.
  var largestRunByteCount: Int { unsafe floor_shards_largest_run(handle) }

  /// The chunks of each run.
  var runs: [Range<Int>] {
    let runsPerShard = (chunksPerShard + chunksPerRun - 1) / chunksPerRun
    return (0..<Int(unsafe floor_shards_run_count(handle))).map { run in
      let shard = run / runsPerShard
      let first = min(wire.count, shard * chunksPerShard + run % runsPerShard * chunksPerRun)
      return first..<max(first, min(wire.count, (shard + 1) * chunksPerShard, first + chunksPerRun))
    }
  }

  /// Removes all shards.
  func clear() {
    unsafe floor_shards_clear(handle)
  }

  /// Encodes every chunk and writes every shard.
  func write(with workers: FloorWorkers) throws(FloorError) {
    try unsafe FloorError.check(floor_shards_write(handle, workers.handle))
  }

  /// Reads and decodes every chunk into `blocks`; without them, each run overwrites the last one.
  func read(with workers: FloorWorkers, into blocks: FloorBlocks? = nil) throws(FloorError) {
    try unsafe FloorError.check(floor_shards_read(handle, workers.handle, blocks?.handle))
  }

  /// Reads one element, and returns its size.
  func readElement(_ index: Int, inChunk chunk: Int, with workers: FloorWorkers) throws(FloorError) -> Int {
    var element = unsafe floor_bytes()
    try unsafe FloorError.check(
      floor_shards_read_element(handle, workers.handle, Int64(chunk), Int64(index), &element))
    return unsafe element.byte_count
  }
}
