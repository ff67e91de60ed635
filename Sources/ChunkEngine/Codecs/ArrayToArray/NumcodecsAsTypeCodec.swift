/// Stores numbers as numbers of another type.
///
/// See [AsType](https://numcodecs.readthedocs.io/en/stable/filter/astype.html). Conversions are those of
/// NumPy: integers wrap around, and fractions are cut off.
public struct NumcodecsAsTypeCodec: NumberPipelineCodec, Hashable {
  public static var name: String { "numcodecs.astype" }

  /// What the numbers are in memory.
  public let decodedType: NumberType

  /// What the numbers are when they are stored.
  public let encodedType: NumberType

  /// Creates a codec.
  ///
  /// - Precondition: Neither type is complex.
  public init(decodedType: NumberType, encodedType: NumberType) {
    precondition(!decodedType.isComplex && !encodedType.isComplex, "complex numbers are not converted")
    self.decodedType = decodedType
    self.encodedType = encodedType
  }

  public var keepsBytes: Bool { decodedType == encodedType }

  var encoding: NumberPipeline { NumberPipeline(from: decodedType, [.convert(encodedType)]) }
  var decoding: NumberPipeline { NumberPipeline(from: encodedType, [.convert(decodedType)]) }
}
