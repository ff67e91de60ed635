import ZarrPlatform

/// A codec that computes with each number of a chunk.
private protocol NumberPipelineCodec: ArrayToArrayCodec {
  /// What encoding does.
  var encoding: NumberPipeline { get throws(ChunkError) }

  /// What decoding does.
  var decoding: NumberPipeline { get }
}

extension NumberPipelineCodec {
  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    _ = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    return try ChunkRepresentation(
      shape: chunk.shape, layout: .fixed(byteCount: decoding.source.byteCount))
  }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let byteCount = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    try source.checkByteCount(byteCount, codec: Self.name)
    try encoding.run(source, into: &output)
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let decoding = decoding
    let byteCount = try chunk.byteCount(ofElements: decoding.target.byteCount, codec: Self.name)
    try checkDecodedByteCount(byteCount, limit: limit, codec: Self.name)
    let (expected, overflow) = chunk.elementCount.multipliedReportingOverflow(by: decoding.source.byteCount)
    try source.checkByteCount(overflow ? Int.max : expected, codec: Self.name)
    try decoding.run(source, into: &output)
  }
}

/// Stores numbers as numbers of another type.
///
/// See [AsType](https://numcodecs.readthedocs.io/en/stable/filter/astype.html). Conversions are those of
/// NumPy: integers wrap around, and fractions are cut off.
package struct NumcodecsAsTypeCodec: NumberPipelineCodec, Hashable {
  package static var name: String { "numcodecs.astype" }

  /// What the numbers are in memory.
  package let decodedType: NumberType

  /// What the numbers are when they are stored.
  package let encodedType: NumberType

  /// Creates a codec.
  ///
  /// - Precondition: Neither type is complex.
  package init(decodedType: NumberType, encodedType: NumberType) {
    precondition(!decodedType.isComplex && !encodedType.isComplex, "complex numbers are not converted")
    self.decodedType = decodedType
    self.encodedType = encodedType
  }

  package var isIdentity: Bool { decodedType == encodedType }

  var encoding: NumberPipeline { NumberPipeline(from: decodedType, [.convert(encodedType)]) }
  var decoding: NumberPipeline { NumberPipeline(from: encodedType, [.convert(decodedType)]) }
}

/// Stores the first number of a chunk, and of each other one what has to be added to the one before it.
///
///     100, 102, 104, 101  ──▶  100, 2, 2, −3
///
/// See [Delta](https://numcodecs.readthedocs.io/en/stable/filter/delta.html). Integers wrap around, so they
/// come back even if a difference does not fit. numcodecs adds up differences of other integers than the
/// numbers as floating-point numbers if no integer has room for both; here they are always added up exactly.
package struct NumcodecsDeltaCodec: NumberPipelineCodec, Hashable {
  package static var name: String { "numcodecs.delta" }

  /// What the numbers are in memory.
  package let decodedType: NumberType

  /// What the differences are when they are stored.
  package let encodedType: NumberType

  /// Whether there are differences of such numbers.
  package static func supports(_ type: NumberType) -> Bool {
    !type.isComplex && type != .bool && type != .bfloat16
  }

  /// Creates a codec.
  ///
  /// - Precondition: The codec ``supports(_:)`` both types.
  package init(decodedType: NumberType, encodedType: NumberType) {
    precondition(Self.supports(decodedType) && Self.supports(encodedType), "such numbers have no differences")
    self.decodedType = decodedType
    self.encodedType = encodedType
  }

  var encoding: NumberPipeline {
    NumberPipeline(from: decodedType, [.difference, .convert(encodedType)])
  }

  var decoding: NumberPipeline {
    if decodedType.isInteger && encodedType.isInteger {
      return NumberPipeline(from: encodedType, [.convert(decodedType), .sum])
    }
    let common = decodedType.commonFloatingPoint(with: encodedType)
    return NumberPipeline(from: encodedType, [.convert(common), .sum, .convert(decodedType)])
  }
}

