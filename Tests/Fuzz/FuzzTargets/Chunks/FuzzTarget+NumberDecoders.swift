import ChunkEngine

extension FuzzTarget {
  /// Array-to-array codecs: bytes choose codec, types and shape, and the rest is numbers.
  static let numberDecoders = FuzzTarget("number-decoders") {
    (0..<12).flatMap { kind in
      (0..<4).map { [UInt8(kind), $0 * 3, $0 * 4 + 1, $0, 2, 3, 2, 1] + [UInt8](0..<48) }
    }
  } prepare: {
    { input in
      guard let sample = NumberCodec(&input) else { return }
      let shape = input.shape(rank: 3, below: 6)
      let isExact = input.byte() & 1 == 0
      try sample.run(&input, shape: shape, isExact: isExact)
    }
  }
}

/// An array-to-array codec that an input chose.
private struct NumberCodec {
  private let codec: any ArrayToArrayCodec
  private let type: NumberType
  private let isLossless: Bool

  private static let types = NumberType.allCases

  /// Makes a codec, or returns nil for impossible settings.
  init?(_ input: inout FuzzInput) {
    let kind = input.number(below: 12)
    let type = Self.types[input.number(below: Self.types.count)]
    let other = Self.types[input.number(below: Self.types.count)]
    let setting = Int(input.byte())
    guard let codec = Self.codec(kind, type, other, setting, &input) else { return nil }
    self.codec = codec
    self.type = kind == 11 ? .bool : type
    isLossless = kind < 3 || kind == 3 && type == other && type.isInteger && type != .bool
  }

  private static func codec(
    _ kind: Int, _ type: NumberType, _ other: NumberType, _ setting: Int, _ input: inout FuzzInput
  ) -> (any ArrayToArrayCodec)? {
    switch kind {
    case 0: return TransposeCodec(order: [[], [0], [1, 0], [2, 0, 1], [0, 2, 1]][setting % 5])
    case 1: return SqueezeCodec()
    case 2:
      return ReshapeCodec(
        lengths: [[.rest], [.count(2), .rest], [.dimensions([0, 1]), .count(1)]][setting % 3])
    case 3 where NumcodecsDeltaCodec.supports(type) && NumcodecsDeltaCodec.supports(other):
      return NumcodecsDeltaCodec(decodedType: type, encodedType: other)
    case 4 where !type.isComplex && !other.isComplex:
      return NumcodecsAsTypeCodec(decodedType: type, encodedType: other)
    case 5 where CastValueCodec.supports(type) && CastValueCodec.supports(other):
      let roundings = CastValueCodec.Rounding.allCases
      let policies = CastValueCodec.OutOfRange.allCases
      return CastValueCodec(
        decodedType: type, encodedType: other, rounding: roundings[setting % roundings.count],
        outOfRange: policies[setting / 16 % policies.count])
    case 6 where ScaleOffsetCodec.supports(type):
      return ScaleOffsetCodec(
        type: type, offset: padded(input.take(setting % 17), type),
        scale: padded(input.take(setting % 13), type))
    case 7 where type != .bool && !type.isComplex:
      return BitRoundCodec(keptBitCount: setting, type: type, losesCarry: other.isInteger)
    case 8 where NumcodecsQuantizeCodec.supports(type) && NumcodecsQuantizeCodec.supports(other):
      return NumcodecsQuantizeCodec(digits: setting - 128, decodedType: type, encodedType: other)
    case 9 where ![type, other].contains { $0.isComplex || $0 == .bfloat16 }:
      return NumcodecsFixedScaleOffsetCodec(
        offset: constant(&input), scale: constant(&input), decodedType: type, encodedType: other)
    case 10 where type.isComplex:
      return BitRoundCodec(keptBitCount: setting, type: type.partType, partCount: 2)
    case 11: return NumcodecsPackBitsCodec()
    default: return nil
    }
  }

  private static func padded(_ bytes: [UInt8], _ type: NumberType) -> [UInt8] {
    Array((bytes + [UInt8](repeating: 0, count: 16)).prefix(type.byteCount))
  }

  private static func constant(_ input: inout FuzzInput) -> NumcodecsFixedScaleOffsetCodec.Constant {
    let kind = input.byte()
    let bits = input.take(8).reduce(0) { $0 << 8 | UInt64($1) }
    return kind % 3 == 0
      ? .integer(Int64(bitPattern: bits))
      : kind % 3 == 1 ? .unsignedInteger(bits) : .real(Double(bitPattern: bits))
  }

  /// Decodes the given or the required number of numbers, and encodes the result.
  func run(_ input: inout FuzzInput, shape: [Int], isExact: Bool) throws {
    let layout = ElementLayout.fixed(byteCount: type.byteCount)
    let chunk = try ChunkRepresentation(shape: shape, layout: layout)
    guard let encodedChunk = try? codec.encodedRepresentation(of: chunk),
      let byteCount = encodedChunk.byteCount
    else { return }
    let bytes = isExact ? input.repeatedRest(count: byteCount) : input.rest()
    guard let numbers = try decoded(bytes, chunk) else { return }
    var arena = ByteArena()
    guard isLossless else {
      _ = try? codec.encode(numbers.span.bytes, of: chunk, into: &arena)
      return
    }
    try codec.encode(numbers.span.bytes, of: chunk, into: &arena)
    let again = Array(copying: arena.bytes)
    try check(again.count == byteCount, "encoding gives another size than was said")
    try check(
      try decoded(again, chunk) == numbers, "\(Swift.type(of: codec).name) decodes other than was encoded")
  }

  private func decoded(_ bytes: [UInt8], _ chunk: ChunkRepresentation) throws -> [UInt8]? {
    var arena = ByteArena()
    do throws(ChunkError) {
      try codec.decode(bytes.span.bytes, of: chunk, into: &arena, limit: decodingLimit)
    } catch {
      return nil
    }
    let count = arena.count
    try check(count == chunk.byteCount, "\(count) bytes were decoded in place of \(chunk.byteCount ?? 0)")
    return Array(copying: arena.bytes)
  }
}
