import ChunkEngine
import TestSupport
import Testing

@Suite("scale_offset")
struct ScaleOffsetCodecTests {
  /// Expects numbers to become others, and these the numbers again.
  private func expect<Number: BitwiseCopyable>(
    _ numbers: [Number], _ type: NumberType, offset: Number, scale: Number, become encoded: [Number],
    restored: [Number]? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let codec = ScaleOffsetCodec(type: type, offset: packedBytes([offset]), scale: packedBytes([scale]))
    let layout = ElementLayout.fixed(byteCount: type.byteCount)
    #expect(
      try codec.encoded(packedBytes(numbers), shape: [numbers.count], layout: layout) == packedBytes(encoded),
      sourceLocation: sourceLocation)
    #expect(
      try codec.decoded(packedBytes(encoded), shape: [numbers.count], layout: layout)
        == packedBytes(restored ?? numbers), sourceLocation: sourceLocation)
  }

  // numpy: (x - offset) * scale and x / scale + offset in the type of x
  @Test("Numbers are computed with in their own type")
  func numbers() throws {
    try expect(
      [5, 5.5, -1, .infinity], .float64, offset: 5, scale: 0.1,
      become: [0, 0.05, -0.6000000000000001, .infinity],
      restored: [5, 5.5, -1.0000000000000009, .infinity])
    try expect(
      [5, 5.1, 1e8] as [Float], .float32, offset: 5, scale: 0.1, become: [0, 0.009999990463256836, 9_999_999])
    try expect(
      [2048, 3] as [Float16], .float16, offset: 1, scale: 3, become: [6140, 6] as [Float16],
      restored: [2048, 3])
    try expect([10, -3, 52] as [Int8], .int8, offset: 10, scale: 3, become: [0, -39, 126])
    try expect([10, 13, 95] as [UInt8], .uint8, offset: 10, scale: 3, become: [0, 9, 255])
    try expect([.min, 0] as [Int64], .int64, offset: -1, scale: 1, become: [.min + 1, 1])
    try expect([.max, 1 << 63] as [UInt64], .uint64, offset: 1 << 63, scale: 2, become: [.max - 1, 0])
    // bfloat16: 2.5 and 3, less 1, times 2
    try expect(
      [0x4020, 0x4040] as [UInt16], .bfloat16, offset: 0x3f80, scale: 0x4000, become: [0x4040, 0x4080])
  }

  @Test("Integers that become too large are an error")
  func tooLarge() {
    for (number, offset, scale) in [(100, -28, 1), (-100, 29, 1), (43, 0, 3), (-128, 0, -1), (64, 0, 2)]
      as [(Int8, Int8, Int8)]
    {
      let codec = ScaleOffsetCodec(type: .int8, offset: packedBytes([offset]), scale: packedBytes([scale]))
      #expect(throws: ChunkError.self) {
        try codec.encoded(packedBytes([0, number]), shape: [2], layout: .fixed(byteCount: 1))
      }
    }
    let wide = ScaleOffsetCodec(
      type: .uint64, offset: packedBytes([UInt64(0)]), scale: packedBytes([UInt64.max]))
    #expect(throws: ChunkError.self) {
      try wide.encoded(packedBytes([UInt64.max]), shape: [1], layout: .fixed(byteCount: 8))
    }
  }

  @Test("Stored integers that cannot have been made are an error")
  func impossible() {
    for (number, offset, scale) in [(1, 0, 2), (-7, 0, 3), (127, 1, 1), (-128, 0, -1), (5, 0, 0)]
      as [(Int8, Int8, Int8)]
    {
      let codec = ScaleOffsetCodec(type: .int8, offset: packedBytes([offset]), scale: packedBytes([scale]))
      #expect(throws: ChunkError.self) {
        try codec.decoded(packedBytes([number]), shape: [1], layout: .fixed(byteCount: 1))
      }
    }
  }

  @Test("Other bytes than the numbers have are refused")
  func wrongByteCounts() {
    let codec = ScaleOffsetCodec(type: .int16, offset: [0, 0], scale: [1, 0])
    let layout = ElementLayout.fixed(byteCount: 2)
    for count in [0, 3, 5, 8] {
      let error = ChunkError.byteCountMismatch(codec: "scale_offset", found: count, expected: 4)
      #expect(throws: error) {
        try codec.decoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
      #expect(throws: error) {
        try codec.encoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
    }
    #expect(throws: ChunkError.self) { try codec.decoded([0, 0], shape: [1], layout: layout, limit: 1) }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0], shape: [2], layout: .fixed(byteCount: 1)) }
  }
}
