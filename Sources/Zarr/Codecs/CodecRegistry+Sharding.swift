import ChunkEngine

extension CodecRegistry {
  /// The codec that divides chunks.
  static let sharding: [String: Factory] = [
    ShardingCodec.name: { settings, context throws(MetadataError) in
      .arrayToBytes(try ShardingCodec(settings, context))
    }
  ]
}
