import ChunkEngine
import TestSupport
import Testing

@Suite("Several threads for a chunk")
struct ThreadsOfChunkTests {
  @Test("The last chunks have the threads that are left")
  func threadCounts() {
    func counts(_ count: Int, _ workerCount: Int) -> [Int] {
      (0..<count).map { ParallelChunks.threadCount(for: $0, below: count, workerCount: workerCount) }
    }
    #expect(counts(0, 2) == [])
    #expect(counts(1, 1) == [1] && counts(3, 1) == [1, 1, 1])
    #expect(counts(1, 2) == [2] && counts(2, 2) == [1, 1] && counts(3, 2) == [1, 1, 2])
    #expect(
      counts(3, 8) == [2, 2, 2] && counts(5, 4) == [1, 1, 1, 1, 4] && counts(6, 4) == [1, 1, 1, 1, 2, 2])
  }

  @Test(
    "They make one frame, the same each time, that is hardly larger",
    arguments: [0, 1, 900_000, 2_200_000, 9_000_000], [false, true])
  func frames(byteCount: Int, hasChecksum: Bool) throws {
    var generator = SeededGenerator(seed: 1)
    var text: [UInt8] = []
    while text.count < byteCount { text += Array("record \(generator.next() % 100_000), ".utf8) }
    let elements = stride(from: 0, to: text.count, by: 1000).map { text[$0..<min(text.count, $0 + 1000)] }
    for codec in [ZstdCodec(), ZstdCodec(level: 3, hasChecksum: true)] {
      let checksums: [CodecChain.Stage] = hasChecksum ? [.checksum(CRC32CCodec())] : []
      let chain = CodecChain(VlenBytesCodec(), stages: [.transform(codec)] + checksums)
      var encoded: [[UInt8]] = []
      for threadCount in [1, 2, 2, 5] {
        var encoder = try ChunkEncoder(chain)
        encoder.threadCount = threadCount
        _ = try encoder.encode(elements) { encoded.append(Array(copying: $0)) }
        #expect(
          try chain.decoded(encoded.last ?? [], count: elements.count).arrays() == elements.map { Array($0) })
      }
      #expect(encoded[1] == encoded[2])
      for other in encoded { #expect(other.count <= encoded[0].count * 102 / 100) }
      // Of one frame, an end that is cut off is missed.
      #expect(throws: ChunkError.self) {
        try chain.decoded(encoded[3].dropLast(), count: elements.count)
      }
    }
  }
}
