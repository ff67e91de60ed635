import ChunkEngine
public import Zarr

/// A hostile chunk or shard of an array of four byte strings.
public enum HostileChunk: String, CaseIterable, Codable, Sendable {
  case elementCutOff
  case elementOfFourGibibytes
  case trailingBytes
  case countOfFourBillion
  case zstdClaimsFourTebibytes
  case zstdBomb
  case zstdBombThatClaimsNothing
  case zstdClaimsAndIsPlausible
  case lz4ClaimsFourGibibytes
  case bloscClaimsTwoGibibytes
  case shardEntryWraps
  case shardEntryOfOneTebibyte
  case shardEntryInIndex
  case shardEntriesOverlap
  case vlenIndexTooLong
  case vlenOffsetsDecrease
  case vlenOffsetsBehindData
  case vlenIndexClaimsAll
  case optionalPartsWrap
  case json2CutOff
  case json2OfAnotherShape
  case json2TooDeep
  case messagePackCountsFourBillion
  case messagePackTextOfFourGibibytes

  /// The codecs of the array.
  private var codecs: [MetadataExtension] {
    let bytes = MetadataExtension(name: "bytes", configuration: ["endian": "little"])
    let vlen = MetadataExtension(name: "vlen-bytes")
    switch self {
    case .elementCutOff, .elementOfFourGibibytes, .trailingBytes, .countOfFourBillion: return [vlen]
    case .zstdClaimsFourTebibytes, .zstdBomb, .zstdBombThatClaimsNothing, .zstdClaimsAndIsPlausible:
      return [vlen, MetadataExtension(name: "zstd", configuration: ["level": 1, "checksum": false])]
    case .lz4ClaimsFourGibibytes: return [vlen, MetadataExtension(name: "numcodecs.lz4")]
    case .bloscClaimsTwoGibibytes:
      return [
        vlen,
        MetadataExtension(
          name: "blosc",
          configuration: [
            "cname": "lz4", "clevel": 5, "shuffle": "noshuffle", "typesize": 1, "blocksize": 0,
          ]),
      ]
    case .shardEntryWraps, .shardEntryOfOneTebibyte, .shardEntryInIndex, .shardEntriesOverlap:
      return [
        MetadataExtension(
          name: "sharding_indexed",
          configuration: ["chunk_shape": [1], "codecs": .array([vlen.json])])
      ]
    case .vlenIndexTooLong, .vlenOffsetsDecrease, .vlenOffsetsBehindData, .vlenIndexClaimsAll:
      return [
        MetadataExtension(
          name: "zarrs.vlen",
          configuration: [
            "data_codecs": [MetadataExtension(name: "bytes").json], "index_codecs": .array([bytes.json]),
            "index_data_type": "uint32",
          ])
      ]
    case .optionalPartsWrap:
      return [
        MetadataExtension(
          name: "zarrs.optional",
          configuration: [
            "mask_codecs": [MetadataExtension(name: "packbits").json], "data_codecs": .array([vlen.json]),
          ])
      ]
    case .json2CutOff, .json2OfAnotherShape, .json2TooDeep:
      return [MetadataExtension(name: "numcodecs.json2")]
    case .messagePackCountsFourBillion, .messagePackTextOfFourGibibytes:
      return [MetadataExtension(name: "numcodecs.msgpack2")]
    }
  }

  /// The data type of the elements.
  public var dataType: DataType {
    switch self {
    case .optionalPartsWrap: .optional(.bytes)
    case .json2CutOff, .json2OfAnotherShape, .json2TooDeep, .messagePackCountsFourBillion,
      .messagePackTextOfFourGibibytes:
      .json
    default: .bytes
    }
  }

  /// The bytes in the store.
  private var stored: [UInt8] {
    let sound = referenceWireForm([[1, 2, 3], [], [4], [5, 6, 7, 8]])
    let one = referenceWireForm([[7]])
    let max = UInt32.max
    switch self {
    case .elementCutOff: return Array(sound.dropLast())
    case .elementOfFourGibibytes:
      return littleEndianBytes(UInt32(4)) + littleEndianBytes(UInt32(0xffff_fff0)) + sound.dropFirst(8)
    case .trailingBytes: return sound + [0, 0, 0, 0]
    case .countOfFourBillion: return littleEndianBytes(max) + sound.dropFirst(4)
    case .zstdClaimsFourTebibytes: return ZstdFrame.raw(sound, claiming: 4 << 40)
    case .zstdBomb: return ZstdFrame.zeros(blockCount: 8192, claiming: 1 << 30)
    case .zstdBombThatClaimsNothing: return ZstdFrame.zeros(blockCount: 8192, claiming: nil)
    case .zstdClaimsAndIsPlausible: return ZstdFrame.raw(sound, claiming: 100 << 10)
    case .lz4ClaimsFourGibibytes: return littleEndianBytes(max) + [0x10, 0]
    case .bloscClaimsTwoGibibytes:
      return [2, 1, 0x20, 1] + littleEndianBytes(UInt32(Int32.max) - 16) + littleEndianBytes(UInt32(1 << 20))
        + littleEndianBytes(UInt32(24)) + [UInt8](repeating: 0, count: 8)
    case .shardEntryWraps: return referenceShard(one, [nil, (UInt64.max - 3, 8), nil, nil])
    case .shardEntryOfOneTebibyte: return referenceShard(one, [nil, (0, 1 << 40), nil, nil])
    case .shardEntryInIndex: return referenceShard(one, [nil, (UInt64(one.count), 9), nil, nil])
    case .shardEntriesOverlap:
      return referenceShard(one + [0], [nil, (0, UInt64(one.count)), (1, UInt64(one.count)), nil])
    case .vlenIndexTooLong: return littleEndianBytes(UInt64(1000)) + [UInt8](repeating: 0, count: 20)
    case .vlenIndexClaimsAll: return littleEndianBytes(UInt64.max) + [UInt8](repeating: 0, count: 20)
    case .vlenOffsetsDecrease: return Self.vlen([0, 3, 2, 3, 4])
    case .vlenOffsetsBehindData: return Self.vlen([0, 1, 2, 3, max])
    case .optionalPartsWrap:
      return littleEndianBytes(UInt64.max) + littleEndianBytes(UInt64(2)) + [0x0f] + sound
    case .json2CutOff: return Array("[1,2,3,4,\"|O\"".utf8)
    case .json2OfAnotherShape: return Array("[1,2,3,4,\"|O\",[5]]".utf8)
    case .json2TooDeep:
      return Array("[1,2,3,".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    case .messagePackCountsFourBillion: return [0xdd, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]
    case .messagePackTextOfFourGibibytes: return [0x96, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]
    }
  }

  private static func vlen(_ offsets: [UInt32]) -> [UInt8] {
    littleEndianBytes(UInt64(offsets.count * 4)) + offsets.flatMap(littleEndianBytes) + [1, 2, 3, 4]
  }

  /// Stores an array with this chunk.
  ///
  /// - Parameters:
  ///   - store: The store for the array.
  ///   - count: The number of elements of the array, at most four.
  /// - Throws: What the store throws.
  public func write(to store: any Store, count: Int = 4) throws {
    let metadata = try ArrayMetadata(
      shape: [count], dataType: dataType, chunkGrid: ChunkGrid(chunkShape: [4]),
      fillValue: dataType.defaultFillValue, codecs: codecs)
    try store.write(StoreKey("zarr.json"), metadata.encoded().span.bytes)
    try store.write(StoreKey("c/0"), stored.span.bytes)
  }
}
