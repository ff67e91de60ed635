import ChunkEngine

extension VlenArrayCodec {
  /// Reads the settings of the codec.
  ///
  /// The type of the items, which is a setting in numcodecs and none in zarrs, must be that of the data type.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("dtype")
    if let found = settings["dtype"] {
      guard case .array(let item) = context.dataType, let expected = item.version2Name,
        let name = found.stringValue,
        // The order of a single byte is said in several ways.
        name == expected || expected.hasPrefix("|") && name.dropFirst() == expected.dropFirst()
      else {
        throw .expected(
          "the type of the items of \(context.dataType.name)", found: found,
          in: settings.fields.path(of: "dtype"))
      }
    }
    self.init()
  }
}
