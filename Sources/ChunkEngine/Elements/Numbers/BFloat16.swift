/// A floating-point number of 16 bits: the upper half of a `Float`.
///
/// Arithmetic is that of `Float`, rounded.
struct BFloat16: RealNumber {
  let bits: UInt16

  init(bits: UInt16) { self.bits = bits }

  /// The number nearest to a `Float`.
  @inline(__always)
  init(_ value: Float) {
    let pattern = value.bitPattern
    guard !value.isNaN else {
      // A bit is set so that a NaN stays one, whatever bits are cut off.
      bits = UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
      return
    }
    // Just below half of the last remaining bit, and exactly half if that bit is 1. The largest numbers
    // become infinity.
    bits = UInt16(truncatingIfNeeded: (pattern &+ 0x7fff &+ (pattern >> 16 & 1)) >> 16)
  }

  @inline(__always) var float: Float { Float(bitPattern: UInt32(bits) << 16) }

  static var kind: RealNumberKind { .floatingPoint }
  @inline(__always) var double: Double { Double(float) }
  @inline(__always) var integer: Int64 { Int64(processorConverting: double) }

  @inline(__always) init(nearest value: Double) { self.init(Float(oddlyRounding: value)) }
  @inline(__always) init(nearest value: Int64) { self.init(nearest: Double(oddlyRounding: value)) }
  @inline(__always) init(nearest value: UInt64) { self.init(nearest: Double(oddlyRounding: value)) }

  @inline(__always)
  static func sum(_ left: Self, _ right: Self) -> Self { Self(left.float + right.float) }
  @inline(__always)
  static func difference(_ left: Self, _ right: Self) -> Self { Self(left.float - right.float) }
  @inline(__always)
  static func product(_ left: Self, _ right: Self) -> Self { Self(left.float * right.float) }
  @inline(__always)
  static func quotient(_ left: Self, _ right: Self) -> Self { Self(left.float / right.float) }

  @inline(__always) var roundedToEven: Self { Self(float.rounded(.toNearestOrEven)) }
}

extension Float {
  /// The value if it is exact, otherwise the one of its two neighbours whose last bit is 1.
  ///
  /// The last bit records that something was cut off, so rounding to fewer bits gives the same as for the
  /// value itself.
  @inline(__always)
  fileprivate init(oddlyRounding value: Double) {
    let nearest = Float(value)
    let back = Double(nearest)
    guard back != value, nearest.isFinite else {
      self = nearest
      return
    }
    let towardsZero = back.magnitude > value.magnitude ? nearest.bitPattern &- 1 : nearest.bitPattern
    self.init(bitPattern: towardsZero | 1)
  }
}

extension Double {
  /// The integer if it is exact, otherwise the one of its two neighbours whose last bit is 1.
  @inline(__always)
  fileprivate init(oddlyRounding value: some FixedWidthInteger) {
    let nearest = Double(value)
    // The largest integers of 64 bits round up to a number beyond them.
    let back = Int128(nearest)
    let exact = Int128(truncatingIfNeeded: value)
    guard back != exact else {
      self = nearest
      return
    }
    let towardsZero = back.magnitude > exact.magnitude ? nearest.bitPattern &- 1 : nearest.bitPattern
    self.init(bitPattern: towardsZero | 1)
  }
}
