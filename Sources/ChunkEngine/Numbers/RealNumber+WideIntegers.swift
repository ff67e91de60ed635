/// Integers of all types as integers that are wide enough for their sums and differences.
extension RealNumber {
  /// The integer.
  @inline(__always)
  var wideInteger: Int128 {
    Self.kind == .unsignedInteger ? Int128(UInt64(bitPattern: integer)) : Int128(integer)
  }

  /// The smallest integer of the type.
  @inline(__always)
  static var least: Int128 { kind == .signedInteger ? -1 << (Bits.bitWidth - 1) : 0 }

  /// The largest integer of the type.
  @inline(__always)
  static var greatest: Int128 {
    (1 << (kind == .signedInteger ? Bits.bitWidth - 1 : Bits.bitWidth)) - 1
  }

  /// The power of two behind the largest integer of the type.
  @inline(__always)
  static var beyondGreatest: Double {
    let range =
      Bits.bitWidth == 8 ? 0x1p8 : Bits.bitWidth == 16 ? 0x1p16 : Bits.bitWidth == 32 ? 0x1p32 : 0x1p64
    return kind == .signedInteger ? range / 2 : range
  }

  /// The integer with the low bits of another.
  @inline(__always)
  init(bitsOf value: Int128) { self.init(bits: Bits(truncatingIfNeeded: value)) }

  /// The integer with the value of another, or nil if there is none.
  @inline(__always)
  init?(exactly value: Int128) {
    guard value >= Self.least, value <= Self.greatest else { return nil }
    self.init(bitsOf: value)
  }
}
