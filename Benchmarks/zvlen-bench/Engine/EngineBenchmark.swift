import CFloor
import ChunkEngine
import CommandLineOptions
import Synchronization
import Zarr

/// The array library in every measurement of a run.
final class EngineBenchmark {
  private let corpus: Corpus
  private let source: EngineSource
  private let store: any Store
  private let options: ArrayOptions
  private let access: ArrayAccess

  /// The array, which keeps its workers from call to call.
  private var array: ZarrArray

  /// Creates an empty array in a new `directory`, or in memory.
  init(
    _ corpus: Corpus, from source: EngineSource, blobsPerChunk: Int, chunksPerShard: Int?,
    codec: CodecChoice, workers: Int, directory: String?, durability: Durability = .atomic
  ) throws {
    self.corpus = corpus
    self.source = source
    store =
      if let directory {
        try FileStore(creating: directory, durability: durability)
      } else {
        MemoryStore()
      }
    options = ArrayOptions(
      chunkSize: .rows(blobsPerChunk), shardSize: chunksPerShard.map { .rows($0 * blobsPerChunk) },
      compressors: codec.stages, overwrites: true)
    access = ArrayAccess(workerCount: workers)
    array = try ZarrArray.create(
      in: store, shape: [source.initialCount(corpus)], options: options, access: access)
  }

  /// The bytes of all stored chunks.
  func encodedByteCount() throws -> Int {
    try store.list("c").reduce(0) { try $0 + (store.byteCount(of: $1) ?? 0) }
  }

  // MARK: Measured work

  /// Overwrites all blobs, with the workers of the last write.
  var write: Contender {
    Contender("write") { [self] in
      let count = source.initialCount(corpus)
      if array.count != count { try array.resize(to: [count]) }
      return try Stopwatch.measure { try source.write(to: array) }
    }
  }

  /// Writes all blobs to an empty array whose workers have no memory yet.
  var writeFresh: Contender {
    Contender("write, fresh") { [self] in
      try startOver()
      return try Stopwatch.measure { try source.write(to: array) }
    }
  }

  /// Reads all blobs as views, and keeps them until the clock has stopped.
  var read: Contender {
    Contender("read") { [self] in try readAll() }
  }

  /// Reads like ``read``, with workers that have no memory yet, into fresh memory.
  var readFresh: Contender {
    Contender("read, fresh") { [self] in
      try reopen()
      return try readAll()
    }
  }

  /// Scans every blob, chunk by chunk.
  var scan: Contender {
    Contender("scan") { [self] in
      let count = Atomic(0)
      let elapsed = try Stopwatch.measure {
        try array.scan { _, blobs in count.add(blobs.count, ordering: .relaxed) }
      }
      guard count.load(ordering: .relaxed) == corpus.count else {
        throw BenchmarkError.differs("scan")
      }
      return elapsed
    }
  }

  /// Reads one element and returns the seconds.
  func randomRead(_ index: Int) throws -> Double {
    let stopwatch = Stopwatch()
    let element = try array.read(at: [index])
    let seconds = stopwatch.seconds
    let corpus = corpus
    // SAFETY: Bytes have no padding.
    guard unsafe element.span.bytes.isEqual(to: corpus[index]) else {
      throw BenchmarkError.differs("random read")
    }
    return seconds
  }

  private func readAll() throws -> Elapsed {
    let stopwatch = Stopwatch()
    let view = try array.read()
    let elapsed = stopwatch.elapsed
    // This use keeps the view until the clock has stopped.
    guard view.count == corpus.count else { throw BenchmarkError.differs("read") }
    return elapsed
  }

  // MARK: Checks

  /// Checks that a read and a scan return every blob.
  func verify() throws {
    let corpus = corpus
    let view = try array.read()
    guard view.count == corpus.count else { throw BenchmarkError.differs("read") }
    for index in view.indices where !view.blobs[index].isEqual(to: corpus[index]) {
      throw BenchmarkError.differs("read")
    }
    let count = Atomic(0)
    try array.scan { region, blobs in
      let first = region.ranges[0].lowerBound
      for index in blobs.indices where !blobs[index].isEqual(to: corpus[first + index]) {
        throw BenchmarkError.differs("scan")
      }
      count.add(blobs.count, ordering: .relaxed)
    }
    guard count.load(ordering: .relaxed) == corpus.count else { throw BenchmarkError.differs("scan") }
  }

  /// The growth of the process while new workers write, read and scan once.
  func memoryGrowth() throws -> MemoryGrowth {
    try startOver()
    let write = try PeakMemory.growth { try source.write(to: array) }
    try reopen()
    let read = try PeakMemory.growth { _ = try readAll() }
    try reopen()
    let scan = try PeakMemory.growth { _ = try self.scan.body() }
    return MemoryGrowth(writeBytes: write, readBytes: read, scanBytes: scan)
  }

  // MARK: Fresh memory

  /// Replaces the array with an empty one whose workers have no memory yet.
  private func startOver() throws {
    array = try ZarrArray.create(
      in: store, shape: [source.initialCount(corpus)], options: options, access: access)
    SharedBytes.releaseRecycledMemory()
    floor_release_freed_memory()
  }

  /// Opens the array again, so that its workers have no memory yet.
  private func reopen() throws {
    array = try ZarrArray.open(in: store, access: access)
    SharedBytes.releaseRecycledMemory()
    floor_release_freed_memory()
  }
}
