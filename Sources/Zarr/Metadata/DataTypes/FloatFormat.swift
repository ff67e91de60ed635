import ChunkEngine

/// How the bits of a floating-point number are divided.
///
///     ┌ sign ┬ exponent ┬ significand ┐
///
/// A number is ±2^(exponent − bias) × 1.significand, or, where the exponent is 0, ±2^(1 − bias) ×
/// 0.significand.
struct FloatFormat: Hashable, Sendable {
  /// What there is besides numbers.
  enum Specials: Hashable, Sendable {
    /// The largest exponent is that of infinities and NaN, as in IEEE 754.
    case largestExponent
    /// The largest magnitude is NaN, and there are no infinities.
    case largestMagnitude
    /// The pattern of the negative zero is NaN.
    case negativeZero
    /// Nothing.
    case none
    /// There is only an exponent, of which the largest is NaN.
    case onlyExponent
  }

  let exponentBitCount: Int
  let significandBitCount: Int
  let bias: Int
  let specials: Specials

  static let float16 = FloatFormat(5, 10, bias: 15)
  static let bfloat16 = FloatFormat(8, 7, bias: 127)
  static let float32 = FloatFormat(8, 23, bias: 127)
  static let float64 = FloatFormat(11, 52, bias: 1023)

  init(
    _ exponentBitCount: Int, _ significandBitCount: Int, bias: Int, _ specials: Specials = .largestExponent
  ) {
    self.exponentBitCount = exponentBitCount
    self.significandBitCount = significandBitCount
    self.bias = bias
    self.specials = specials
  }

  /// The bytes in which a number is stored.
  var byteCount: Int {
    // A sign, unless there is only an exponent.
    (significandBitCount + exponentBitCount + (specials == .onlyExponent ? 0 : 1) + 7) / 8
  }

  private var signBit: UInt64 { 1 << UInt64(exponentBitCount + significandBitCount) }

  private var largestExponent: UInt64 { (1 << UInt64(exponentBitCount)) - 1 }

  /// The magnitude of infinity, behind which there is only NaN.
  private var infinity: UInt64 { largestExponent << UInt64(significandBitCount) }

  /// The bits that stand for NaN when nothing else is said of it, or nil if there is none.
  var canonicalNaN: UInt64? {
    switch specials {
    case .largestExponent: infinity | 1 << UInt64(significandBitCount - 1)
    case .largestMagnitude: signBit - 1
    case .negativeZero: signBit
    case .none: nil
    case .onlyExponent: largestExponent
    }
  }

  /// The number that bits stand for; bits beyond those of the format are ignored.
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

  /// The bits of the number nearest to a value, of two that are as near the even one, or nil if the value is
  /// out of range or there is none like it.
  func bits(of value: Double) -> UInt64? {
    if value.isNaN { return canonicalNaN }
    let sign = value.sign == .minus ? signBit : 0
    if value.isInfinite { return specials == .largestExponent ? sign | infinity : nil }
    if specials == .onlyExponent {
      // The exponent of zero is below all others.
      guard value > 0, value.isNormal || value.isSubnormal else { return nil }
      let exponent = Int(value.exponent) + (value.significand > 1.5 ? 1 : 0) + bias
      return (0..<Int(largestExponent)).contains(exponent) ? UInt64(exponent) : nil
    }
    let exponent = value == 0 ? 1 - bias : max(Int(value.exponent), 1 - bias)
    let unit = Double(sign: .plus, exponent: exponent - significandBitCount, significand: 1)
    // At most twice the largest significand, which then is the first one of the next exponent.
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
  /// The format of the type, or nil if it is of integers.
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
  /// The format of the type, or of its two parts, or nil if it is of integers.
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
  /// `"0x7fc00000"`. zarr-python also takes other spellings, as `"nan"`, `"+inf"` and `"1.5"`, and truth
  /// values.
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
        "a number, \"NaN\", \"Infinity\", \"-Infinity\", or \(2 * byteCount) digits behind \"0x\"",
        found: value,
        in: field)
    }
    return bits
  }

  private func bits(of number: JSONNumber) -> UInt64? {
    // Through a `Double` the number could be rounded twice.
    if self == .float32, let value = Float(number.text) { return UInt64(value.bitPattern) }
    return bits(of: number.double)
  }

  private func bits(ofDigits digits: Substring) -> UInt64? {
    // A number may also have a sign, which digits have not.
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

  /// What a document holds for a number.
  ///
  /// It is written with the digits of the `Double` that has its value, as zarr-python does, so that readers
  /// that know no other numbers find the same. Fill values of NaN besides the usual one are written as their
  /// bits, so that they are kept.
  func json(of bits: UInt64, in form: ElementForm) -> JSONValue {
    let value = value(of: bits)
    if value.isNaN { return form == .fillValue && bits != canonicalNaN ? json(ofBits: bits) : "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return .number(JSONNumber(value))
  }

  /// The bits of a number as a document holds them.
  func json(ofBits bits: UInt64) -> JSONValue {
    let digits = String(bits, radix: 16)
    return .string("0x" + String(repeating: "0", count: max(0, 2 * byteCount - digits.count)) + digits)
  }
}
