import ChunkEngine
import TestSupport
import Testing

/// The expected values are those of cast-value-rs 0.5.1, with which zarr-python casts.
@Suite("cast_value")
struct CastValueCodecTests {
  typealias Rounding = CastValueCodec.Rounding
  typealias OutOfRange = CastValueCodec.OutOfRange

  private func type<Number>(_: Number.Type) -> NumberType {
    switch Number.self {
    case is Int8.Type: .int8
    case is Int32.Type: .int32
    case is Int64.Type: .int64
    case is UInt8.Type: .uint8
    case is UInt64.Type: .uint64
    case is Float16.Type: .float16
    case is Float.Type: .float32
    default: .float64
    }
  }

  /// Casts each number by itself, to nil if it cannot be.
  private func cast<Number: BitwiseCopyable, Other: BitwiseCopyable>(
    _ numbers: [Number], to _: Other.Type, _ rounding: Rounding = .nearestEven,
    _ outOfRange: OutOfRange = .error
  ) throws -> [Other?] {
    let codec = CastValueCodec(
      decodedType: type(Number.self), encodedType: type(Other.self), rounding: rounding,
      outOfRange: outOfRange)
    // The other direction is the same with the types changed over.
    let reverse = CastValueCodec(
      decodedType: type(Other.self), encodedType: type(Number.self), rounding: rounding,
      outOfRange: outOfRange)
    let layout = ElementLayout.fixed(byteCount: MemoryLayout<Number>.size)
    return numbers.map { number in
      let encoded = try? codec.encoded(packedBytes([number]), shape: [1], layout: layout)
      let decoded = try? reverse.decoded(
        packedBytes([number]), shape: [1], layout: .fixed(byteCount: MemoryLayout<Other>.size))
      #expect(encoded == decoded)
      return encoded.map { unpacked($0)[0] }
    }
  }

