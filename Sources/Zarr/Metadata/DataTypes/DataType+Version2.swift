import ChunkEngine

extension DataType {
  /// The name in Zarr v2 metadata, as NumPy spells types, or nil if there is none.
  var version2Name: String? {
    switch self {
    case .number(let type):
      switch type {
      case .bool: "|b1"
      case .int8: "|i1"
      case .int16: "<i2"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .uint16: "<u2"
      case .uint32: "<u4"
      case .uint64: "<u8"
      case .float16: "<f2"
      case .float32: "<f4"
      case .float64: "<f8"
      case .complex64: "<c8"
      case .complex128: "<c16"
      case .bfloat16: nil
      }
    case .rawBytes(let byteCount), .opaqueBytes(let byteCount): "|V\(byteCount)"
    case .nullTerminatedBytes(let byteCount): "|S\(byteCount)"
    case .fixedLengthUTF32(let length): "<U\(length)"
    case .datetime64(let unit, let scaleFactor): "<M8\(unit.version2Suffix(scaleFactor))"
    case .timedelta64(let unit, let scaleFactor): "<m8\(unit.version2Suffix(scaleFactor))"
    case .bytes, .string, .json, .array: "|O"
    case .smallNumber, .complex, .structure, .optional, .extension: nil
    }
  }
}

extension TimeUnit {
  /// The unit in brackets, as it follows the type in Zarr v2 metadata.
  func version2Suffix(_ scaleFactor: Int) -> String {
    self == .generic ? "" : "[\(scaleFactor == 1 ? "" : String(scaleFactor))\(rawValue)]"
  }
}
