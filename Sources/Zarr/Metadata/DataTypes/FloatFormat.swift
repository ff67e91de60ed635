import ChunkEngine

/// The meaning of the bits of a floating-point number.
///
///     ┌ sign ┬ exponent ┬ significand ┐
///
/// A number is ±2^(exponent − bias) × 1.significand, or, where the exponent is 0, ±2^(1 − bias) ×
/// 0.significand.
struct FloatFormat: Hashable, Sendable {
  /// The values other than numbers.
  fileprivate enum Specials: Hashable, Sendable {
    /// The largest exponent is that of infinities and NaN, as in IEEE 754.
    case largestExponent
    /// The largest magnitude is NaN. The format has no infinities.
    case largestMagnitude
    /// The pattern of the negative zero is NaN. The format has no infinities.
    case negativeZero
    /// The format has only numbers.
    case none
    /// The format has only an exponent, and the largest is NaN.
    case onlyExponent
  }

  private let exponentBitCount: Int
  private let significandBitCount: Int
  private let bias: Int
  private let specials: Specials

  static let float16 = FloatFormat(5, 10, bias: 15)
  static let bfloat16 = FloatFormat(8, 7, bias: 127)
  static let float32 = FloatFormat(8, 23, bias: 127)
  static let float64 = FloatFormat(11, 52, bias: 1023)

  fileprivate init(
    _ exponentBitCount: Int, _ significandBitCount: Int, bias: Int, _ specials: Specials = .largestExponent
  ) {
    self.exponentBitCount = exponentBitCount
    self.significandBitCount = significandBitCount
    self.bias = bias
    self.specials = specials
  }

  /// The size of a stored number in bytes.
  var byteCount: Int {
    // Numbers have a sign unless they have only an exponent.
    (significandBitCount + exponentBitCount + (specials == .onlyExponent ? 0 : 1) + 7) / 8
  }

  private var signBit: UInt64 { 1 << UInt64(exponentBitCount + significandBitCount) }

  private var largestExponent: UInt64 { (1 << UInt64(exponentBitCount)) - 1 }

  /// The magnitude of infinity.
  ///
  /// All greater ones are NaN.
  private var infinity: UInt64 { largestExponent << UInt64(significandBitCount) }

  /// The usual bits of NaN, or nil if the format has no NaN.
  private var canonicalNaN: UInt64? {
    switch specials {
    case .largestExponent: infinity | 1 << UInt64(significandBitCount - 1)
    case .largestMagnitude: signBit - 1
    case .negativeZero: signBit
    case .none: nil
    case .onlyExponent: largestExponent
    }
  }

  /// The number with these bits.
  ///
  /// Bits beyond those of the format do not count.
  func value(of bits: UInt64) -> Double {
    if specials == .onlyExponent {
      let exponent = bits & largestExponent
      return exponent == largestExponent
        ? .nan : Double(sign: .plus, exponent: Int(exponent) - bias, significand: 1)
    }
    let magnitude = bits & (signBit - 1)
    let isNegative = bits & signBit != 0
    if specials == .largestMagnitude, magnitude == signBit - 1 { return .nan }
    if specials == .negativeZero, isNegative, magnitude == 0 { return .nan }
    if specials == .largestExponent, magnitude >= infinity {
      return magnitude > infinity ? .nan : isNegative ? -.infinity : .infinity
    }
    let exponent = Int(magnitude >> UInt64(significandBitCount))
    let fraction = magnitude & ((1 << UInt64(significandBitCount)) - 1)
    let significand = exponent == 0 ? fraction : fraction | 1 << UInt64(significandBitCount)
    return Double(
      sign: isNegative ? .minus : .plus, exponent: max(exponent, 1) - bias - significandBitCount,
      significand: Double(significand))
  }

  /// The bits of the number nearest to a value, or nil if the value is out of range or the format lacks it.
  ///
  /// Of two numbers that are equally near it takes the even one.
  func bits(of value: Double) -> UInt64? {
    if value.isNaN { return canonicalNaN }
    let sign = value.sign == .minus ? signBit : 0
    if value.isInfinite { return specials == .largestExponent ? sign | infinity : nil }
    if specials == .onlyExponent {
      // Zero has no exponent of the format.
      guard value > 0, value.isNormal || value.isSubnormal else { return nil }
      let exponent = Int(value.exponent) + (value.significand > 1.5 ? 1 : 0) + bias
      return (0..<Int(largestExponent)).contains(exponent) ? UInt64(exponent) : nil
    }
    let exponent = value == 0 ? 1 - bias : max(Int(value.exponent), 1 - bias)
    let unit = Double(sign: .plus, exponent: exponent - significandBitCount, significand: 1)
    // Rounding up can reach the first significand of the next exponent.
    let significand = UInt64((value.magnitude / unit).rounded(.toNearestOrEven))
    // The leading bit of the significand adds one to the exponent.
    let magnitude = UInt64(exponent + bias - 1) << UInt64(significandBitCount) + significand
    switch specials {
    case .largestExponent: return sign | min(magnitude, infinity)
    case .largestMagnitude: return magnitude < signBit - 1 ? sign | magnitude : nil
    case .negativeZero where magnitude == 0: return 0
    default: return magnitude < signBit ? sign | magnitude : nil
    }
  }
}