/// Stores numbers with an offset taken away and a factor put in, rounded.
///
///     encoded = round((x − offset) · scale)        decoded = encoded / scale + offset
///
/// See [FixedScaleOffset](https://numcodecs.readthedocs.io/en/stable/filter/fixedscaleoffset.html). As with
/// NumPy, floating-point numbers are computed with as they are; integers are too as long as the constants are
/// integers, and as `float64` from the first one on that is not.
package struct NumcodecsFixedScaleOffsetCodec: NumberPipelineCodec, Hashable {
  package static var name: String { "numcodecs.fixedscaleoffset" }

  /// A constant as metadata has it: with a fraction or an exponent, or without.
  package enum Constant: Hashable, Sendable {
    /// An integer.
    case integer(Int64)
    /// An integer above the largest `Int64`.
    case unsignedInteger(UInt64)
    /// Any other number.
    case real(Double)
  }

  /// What is taken away from the numbers.
  package let offset: Constant

  /// What the numbers are multiplied by then.
  package let scale: Constant

  /// What the numbers are in memory.
  package let decodedType: NumberType

  /// What the numbers are when they are stored.
  package let encodedType: NumberType

  /// Creates a codec.
  ///
  /// - Precondition: No type is complex or a `bfloat16`.
  package init(offset: Constant, scale: Constant, decodedType: NumberType, encodedType: NumberType) {
    precondition(
      [decodedType, encodedType].allSatisfy { !$0.isComplex && $0 != .bfloat16 },
      "such numbers are not computed with")
    self.offset = offset
    self.scale = scale
    self.decodedType = decodedType
    self.encodedType = encodedType
  }

  var encoding: NumberPipeline {
    get throws(ChunkError) {
      var steps: [NumberStep] = []
      var type = decodedType
      for (constant, step) in [(offset, NumberStep.subtract), (scale, NumberStep.multiply)] {
        if type.isInteger {
          let next: NumberType = constant.isReal ? .float64 : type == .bool ? .int64 : type
          if next != type { steps.append(.convert(next)) }
          type = next
          guard constant.fits(type) else {
            throw .unencodable(codec: Self.name, reason: "\(constant.number.real) does not fit in \(type)")
          }
        }
        steps.append(step(constant.number))
      }
      return NumberPipeline(from: decodedType, steps + [.round, .convert(encodedType)])
    }
  }

  var decoding: NumberPipeline {
    let type = encodedType.isInteger ? NumberType.float64 : encodedType
    return NumberPipeline(
      from: encodedType,
      [.convert(type), .divide(scale.number), .add(offset.number), .convert(decodedType)])
  }
}

extension NumcodecsFixedScaleOffsetCodec.Constant {
  fileprivate var isReal: Bool { if case .real = self { true } else { false } }

  fileprivate var number: NumberConstant {
    switch self {
    case .integer(let value): NumberConstant(value)
    case .unsignedInteger(let value): NumberConstant(value)
    case .real(let value): NumberConstant(value)
    }
  }

  /// Whether the constant is a number of a type, so that NumPy computes with it.
  fileprivate func fits(_ type: NumberType) -> Bool {
    switch (self, type) {
    case (.real, _): true
    case (_, .float64): true
    case (.integer(let value), .uint64): value >= 0
    case (.unsignedInteger, .uint64): true
    case (.unsignedInteger, _): false
    case (.integer(let value), _):
      type.isSignedInteger
        ? Int64(-1) << (8 * type.byteCount - 1) <= value && value <= ~(Int64(-1) << (8 * type.byteCount - 1))
        : value >= 0 && value < Int64(1) << (8 * type.byteCount)
    }
  }
}

