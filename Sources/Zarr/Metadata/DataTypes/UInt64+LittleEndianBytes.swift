extension UInt64 {
  /// The number with these bytes, at most eight, the least significant first.
  init(littleEndianBytes bytes: ArraySlice<UInt8>) {
    self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The low bytes, the least significant first.
  func littleEndianBytes(count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) }
  }
}
