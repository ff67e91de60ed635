import ChunkEngine
import TestSupport
import Testing

@Suite("zarrs.vlen")
struct VlenCodecTests {
  private static func codec(
    _ offsetType: VlenCodec.OffsetType = .uint32, _ location: StoredLocation = .end,
    data: [CodecChain.Stage] = [], index: [CodecChain.Stage] = [], byteOrder: ByteOrder = .little
  ) -> VlenCodec {
    VlenCodec(
      data: CodecChain(
        BytesCodec(byteOrder: .little, scalarByteCounts: [1]), stages: data, layout: .fixed(byteCount: 1)),
      index: CodecChain(
        BytesCodec(byteOrder: byteOrder, scalarByteCounts: [UInt8(offsetType.byteCount)]), stages: index,
        layout: .fixed(byteCount: offsetType.byteCount)), offsetType: offsetType, indexLocation: location)
  }

  private static let zstd = CodecChain.Stage.transform(ZstdCodec())
  private static let crc32c = CodecChain.Stage.checksum(CRC32CCodec())

  private func encode(_ elements: [[UInt8]], _ codec: VlenCodec) throws -> [UInt8] {
    try codec.encoded(referenceWireForm(elements), shape: [elements.count], layout: .variable)
  }

  private func decode(
    _ stored: [UInt8], count: Int, _ codec: VlenCodec, limit: Int = 1 << 20
  ) throws -> [UInt8] {
    try codec.decoded(stored, shape: [count], layout: .variable, limit: limit)
  }

  @Test("Chunks are those of zarrs")
  func zarrs() throws {
    let elements = [Array("ab".utf8), Array("c".utf8)]
    let end = bytes(0x61, 0x62, 0x63, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0)
    #expect(try encode(elements, Self.codec()) == end)
    #expect(try decode(end, count: 2, Self.codec()) == referenceWireForm(elements))
    let start =
      bytes(24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
      + bytes(2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x62, 0x63)
    #expect(try encode(elements, Self.codec(.uint64, .start)) == start)
    #expect(try decode(start, count: 2, Self.codec(.uint64, .start)) == referenceWireForm(elements))
    // Offsets with the most significant byte first.
    let big =
      Array("abcdefgh".utf8)
      + bytes(0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 8, 20, 0, 0, 0, 0, 0, 0, 0)
    let four = ["ab", "c", "", "defgh"].map { Array($0.utf8) }
    #expect(try encode(four, Self.codec(byteOrder: .big)) == big)
    #expect(try decode(big, count: 4, Self.codec(byteOrder: .big)) == referenceWireForm(four))
  }

  @Test("Data of no bytes does not go through its codecs")
  func emptyData() throws {
    let codec = Self.codec(data: [Self.zstd, Self.crc32c])
    let empty = [[UInt8]](repeating: [], count: 4)
    let stored = [UInt8](repeating: 0, count: 20) + bytes(20, 0, 0, 0, 0, 0, 0, 0)
    #expect(try encode(empty, codec) == stored)
    #expect(try decode(stored, count: 4, codec) == referenceWireForm(empty))
    // But it may have.
    let data = try CRC32CCodec().appended(to: ZstdCodec().encoded([]))
    #expect(try decode(data + stored, count: 4, codec) == referenceWireForm(empty))
  }

  @Test(
    "Elements come back through codecs of all kinds", arguments: VlenCodec.OffsetType.allCases,
    StoredLocation.allCases)
  func roundTrip(offsetType: VlenCodec.OffsetType, location: StoredLocation) throws {
    var generator = SeededGenerator(seed: 4)
    for stages in [[], [Self.zstd], [Self.crc32c], [Self.zstd, Self.crc32c]] {
      let codec = Self.codec(offsetType, location, data: stages, index: stages)
      let (encoder, decoder) = (try codec.makeEncoder(), try codec.makeDecoder())
      for count in [0, 1, 2, 100, 3] {
        let wire = referenceWireForm(generator.elements(count: count, byteCounts: 0...30))
        let chunk = try ChunkRepresentation(shape: [count], layout: .variable)
        var stored = ByteArena()
        var found = ByteArena()
        try encoder.encode(wire.span.bytes, of: chunk, into: &stored)
        try decoder.decode(stored.bytes, of: chunk, into: &found, limit: max(wire.count, count * 8 + 8))
        let decoded = Array(copying: found.bytes)
        #expect(decoded == wire)
      }
    }
  }

  @Test("A chunk of another number of elements is an error")
  func count() throws {
    let stored = try encode([[1], [2, 3]], Self.codec())
    for count in [0, 1, 3, 1 << 33] {
      #expect(throws: ChunkError.self) { try decode(stored, count: count, Self.codec()) }
    }
    #expect(throws: ChunkError.self) {
      try Self.codec().encoded(referenceWireForm([[1], [2]]), shape: [3], layout: .variable)
    }
  }