/// Rounds floating-point numbers to a number of decimal digits, in steps that are a power of two.
///
/// See [Quantize](https://numcodecs.readthedocs.io/en/stable/filter/quantize.html). Decoding gives the
/// rounded numbers.
package struct NumcodecsQuantizeCodec: NumberPipelineCodec, Hashable {
  package static var name: String { "numcodecs.quantize" }

  /// The numbers of digits that `float64` has the steps for.
  package static var digitCounts: ClosedRange<Int> { -307...307 }

  /// The digits after the decimal point that are kept; negative for those before it that are not.
  package let digits: Int

  /// What the numbers are in memory.
  package let decodedType: NumberType

  /// What the numbers are when they are stored.
  package let encodedType: NumberType

  /// How many steps there are from 0 to 1.
  private let scale: Double

  /// Whether the codec rounds such numbers.
  package static func supports(_ type: NumberType) -> Bool { type.isFloatingPoint && type != .bfloat16 }

  /// Creates a codec.
  ///
  /// - Precondition: `digits` is in ``digitCounts``, and the codec ``supports(_:)`` both types.
  package init(digits: Int, decodedType: NumberType, encodedType: NumberType) {
    precondition(Self.digitCounts.contains(digits), "float64 has no steps for \(digits) digits")
    precondition(Self.supports(decodedType) && Self.supports(encodedType), "such numbers are not rounded")
    self.digits = digits
    self.decodedType = decodedType
    self.encodedType = encodedType
    // The same functions of the C library as in Python, so that the steps are the same.
    let exponent = log10(pow(10, Double(-digits)))
    let wholeExponent = exponent < 0 ? exponent.rounded(.down) : exponent.rounded(.up)
    scale = pow(2, log2(pow(10, -wholeExponent)).rounded(.up))
  }

  var encoding: NumberPipeline {
    let scale = NumberConstant(scale)
    return NumberPipeline(
      from: decodedType, [.multiply(scale), .round, .divide(scale), .convert(encodedType)])
  }

  var decoding: NumberPipeline { NumberPipeline(from: encodedType, [.convert(decodedType)]) }
}

/// Packs eight truth values into a byte, the first of them into its most significant bit.
///
///     ┌ count of padding bits ┬ t₀ t₁ t₂ t₃ t₄ t₅ t₆ t₇ ┬ t₈ 0 0 0 0 0 0 0 ┐
///
/// See [PackBits](https://numcodecs.readthedocs.io/en/stable/filter/packbits.html). What it makes is a chunk
/// of one dimension, of bytes.
package struct NumcodecsPackBitsCodec: ArrayToArrayCodec, Hashable {
  package static var name: String { "numcodecs.packbits" }

  /// Creates the codec, which has no settings.
  package init() {}

  package func encodedRepresentation(of chunk: ChunkRepresentation) throws(ChunkError) -> ChunkRepresentation
  {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    return try ChunkRepresentation(shape: [Self.packedByteCount(count) + 1], layout: .fixed(byteCount: 1))
  }

  private static func packedByteCount(_ count: Int) -> Int { count / 8 + (count.isMultiple(of: 8) ? 0 : 1) }

  private static func paddingBitCount(_ count: Int) -> UInt8 { UInt8(truncatingIfNeeded: -count & 7) }

  package func encode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena
  ) throws(ChunkError) {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    try source.checkByteCount(count, codec: Self.name)
    let byteCount = Self.packedByteCount(count)
    try output.reserve(byteCount + 1)
    try output.append(addingCapacity: 1) { output in output.append(Self.paddingBitCount(count)) }
    try unsafe output.append(byteCount: byteCount, from: source) { source, target in
      // SAFETY: There are all truth values at `source`, and room for their bits at `target`.
      unsafe TruthValueBits.mostSignificantFirst.pack(count, from: source, to: target)
    }
  }

  package func decode(
    _ source: RawSpan, of chunk: ChunkRepresentation, into output: inout ByteArena, limit: Int
  ) throws(ChunkError) {
    let count = try chunk.byteCount(ofElements: 1, codec: Self.name)
    try checkDecodedByteCount(count, limit: limit, codec: Self.name)
    try source.checkByteCount(Self.packedByteCount(count) + 1, codec: Self.name)
    let padding = source.byte(at: 0)
    guard padding == Self.paddingBitCount(count) else {
      throw .malformed(codec: Self.name, reason: "\(count) truth values have no \(padding) bits of padding")
    }
    try unsafe output.append(byteCount: count, from: source.extracting(1..<source.byteCount)) {
      source, target in
      // SAFETY: There are the bits of all truth values at `source`, and room for these at `target`.
      unsafe TruthValueBits.mostSignificantFirst.unpack(count, from: source, to: target)
    }
  }
}
