/// A floating-point number of 16 bits that are the upper half of those of a `Float`.
///
/// Sums, differences, products and quotients are those of `Float`, rounded.
struct BFloat16: RealNumber {
  let bits: UInt16

  init(bits: UInt16) { self.bits = bits }

  /// The number that is nearest to a `Float`.
  @inline(__always)
  init(_ value: Float) {
    let pattern = value.bitPattern
    guard !value.isNaN else {
      // A NaN keeps a bit that says so, whatever bits of it are cut off.
      bits = UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
      return
    }
    // Just below half of the last bit that stays, and half if that bit is 1. The largest numbers carry over
    // into infinity.
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
  /// One of the two neighbours of a value, the one whose last bit is 1; exact values stay.
  ///
  /// Rounded once more, to fewer bits, it gives what the value itself would: the last bit remembers that
  /// something was cut off.
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
  /// One of the two neighbours of an integer, the one whose last bit is 1; exact values stay.
  @inline(__always)
  fileprivate init(oddlyRounding value: some FixedWidthInteger) {
    let nearest = Double(value)
    // The largest integers of 64 bits round to one beyond them.
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