  @Test(
    "Fractions are rounded to integers in five ways",
    arguments: [
      (.nearestEven, [0, 2, 2, 0, -2, -2, 0, 2, -2, -3]), (.towardsZero, [0, 1, 2, 0, -1, -2, 0, 2, -2, -2]),
      (.towardsPositive, [1, 2, 3, 0, -1, -2, 1, 3, -2, -2]),
      (.towardsNegative, [0, 1, 2, -1, -2, -3, 0, 2, -3, -3]),
      (.nearestAway, [1, 2, 3, -1, -2, -3, 0, 2, -2, -3]),
    ] as [(Rounding, [Int32])])
  func integers(rounding: Rounding, expected: [Int32]) throws {
    let numbers = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, 2.3, -2.3, -2.7]
    #expect(try cast(numbers, to: Int32.self, rounding) == expected)
  }

  @Test("Values beyond all integers are errors, are clamped or wrap around")
  func outOfRange() throws {
    let numbers = [127.4, 127.6, 128, -128.5, -129, 300.7, -300.2, 1e30, .infinity, -.infinity, .nan]
    #expect(
      try cast(numbers, to: Int8.self) == [127, nil, nil, -128, nil, nil, nil, nil, nil, nil, nil])
    #expect(
      try cast(numbers, to: Int8.self, .nearestEven, .clamp)
        == [127, 127, 127, -128, -128, 127, -128, 127, nil, nil, nil])
    #expect(
      try cast(numbers, to: Int8.self, .nearestEven, .wrap)
        == [127, -128, -128, -128, 127, 45, -44, 0, nil, nil, nil])
    let large = [-0.4, -1, 0x1p64, 1.8e19, 0x1p64 + 4096, -1e19, 0x1p100 + 0x1p60]
    #expect(try cast(large, to: UInt64.self) == [0, nil, nil, 18_000_000_000_000_000_000, nil, nil, nil])
    #expect(
      try cast(large, to: UInt64.self, .nearestEven, .wrap)
        == [0, .max, 0, 18_000_000_000_000_000_000, 4096, 8_446_744_073_709_551_616, 1 << 60])
    #expect(
      try cast([127, 128, 255, .max] as [UInt64], to: Int8.self, .nearestEven, .clamp) == [
        127, 127, 127, 127,
      ])
    #expect(
      try cast([127, 128, 255, .max] as [UInt64], to: Int8.self, .nearestEven, .wrap) == [127, -128, -1, -1])
    #expect(try cast([-1, .min, 5] as [Int64], to: UInt64.self) == [nil, nil, 5])
    #expect(try cast([-1, .min, 5] as [Int64], to: UInt64.self, .nearestEven, .clamp) == [0, 0, 5])
    #expect(try cast([-1, .min, 5] as [Int64], to: UInt64.self, .nearestEven, .wrap) == [.max, 1 << 63, 5])
  }

  @Test(
    "Values are rounded to floating-point numbers in five ways",
    arguments: [
      (.nearestEven, [1, -1, 0x1.000004p0, 0x1.99999ap-4, 0, nil], [1, 1.0009765625, 65504, nil]),
      (.towardsZero, [1, -1, 0x1.000002p0, 0x1.999998p-4, 0, 0x1.fffffep127], [1, 1, 65504, 65504]),
      (
        .towardsPositive, [0x1.000002p0, -1, 0x1.000004p0, 0x1.99999ap-4, 0x1p-149, nil],
        [1.0009765625, 1.0009765625, nil, nil]
      ),
      (
        .towardsNegative, [1, -0x1.000002p0, 0x1.000002p0, 0x1.999998p-4, 0, 0x1.fffffep127],
        [1, 1, 65504, 65504]
      ),
      (
        .nearestAway, [0x1.000002p0, -0x1.000002p0, 0x1.000004p0, 0x1.99999ap-4, 0, nil],
        [1.0009765625, 1.0009765625, 65504, nil]
      ),
    ] as [(Rounding, [Float?], [Float16?])])
  func floatingPoint(rounding: Rounding, floats: [Float?], halves: [Float16?]) throws {
    let numbers = [1 + 0x1p-24, -1 - 0x1p-24, 1 + 0x1p-23 + 0x1p-24, 0.1, 1e-46, 0x1.ffffffp127]
    #expect(try cast(numbers, to: Float.self, rounding) == floats)
    // The second is just above the middle of two numbers, which rounding twice would not see.
    #expect(
      try cast([1 + 0x1p-11, 1 + 0x1p-11 + 0x1p-40, 65519, 65520], to: Float16.self, rounding) == halves)
  }

  @Test("Values beyond all floating-point numbers are errors, or become infinite")
  func infinities() throws {
    let numbers = [65504, 65519.9, 65520, 1e6, -1e6, .infinity, -.infinity]
    #expect(try cast(numbers, to: Float16.self) == [65504, 65504, nil, nil, nil, .infinity, -.infinity])
    #expect(
      try cast(numbers, to: Float16.self, .nearestEven, .clamp)
        == [65504, 65504, .infinity, .infinity, -.infinity, .infinity, -.infinity])
    #expect(
      try cast(numbers, to: Float16.self, .towardsZero, .clamp)
        == [65504, 65504, 65504, .infinity, -.infinity, .infinity, -.infinity])
    #expect(try #require(cast([Double.nan], to: Float.self)[0]).isNaN)
  }

  @Test("Integers of 64 bits are rounded to floating-point numbers in five ways")
  func wideIntegers() throws {
    let numbers: [Int64] = [9_007_199_254_740_993, 9_007_199_254_740_995, -9_007_199_254_740_993, .max]
    for (rounding, expected) in [
      (.nearestEven, [0x1p53, 0x1.0000000000002p53, -0x1p53, 0x1p63]),
      (.towardsZero, [0x1p53, 0x1.0000000000001p53, -0x1p53, 0x1.fffffffffffffp62]),
      (.towardsPositive, [0x1.0000000000001p53, 0x1.0000000000002p53, -0x1p53, 0x1p63]),
      (.towardsNegative, [0x1p53, 0x1.0000000000001p53, -0x1.0000000000001p53, 0x1.fffffffffffffp62]),
      (.nearestAway, [0x1.0000000000001p53, 0x1.0000000000002p53, -0x1.0000000000001p53, 0x1p63]),
    ] as [(Rounding, [Double])] {
      #expect(try cast(numbers, to: Double.self, rounding) == expected)
    }
    #expect(
      try cast([.max, 1 << 63 | 1 << 39] as [UInt64], to: Float.self, .towardsZero) == [
        0x1.fffffep63, 0x1p63,
      ])
    #expect(
      try cast([65504, 65519, 65520, -70000] as [Int64], to: Float16.self) == [65504, 65504, nil, nil])
  }

  @Test("Single values become what is said")
  func exceptions() throws {
    let double = { (number: Double) in packedBytes([number]) }
    let codec = CastValueCodec(
      decodedType: .float64, encodedType: .uint8,
      encodingExceptions: [
        .init(number: double(.nan), result: [7]), .init(number: double(.infinity), result: [255]),
        .init(number: double(0), result: [9]), .init(number: double(-0.0), result: [10]),
        .init(number: double(300), result: [1]),
      ],
      decodingExceptions: [.init(number: [7], result: double(.infinity))])
    let layout = ElementLayout.fixed(byteCount: 8)
    let numbers: [Double] = [.nan, -.nan, .infinity, 0, -0.0, 1, 300]
    #expect(try codec.encoded(packedBytes(numbers), shape: [7], layout: layout) == [7, 7, 255, 9, 9, 1, 1])
    #expect(try codec.decoded([7, 8], shape: [2], layout: layout) == packedBytes([.infinity, 8]))
    #expect(throws: ChunkError.self) { try codec.encoded(double(-.infinity), shape: [1], layout: layout) }
  }

  @Test("The same type keeps the bytes, unless there are exceptions")
  func sameType() {
    #expect(CastValueCodec(decodedType: .int8, encodedType: .int8).isIdentity)
    #expect(!CastValueCodec(decodedType: .int8, encodedType: .uint8).isIdentity)
    #expect(
      !CastValueCodec(
        decodedType: .int8, encodedType: .int8, decodingExceptions: [.init(number: [0], result: [1])]
      ).isIdentity)
  }

  @Test("Other bytes than the numbers have are refused")
  func wrongByteCounts() {
    let codec = CastValueCodec(decodedType: .float64, encodedType: .int16)
    let layout = ElementLayout.fixed(byteCount: 8)
    for count in [0, 3, 5, 16] {
      #expect(throws: ChunkError.byteCountMismatch(codec: "cast_value", found: count, expected: 4)) {
        try codec.decoded([UInt8](repeating: 0, count: count), shape: [2], layout: layout)
      }
    }
    #expect(throws: ChunkError.decodedByteCountExceedsLimit(codec: "cast_value", byteCount: 16, limit: 15)) {
      try codec.decoded([0, 0, 0, 0], shape: [2], layout: layout, limit: 15)
    }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0], shape: [1], layout: layout) }
    #expect(throws: ChunkError.self) { try codec.encoded([0, 0], shape: [1], layout: .fixed(byteCount: 2)) }
    let widening = CastValueCodec(decodedType: .int8, encodedType: .int64)
    #expect(throws: ChunkError.self) {
      try widening.decoded([], shape: [.max], layout: .fixed(byteCount: 1))
    }
  }
}
