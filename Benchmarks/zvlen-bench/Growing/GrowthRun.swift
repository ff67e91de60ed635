import CommandLineOptions
import Foundation

/// Runs the command `grow`.
struct GrowthRun {
  let codec: CodecChoice
  let blobBytes: Int
  let largestCount: Int
  let repeats: Int
  let store: String?

  /// The threads that are tried.
  static let workerCounts = [1, 2, 4, 8, 16, 32, 64]
  /// The sizes of chunks that are tried, in shards of the largest size.
  static let chunkByteCounts = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536].map { $0 << 10 }
  /// The size of the chunks on the other axes.
  private static let usualChunkByteCount = 1 << 20
  private static let workersPayloadByteCount = 64 << 20
  private static let chunksPayloadByteCount = 128 << 20

  /// Measures along an axis, and reports each place.
  func rows(_ axis: GrowthAxis, _ progress: (String) -> Void) throws -> [GrowthRow] {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    switch axis {
    case .blobs:
      return try sequence(first: 1000) { $0 < largestCount ? min($0 * 10, largestCount) : nil }.map { count in
        progress("\(Figure.count(count)) blobs")
        return try StreamGrowth(
          count: count, blobBytes: blobBytes, codec: codec, chunkBytes: Self.usualChunkByteCount,
          workers: cores, repeats: repeats, store: store
        ).row()
      }
    case .workers:
      let corpus = corpus(Self.workersPayloadByteCount)
      return try Self.workerCounts.map { workers in
        progress("workers: \(workers)")
        return try row(
          .workers, corpus, chunkBytes: Self.usualChunkByteCount, shardBytes: nil, workers: workers)
      }
    case .chunks:
      let corpus = corpus(Self.chunksPayloadByteCount)
      return try Self.chunkByteCounts.map { chunkBytes in
        progress("chunks of \(ByteCount(clamping: chunkBytes))")
        return try row(
          .chunks, corpus, chunkBytes: chunkBytes, shardBytes: Self.chunkByteCounts.last, workers: cores)
      }
    }
  }

  private func corpus(_ byteCount: Int) -> Corpus {
    Corpus(
      count: byteCount / ByteCount.defaultBlob.value, meanByteCount: ByteCount.defaultBlob.value,
      distribution: .lognormal, content: .text, seed: 7)
  }

  /// Measures writing and scanning beside the floor.
  private func row(
    _ axis: GrowthAxis, _ corpus: Corpus, chunkBytes: Int, shardBytes: Int?, workers: Int
  ) throws -> GrowthRow {
    let scratch = try ScratchDirectory(below: store)
    defer { scratch.remove() }
    let chunks = try WireChunks(corpus, blobsPerChunk: corpus.blobsPerChunk(byteCount: chunkBytes))
    let chunksPerShard = shardBytes.map { max(1, $0 / max(1, chunks.byteCount / chunks.count)) }
    guard let floorCodec = codec.floorCodec else { throw BenchmarkError.hasNoFloor(codec) }
    let floor = try FloorBenchmark(
      corpus, chunks, chunksPerShard: chunksPerShard, codec: floorCodec, workers: workers,
      directory: scratch.subdirectory("floor"))
    let ours = try EngineBenchmark(
      corpus, from: .arena(corpus), blobsPerChunk: chunks.blobsPerChunk, chunksPerShard: chunksPerShard,
      codec: codec, workers: workers, directory: scratch.path + "/ours.zarr")
    let writes = try Comparison.run([ours.write, floor.write], repeats: repeats)
    try ours.verify()
    try floor.verify()
    let scans = try Comparison.run([ours.scan, floor.scan], repeats: repeats)
    let storedBytes = try ours.encodedByteCount()
    floor.clear()
    return GrowthRow(
      axis: axis, blobs: corpus.count, payloadBytes: corpus.byteCount, storedBytes: storedBytes,
      chunkBytes: chunkBytes, workers: workers,
      write: Measurement(
        writes[0], floor: writes[1], payloadBytes: corpus.byteCount, blobs: corpus.count),
      scan: Measurement(scans[0], floor: scans[1], payloadBytes: corpus.byteCount, blobs: corpus.count),
      memory: try ours.memoryGrowth())
  }
}
