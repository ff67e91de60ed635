extension UInt64 {
  /// The number with these bytes, the least significant first; those that are missing are zero.
  init(littleEndian bytes: [UInt8]) { self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}
