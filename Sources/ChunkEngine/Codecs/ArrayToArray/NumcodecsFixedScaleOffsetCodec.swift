/// Stores numbers with an offset taken away and a factor put in, rounded.
///
///     encoded = round((x − offset) · scale)        decoded = encoded / scale + offset
///
/// See [FixedScaleOffset](https://numcodecs.readthedocs.io/en/stable/filter/fixedscaleoffset.html). As with
/// NumPy, floating-point numbers are computed with as they are; integers are too as long as the constants are
/// integers, and as `float64` from the first one on that is not.
public struct NumcodecsFixedScaleOffsetCodec: NumberPipelineCodec, Hashable {
  public static var name: String { "numcodecs.fixedscaleoffset" }

  /// A constant as metadata has it: with a fraction or an exponent, or without.
  public enum Constant: Hashable, Sendable {
    /// An integer.
    case integer(Int64)
    /// An integer above the largest `Int64`.
    case unsignedInteger(UInt64)
    /// Any other number.
    case real(Double)
  }

  /// What is taken away from the numbers.
  public let offset: Constant

  /// What the numbers are multiplied by then.
  public let scale: Constant

  /// What the numbers are in memory.
  public let decodedType: NumberType

  /// What the numbers are when they are stored.
  public let encodedType: NumberType

  /// Creates a codec.
  ///
  /// - Precondition: No type is complex or a `bfloat16`.
  public init(offset: Constant, scale: Constant, decodedType: NumberType, encodedType: NumberType) {
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
