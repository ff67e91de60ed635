import ChunkEngine

extension DataType {
  /// The data type in Zarr v2 metadata.
  ///
  /// - Parameter byteOrder: The order in which the bytes of numbers are stored.
  /// - Returns: A name or a list of fields, or nil if Zarr v2 has no such type.
  func version2JSON(byteOrder: ByteOrder = .little) -> JSONValue? {
    if case .structure(let fields) = self {
      var values: [JSONValue] = []
      for field in fields {
        var item = field.dataType
        var member: [JSONValue] = [.string(field.name)]
        if case .subarray(let type, let shape) = item {
          item = type
          member.append(.array(shape.map(JSONValue.integer)))
        }
        guard let type = item.version2JSON(byteOrder: byteOrder) else { return nil }
        member.insert(type, at: 1)
        values.append(.array(member))
      }
      return .array(values)
    }
    guard let code = version2Code else { return nil }
    guard layout != .variable, scalarByteCounts.contains(where: { $0 > 1 }) else {
      return .string("|\(code)")
    }
    return .string((byteOrder == .little ? "<" : ">") + code)
  }

  /// What NumPy calls the type, without the byte order.
  private var version2Code: String? {
    switch self {
    case .number(let type): type.version2Code
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount): "V\(byteCount)"
    case .nullTerminatedBytes(let byteCount): "S\(byteCount)"
    case .fixedLengthUTF32(let length): "U\(length)"
    case .datetime64(let unit, let scaleFactor): "M8\(unit.version2Suffix(scaleFactor))"
    case .timedelta64(let unit, let scaleFactor): "m8\(unit.version2Suffix(scaleFactor))"
    case .bytes, .string, .json, .array: "O"
    case .smallNumber, .complex, .structure, .subarray, .optional, .extension: nil
    }
  }
}

extension NumberType {
  fileprivate var version2Code: String? {
    switch self {
    case .bool: "b1"
    case .int8, .int16, .int32, .int64: "i\(byteCount)"
    case .uint8, .uint16, .uint32, .uint64: "u\(byteCount)"
    case .float16, .float32, .float64: "f\(byteCount)"
    case .complex64, .complex128: "c\(byteCount)"
    case .bfloat16: nil
    }
  }
}

extension TimeUnit {
  /// The unit in brackets, as it follows the type in Zarr v2 metadata.
  fileprivate func version2Suffix(_ scaleFactor: Int) -> String {
    self == .generic ? "" : "[\(scaleFactor == 1 ? "" : String(scaleFactor))\(rawValue)]"
  }
}
