import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Hostile chunks")
struct HostileChunkTests {
  /// What reading may take for a chunk of a few bytes: contexts of the codecs, and a stack or two.
  static let allowance = 48 << 20

  private static func array(with chunk: HostileChunk) throws -> ZarrArray {
    let store = MemoryStore()
    try chunk.write(to: store)
    return try ZarrArray.open(in: store, access: ArrayAccess(workerCount: 1))
  }

  @Test(
    "A hostile chunk is an error in every way of reading, and takes no memory",
    arguments: HostileChunk.allCases)
  func error(chunk: HostileChunk) async {
    await #expect(processExitsWith: .success) { [chunk] in
      try blocking {
        let array = try Self.array(with: chunk)
        var works: [() throws -> Void] = [
          { _ = try array.read() }, { _ = try array.read([1..<3]) }, { try array.scan { _, _ in } },
          { try array.scan([1..<3]) { _, _ in } }, { try array.forEachBlock { _ in } },
        ]
        // Reading one inner chunk does not check the places of the others.
        if chunk != .shardEntriesOverlap { works.append { _ = try array.read(at: [1]) } }
        // Of a zstd bomb that does not say its size, as much is decoded as may be, and not kept.
        let isDecoded = chunk == .zstdBombThatClaimsNothing
        for work in works.prefix(isDecoded ? 1 : works.count) {
          let growth = try PeakMemory.growth {
            let error = #expect(throws: ZarrError.self) { try work() }
            guard case .chunk("memory/c/0", let reason)? = error, reason is ChunkError else {
              Issue.record("\(chunk): unexpected error \(String(describing: error))")
              return
            }
          }
          let most =
            Self.allowance
            + (isDecoded ? 2 * DecodingLimits.alwaysExpandedByteCount + Sanitizer.keptByteCount : 0)
          #expect(growth <= most, "\(chunk) took \(growth) bytes")
        }
      }
    }
  }

  @Test("A partial write to a hostile chunk is an error, and the whole chunk can be written over")
  func writing() throws {
    for chunk in HostileChunk.allCases where chunk.dataType == .bytes && chunk != .zstdBombThatClaimsNothing {
      let array = try Self.array(with: chunk)
      // Inner chunks that are not written are kept as they are.
      if array.shardShape == nil {
        #expect(throws: ZarrError.self, "\(chunk)") { try array.write(blob: [9], at: [1]) }
      }
      let elements: [[UInt8]] = [[1], [2], [3], [4]]
      try array.write(elements)
      #expect(try array.read().arrays() == elements, "\(chunk)")
    }
  }

  @Test("A bomb decodes if the limits of the embedder allow it, and not otherwise")
  func expansion() throws {
    // 16 blocks of 128 KiB, of which four bytes each are stored.
    let byteCount = 16 * ZstdFrame.blockByteCount
    let codec = ZstdCodec()
    let frame = ZstdFrame.zeros(blockCount: 16, claiming: UInt64(byteCount))
    var arena = ByteArena()
    try codec.makeDecoder().decode(frame.span.bytes, into: &arena, limit: byteCount)
    #expect(arena.count == byteCount)
    let limits = DecodingLimits(decodedByteCountPerChunk: 1 << 40, expansionRatio: 1000)
    let chain = CodecChain(VlenBytesCodec(), stages: [.transform(codec)])
    for (claim, blockCount) in [(UInt64(1) << 30, 8192), (1 << 29, 4096)] {
      let bomb = ZstdFrame.zeros(blockCount: blockCount, claiming: claim)
      var decoder = try ChunkDecoder(chain, limits: limits)
      #expect(
        throws: ChunkError.expansionExceedsLimit(
          codec: "zstd", byteCount: Int(claim), storedByteCount: bomb.count, ratio: 1000)
      ) {
        _ = try decoder.decode { arena, _ in
          try arena.append(copying: bomb.span.bytes)
          return true
        }
      }
    }
  }
}
