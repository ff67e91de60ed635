public import ChunkEngine

extension BloscCodec: MetadataCodec {
  public var configuration: JSONObject {
    [
      "cname": .string(compressor.rawValue), "clevel": .integer(level), "shuffle": .string(shuffle.rawValue),
      "typesize": .integer(itemByteCount), "blocksize": .integer(blockByteCount),
    ]
  }

  public init(_ settings: CodecSettings) throws(MetadataError) {
    try settings.checkOnly("cname", "clevel", "shuffle", "typesize", "blocksize")
    self.init(
      compressor: try settings.choice("cname", default: .lz4),
      level: try settings.integer("clevel", in: Self.levels, default: 5),
      shuffle: try settings.choice("shuffle", default: .none),
      itemByteCount: try settings.integer("typesize", in: Self.itemByteCounts, default: 1),
      blockByteCount: try settings.integer("blocksize", in: 0...Int(Int32.max), default: 0))
  }
}
