/// Stores the first number of a chunk, and of each other one what has to be added to the one in front of it.
///
///     100, 102, 104, 101  ──▶  100, 2, 2, −3
///
/// See [Delta](https://numcodecs.readthedocs.io/en/stable/filter/delta.html). Integers wrap around, so they
/// come back even if a difference does not fit. numcodecs adds up differences of other integers than the
/// numbers as floating-point numbers if no integer has room for both; here they are always added up exactly.
public struct NumcodecsDeltaCodec: NumberPipelineCodec, Hashable {
  public static var name: String { "numcodecs.delta" }

  /// What the numbers are in memory.
  public let decodedType: NumberType

  /// What the differences are when they are stored.
  public let encodedType: NumberType

  /// Whether there are differences of such numbers.
  public static func supports(_ type: NumberType) -> Bool {
    !type.isComplex && type != .bool && type != .bfloat16
  }

  /// Creates a codec.
  ///
  /// - Precondition: The codec ``supports(_:)`` both types.
  public init(decodedType: NumberType, encodedType: NumberType) {
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