  @Test(
    "A size of the index that the bytes do not have is an error", arguments: StoredLocation.allCases)
  func indexByteCount(location: StoredLocation) throws {
    let codec = Self.codec(.uint32, location)
    let stored = try encode([[1], [2, 3]], codec)
    let position = location == .start ? 0 : stored.count - 8
    for claim in [0, 11, 13, UInt64(stored.count), 1 << 31, 1 << 63, .max] as [UInt64] {
      var damaged = stored
      for byte in 0..<8 { damaged[position + byte] = UInt8(truncatingIfNeeded: claim >> (8 * UInt64(byte))) }
      #expect(throws: ChunkError.self, "\(claim)") { try decode(damaged, count: 2, codec) }
    }
    for count in 0..<8 {
      #expect(throws: ChunkError.truncatedHeader(codec: "zarrs.vlen", byteCount: count, expected: 8)) {
        try decode(Array(stored[..<count]), count: 2, codec)
      }
    }
    for count in 8..<stored.count {
      #expect(throws: ChunkError.self, "\(count)") { try decode(Array(stored[..<count]), count: 2, codec) }
    }
    #expect(throws: ChunkError.self) { try decode(stored + [0], count: 2, codec) }
  }

  /// A chunk of one byte for each offset, in 64 bits.
  private func stored(_ offsets: [UInt64], data: [UInt8]) -> [UInt8] {
    data + packedBytes(offsets) + packedBytes([UInt64(offsets.count * 8)])
  }

  @Test("Offsets that decrease, or end elsewhere than the data, are errors")
  func offsets() throws {
    let codec = Self.codec(.uint64)
    #expect(
      try decode(stored([0, 1, 3], data: [1, 2, 3]), count: 2, codec) == referenceWireForm([[1], [2, 3]]))
    #expect(throws: ChunkError.invalidOffsets(index: 0)) {
      try decode(stored([2, 1, 3], data: [1, 2, 3]), count: 2, codec)
    }
    #expect(throws: ChunkError.invalidOffsets(index: 1)) {
      try decode(stored([0, 4, 3], data: [1, 2, 3]), count: 2, codec)
    }
    for last in [0, 2, 4, 1 << 20] as [UInt64] {
      #expect(throws: ChunkError.self) {
        try decode(stored([0, 0, last], data: [1, 2, 3]), count: 2, codec)
      }
    }
    for last in [(1 << 20) + 1, 1 << 62, .max] as [UInt64] {
      #expect(
        throws: ChunkError.decodedByteCountExceedsLimit(
          codec: "zarrs.vlen", byteCount: Int(clamping: last), limit: 1 << 20)
      ) { try decode(stored([0, 1, last], data: [1, 2, 3]), count: 2, codec) }
    }
    // Bytes before the first element belong to none.
    #expect(
      try decode(stored([1, 2, 3], data: [1, 2, 3]), count: 2, codec) == referenceWireForm([[2], [3]]))
  }

  @Test("The limit holds for the elements and for the index")
  func limit() throws {
    let elements: [[UInt8]] = [[UInt8](repeating: 7, count: 1000), []]
    let codec = Self.codec(data: [Self.zstd])
    let stored = try encode(elements, codec)
    #expect(try decode(stored, count: 2, codec, limit: 1012) == referenceWireForm(elements))
    for limit in [0, 11, 999, 1011] {
      #expect(throws: ChunkError.self) { try decode(stored, count: 2, codec, limit: limit) }
    }
  }

  @Test("Every flipped bit gives an error or elements, and never a trap")
  func flippedBits() throws {
    let elements = [Array("one".utf8), [], Array("three".utf8), Array("four".utf8)]
    for codec in [
      Self.codec(), Self.codec(.uint64, .start),
      Self.codec(.uint32, .start, data: [Self.zstd], index: [Self.zstd]),
    ] {
      let stored = try encode(elements, codec)
      for bit in 0..<stored.count * 8 {
        var damaged = stored
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        guard let found = try? decode(damaged, count: 4, codec, limit: 4096) else { continue }
        #expect(found.count >= 20 && found.count <= 4096)
      }
    }
  }

  @Test("zarrs.vlen_v2 keeps elements as they lie in memory")
  func version2() throws {
    let wire = referenceWireForm([[1], [], [2, 3]])
    #expect(VlenV2Codec().isIdentity)
    #expect(try VlenV2Codec().encoded(wire, shape: [3], layout: .variable) == wire)
  }

  @Test("Codecs for other elements inside are a programming error")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      let bytes = CodecChain(VlenBytesCodec())
      _ = VlenCodec(data: bytes, index: bytes, offsetType: .uint32, indexLocation: .end)
    }
  }
}

extension CRC32CCodec {
  fileprivate func appended(to bytes: [UInt8]) -> [UInt8] {
    bytes + littleEndianBytes(checksum(of: bytes.span.bytes))
  }
}
