import ChunkEngine

extension ReshapeCodec {
  /// Reads the settings of the codec.
  init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("shape")
    let values = try settings.fields.array("shape", "an array of lengths, arrays of axes, and -1")
    var lengths: [Length] = []
    for (position, value) in values.enumerated() {
      let axes = value.arrayValue?.map(\.integerValue)
      if value.integerValue == -1 {
        lengths.append(.rest)
      } else if let count = value.integerValue, count > 0 {
        lengths.append(.count(count))
      } else if let axes, !axes.contains(nil) {
        lengths.append(.dimensions(axes.compactMap(\.self)))
      } else {
        throw .expected(
          "an integer of at least 1, -1, or an array of axes", found: value,
          in: "\(settings.fields.path(of: "shape"))[\(position)]")
      }
    }
    self.init(lengths: lengths)
  }
}
