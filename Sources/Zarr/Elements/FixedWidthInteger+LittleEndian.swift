extension FixedWidthInteger {
  /// Appends the bytes of the number, the least significant first.
  func appendLittleEndian(to bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: Self.bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: self >> Self(shift)))
    }
  }

  /// Reads a number, the least significant byte first.
  ///
  /// - Precondition: The span has as many bytes behind `offset` as the number.
  init(littleEndianAt offset: Int, in bytes: Span<UInt8>) {
    var value: Self = 0
    for index in (0..<Self.bitWidth / 8).reversed() {
      value = value << 8 | Self(truncatingIfNeeded: bytes[offset + index])
    }
    self = value
  }
}
