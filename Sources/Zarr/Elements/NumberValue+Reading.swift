import ChunkEngine

extension NumberValue {
  /// Reads a number of a type, or nil if the type is no such number or the bytes have another size.
  init?(_ bytes: RawSpan, of type: NumberType) {
    guard bytes.byteCount == type.byteCount else { return nil }
    let octets = bytes.octets
    switch type {
    case .int8: self = .signed(Int64(Int8(littleEndianAt: 0, in: octets)))
    case .int16: self = .signed(Int64(Int16(littleEndianAt: 0, in: octets)))
    case .int32: self = .signed(Int64(Int32(littleEndianAt: 0, in: octets)))
    case .int64: self = .signed(Int64(littleEndianAt: 0, in: octets))
    case .uint8: self = .unsigned(UInt64(octets[0]))
    case .uint16: self = .unsigned(UInt64(UInt16(littleEndianAt: 0, in: octets)))
    case .uint32: self = .unsigned(UInt64(UInt32(littleEndianAt: 0, in: octets)))
    case .uint64: self = .unsigned(UInt64(littleEndianAt: 0, in: octets))
    case .float16: self = .floating(Double(Float16(bitPattern: UInt16(littleEndianAt: 0, in: octets))))
    case .bfloat16:
      // The upper half of a `Float`.
      let bits = UInt32(UInt16(littleEndianAt: 0, in: octets)) << 16
      self = .floating(Double(Float(bitPattern: bits)))
    case .float32: self = .floating(Double(Float(bitPattern: UInt32(littleEndianAt: 0, in: octets))))
    case .float64: self = .floating(Double(bitPattern: UInt64(littleEndianAt: 0, in: octets)))
    case .bool, .complex64, .complex128: return nil
    }
  }
}
