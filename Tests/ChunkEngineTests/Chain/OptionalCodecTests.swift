import ChunkEngine
import TestSupport
import Testing

@Suite("zarrs.optional")
struct OptionalCodecTests {
  private static func chain(_ byteCount: Int, _ stages: [CodecChain.Stage] = []) -> CodecChain {
    CodecChain(
      BytesCodec(byteOrder: .little, scalarByteCounts: [UInt8(byteCount)]), stages: stages,
      layout: .fixed(byteCount: byteCount))
  }

  private static let zstd = CodecChain.Stage.transform(ZstdCodec())

  /// Optional elements of `byteCount` bytes.
  private static func fixed(_ byteCount: Int, _ stages: [CodecChain.Stage] = []) -> OptionalCodec {
    OptionalCodec(mask: chain(1, stages), data: chain(byteCount, stages))
  }

  /// Optional elements of any size.
  private static func variable(
    text: Bool = false, _ stages: [CodecChain.Stage] = []
  ) -> OptionalCodec {
    OptionalCodec(
      mask: chain(1),
      data: CodecChain(text ? VlenUTF8Codec() as any ArrayToBytesCodec : VlenBytesCodec(), stages: stages))
  }

  private func header(_ mask: Int, _ data: Int) -> [UInt8] { packedBytes([UInt64(mask), UInt64(data)]) }

  @Test("Chunks of numbers are those of zarrs")
  func numbers() throws {
    // uint8: 1, absent, 3, 4
    let memory = bytes(1, 1, 0, 0, 1, 3, 1, 4)
    let stored = header(4, 3) + bytes(1, 0, 1, 1, 1, 3, 4)
    let layout = ElementLayout.fixed(byteCount: 2)
    #expect(try Self.fixed(1).encoded(memory, shape: [2, 2], layout: layout) == stored)
    #expect(try Self.fixed(1).decoded(stored, shape: [2, 2], layout: layout) == memory)
  }

