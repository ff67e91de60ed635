/// A truth value in one byte: 0 is false, and any other value is true.
struct TruthValue: RealNumber {
  let bits: UInt8

  @inline(__always) init(bits: UInt8) { self.bits = bits != 0 ? 1 : 0 }

  static var kind: RealNumberKind { .truthValue }
  @inline(__always) var double: Double { Double(bits) }
  @inline(__always) var integer: Int64 { Int64(bits) }

  /// Everything except zero is true, also NaN.
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

/// Eight truth values at a time, as bytes in one word and as bits in one byte.
///
///     bytes    ┌ 01 ┬ 00 ┬ 01 ┬ 01 ┬ 00 ┬ 00 ┬ 00 ┬ 01 ┐      first to last in memory
///     bits     least significant first: 1000 1101      most significant first: 1011 0001
struct TruthValueBits {
  /// Moves the lowest bit of each byte to its place in the highest byte.
  private let gather: UInt64

  /// The bit for each byte.
  private let select: UInt64

  /// The first truth value in the least significant bit.
  static let leastSignificantFirst = TruthValueBits(
    gather: 0x0102_0408_1020_4080, select: 0x8040_2010_0804_0201)

  /// The first truth value in the most significant bit.
  static let mostSignificantFirst = TruthValueBits(
    gather: 0x8040_2010_0804_0201, select: 0x0102_0408_1020_4080)

  private static let ones: UInt64 = 0x0101_0101_0101_0101

  /// Packs `count` truth values, a byte each, into bits.
  ///
  /// Every byte except 0 is true.
  ///
  /// - Precondition: Both sides have room for them.
  func pack(_ count: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    for index in 0..<count / 8 {
      let bytes = unsafe source.loadUnaligned(fromByteOffset: 8 &* index, as: UInt64.self)
      unsafe target.storeBytes(of: packed(UInt64(littleEndian: bytes)), toByteOffset: index, as: UInt8.self)
    }
    guard !count.isMultiple(of: 8) else { return }
    var bytes: UInt64 = 0
    for index in (count & ~7)..<count {
      bytes |= UInt64(unsafe source.load(fromByteOffset: index, as: UInt8.self)) << UInt64(8 &* (index & 7))
    }
    unsafe target.storeBytes(of: packed(bytes), toByteOffset: count / 8, as: UInt8.self)
  }

  /// Unpacks `count` bits into bytes that are 0 or 1.
  ///
  /// - Precondition: Both sides have room for them.
  func unpack(_ count: Int, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer) {
    for index in 0..<count / 8 {
      let bytes = unsafe unpacked(source.load(fromByteOffset: index, as: UInt8.self))
      unsafe target.storeBytes(of: bytes.littleEndian, toByteOffset: 8 &* index, as: UInt64.self)
    }
    guard !count.isMultiple(of: 8) else { return }
    let bytes = unsafe unpacked(source.load(fromByteOffset: count / 8, as: UInt8.self))
    for index in (count & ~7)..<count {
      let byte = UInt8(truncatingIfNeeded: bytes >> UInt64(8 &* (index & 7)))
      unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  @inline(__always)
  private func packed(_ bytes: UInt64) -> UInt8 {
    // The highest bit of each byte is set if the byte is not 0.
    let truth = ((bytes & (0x7f &* Self.ones)) &+ (0x7f &* Self.ones)) | bytes
    return UInt8(truncatingIfNeeded: ((truth &>> 7 & Self.ones) &* gather) &>> 56)
  }

  @inline(__always)
  private func unpacked(_ bits: UInt8) -> UInt64 {
    // Each byte has all bits. One of them stays, and carries into the highest bit.
    let selected = UInt64(bits) &* Self.ones & select
    return (selected &+ (0x7f &* Self.ones)) &>> 7 & Self.ones
  }
}
