import ChunkEngine

extension ElementWriter {
  /// The JSON value of a number of at least eight bits, of which all bytes are there.
  func number(_ type: NumberType, _ bytes: ArraySlice<UInt8>) -> JSONValue {
    let bits = UInt64(littleEndianBytes: bytes.prefix(8))
    switch type {
    case .bool: return .bool(bits != 0)
    case .int8: return .integer(Int(Int8(truncatingIfNeeded: bits)))
    case .int16: return .integer(Int(Int16(truncatingIfNeeded: bits)))
    case .int32: return .integer(Int(Int32(truncatingIfNeeded: bits)))
    case .int64: return .integer(Int(truncatingIfNeeded: bits))
    case .uint8, .uint16, .uint32, .uint64: return .number(JSONNumber(bits))
    case .float16: return FloatFormat.float16.json(of: bits, in: form)
    case .bfloat16: return FloatFormat.bfloat16.json(of: bits, in: form)
    case .float32: return FloatFormat.float32.json(of: bits, in: form)
    case .float64: return FloatFormat.float64.json(of: bits, in: form)
    case .complex64: return complex(of: .float32, bytes)
    case .complex128: return complex(of: .float64, bytes)
    }
  }

  private func complex(of format: FloatFormat, _ bytes: ArraySlice<UInt8>) -> JSONValue {
    let parts = [bytes.prefix(format.byteCount), bytes.dropFirst(format.byteCount)]
    return .array(parts.map { format.json(of: UInt64(littleEndianBytes: $0), in: form) })
  }

  /// The JSON value of a number of at most eight bits.
  func smallNumber(_ type: SmallNumberType, _ bytes: ArraySlice<UInt8>) -> JSONValue {
    let bits = UInt64(littleEndianBytes: bytes)
    if let format = type.format {
      // Some versions of zarrs take a number for the bits themselves.
      return form == .fillValue ? format.json(ofBits: bits) : format.json(of: bits, in: form)
    }
    // What is above the bits of the number does not count.
    switch type {
    case .int2: return .integer(Int(Int8(truncatingIfNeeded: bits << 6) >> 6))
    case .int4: return .integer(Int(Int8(truncatingIfNeeded: bits << 4) >> 4))
    case .uint2: return .integer(Int(bits & 3))
    default: return .integer(Int(bits & 15))
    }
  }
}
