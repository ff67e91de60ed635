import ChunkEngine
import TestSupport
import Testing

/// Encoders and decoders as workers use them, which ThreadSanitizer watches.
@Suite("Chunks on several workers")
struct ParallelCodingTests {
  private final class Worker {
    var encoder: ChunkEncoder
    var decoder: ChunkDecoder

    init(_ chain: CodecChain) throws {
      encoder = try ChunkEncoder(chain)
      decoder = try ChunkDecoder(chain)
    }
  }

  @Test("Chunks are encoded, decoded and put into one view by several workers", arguments: [1, 2, 8])
  func everyChunk(workerCount: Int) throws {
    let chain = CodecChain(
      VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1)), .checksum(CRC32CCodec())])
    var generator = SeededGenerator(seed: 9)
    let perChunk = 100
    let elements = generator.elements(count: 40 * perChunk, byteCounts: 0...100)
    let batch = try blobBatch(of: elements)
    let builder = try BlobViewBuilder(count: elements.count, chain: chain)
    let pool = WorkerPool { try Worker(chain) }
    try ParallelChunks.forEachIndex(below: 40, workerCount: workerCount, pool: pool) { chunk, worker in
      let range = chunk * perChunk..<(chunk + 1) * perChunk
      var stored: [UInt8] = []
      _ = try worker.encoder.encode(batch, in: range) {
        stored = Array(copying: $0)
      }
      let decoded = try worker.decoder.decode { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
      let run = ElementRun(chunkIndex: 0, selectionIndex: range.lowerBound, count: perChunk)
      try builder.place(#require(decoded), count: perChunk, runs: [run])
    }
    let view = builder.finish()
    #expect(view.arrays() == elements)
    let compacted = try view.compacted()
    let isEqual = compacted.bytes.isEqual(to: batch.bytes)
    #expect(isEqual)
  }
}
