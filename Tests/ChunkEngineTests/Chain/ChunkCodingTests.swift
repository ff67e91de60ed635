import ChunkEngine
import TestSupport
import Testing

@Suite("Chunks through chains of codecs")
struct ChunkCodingTests {
  @Test("Elements come back through every chain", arguments: SampleChain.all)
  func roundTrip(sample: SampleChain) throws {
    var encoder = try ChunkEncoder(sample.chain)
    var decoder = try ChunkDecoder(sample.chain)
    for elements in ElementSample.all.prefix(12).map(\.elements) {
      var stored: [UInt8] = []
      let result = try encoder.encode(elements) {
        stored = Array(copying: $0)
      }
      #expect(result.isEncoded)
      #expect(result.payloadByteCount == elements.reduce(0) { $0 + $1.count })
      let chunk = try decoder.decode { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
      let wireForm = try #require(chunk)
      #expect([UInt8](copying: wireForm.bytes) == referenceWireForm(elements))
    }
  }

  @Test("A chunk in wire form already is encoded as its elements are", arguments: SampleChain.all)
  func wireForm(sample: SampleChain) throws {
    let elements = ElementSample.all[3].elements
    var arena = ByteArena()
    try arena.append(copying: referenceWireForm(elements).span.bytes)
    var encoder = try ChunkEncoder(sample.chain)
    var stored: [UInt8] = []
    #expect(try encoder.encode(&arena, unlessAllEqual: [1]) { stored = Array(copying: $0) })
    #expect(try sample.chain.encoded(elements) == stored)

    arena.removeAll()
    try arena.append(copying: referenceWireForm([[1], [1]]).span.bytes)
    #expect(try !encoder.encode(&arena, unlessAllEqual: [1]) { _ in Issue.record("it was encoded") })
  }

  @Test(
    "Chunks that share an allocation leave each other alone", arguments: SampleChain.all, [1, 2, 5, 1000])
  func sharedAllocations(sample: SampleChain, expectedChunkCount: Int) throws {
    let samples = ElementSample.all.prefix(9).map(\.elements)
    var decoder = try ChunkDecoder(sample.chain)
    var chunks: [SharedBytes] = []
    for (index, elements) in samples.enumerated() {
      let stored = try #require(try sample.chain.encoded(elements))
      let damaged = Array(stored.dropLast())
      // Damage and absence in between take nothing away from the others.
      _ = try? decoder.decode(expectedChunkCount: expectedChunkCount - index) { arena, _ in
        try arena.append(copying: damaged.span.bytes)
        return true
      }
      _ = try decoder.decode(expectedChunkCount: expectedChunkCount - index) { _, _ in false }
      let chunk = try decoder.decode(expectedChunkCount: expectedChunkCount - index) { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
      chunks.append(try #require(chunk))
    }
    for (chunk, elements) in zip(chunks, samples) {
      #expect([UInt8](copying: chunk.bytes) == referenceWireForm(elements))
    }
  }

  @Test("The limit holds at every stage and is not below the chunk itself", arguments: SampleChain.all)
  func limits(sample: SampleChain) throws {
    let elements = [[UInt8](repeating: 7, count: 10_000)]
    let stored = try #require(try sample.chain.encoded(elements))
    let most = DecodingLimits(decodedByteCountPerChunk: 10_008 + 8)
    #expect(try sample.chain.decoded(stored, count: 1, limits: most).arrays() == elements)
    var decoder = try ChunkDecoder(sample.chain, limits: DecodingLimits(decodedByteCountPerChunk: 10_007))
    func decode(_ stored: [UInt8]) throws {
      _ = try decoder.decode { arena, _ in
        try arena.append(copying: stored.span.bytes)
        return true
      }
    }
    do {
      try decode(stored)
      Issue.record("the limit was passed")
    } catch ChunkError.decodedByteCountExceedsLimit(_, _, let limit) {
      #expect(limit == 10_007)
    }
    // The decoder works on after an error.
    try decode(#require(try sample.chain.encoded([[1, 2, 3]] as [[UInt8]])))
  }

  @Test("More stored bytes than a chunk within the limits can have are refused")
  func storedLimit() throws {
    let limits = DecodingLimits(decodedByteCountPerChunk: 1600)
    #expect(limits.storedByteCountPerChunk == 1600 + 100 + 4096)
    let stored = [UInt8](repeating: 0, count: 5797)
    #expect(throws: ChunkError.storedByteCountExceedsLimit(byteCount: 5797, limit: 5796)) {
      try CodecChain(VlenBytesCodec()).decoded(stored, count: 1, limits: limits)
    }
    #expect(DecodingLimits(decodedByteCountPerChunk: .max).storedByteCountPerChunk == .max)
    #expect(DecodingLimits(decodedByteCountPerChunk: -1).decodedByteCountPerChunk == 0)
  }

  @Test("A chunk that is not stored is nothing, and an error of the store comes out")
  func absentChunks() throws {
    struct StoreError: Error {}
    var decoder = try ChunkDecoder(CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec())]))
    #expect(try decoder.decode { _, _ in false } == nil)
    #expect(throws: StoreError.self) { try decoder.decode { _, _ in throw StoreError() } }
    let isShown = try decoder.scan(count: 1, runs: []) { _, _ in
      false
    } _: { _ in
      Issue.record("there is nothing to show")
    }
    #expect(!isShown)
  }

