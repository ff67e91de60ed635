import ChunkEngine

extension BytesCodec {
  /// Reads the settings of the codec for elements of one size.
  ///
  /// Numbers of several bytes need a byte order. Structures are taken to be little-endian without one, as
  /// zarr-python does.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("endian")
    let byteCounts = context.dataType.scalarByteCounts
    guard let elementByteCount = context.dataType.layout.fixedByteCount,
      byteCounts.reduce(0, +) == elementByteCount
    else {
      throw MetadataError(
        code: .unexpectedValue, field: settings.field,
        message: "\(context.dataType.name) needs \(context.dataType.defaultCodec.name), not \(Self.name)")
    }
    if settings["endian"] == nil, byteCounts.contains(where: { $0 > 1 }) {
      guard case .structure = context.dataType else {
        throw MetadataError(
          code: .missingField, field: settings.fields.path(of: "endian"),
          message: "missing; expected little or big for \(context.dataType.name)")
      }
    }
    self.init(byteOrder: try settings.choice("endian", default: .little), scalarByteCounts: byteCounts)
  }
}