extension SmallNumberType {
  /// The format of the type, or nil for an integer type.
  var format: FloatFormat? {
    switch self {
    case .int2, .int4, .uint2, .uint4: nil
    case .float4E2M1FN: FloatFormat(2, 1, bias: 1, .none)
    case .float6E2M3FN: FloatFormat(2, 3, bias: 1, .none)
    case .float6E3M2FN: FloatFormat(3, 2, bias: 3, .none)
    case .float8E3M4: FloatFormat(3, 4, bias: 3)
    case .float8E4M3: FloatFormat(4, 3, bias: 7)
    case .float8E4M3FN: FloatFormat(4, 3, bias: 7, .largestMagnitude)
    case .float8E4M3B11FNUZ: FloatFormat(4, 3, bias: 11, .negativeZero)
    case .float8E4M3FNUZ: FloatFormat(4, 3, bias: 8, .negativeZero)
    case .float8E5M2: FloatFormat(5, 2, bias: 15)
    case .float8E5M2FNUZ: FloatFormat(5, 2, bias: 16, .negativeZero)
    case .float8E8M0FNU: FloatFormat(8, 0, bias: 127, .onlyExponent)
    }
  }
}

extension NumberType {
  /// The format of the type or of its two parts, or nil for an integer type.
  var format: FloatFormat? {
    switch self {
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float32, .complex64: .float32
    case .float64, .complex128: .float64
    case .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: nil
    }
  }
}

extension FloatFormat {
  /// Reads a number from a document.
  ///
  /// It is a number, or `"NaN"`, `"Infinity"` or `"-Infinity"`, or the bits in hexadecimal digits,
  /// `"0x7fc00000"`. Like zarr-python, this also takes other spellings, as `"nan"`, `"+inf"` and `"1.5"`, and
  /// truth values.
  func bits(from value: JSONValue, field: String) throws(MetadataError) -> UInt64 {
    let bits: UInt64?
    switch value {
    case .number(let number): bits = self.bits(of: number)
    case .bool(let flag): bits = self.bits(of: flag ? 1 : 0)
    case .string(let text) where text.hasPrefix("0x"): bits = self.bits(ofDigits: text.dropFirst(2))
    case .string(let text): bits = self.bits(ofText: text)
    case .null, .array, .object: bits = nil
    }
    guard let bits else {
      throw .expected(
        "a number, \"NaN\", \"Infinity\", \"-Infinity\", or \"0x\" and \(2 * byteCount) digits",
        found: value, in: field)
    }
    return bits
  }

  private func bits(of number: JSONNumber) -> UInt64? {
    // A `Double` in between could round the number twice.
    if self == .float32, let value = Float(number.text) { return UInt64(value.bitPattern) }
    return bits(of: number.double)
  }

  private func bits(ofDigits digits: Substring) -> UInt64? {
    // `UInt64` also takes a sign, which is no digit.
    guard digits.utf8.count == 2 * byteCount, digits.utf8.first != UInt8(ascii: "+") else { return nil }
    return UInt64(digits, radix: 16)
  }

  private func bits(ofText text: String) -> UInt64? {
    switch text.lowercased() {
    case "nan", "+nan", "-nan": canonicalNaN
    case "infinity", "+infinity", "inf", "+inf": bits(of: .infinity)
    case "-infinity", "-inf": bits(of: -.infinity)
    default: JSONNumber(text).flatMap { bits(of: $0) }
    }
  }

  /// A number in a document.
  ///
  /// As in zarr-python it has the digits of the `Double` with its value, so that readers which parse a `Double`
  /// find the same number. A fill value that is an unusual NaN has the form of its bits, which keeps it.
  func json(of bits: UInt64, in form: ElementForm) -> JSONValue {
    let value = value(of: bits)
    if value.isNaN { return form == .fillValue && bits != canonicalNaN ? json(ofBits: bits) : "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return .number(JSONNumber(value))
  }

  /// The bits of a number in a document.
  func json(ofBits bits: UInt64) -> JSONValue {
    let digits = String(bits, radix: 16)
    return .string("0x" + String(repeating: "0", count: max(0, 2 * byteCount - digits.count)) + digits)
  }
}
