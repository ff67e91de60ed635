import ChunkEngine
import TestSupport
import Testing

@Suite("bitround")
struct BitRoundCodecTests {
  private func rounded<Number: BitwiseCopyable>(
    _ numbers: [Number], _ type: NumberType, keeping count: Int, partCount: Int = 1, losesCarry: Bool = false
  ) throws -> [Number] {
    let codec = BitRoundCodec(keptBitCount: count, type: type, partCount: partCount, losesCarry: losesCarry)
    let memory = packedBytes(numbers)
    let elementByteCount = partCount * type.byteCount
    let (shape, layout) = (
      [memory.count / elementByteCount], ElementLayout.fixed(byteCount: elementByteCount)
    )
    let encoded = try codec.encoded(memory, shape: shape, layout: layout)
    #expect(try codec.decoded(encoded, shape: shape, layout: layout) == encoded)
    return unpacked(encoded)
  }

  // numcodecs.BitRound(keepbits=3).encode(numpy.array([…], dtype='f4'))
  @Test("Fractions keep some of their bits, as with numcodecs")
  func fractions() throws {
    let numbers: [Float] = [0, 1.23456789, -8.3587192834, 98765.43210, 1.0625, 1.1875, -.infinity, 0]
    let expected: [Float] = [0, 1.25, -8, 98304, 1, 1.25, -.infinity, 0]
    #expect(try rounded(numbers, .float32, keeping: 3) == expected)
    #expect(try rounded(numbers, .float32, keeping: 3, partCount: 2) == expected)
    #expect(try rounded(numbers, .float32, keeping: 23) == numbers)
    #expect(try rounded([Float16(1.23), 1000.5], .float16, keeping: 2) == [1.25, 1024])
    #expect(try rounded([1.1, -1e300], .float64, keeping: 0) == [1, -0x1p996])
    // The largest number becomes infinite.
    #expect(try rounded([Float.greatestFiniteMagnitude], .float32, keeping: 5) == [.infinity])
  }

  // The integers that zarrs 0.23 stores.
  @Test("Integers keep bits from their highest on, as with zarrs")
  func integers() throws {
    #expect(
      try rounded(
        [0, 1024, 1280, 1664, 1685, 123_145_182, .max, 7, 8, 9, 15] as [UInt32], .uint32, keeping: 3)
        == [0, 1024, 1280, 1536, 1792, 117_440_512, 3_758_096_384, 7, 8, 8, 16])
    #expect(
      try rounded([0, 3, 7, 15, 17, 54, 89, 128, 255] as [UInt8], .uint8, keeping: 3)
        == [0, 3, 7, 16, 16, 56, 96, 128, 224])
    #expect(
      try rounded([1000, -1, -1000, .min, .max, 5] as [Int16], .int16, keeping: 3)
        == [1024, -8192, -8192, .min, .min, 5])
    #expect(try rounded([1, -1, 77] as [Int64], .int64, keeping: 0) == [0, 0, 128])
  }

  // The bits that zarrs 0.23 stores.
  @Test(
    "bfloat16 has a fraction of seven bits",
    arguments: [
      (2, [0x3fa0, 0x4000, 0x4040, 0x7f80, 0x7fc0, 0xffe0]),
      (6, [0x3f9e, 0x4000, 0x4048, 0x7f80, 0x7fc0, 0xfffe]),
      (7, [0x3f9e, 0x3fff, 0x4049, 0x7f80, 0x7fc0, 0xffff]),
    ] as [(Int, [UInt16])])
  func bfloat16(count: Int, expected: [UInt16]) throws {
    let numbers: [UInt16] = [0x3f9e, 0x3fff, 0x4049, 0x7f80, 0x7fc0, 0xffff]
    #expect(try rounded(numbers, .bfloat16, keeping: count) == expected)
  }

  @Test("A carry out of a NaN is lost with numcodecs, and with zarrs the NaN stays one")
  func carry() throws {
    #expect(try rounded([UInt32.max], .float32, keeping: 3, losesCarry: true) == [0])
    #expect(try rounded([UInt32.max], .float32, keeping: 3) == [0xfff0_0000])
  }

  @Test("Other bytes than the numbers have are refused")
  func wrongByteCount() {
    let codec = BitRoundCodec(keptBitCount: 3, type: .float32)
    let layout = ElementLayout.fixed(byteCount: 4)
    for count in [0, 4, 7, 9] {
      let error = ChunkError.byteCountMismatch(codec: "bitround", found: count, expected: 8)
      #expect(throws: error) {
        try codec.encoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
      #expect(throws: error) {
        try codec.decoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
    }
    #expect(throws: ChunkError.self) {
      try codec.decoded([UInt8](repeating: 0, count: 8), shape: [2], layout: layout, limit: 7)
    }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0], shape: [1], layout: .fixed(byteCount: 2)) }
    #expect(throws: ChunkError.self) { try codec.encoded([], shape: [0], layout: .variable) }
  }
}
