internal import Glibc

/// Rounds floating-point numbers to a number of decimal digits, in steps that are a power of two.
///
/// See [Quantize](https://numcodecs.readthedocs.io/en/stable/filter/quantize.html). Decoding gives the
/// rounded numbers.
public struct NumcodecsQuantizeCodec: NumberPipelineCodec, Hashable {
  public static var name: String { "numcodecs.quantize" }

  /// The numbers of digits that `float64` has the steps for.
  public static var digitCounts: ClosedRange<Int> { -307...307 }

  /// The digits behind the decimal point that are kept; negative for those in front of it that are not.
  public let digits: Int

  /// What the numbers are in memory.
  public let decodedType: NumberType

  /// What the numbers are when they are stored.
  public let encodedType: NumberType

  /// How many steps there are from 0 to 1.
  private let scale: Double

  /// Whether the codec rounds such numbers.
  public static func supports(_ type: NumberType) -> Bool { type.isFloatingPoint && type != .bfloat16 }

  /// Creates a codec.
  ///
  /// - Precondition: `digits` is in ``digitCounts``, and the codec ``supports(_:)`` both types.
  public init(digits: Int, decodedType: NumberType, encodedType: NumberType) {
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
