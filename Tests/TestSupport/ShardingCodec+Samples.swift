package import ChunkEngine

extension ShardingCodec {
  /// Returns a codec with the index that most writers use: little-endian numbers and a checksum.
  package static func sample(
    chunkShape: [Int], chain: CodecChain = CodecChain(VlenBytesCodec()), location: StoredLocation = .end,
    hasChecksum: Bool = true, fillValue: [UInt8] = []
  ) throws -> ShardingCodec {
    let numbers = BytesCodec(byteOrder: .little, scalarByteCounts: [8])
    let index = CodecChain(
      numbers, stages: hasChecksum ? [.checksum(CRC32CCodec())] : [], layout: .fixed(byteCount: 8))
    return ShardingCodec(
      chunkShape: chunkShape, chain: chain, index: try ShardIndexFormat(index, location: location),
      fillValue: fillValue)
  }
}

/// Returns a shard with an index at the end, byte by byte as the format defines it, without code of the
/// engine.
///
/// An entry is the offset and size of an inner chunk, or nil if it is not stored.
public func referenceShard(
  _ data: [UInt8], _ entries: [(offset: UInt64, byteCount: UInt64)?], hasChecksum: Bool = true
) -> [UInt8] {
  let index = entries.flatMap { entry in
    littleEndianBytes(entry?.offset ?? UInt64.max) + littleEndianBytes(entry?.byteCount ?? UInt64.max)
  }
  return data + index + (hasChecksum ? littleEndianBytes(CRC32CCodec().checksum(of: index.span.bytes)) : [])
}