  @Test("A chunk of nothing but the fill value is not encoded")
  func fillValue() throws {
    let chain = CodecChain(VlenBytesCodec(), stages: [.transform(ZstdCodec())])
    #expect(try chain.encoded(RepeatedBlob([1, 2], count: 5), unlessAllEqual: [1, 2]) == nil)
    #expect(try chain.encoded(RepeatedBlob([], count: 5), unlessAllEqual: []) == nil)
    #expect(try chain.encoded([[1, 2], [1, 3]] as [[UInt8]], unlessAllEqual: [1, 2]) != nil)
    #expect(try chain.encoded(RepeatedBlob([1, 2], count: 5)) != nil)
    var encoder = try ChunkEncoder(chain)
    let result = try encoder.encode(RepeatedBlob([1, 2], count: 5), unlessAllEqual: [1, 2]) { _ in
      Issue.record("it was encoded")
    }
    #expect(!result.isEncoded && result.payloadByteCount == 10)
  }

  @Test("A checksum that does not fit is an error of its own", arguments: 0..<12)
  func checksum(place: Int) throws {
    let chain = CodecChain(VlenBytesCodec(), stages: [.checksum(CRC32CCodec())])
    var stored = try #require(try chain.encoded([[]] as [[UInt8]]))
    let valid = stored
    stored[place] ^= 0x10
    let content = Array(stored[..<8])
    let computed = CRC32CCodec().checksum(of: content.span.bytes)
    let kept = stored[8...].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    #expect(throws: ChunkError.checksumMismatch(codec: "crc32c", stored: kept, computed: computed)) {
      try chain.decoded(stored, count: 1)
    }
    #expect(try chain.decoded(valid, count: 1).arrays() == [[]])
  }

  @Test("A chunk too short for a checksum is an error", arguments: 0..<4)
  func shortChecksum(byteCount: Int) {
    let chain = CodecChain(VlenBytesCodec(), stages: [.checksum(CRC32CCodec())])
    let stored = [UInt8](repeating: 0, count: byteCount)
    #expect(throws: ChunkError.truncatedHeader(codec: "crc32c", byteCount: byteCount, expected: 4)) {
      try chain.decoded(stored, count: 0)
    }
  }

  @Test("Damaged wire form is found after every chain", arguments: SampleChain.all)
  func damagedWireForm(sample: SampleChain) throws {
    for damage in DamagedWireForm.all where damage.count < 10 {
      var arena = ByteArena()
      try arena.append(copying: damage.bytes.span.bytes)
      var encoder = try ChunkEncoder(sample.chain)
      var stored: [UInt8] = []
      _ = try encoder.encode(&arena, unlessAllEqual: nil) { stored = Array(copying: $0) }
      #expect(throws: damage.error, "\(damage)") { try sample.chain.decoded(stored, count: damage.count) }
    }
  }
}
