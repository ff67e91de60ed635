import ChunkEngine

extension CodecRegistry {
  /// The codecs that turn elements into bytes, except those that contain other codecs or store objects.
  ///
  /// The specification has `vlen-utf8` for text and `vlen-bytes` for bytes. zarrs also stores either type
  /// with the other codec.
  static let arrayToBytes: [String: Factory] = [
    BytesCodec.name: bytes,
    // The name in an early draft of Zarr v3.
    "endian": bytes,
    BytesCodec.structureName: { settings, context throws(MetadataError) in
      .arrayToBytes(try BytesCodec(structure: settings, context))
    },
    PackBitsCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try PackBitsCodec(settings, context))
    },
    VlenBytesCodec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(settings)
      return .arrayToBytes(try VlenBytesCodec(settings))
    },
    VlenUTF8Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(settings)
      return .arrayToBytes(try VlenUTF8Codec(settings))
    },
    VlenV2Codec.name: { settings, context throws(MetadataError) in
      try context.checkVariable(settings)
      try settings.checkOnly()
      return .arrayToBytes(VlenV2Codec())
    },
    VlenArrayCodec.name: vlenArray, "vlen-array": vlenArray,
  ]

  private static let bytes: Factory = { settings, context throws(MetadataError) in
    .arrayToBytes(try BytesCodec(settings, context))
  }

  private static let vlenArray: Factory = { settings, context throws(MetadataError) in
    try context.checkVariable(settings)
    return .arrayToBytes(try VlenArrayCodec(settings, context))
  }
}

extension BytesCodec {
  /// Reads the settings.
  ///
  /// Numbers of several bytes need a byte order. Structures and text are little-endian without one, as in
  /// zarr-python and GDAL.
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("endian")
    let byteCounts = context.dataType.scalarByteCounts
    guard let elementByteCount = context.dataType.layout.fixedByteCount,
      byteCounts.reduce(0, { $0 + Int($1) }) == elementByteCount
    else { throw context.unsuitable(settings) }
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

  /// The codec that stores elements as a structure of NumPy lays them out.
  ///
  /// Zarr v3 has no codec for that, because its arrays have one byte order for all fields.
  static func metadata(dtype: JSONValue) -> MetadataExtension {
    MetadataExtension(name: structureName, configuration: ["dtype": dtype])
  }

  fileprivate init(structure settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("dtype")
    let field = settings.fields.path(of: "dtype")
    let dtype = try settings.fields.required("dtype", "a data type of Zarr v2")
    let stored = try Version2DataType(dtype, field: field)
    guard stored.type == context.dataType else {
      throw .expected("the layout of \(context.dataType.name)", found: dtype, in: field)
    }
    self.init(byteOrder: .big, scalarByteCounts: stored.swappedByteCounts)
  }
}

extension VlenArrayCodec {
  /// Reads the settings.
  ///
  /// The type of the items is a setting in numcodecs and none in zarrs. It must be that of the data type, in
  /// either byte order.
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("dtype")
    guard let found = settings["dtype"] else {
      self.init()
      return
    }
    let field = settings.fields.path(of: "dtype")
    let stated = try Version2DataType(found, field: field)
    guard case .array(let item) = context.dataType, let type = stated.type, type.layout == item.layout,
      type.scalarByteCounts == item.scalarByteCounts
    else {
      throw .expected("the type of the items of \(context.dataType.name)", found: found, in: field)
    }
    self.init(items: BytesCodec(byteOrder: .big, scalarByteCounts: stated.swappedByteCounts))
  }
}

extension PackBitsCodec {
  fileprivate init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("padding_encoding", "first_bit", "last_bit")
    guard let (component, count) = context.dataType.packedComponent else {
      throw settings.error("\(Self.name) does not pack \(context.dataType.name)")
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
