import CFloor
import ChunkEngine
import CommandLineOptions
import Synchronization
import Zarr

/// Streams a number of blobs into an array, and scans them.
struct StreamGrowth {
  let count: Int
  let blobBytes: Int
  let codec: CodecChoice
  let chunkBytes: Int
  let workers: Int
  let repeats: Int
  let store: String?

  /// The total size of the blobs, which are streamed repeatedly to save memory.
  private static let poolByteCount = 16 << 20
  /// Work that takes longer than this is not repeated.
  private static let longSeconds = 3.0

  /// Measures writing and scanning.
  func row() throws -> GrowthRow {
    let scratch = try ScratchDirectory(below: store)
    defer { scratch.remove() }
    let pool = Corpus(
      count: min(count, Self.poolByteCount / blobBytes), meanByteCount: blobBytes, distribution: .uniform,
      content: .text, seed: 7)
    let store = try FileStore(creating: scratch.path + "/ours.zarr")
    var writes: [Elapsed] = []
    var growth: Int?
    while writes.isEmpty || (writes.count < repeats && writes[0].seconds < Self.longSeconds) {
      SharedBytes.releaseRecycledMemory()
      floor_release_freed_memory()
      growth = try PeakMemory.growth {
        writes.append(try Stopwatch.measure { try write(pool, to: store) })
      }
    }
    let array = try ZarrArray.open(in: store, access: ArrayAccess(workerCount: workers))
    try verify(array, pool)
    var scans: [Elapsed] = []
    while scans.isEmpty || (scans.count < repeats && scans[0].seconds < Self.longSeconds) {
      scans.append(try Stopwatch.measure { try scan(array) })
    }
    SharedBytes.releaseRecycledMemory()
    floor_release_freed_memory()
    let fresh = try ZarrArray.open(in: store, access: ArrayAccess(workerCount: workers))
    let scanGrowth = try PeakMemory.growth { try scan(fresh) }
    let byteCount = payloadByteCount(pool)
    return GrowthRow(
      axis: .blobs, blobs: count, payloadBytes: byteCount,
      storedBytes: try store.list("c").reduce(0) { try $0 + (store.byteCount(of: $1) ?? 0) },
      chunkBytes: chunkBytes, workers: workers,
      write: Measurement(writes, floor: nil, payloadBytes: byteCount, blobs: count),
      scan: Measurement(scans, floor: nil, payloadBytes: byteCount, blobs: count),
      memory: MemoryGrowth(writeBytes: growth, readBytes: nil, scanBytes: scanGrowth))
  }

  private func write(_ pool: Corpus, to store: FileStore) throws {
    let appender = try Appender.create(
      in: store,
      options: ArrayOptions(chunkSize: .bytes(chunkBytes), compressors: codec.stages, overwrites: true),
      access: ArrayAccess(workerCount: workers))
    var left = count
    while left > 0 {
      let part = min(left, pool.count)
      for index in 0..<part { try appender.append(blob: pool[index]) }
      left -= part
    }
    try appender.finish()
  }

  private func scan(_ array: ZarrArray) throws {
    let found = Atomic(0)
    try array.scan { _, blobs in found.add(blobs.count, ordering: .relaxed) }
    guard found.load(ordering: .relaxed) == count else { throw BenchmarkError.differs("scan") }
  }

  /// Checks every blob.
  private func verify(_ array: ZarrArray, _ pool: Corpus) throws {
    let wrong = Atomic(0)
    try array.scan { region, blobs in
      let first = region.ranges[0].lowerBound
      for index in blobs.indices where !blobs[index].isEqual(to: pool[(first + index) % pool.count]) {
        wrong.add(1, ordering: .relaxed)
      }
    }
    guard array.count == count, wrong.load(ordering: .relaxed) == 0 else {
      throw BenchmarkError.differs("stream")
    }
  }

  private func payloadByteCount(_ pool: Corpus) -> Int {
    let (times, rest) = count.quotientAndRemainder(dividingBy: pool.count)
    return times * pool.byteCount + Int(pool.offsets[rest])
  }
}
