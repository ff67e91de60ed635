import ChunkEngine
import TestSupport
import Testing

@Suite("Codecs of numbers, given any bits")
struct AnyNumbersTests {
  private static let types = NumberType.allCases.filter { !$0.isComplex }

  /// Numbers of any bits, and among them those that are easily got wrong.
  private func bits(_ type: NumberType, count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let width = type.byteCount
    var memory: [UInt8] = []
    for fill in [0, 0xff, 0x7f, 0x80] as [UInt8] {
      // Zeros, ones, and these with another highest byte: extremes, infinities and NaNs.
      memory += [UInt8](repeating: fill, count: width)
      for low in [0, 0xff] as [UInt8] { memory += [UInt8](repeating: low, count: width - 1) + [fill] }
    }
    return memory + generator.bytes(count: count * width - memory.count)
  }

  /// Encodes numbers, and decodes others.
  private func run(_ codec: some ArrayToArrayCodec, from type: NumberType, to other: NumberType) throws {
    let count = 1500
    let layout = ElementLayout.fixed(byteCount: type.byteCount)
    let decoded = try codec.decoded(bits(other, count: count, seed: 2), shape: [count], layout: layout)
    #expect(decoded.count == count * type.byteCount)
    let encoded = try codec.encoded(bits(type, count: count, seed: 1), shape: [count], layout: layout)
    #expect(encoded.count == count * other.byteCount)
  }

  @Test("No pair of types traps when numbers are converted", arguments: types)
  func conversions(type: NumberType) throws {
    for other in Self.types {
      try run(NumcodecsAsTypeCodec(decodedType: type, encodedType: other), from: type, to: other)
      if NumcodecsDeltaCodec.supports(type), NumcodecsDeltaCodec.supports(other) {
        try run(NumcodecsDeltaCodec(decodedType: type, encodedType: other), from: type, to: other)
      }
      guard type != .bfloat16, other != .bfloat16 else { continue }
      for constant in [.integer(.min), .unsignedInteger(.max), .integer(0), .real(.nan), .real(-1e308)]
        as [NumcodecsFixedScaleOffsetCodec.Constant]
      {
        let codec = NumcodecsFixedScaleOffsetCodec(
          offset: constant, scale: constant, decodedType: type, encodedType: other)
        // A constant need not fit in integers.
        _ = try? run(codec, from: type, to: other)
      }
    }
  }

  @Test("No pair of types traps when values are cast", arguments: types)
  func casts(type: NumberType) {
    guard CastValueCodec.supports(type) else { return }
    for other in Self.types where CastValueCodec.supports(other) {
      for rounding in CastValueCodec.Rounding.allCases {
        for outOfRange in CastValueCodec.OutOfRange.allCases {
          let codec = CastValueCodec(
            decodedType: type, encodedType: other, rounding: rounding, outOfRange: outOfRange)
          // One by one, since the first number that cannot be cast ends it.
          let numbers = bits(type, count: 20, seed: 3)
          for start in stride(from: 0, to: numbers.count, by: type.byteCount) {
            _ = try? codec.encoded(
              Array(numbers[start..<start + type.byteCount]), shape: [1],
              layout: .fixed(byteCount: type.byteCount))
          }
        }
      }
    }
  }

  @Test("No type traps when it is scaled or rounded", arguments: types)
  func scales(type: NumberType) throws {
    guard ScaleOffsetCodec.supports(type) else { return }
    let constants = bits(type, count: 15, seed: 4)
    for start in stride(from: 0, to: constants.count - type.byteCount, by: type.byteCount) {
      let offset = Array(constants[start..<start + type.byteCount])
      let scale = Array(constants[start + type.byteCount..<start + 2 * type.byteCount])
      // Integers need not fit either.
      _ = try? run(ScaleOffsetCodec(type: type, offset: offset, scale: scale), from: type, to: type)
    }
    for count in [0, 1, 7, 8, 63, 64, 1000] {
      try run(BitRoundCodec(keptBitCount: count, type: type), from: type, to: type)
    }
    if NumcodecsQuantizeCodec.supports(type) {
      for digits in [-307, -3, 0, 5, 307] {
        try run(
          NumcodecsQuantizeCodec(digits: digits, decodedType: type, encodedType: type), from: type, to: type)
      }
    }
  }

  @Test("Codecs that cannot be are refused")
  func preconditions() async {
    await #expect(processExitsWith: .failure) { _ = BytesCodec(byteOrder: .big, scalarByteCounts: [4, 0]) }
    await #expect(processExitsWith: .failure) { _ = TransposeCodec(order: [0, 2]) }
    await #expect(processExitsWith: .failure) { _ = BitRoundCodec(keptBitCount: -1, type: .float32) }
    await #expect(processExitsWith: .failure) { _ = BitRoundCodec(keptBitCount: 1, type: .bool) }
    await #expect(processExitsWith: .failure) {
      _ = BitRoundCodec(keptBitCount: 1, type: .int8, partCount: 0)
    }
    await #expect(processExitsWith: .failure) {
      _ = PackBitsCodec.Component(byteCount: 3, bitCount: 8, isSigned: false)
    }
    await #expect(processExitsWith: .failure) {
      _ = PackBitsCodec.Component(byteCount: 1, bitCount: 9, isSigned: false)
    }
    await #expect(processExitsWith: .failure) {
      _ = PackBitsCodec(.init(byteCount: 1, bitCount: 4, isSigned: false), bits: 0...4)
    }
    await #expect(processExitsWith: .failure) {
      _ = NumcodecsAsTypeCodec(decodedType: .complex64, encodedType: .float32)
    }
    await #expect(processExitsWith: .failure) {
      _ = NumcodecsDeltaCodec(decodedType: .bool, encodedType: .bool)
    }
    await #expect(processExitsWith: .failure) {
      _ = NumcodecsQuantizeCodec(digits: 308, decodedType: .float32, encodedType: .float32)
    }
    await #expect(processExitsWith: .failure) { _ = CastValueCodec(decodedType: .bool, encodedType: .int8) }
    await #expect(processExitsWith: .failure) {
      _ = ScaleOffsetCodec(type: .int16, offset: [0], scale: [1, 0])
    }
  }
}
