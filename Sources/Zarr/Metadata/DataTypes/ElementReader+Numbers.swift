import ChunkEngine

extension ElementReader {
  /// Reads a number of at least eight bits.
  func number(_ type: NumberType, from value: JSONValue, field: String) throws(MetadataError) -> [UInt8] {
    switch type {
    case .bool: [try truth(from: value, field: field)]
    case .int8: try integer(from: value, as: Int8.self, field: field)
    case .int16: try integer(from: value, as: Int16.self, field: field)
    case .int32: try integer(from: value, as: Int32.self, field: field)
    case .int64: try integer(from: value, as: Int64.self, field: field)
    case .uint8: try integer(from: value, as: UInt8.self, field: field)
    case .uint16: try integer(from: value, as: UInt16.self, field: field)
    case .uint32: try integer(from: value, as: UInt32.self, field: field)
    case .uint64: try integer(from: value, as: UInt64.self, field: field)
    case .float16: try float(.float16, from: value, field: field)
    case .bfloat16: try float(.bfloat16, from: value, field: field)
    case .float32: try float(.float32, from: value, field: field)
    case .float64: try float(.float64, from: value, field: field)
    case .complex64: try complex(of: .float32, from: value, field: field)
    case .complex128: try complex(of: .float64, from: value, field: field)
    }
  }

  private func float(
    _ format: FloatFormat, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    try format.bits(from: value, field: field).littleEndianBytes(count: format.byteCount)
  }

  private func complex(
    of format: FloatFormat, from value: JSONValue, field: String
  ) throws(MetadataError) -> [UInt8] {
    try pair(from: value, field: field) { value, field throws(MetadataError) in
      try float(format, from: value, field: field)
    }
  }

  /// Reads an array of two values.
  func pair(
    from value: JSONValue, field: String,
    _ part: (JSONValue, String) throws(MetadataError) -> [UInt8]
  ) throws(MetadataError) -> [UInt8] {
    guard let parts = value.arrayValue, parts.count == 2 else {
      throw .expected("an array of a real and an imaginary part", found: value, in: field)
    }
    return try part(parts[0], "\(field)[0]") + part(parts[1], "\(field)[1]")
  }

  /// Reads a number of at most eight bits.
  func smallNumber(
    _ type: SmallNumberType, from value: JSONValue, field: String
  ) throws(MetadataError) -> UInt8 {
    if let format = type.format {
      return UInt8(truncatingIfNeeded: try format.bits(from: value, field: field))
    }
    guard let integers = type.integers, let integer = self.integer(value), let number = Int(exactly: integer),
      integers.contains(number)
    else {
      throw .expected("an integer of the type \(type.rawValue)", found: value, in: field)
    }
    return UInt8(truncatingIfNeeded: number)
  }

  private func truth(from value: JSONValue, field: String) throws(MetadataError) -> UInt8 {
    switch value {
    case .bool(let flag): return flag ? 1 : 0
    case .null: return 0
    case .string("true"), .string("True"): return 1
    case .string("false"), .string("False"): return 0
    default:
      guard let integer = integer(value), 0...1 ~= integer else {
        throw .expected("true or false", found: value, in: field)
      }
      return UInt8(truncatingIfNeeded: integer)
    }
  }

  /// Reads an integer of a type.
  func integer<Integer: FixedWidthInteger>(
    from value: JSONValue, as _: Integer.Type, field: String
  ) throws(MetadataError) -> [UInt8] {
    guard let integer = self.integer(value).flatMap({ Integer(exactly: $0) }) else {
      throw .expected("an integer from \(Integer.min) to \(Integer.max)", found: value, in: field)
    }
    return UInt64(truncatingIfNeeded: integer).littleEndianBytes(count: Integer.bitWidth / 8)
  }

  /// The integer that a value stands for, in any of the spellings that zarr-python takes.
  private func integer(_ value: JSONValue) -> Int128? {
    switch value {
    case .bool(let flag): flag ? 1 : 0
    // More digits than any type has are not worth the time to convert them.
    case .number(let number) where number.text.utf8.count <= 64: integer(number)
    case .string(let text) where text.utf8.count <= 64: Int128(text)
    default: nil
    }
  }

  private func integer(_ number: JSONNumber) -> Int128? {
    if let integer = Int128(number.text) { return integer }
    // Up to here every integer is a `Double`.
    guard number.double.magnitude <= 0x1p53 else { return nil }
    return Int128(exactly: number.double)
  }
}
