import ChunkEngine
import TestSupport
import Testing

/// Vectors that numcodecs 0.16.6 made; a live test with many more compares with the installed one.
@Suite("Filters of numcodecs")
struct NumcodecsCodecTests {
  /// Expects `decoded` to become `encoded`, and that to become `restored`.
  private func expect<Decoded: BitwiseCopyable, Encoded: BitwiseCopyable>(
    _ codec: some ArrayToArrayCodec, _ decoded: [Decoded], becomes encoded: [Encoded],
    restored: [Decoded]? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let layout = ElementLayout.fixed(byteCount: MemoryLayout<Decoded>.size)
    let chunk = try ChunkRepresentation(shape: [decoded.count], layout: layout)
    #expect(
      try codec.encodedRepresentation(of: chunk).byteCount == encoded.count * MemoryLayout<Encoded>.size,
      sourceLocation: sourceLocation)
    let stored = try codec.encoded(packedBytes(decoded), shape: [decoded.count], layout: layout)
    #expect(stored == packedBytes(encoded), sourceLocation: sourceLocation)
    #expect(
      try codec.decoded(packedBytes(encoded), shape: [decoded.count], layout: layout)
        == packedBytes(restored ?? decoded), sourceLocation: sourceLocation)
  }

  @Test("delta stores differences, which wrap around")
  func delta() throws {
    try expect(
      NumcodecsDeltaCodec(decodedType: .int16, encodedType: .int8), [100, 102, 104, 101] as [Int16],
      becomes: [100, 2, 2, -3] as [Int8])
    try expect(
      NumcodecsDeltaCodec(decodedType: .int16, encodedType: .int8), [100, 300, -5] as [Int16],
      becomes: [100, -56, -49] as [Int8], restored: [100, 44, -5])
    try expect(
      NumcodecsDeltaCodec(decodedType: .uint8, encodedType: .uint8), [200, 10, 255] as [UInt8],
      becomes: [200, 66, 245] as [UInt8])
    try expect(
      NumcodecsDeltaCodec(decodedType: .float32, encodedType: .float64), [0.1, 1e8, 0.3, 7] as [Float],
      becomes: [Double(Float(0.1)), 1e8, -1e8, Double(Float(7) - 0.3)],
      restored: [0.1, 1e8, 0.099999994, 6.7999997])
    try expect(
      NumcodecsDeltaCodec(decodedType: .int32, encodedType: .int32), [] as [Int32], becomes: [] as [Int32])
  }

  @Test("delta of the widest integers comes back, whatever their signs")
  func wideDelta() throws {
    try expect(
      NumcodecsDeltaCodec(decodedType: .uint64, encodedType: .int64), [1 << 63, 5, .max] as [UInt64],
      becomes: [.min, Int64.min + 5, -6] as [Int64])
    try expect(
      NumcodecsDeltaCodec(decodedType: .int64, encodedType: .uint64), [-1, .min, .max] as [Int64],
      becomes: [.max, UInt64(Int64.max) + 2, .max] as [UInt64])
  }

  @Test("fixedscaleoffset stores rounded multiples")
  func fixedScaleOffset() throws {
    try expect(
      NumcodecsFixedScaleOffsetCodec(
        offset: .integer(1000), scale: .integer(10), decodedType: .float64, encodedType: .uint8),
      [1000, 1000.11111111, 1000.55555556, 1001, 1000.25], becomes: [0, 1, 6, 10, 2] as [UInt8],
      restored: [1000, 1000.1, 1000.6, 1001, 1000.2])
    // Integers are computed with as integers, which wrap around, until a constant has a fraction.
    try expect(
      NumcodecsFixedScaleOffsetCodec(
        offset: .integer(-3), scale: .real(0.5), decodedType: .int8, encodedType: .int16),
      [0, 1, 127, -128] as [Int8], becomes: [2, 2, -63, -62] as [Int16], restored: [1, 1, 127, -127])
  }

  @Test("fixedscaleoffset refuses integers that cannot be computed with")
  func constantThatDoesNotFit() throws {
    let codec = NumcodecsFixedScaleOffsetCodec(
      offset: .integer(1000), scale: .integer(1), decodedType: .int8, encodedType: .int8)
    #expect(throws: ChunkError.self) { try codec.encoded([1], shape: [1], layout: .fixed(byteCount: 1)) }
    for (constant, type) in [(.integer(-1), .uint64), (.unsignedInteger(.max), .int64)]
      as [(NumcodecsFixedScaleOffsetCodec.Constant, NumberType)]
    {
      let codec = NumcodecsFixedScaleOffsetCodec(
        offset: .integer(0), scale: constant, decodedType: type, encodedType: type)
      #expect(throws: ChunkError.self) {
        try codec.encoded([UInt8](repeating: 0, count: 8), shape: [1], layout: .fixed(byteCount: 8))
      }
    }
  }

  @Test("quantize rounds to steps that are a power of two")
  func quantize() throws {
    let numbers = (0..<10).map { Double($0) / 9 }
    for (digits, expected) in [
      (1, [0, 0.125, 0.25, 0.3125, 0.4375, 0.5625, 0.6875, 0.75, 0.875, 1]),
      (2, [0, 0.109375, 0.21875, 0.3359375, 0.4453125, 0.5546875, 0.6640625, 0.78125, 0.890625, 1]),
    ] {
      let codec = NumcodecsQuantizeCodec(digits: digits, decodedType: .float64, encodedType: .float64)
      try expect(codec, numbers, becomes: expected, restored: expected)
    }
  }

  @Test("astype converts as C does")
  func asType() throws {
    try expect(
      NumcodecsAsTypeCodec(decodedType: .int16, encodedType: .int8), [100, 300, -129] as [Int16],
      becomes: [100, 44, 127] as [Int8], restored: [100, 44, 127])
    try expect(
      NumcodecsAsTypeCodec(decodedType: .float64, encodedType: .int32), [1.9, -1.9, 3e9, .nan, -.infinity],
      becomes: [1, -1, .min, .min, .min] as [Int32],
      restored: [1, -1, -2_147_483_648, -2_147_483_648, -2_147_483_648])
    try expect(
      NumcodecsAsTypeCodec(decodedType: .float32, encodedType: .uint64), [-1, 1e19, .nan] as [Float],
      becomes: [.max, 9_999_999_980_506_447_872, 1 << 63] as [UInt64],
      restored: [18_446_744_073_709_551_616, 1e19, 9_223_372_036_854_775_808])
    try expect(
      NumcodecsAsTypeCodec(decodedType: .float64, encodedType: .bool), [0, -0.0, 0.5, .nan],
      becomes: [0, 0, 1, 1] as [UInt8], restored: [0, 0, 1, 1])
  }

  @Test("packbits counts its padding and begins with the highest bit")
  func packBits() throws {
    let codec = NumcodecsPackBitsCodec()
    try expect(codec, [1, 0, 0, 1] as [UInt8], becomes: [4, 0b1001_0000] as [UInt8])
    try expect(codec, [1, 1, 1, 0, 0, 0, 0, 1] as [UInt8], becomes: [0, 0b1110_0001] as [UInt8])
    try expect(
      codec, [0, 0, 0, 0, 0, 0, 0, 0, 9] as [UInt8], becomes: [7, 0, 0x80] as [UInt8],
      restored: [0, 0, 0, 0, 0, 0, 0, 0, 1])
    try expect(codec, [] as [UInt8], becomes: [0] as [UInt8])
    let layout = ElementLayout.fixed(byteCount: 1)
    for (packed, count) in [
      ([], 4), ([4], 4), ([3, 0x90], 4), ([4, 0x90, 0], 4), ([255, 0x90], 4), ([4, 0], 12),
    ]
      as [([UInt8], Int)]
    {
      #expect(throws: ChunkError.self) { try codec.decoded(packed, shape: [count], layout: layout) }
    }
    #expect(throws: ChunkError.self) { try codec.decoded([4, 0x90], shape: [4], layout: layout, limit: 3) }
    #expect(throws: ChunkError.self) { try codec.decoded([], shape: [.max], layout: layout) }
    #expect(throws: ChunkError.self) { try codec.encoded([1, 2], shape: [1], layout: .fixed(byteCount: 2)) }
  }

  @Test("Other bytes than the numbers have are refused")
  func wrongByteCounts() {
    let codec = NumcodecsDeltaCodec(decodedType: .int32, encodedType: .int16)
    let layout = ElementLayout.fixed(byteCount: 4)
    for count in [0, 3, 5, 8] {
      #expect(throws: ChunkError.byteCountMismatch(codec: "numcodecs.delta", found: count, expected: 4)) {
        try codec.decoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
    }
    #expect(throws: ChunkError.decodedByteCountExceedsLimit(codec: "numcodecs.delta", byteCount: 8, limit: 7))
    {
      try codec.decoded([0, 0, 0, 0], shape: [2], layout: layout, limit: 7)
    }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0, 0], shape: [1], layout: layout) }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0], shape: [1], layout: .fixed(byteCount: 2)) }
    // A chunk of numbers that get larger by encoding may be too large for an Int then.
    let widening = NumcodecsAsTypeCodec(decodedType: .int8, encodedType: .int64)
    #expect(throws: ChunkError.self) {
      try widening.decoded([], shape: [.max], layout: .fixed(byteCount: 1))
    }
    #expect(throws: ChunkError.self) {
      try widening.encodedRepresentation(of: ChunkRepresentation(shape: [.max], layout: .fixed(byteCount: 1)))
    }
  }
}
