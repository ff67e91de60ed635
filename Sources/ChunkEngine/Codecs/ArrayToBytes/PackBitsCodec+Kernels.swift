/// The loops over numbers, with up to 64 bits at a time in a register.
extension PackBitsCodec {
  /// Packs the bits of `count` numbers.
  ///
  /// - Precondition: Both sides have room for them.
  func pack<Word: FixedWidthInteger & UnsignedInteger & RealNumber>(
    _: Word.Type, _ count: Int, _ packedByteCount: Int, from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let (first, width) = (bits.lowerBound, bits.count)
    let mask = UInt64.max >> (64 - width)
    var register: UInt64 = 0
    var filled = 0
    var position = 0
    for index in 0..<count {
      let word = unsafe UInt64(truncatingIfNeeded: Word.load(source, at: index))
      let value = word &>> UInt64(first) & mask
      register |= value << filled
      filled += width
      if filled >= 64 {
        unsafe target.storeBytes(of: register.littleEndian, toByteOffset: position, as: UInt64.self)
        position += 8
        filled -= 64
        // What did not fit any more; nothing if all did.
        register = value >> (width - filled)
      }
    }
    while position < packedByteCount {
      unsafe target.storeBytes(
        of: UInt8(truncatingIfNeeded: register), toByteOffset: position, as: UInt8.self)
      register >>= 8
      position += 1
    }
  }

  /// Unpacks the bits of `count` numbers.
  ///
  /// - Precondition: Both sides have room for them.
  func unpack<Word: FixedWidthInteger & UnsignedInteger & RealNumber>(
    _: Word.Type, _ count: Int, _ packedByteCount: Int, from source: UnsafeRawPointer,
    to target: UnsafeMutableRawPointer
  ) {
    let (first, width) = (bits.lowerBound, bits.count)
    let mask = UInt64.max >> (64 - width)
    let unused = component.isSigned ? 64 - width : 0
    var register: UInt64 = 0
    var filled = 0
    var position = 0
    for index in 0..<count {
      var value = register
      if filled < width {
        let (next, nextCount) = unsafe load(source, at: position, packedByteCount)
        position += 8
        value |= next << filled
        register = next >> (width - filled)
        filled = nextCount - (width - filled)
      } else {
        register >>= width
        filled -= width
      }
      value &= mask
      // The sign goes all the way up.
      let number = (Int64(bitPattern: value << unused) >> unused) << first
      unsafe Word(truncatingIfNeeded: number).store(target, at: index)
    }
  }

  /// The next eight bytes, or those that are left, and how many bits they have.
  private func load(_ source: UnsafeRawPointer, at position: Int, _ byteCount: Int) -> (UInt64, Int) {
    guard position + 8 > byteCount else {
      return (
        UInt64(littleEndian: unsafe source.loadUnaligned(fromByteOffset: position, as: UInt64.self)), 64
      )
    }
    var bits: UInt64 = 0
    for index in position..<max(position, byteCount) {
      bits |= UInt64(unsafe source.load(fromByteOffset: index, as: UInt8.self)) << (8 * (index - position))
    }
    return (bits, 8 * max(0, byteCount - position))
  }
}
