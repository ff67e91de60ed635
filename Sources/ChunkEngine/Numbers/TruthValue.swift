/// A truth value in one byte: 0, or anything else.
struct TruthValue: RealNumber {
  let bits: UInt8

  @inline(__always) init(bits: UInt8) { self.bits = bits != 0 ? 1 : 0 }

  static var kind: RealNumberKind { .truthValue }
  @inline(__always) var double: Double { Double(bits) }
  @inline(__always) var integer: Int64 { Int64(bits) }

  /// Everything but zero is true, NaN too.
  @inline(__always) init(nearest value: Double) { bits = value != 0 ? 1 : 0 }
  @inline(__always) init(nearest value: Int64) { bits = value != 0 ? 1 : 0 }
  @inline(__always) init(nearest value: UInt64) { bits = value != 0 ? 1 : 0 }

  @inline(__always) static func sum(_ left: Self, _ right: Self) -> Self {
    Self(bits: left.bits | right.bits)
  }
  @inline(__always)
  static func difference(_ left: Self, _ right: Self) -> Self { Self(bits: left.bits ^ right.bits) }
  @inline(__always)
  static func product(_ left: Self, _ right: Self) -> Self { Self(bits: left.bits & right.bits) }
  @inline(__always)
  static func quotient(_ left: Self, _ right: Self) -> Self { Self(bits: left.bits & right.bits) }
  @inline(__always) var roundedToEven: Self { self }
}
