import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into bytes.
  ///
  /// The specification has `vlen-utf8` for text and `vlen-bytes` for bytes; zarrs also stores either with the
  /// other.
  static let arrayToBytes: [String: Factory] = [
    BytesCodec.name: bytes,
    // An early draft of Zarr v3 called it so.
    "endian": bytes,
    BytesCodec.structureName: { settings, context throws(MetadataError) in
      .arrayToBytes(try BytesCodec(structure: settings, context))
    },
    PackBitsCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try PackBitsCodec(settings, context))
    },
    VlenBytesCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenBytesCodec.name, settings)
      return .arrayToBytes(try VlenBytesCodec(settings))
    },
    VlenUTF8Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(of: VlenUTF8Codec.name, settings)
      return .arrayToBytes(try VlenUTF8Codec(settings))
    },
  ]

  private static let bytes: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try BytesCodec(settings, context))
  }
}

extension BytesCodec {
  /// Reads the settings of the codec for elements of one size.
  ///
  /// Numbers of several bytes need a byte order. Structures and text are taken to be little-endian without
  /// one, as zarr-python and GDAL do.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("endian")
    let byteCounts = context.dataType.scalarByteCounts
    guard let elementByteCount = context.dataType.layout.fixedByteCount,
      byteCounts.reduce(0, { $0 + Int($1) }) == elementByteCount
    else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(context.dataType.name) needs \(context.dataType.defaultCodec.name), not \(Self.name)")
    }
    if settings["endian"] == nil, byteCounts.contains(where: { $0 > 1 }) {
      switch context.dataType {
      case .structure, .fixedLengthUTF32: break
      default:
        throw MetadataError(
          code: .missingField, field: settings.fields.path(of: "endian"),
          message: "missing; expected little or big for \(context.dataType.name)")
      }
    }
    self.init(byteOrder: try settings.choice("endian", default: .little), scalarByteCounts: byteCounts)
  }

  /// The name of the codec for structures of Zarr v2 whose fields differ in byte order.
  static let structureName = "numpy.structure"

  /// The codec that stores elements as a structure of NumPy, in the form of Zarr v2 metadata, lays them out.
  ///
  /// Arrays of Zarr v3 have one byte order for all fields, and no such codec.
  static func metadata(dtype: JSONValue) -> MetadataExtension {
    MetadataExtension(name: structureName, configuration: ["dtype": dtype])
  }

  /// Reads the settings of that codec.
  init(structure settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("dtype")
    let field = settings.fields.path(of: "dtype")
    let dtype = try settings.fields.required("dtype", "a data type of Zarr v2")
    let stored = try Version2DataType(dtype, field: field)
    guard stored.type == context.dataType else {
      throw .expected("the layout of \(context.dataType.name)", found: dtype, in: field)
    }
    self.init(byteOrder: .big, scalarByteCounts: stored.turnedByteCounts)
  }
}

extension PackBitsCodec {
  /// Reads the settings of the codec.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("padding_encoding", "first_bit", "last_bit")
    guard let (component, count) = context.dataType.packedComponent else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(Self.name) does not pack \(context.dataType.name)")
    }
    let all = 0...component.bitCount - 1
    let first = try settings.optionalInteger("first_bit", in: all) ?? all.lowerBound
    let last = try settings.optionalInteger("last_bit", in: all) ?? all.upperBound
    guard first <= last else {
      throw .expected(
        "a bit from \(first) on", found: .integer(last), in: settings.fields.path(of: "last_bit"))
    }
    self.init(
      component, componentCount: count, bits: first...last,
      paddingEncoding: try settings.choice("padding_encoding", default: .none))
  }
}

extension DataType {
  /// The numbers that an element consists of, and how many, if their bits can be packed.
  fileprivate var packedComponent: (PackBitsCodec.Component, Int)? {
    switch self {
    case .smallNumber(let type): return (type.packedComponent, 1)
    case .complex(.smallNumber(let type)): return (type.packedComponent, 2)
    default:
      guard let (type, count) = numberParts else { return nil }
      let bitCount = type == .bool ? 1 : 8 * type.byteCount
      return (.init(byteCount: type.byteCount, bitCount: bitCount, isSigned: type.isSignedInteger), count)
    }
  }
}

extension SmallNumberType {
  fileprivate var packedComponent: PackBitsCodec.Component {
    let bitCount =
      switch self {
      case .int2, .uint2: 2
      case .int4, .uint4, .float4E2M1FN: 4
      case .float6E2M3FN, .float6E3M2FN: 6
      case .float8E3M4, .float8E4M3, .float8E4M3FN, .float8E4M3B11FNUZ, .float8E4M3FNUZ, .float8E5M2,
        .float8E5M2FNUZ, .float8E8M0FNU:
        8
      }
    return .init(byteCount: 1, bitCount: bitCount, isSigned: self == .int2 || self == .int4)
  }
}
