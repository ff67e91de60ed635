import ChunkEngine

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
