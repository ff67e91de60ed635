import ChunkEngine
import TestSupport
import Testing

@Suite("Damaged chunks")
struct DamagedChunkTests {
  /// Elements of text and of random bytes, so that compressors use all that they have.
  private static let elements: [[UInt8]] = {
    var generator = SeededGenerator(seed: 10)
    let words = generator.elements(count: 8, byteCounts: 3...12)
    return (0..<40).map { index in
      index % 4 == 3
        ? generator.bytes(count: index)
        : (0..<index % 9).flatMap { _ in words.randomElement(using: &generator) ?? [] }
    }
  }()

  /// Changes one byte, or cuts the end off.
  private func damage(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    if Int.random(in: 0..<4, using: &generator) == 0 {
      bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
    } else {
      // Half of the changes hit the first bytes, where the headers are.
      let end = Bool.random(using: &generator) ? min(bytes.count, 40) : bytes.count
      bytes[Int.random(in: 0..<end, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
    }
  }

  @Test("Each of 10,000 damages gives an error or elements, and never a trap", arguments: SampleChain.all)
  func everyChain(sample: SampleChain) throws {
    let elements = Self.elements
    let stored = try #require(try sample.chain.encoded(elements))
    let limits = DecodingLimits(decodedByteCountPerChunk: 1 << 16)
    var decoder = try ChunkDecoder(sample.chain, limits: limits)
    let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: elements.count)
    var errorCount = 0
    for seed in 0..<10_000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var damaged = stored
      damage(&damaged, using: &generator)
      do {
        let decoded = try decoder.decode { arena, _ in
          try arena.append(copying: damaged.span.bytes)
          return true
        }
        let chunk = try #require(decoded)
        #expect(chunk.byteCount <= limits.decodedByteCountPerChunk, "seed \(seed)")
        let builder = try BlobViewBuilder(count: elements.count, chain: sample.chain)
        try builder.place(chunk, count: elements.count, runs: [run])
        let view = builder.finish()
        let total = view.blobs.byteCount
        #expect(total == chunk.byteCount - 4 - 4 * elements.count, "seed \(seed)")
        #expect(!sample.endsWithChecksum, "seed \(seed) passed the checksum")
      } catch is ChunkError {
        errorCount += 1
      } catch {
        Issue.record("seed \(seed) gives another error: \(error)")
      }
    }
    #expect(errorCount > 1000, "damage is seldom found")
  }

  @Test("Damage makes no codec take more memory than the limit", arguments: SampleChain.all)
  func boundedMemory(sample: SampleChain) throws {
    guard case .transform(let codec) = sample.stages.first, sample.stages.count == 1 else { return }
    let stored = try codec.encoded(referenceWireForm(Self.elements))
    let decoder = try codec.makeDecoder()
    let limit = 1 << 16
    for seed in 0..<2000 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var damaged = stored
      damage(&damaged, using: &generator)
      var arena = ByteArena()
      try? decoder.decode(damaged.span.bytes, into: &arena, limit: limit)
      let (count, capacity) = (arena.count, arena.capacity)
      #expect(count <= limit + 1 && capacity <= limit + 1, "seed \(seed)")
    }
    #expect(try codec.decoded(stored, limit: limit) == referenceWireForm(Self.elements))
  }

  @Test("A chunk that is not damaged is read", arguments: SampleChain.all)
  func undamaged(sample: SampleChain) throws {
    let stored = try #require(try sample.chain.encoded(Self.elements))
    #expect(try sample.chain.decoded(stored, count: Self.elements.count).arrays() == Self.elements)
  }
}
