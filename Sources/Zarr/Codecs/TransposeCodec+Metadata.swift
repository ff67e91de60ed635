import ChunkEngine

extension TransposeCodec {
  /// Reads the settings of the codec.
  ///
  /// Early drafts of Zarr v3 had the orders `"C"` and `"F"`, which are read too.
  init(_ settings: CodecSettings, _ context: CodecContext) throws(MetadataError) {
    try settings.checkOnly("order")
    let expected = "an array with each axis once"
    let value = try settings.fields.required("order", expected)
    if let name = value.stringValue, ["C", "F"].contains(name), let shape = context.chunkShape {
      self.init(order: name == "C" ? Array(shape.indices) : shape.indices.reversed())
      return
    }
    let order = value.arrayValue?.compactMap(\.integerValue) ?? []
    guard order.count == value.arrayValue?.count, Self.isPermutation(order) else {
      throw .expected(expected, found: value, in: settings.fields.path(of: "order"))
    }
    self.init(order: order)
  }
}
