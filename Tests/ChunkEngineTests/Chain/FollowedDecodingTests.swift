import TestSupport
import Testing

@testable import ChunkEngine

/// Chunks of many blocks of Zstandard, of which elements are found while they are decoded.
@Suite("Decoding block by block")
struct FollowedDecodingTests {
  private static let elements: [[UInt8]] = {
    var generator = SeededGenerator(seed: 4)
    let words = generator.elements(count: 50, byteCounts: 3...12)
    return (0..<9000).map { index in
      (0..<index % 70).flatMap { _ in words.randomElement(using: &generator) ?? [] }
    }
  }()
  private static let wireForm = referenceWireForm(elements)

  private static func chain(hasChecksum: Bool = false) -> CodecChain {
    CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1, hasChecksum: hasChecksum))])
  }

  private static let stored: [Bool: [UInt8]] = {
    [false: try? ZstdCodec().encoded(wireForm), true: try? ZstdCodec(hasChecksum: true).encoded(wireForm)]
      .compactMapValues { $0 }
  }()

  /// Reads one element, and as much of the chunk as that takes.
  private func element(
    _ index: Int, of stored: [UInt8], _ scanner: inout ChunkScanner, stops: Bool = true
  ) throws -> [UInt8]? {
    var element: [UInt8]?
    _ = try scanner.scan(
      count: Self.elements.count, runs: [ElementRun(chunkIndex: index, selectionIndex: 0, count: 1)],
      stopsAfterRuns: stops
    ) { arena, _ in
      try arena.append(copying: stored.span.bytes)
      return true
    } _: {
      element = Array(copying: $0[0])
    }
    return element
  }

  @Test("Each element is found, with or without those after it", arguments: [false, true])
  func elements(hasChecksum: Bool) throws {
    #expect(Self.wireForm.count > 2 << 20, "it has many blocks")
    let stored = try #require(Self.stored[hasChecksum])
    var scanner = try ChunkScanner(Self.chain(hasChecksum: hasChecksum))
    for index in [0, 1, 8999, 4500, 2, 8998] + stride(from: 0, to: 9000, by: 311) {
      for stops in [true, false] {
        #expect(try element(index, of: stored, &scanner, stops: stops) == Self.elements[index])
      }
    }
  }

  @Test("All elements of a chunk are found, and kept in a view")
  func kept() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    var decoder = try ChunkDecoder(chain)
    // Turned around, and one of them left out.
    let runs = [(0, 4000), (4001, 4999)].map {
      ElementRun(chunkIndex: $0, selectionIndex: $0 == 0 ? 4999 : 0, count: $1)
    }
    for _ in 0..<2 {
      let builder = try BlobViewBuilder(count: 8999, chain: chain)
      let byteCount = try decoder.place(count: 9000, runs: runs, in: builder) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
      #expect(byteCount == Self.wireForm.count - 4 - 4 * 9000)
      let view = builder.finish()
      #expect(view.arrays() == Array(Self.elements[4001...]) + Self.elements[..<4000])
    }
    #expect(
      try decoder.place(count: 9000, runs: runs, in: BlobViewBuilder(count: 8999, chain: chain)) { _, _ in
        false
      }
        == nil)
  }

  @Test("A decoder lets go of the views whose elements it has found")
  func release() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    var decoder = try ChunkDecoder(chain)
    let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: 9000)
    weak var storage: BlobStorage?
    for stored in [stored, Array(stored.dropLast())] {
      let builder = try BlobViewBuilder(count: 9000, chain: chain)
      storage = builder.storage
      _ = try? decoder.place(count: 9000, runs: [run], in: builder) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
    }
    #expect(storage == nil)
    // It is there until now.
    let isStored = try decoder.decode { _, _ in false } != nil
    #expect(!isStored)
  }

  @Test("A view is limited, also one of a chunk that is looked at meanwhile")
  func limits() throws {
    let chain = Self.chain()
    let stored = try #require(Self.stored[false])
    let run = ElementRun(chunkIndex: 0, selectionIndex: 0, count: 9000)
    func place(_ limits: DecodingLimits) throws {
      var decoder = try ChunkDecoder(chain, limits: limits)
      let builder = try BlobViewBuilder(count: 9000, chain: chain, limits: limits)
      _ = try decoder.place(count: 9000, runs: [run], in: builder) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
    }
    try place(DecodingLimits())
    #expect(throws: ChunkError.self) {
      try place(DecodingLimits(decodedByteCountPerChunk: Self.wireForm.count - 1))
    }
    #expect(throws: ChunkError.self) {
      try place(DecodingLimits(decodedByteCountPerCall: Self.wireForm.count))
    }
  }

  @Test("Damage after an element is an error only where a checksum follows the frame")
  func damage() throws {
    let (first, last) = (0, Self.elements.count - 1)
    for hasChecksum in [false, true] {
      var stored = try #require(Self.stored[hasChecksum])
      var scanner = try ChunkScanner(Self.chain(hasChecksum: hasChecksum))
      // The last block, and after its header.
      stored[stored.count - 40] ^= 0x55
      #expect(try element(first, of: stored, &scanner) == Self.elements[first])
      #expect(throws: ChunkError.self) { try element(last, of: stored, &scanner) }
    }
    // The checksum inside of a frame is compared when all of it is decoded, whatever is wanted.
    var stored = try #require(Self.stored[true])
    stored[stored.count - 1] ^= 1
    var scanner = try ChunkScanner(Self.chain(hasChecksum: true))
    #expect(throws: ChunkError.self) { try element(first, of: stored, &scanner, stops: false) }
    #expect(throws: ChunkError.self) { try element(last, of: stored, &scanner) }

    let chain = CodecChain(
      VlenBytesCodec(), stages: [.transform(ZstdCodec(level: 1)), .checksum(CRC32CCodec())])
    var encoder = try ChunkEncoder(chain)
    var sealed: [UInt8] = []
    _ = try encoder.encode([.init(Self.elements, 0..<Self.elements.count)], unlessAllEqual: nil) {
      sealed = Array(copying: $0)
    }
    scanner = try ChunkScanner(chain)
    #expect(try element(first, of: sealed, &scanner) == Self.elements[first])
    sealed[sealed.count - 40] ^= 0x55
    #expect(throws: ChunkError.self) { try element(first, of: sealed, &scanner) }
  }

  @Test("A chunk that ends too soon or goes on after its end is an error for each element")
  func ends() throws {
    let stored = try #require(Self.stored[false])
    var scanner = try ChunkScanner(Self.chain())
    for damaged in [Array(stored.dropLast()), Array(stored.prefix(stored.count / 2)), stored + [0]] {
      #expect(throws: ChunkError.self) { try element(0, of: damaged, &scanner) }
    }
    // The scanner goes on, with frames of all kinds.
    let unknown = ZstdFrame.raw(Array(Self.wireForm.prefix(100_000)), claiming: nil)
    #expect(throws: ChunkError.self) { try element(0, of: unknown, &scanner) }
    #expect(try element(1, of: stored, &scanner) == Self.elements[1])
  }

  @Test("A frame that stands for other elements than its header says is an error")
  func lies() throws {
    var scanner = try ChunkScanner(Self.chain())
    for change in [Self.wireForm.dropLast(), Self.wireForm + [0]] {
      let stored = try ZstdCodec().encoded(Array(change))
      #expect(throws: ChunkError.self) { try element(8999, of: stored, &scanner) }
      #expect(throws: ChunkError.self) { try element(0, of: stored, &scanner, stops: false) }
    }
    var overrun = Self.wireForm
    overrun.replaceSubrange(4..<8, with: [255, 255, 255, 255])
    let stored = try ZstdCodec().encoded(overrun)
    #expect(throws: ChunkError.self) { try element(0, of: stored, &scanner) }
  }
}
