/// The numbers of a codec that become others than its rules say, by their bits.
struct CastExceptions: Hashable, Sendable {
  private var results: [UInt64: UInt64] = [:]

  /// What a NaN becomes, of which there are many.
  private var resultOfNaN: UInt64?

  /// Whether there are none.
  var isEmpty: Bool { results.isEmpty && resultOfNaN == nil }

  /// Reads exceptions, the first of those for the same number.
  ///
  /// - Precondition: They have as many bytes as the types.
  init(_ exceptions: [CastValueCodec.Exception], from type: NumberType, to other: NumberType) {
    for exception in exceptions {
      precondition(
        exception.number.count == type.byteCount && exception.result.count == other.byteCount,
        "an exception has other bytes than its numbers")
      let (number, result) = (UInt64(littleEndian: exception.number), UInt64(littleEndian: exception.result))
      switch Self.key(number, type) {
      case nil: resultOfNaN = resultOfNaN ?? result
      case let key?: results[key] = results[key] ?? result
      }
    }
  }

  /// What a number becomes that is an exception.
  @inline(__always)
  func result<Number: RealNumber, Other: RealNumber>(for number: Number, as _: Other.Type) -> Other? {
    let isFloatingPoint = Number.kind == .floatingPoint
    let result =
      if isFloatingPoint && number.double.isNaN {
        resultOfNaN
      } else {
        results[isFloatingPoint && number.double == 0 ? 0 : UInt64(truncatingIfNeeded: number.bits)]
      }
    return result.map { Other(bits: Other.Bits(truncatingIfNeeded: $0)) }
  }

  /// The bits by which a number is found, those of plus zero for minus zero, or nil for NaN.
  private static func key(_ bits: UInt64, _ type: NumberType) -> UInt64? {
    switch type {
    case .float16: key(Float16(bits: UInt16(truncatingIfNeeded: bits)))
    case .bfloat16: key(BFloat16(bits: UInt16(truncatingIfNeeded: bits)))
    case .float32: key(Float(bits: UInt32(truncatingIfNeeded: bits)))
    case .float64: key(Double(bits: bits))
    default: bits
    }
  }

  private static func key(_ number: some RealNumber) -> UInt64? {
    if number.double.isNaN { return nil }
    return number.double == 0 ? 0 : UInt64(truncatingIfNeeded: number.bits)
  }
}