  @Test("Chunks of text are those of zarrs")
  func text() throws {
    // "ab", absent, "", "cd"
    let memory = referenceWireForm([[1] + Array("ab".utf8), [0], [1], [1] + Array("cd".utf8)])
    let stored =
      header(4, 20) + bytes(1, 0, 1, 1, 3, 0, 0, 0, 2, 0, 0, 0, 0x61, 0x62, 0, 0, 0, 0)
      + bytes(2, 0, 0, 0, 0x63, 0x64)
    #expect(try Self.variable(text: true).encoded(memory, shape: [4], layout: .variable) == stored)
    #expect(try Self.variable(text: true).decoded(stored, shape: [4], layout: .variable) == memory)
    #expect(throws: ChunkError.invalidUTF8(index: 1)) {
      try Self.variable(text: true).encoded(
        referenceWireForm([[1, 0x61], [0], [1, 0xff]]), shape: [3], layout: .variable)
    }
  }

  @Test("Where nothing is there, the data is not encoded")
  func nothingThere() throws {
    let absent = [UInt8](repeating: 0, count: 4)
    for stages in [[], [Self.zstd]] {
      let codec = Self.variable(stages)
      let memory = referenceWireForm([[UInt8]](repeating: [0], count: 4))
      #expect(try codec.encoded(memory, shape: [4], layout: .variable) == header(4, 0) + absent)
      #expect(try codec.decoded(header(4, 0) + absent, shape: [4], layout: .variable) == memory)
    }
    // But it may be.
    let codec = OptionalCodec(mask: Self.chain(1), data: Self.chain(2, [Self.zstd]))
    let data = try ZstdCodec().encoded([])
    #expect(
      try codec.decoded(header(4, data.count) + absent + data, shape: [4], layout: .fixed(byteCount: 3))
        == [UInt8](repeating: 0, count: 12))
  }

  @Test("Optional elements of optional elements come back")
  func nested() throws {
    let inner = Self.fixed(1)
    let codec = OptionalCodec(
      mask: Self.chain(1), data: CodecChain(inner, layout: .fixed(byteCount: 2)))
    // 5, absent, the absent that is there
    let memory = bytes(1, 1, 5, 0, 0, 0, 1, 0, 0)
    let stored = header(3, 19) + bytes(1, 0, 1) + header(2, 1) + bytes(1, 0, 5)
    #expect(try codec.encoded(memory, shape: [3], layout: .fixed(byteCount: 3)) == stored)
    #expect(try codec.decoded(stored, shape: [3], layout: .fixed(byteCount: 3)) == memory)

    let texts = OptionalCodec(
      mask: Self.chain(1), data: CodecChain(Self.variable(text: true), layout: .variable))
    let wire = referenceWireForm([[1, 1, 0x61], [0], [1, 0], [1, 1]])
    let encoded = try texts.encoded(wire, shape: [4], layout: .variable)
    #expect(try texts.decoded(encoded, shape: [4], layout: .variable) == wire)
  }

  @Test("Elements come back through codecs of all kinds, one chunk after the other")
  func roundTrip() throws {
    var generator = SeededGenerator(seed: 12)
    for byteCount in [1, 2, 8] {
      let codec = Self.fixed(byteCount, [Self.zstd, .checksum(CRC32CCodec())])
      let (encoder, decoder) = (try codec.makeEncoder(), try codec.makeDecoder())
      for count in [0, 1, 2, 100, 3] {
        let memory = (0..<count).flatMap { _ in
          Bool.random(using: &generator)
            ? [1] + generator.bytes(count: byteCount) : [UInt8](repeating: 0, count: byteCount + 1)
        }
        let chunk = try ChunkRepresentation(shape: [count], layout: .fixed(byteCount: byteCount + 1))
        var stored = ByteArena()
        var found = ByteArena()
        try encoder.encode(memory.span.bytes, of: chunk, into: &stored)
        try decoder.decode(stored.bytes, of: chunk, into: &found, limit: memory.count)
        let decoded = Array(copying: found.bytes)
        #expect(decoded == memory)
      }
    }
    let codec = Self.variable([Self.zstd])
    let (encoder, decoder) = (try codec.makeEncoder(), try codec.makeDecoder())
    for count in [0, 1, 2, 100, 3] {
      let elements = generator.elements(count: count, byteCounts: 0...20)
      let memory = referenceWireForm(elements.map { $0.count.isMultiple(of: 3) ? [0] : [1] + $0 })
      let chunk = try ChunkRepresentation(shape: [count], layout: .variable)
      var stored = ByteArena()
      var found = ByteArena()
      try encoder.encode(memory.span.bytes, of: chunk, into: &stored)
      try decoder.decode(stored.bytes, of: chunk, into: &found, limit: memory.count)
      let decoded = Array(copying: found.bytes)
      #expect(decoded == memory)
    }
  }

  @Test("Elements that do not say whether they are there cannot be encoded")
  func unencodable() {
    let layout = ElementLayout.fixed(byteCount: 2)
    #expect(throws: ChunkError.self) {
      try Self.fixed(1).encoded(bytes(1, 1, 2, 2), shape: [2], layout: layout)
    }
    #expect(throws: ChunkError.self) { try Self.fixed(1).encoded(bytes(1, 1, 1), shape: [2], layout: layout) }
    #expect(throws: ChunkError.self) {
      try Self.fixed(1).encoded(bytes(1, 1), shape: [1], layout: .variable)
    }
    for element in [[], [2], [255, 1]] as [[UInt8]] {
      #expect(throws: ChunkError.self) {
        try Self.variable().encoded(referenceWireForm([[1], element]), shape: [2], layout: .variable)
      }
    }
    #expect(throws: ChunkError.self) {
      try Self.variable().encoded(bytes(1, 0, 0, 0), shape: [4], layout: .fixed(byteCount: 1))
    }
  }

  @Test("Sizes that the bytes do not have, and bytes that have no size, are errors")
  func sizes() {
    let body = bytes(1, 0, 1, 1, 1, 3, 4)
    func decode(_ stored: [UInt8]) throws -> [UInt8] {
      try Self.fixed(1).decoded(stored, shape: [4], layout: .fixed(byteCount: 2), limit: 100)
    }
    let claims: [(UInt64, UInt64)] = [
      (3, 4), (5, 2), (4, 2), (4, 4), (0, 7), (7, 0), (8, 0), (.max, 8), (1 << 63, 1 << 63), (4, .max),
    ]
    for (mask, data) in claims {
      #expect(throws: ChunkError.self, "\(mask), \(data)") { try decode(packedBytes([mask, data]) + body) }
    }
    for count in 0..<16 {
      #expect(throws: ChunkError.truncatedHeader(codec: "zarrs.optional", byteCount: count, expected: 16)) {
        try decode(Array(header(4, 3)[..<count]))
      }
    }
    #expect(throws: ChunkError.trailingBytes(codec: "zarrs.optional", byteCount: 1)) {
      try decode(header(4, 3) + body + [0])
    }
    #expect(throws: ChunkError.self) { try decode(header(4, 3) + body.dropLast()) }
  }

  @Test("A mask of another number than 0 and 1, or of other elements than the data, is an error")
  func masks() {
    func decode(_ mask: [UInt8], _ data: [UInt8]) throws -> [UInt8] {
      try Self.fixed(1).decoded(
        header(mask.count, data.count) + mask + data, shape: [mask.count],
        layout: .fixed(byteCount: 2), limit: 100)
    }
    #expect(throws: ChunkError.malformed(codec: "zarrs.optional", reason: "element 1 has a mask of 2")) {
      try decode([1, 2, 0], [1])
    }
    #expect(throws: ChunkError.self) { try decode([1, 1, 0], [1]) }
    #expect(throws: ChunkError.self) { try decode([1, 0, 0], [1, 2]) }
    #expect(throws: ChunkError.self) { try decode([0, 0, 0], [1]) }
    let wire = referenceWireForm([[1], [2]])
    for mask in [[1, 0, 0], [1, 1, 1], [0, 0, 0]] as [[UInt8]] {
      #expect(throws: ChunkError.self) {
        try Self.variable().decoded(
          header(3, wire.count) + mask + wire, shape: [3], layout: .variable, limit: 100)
      }
    }
    #expect(throws: ChunkError.self) {
      try Self.variable().decoded(
        header(2, wire.count + 1) + [1, 1] + wire + [0], shape: [2], layout: .variable, limit: 100)
    }
  }

  @Test("The limit holds for the elements with their masks")
  func limit() throws {
    let memory = referenceWireForm([[1, 2, 3], [0]])
    let stored = try Self.variable().encoded(memory, shape: [2], layout: .variable)
    for limit in 0..<memory.count {
      #expect(throws: ChunkError.self) {
        try Self.variable().decoded(stored, shape: [2], layout: .variable, limit: limit)
      }
    }
    #expect(
      try Self.variable().decoded(stored, shape: [2], layout: .variable, limit: memory.count) == memory)
    #expect(throws: ChunkError.self) {
      try Self.fixed(8).decoded([], shape: [1 << 40], layout: .fixed(byteCount: 9), limit: 1 << 30)
    }
    #expect(throws: ChunkError.self) {
      try Self.variable().decoded([], shape: [1 << 40], layout: .variable, limit: 1 << 30)
    }
  }

  @Test("Every flipped bit gives an error or elements, and never a trap")
  func flippedBits() throws {
    let memory = referenceWireForm([[1] + Array("ab".utf8), [0], [1], [1] + Array("cd".utf8)])
    for codec in [Self.variable(), Self.variable([Self.zstd])] {
      let stored = try codec.encoded(memory, shape: [4], layout: .variable)
      for bit in 0..<stored.count * 8 {
        var damaged = stored
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        let found = try? codec.decoded(damaged, shape: [4], layout: .variable, limit: 4096)
        #expect(found.map { $0.count >= 24 && $0.count <= 4096 } ?? true)
      }
    }
  }

  @Test("A mask of larger elements is a programming error")
  func preconditions() async {
    await #expect(processExitsWith: .failure) {
      let bytes = CodecChain(VlenBytesCodec())
      _ = OptionalCodec(mask: bytes, data: bytes)
    }
  }
}
