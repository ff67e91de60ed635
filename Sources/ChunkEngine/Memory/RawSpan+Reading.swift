import Glibc

extension RawSpan {
  /// The four bytes at `offset` as a number, the least significant byte first.
  ///
  /// - Precondition: the four bytes are inside of the span.
  func littleEndianUInt32(at offset: Int) -> UInt32 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt32`.
    UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// The eight bytes at `offset` as a number, the least significant byte first.
  ///
  /// - Precondition: the eight bytes are inside of the span.
  func littleEndianUInt64(at offset: Int) -> UInt64 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt64`.
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The byte at `offset`.
  ///
  /// - Precondition: `offset` is inside of the span.
  func byte(at offset: Int) -> UInt8 {
    // SAFETY: The load is bounds-checked, and every pattern of bits is a `UInt8`.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  /// Whether the bytes are the same as those of `other`.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the span.
  public func isEqual(to other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        // SAFETY: Both have the same size.
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return unsafe memcmp(left, right, byteCount) == 0
      }
    }
  }
}
