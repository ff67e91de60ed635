import CAllocationCounter
import TestSupport
import Testing

@testable import ChunkEngine

/// What is allocated once encoders and scanners have their memory.
///
/// Builds without optimization allocate some closures for each chunk, but nothing for an element. Those with
/// it, `swift test -c release -Xswiftc -enable-testing`, allocate nothing at all.
@Suite("Allocations")
struct AllocationTests {
  /// How often this thread allocates while `body` runs.
  private func allocationCount(_ body: () throws -> Void) rethrows -> Int {
    let before = callocationcounter_count()
    try body()
    return callocationcounter_count() - before
  }

  private static let chains: [CodecChain] = [
    CodecChain(VlenBytesCodec()),
    CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1))]),
    CodecChain(VlenBytesCodec(), stages: [.checksum(CRC32CCodec()), .transform(LZ4Codec())]),
  ]

  private static let elements = (0..<2000).map { [UInt8](repeating: UInt8($0 % 251), count: $0 % 90) }

  @Test("The counter counts")
  func counter() {
    #expect(
      allocationCount {
        for count in 0..<10 { withExtendedLifetime([UInt8](repeating: 1, count: 100 + count)) {} }
      } >= 10)
  }

  @Test("An encoder allocates for no element", arguments: chains.indices)
  func encoder(chain: Int) throws {
    var encoder = try ChunkEncoder(Self.chains[chain])
    let batch = try blobBatch(of: Self.elements)
    var byteCount = 0
    func encode(_ count: Int) throws {
      _ = try encoder.encode(batch, in: 0..<count) { byteCount += $0.byteCount }
    }
    try encode(2000)
    try encode(20)
    let few = try allocationCount { try encode(20) }
    let many = try allocationCount { try encode(2000) }
    #expect(few == many && byteCount > 0)
    #if !DEBUG
    #expect(many == 0)
    #endif
  }

  @Test("A scanner allocates for no element", arguments: chains.indices)
  func scanner(chain: Int) throws {
    let chain = Self.chains[chain]
    var scanner = try ChunkDecoder(chain)
    var byteCount = 0
    func scan(_ stored: [UInt8], _ count: Int) throws {
      let runs = [ElementRun(chunkIndex: 0, selectionIndex: 0, count: count)]
      _ = try scanner.scan(count: count, runs: runs) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      } _: {
        byteCount += $0.byteCount
      }
    }
    let large = try #require(try chain.encoded(Self.elements))
    let small = try #require(try chain.encoded(Array(Self.elements.prefix(20))))
    try scan(large, 2000)
    try scan(small, 20)
    let few = try allocationCount { try scan(small, 20) }
    let many = try allocationCount { try scan(large, 2000) }
    #expect(few == many && byteCount > 0)
    #if !DEBUG
    #expect(many == 0)
    #endif
  }
}
