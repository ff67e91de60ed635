import ChunkEngine
import TestSupport
import Zarr

/// Random chains of lossless codecs in the form of metadata.
struct RandomCodecs {
  /// The codecs for chunks of elements of a type.
  ///
  /// - Parameters:
  ///   - type: The data type.
  ///   - chunkShape: The shape of a chunk, of any one if they differ; nil if absent elements are left out.
  ///   - depth: The depth of the chain inside others.
  ///   - generator: The source of random numbers.
  /// - Returns: The codecs in the order of encoding.
  static func chain(
    for type: DataType, chunkShape: [Int]?, depth: Int = 0, using generator: inout SeededGenerator
  ) -> [JSONValue] {
    var codecs: [JSONValue] = []
    var shape = chunkShape ?? [1]
    if Bool.random(using: &generator) {
      let order = shape.indices.shuffled(using: &generator)
      codecs.append(codec("transpose", ["order": .array(order.map(JSONValue.integer))]))
      shape = order.map { shape[$0] }
    }
    if case .number(let number) = type, let code = integerCodes[number],
      Int.random(in: 0..<4, using: &generator) == 0
    {
      codecs.append(codec("numcodecs.delta", ["dtype": .string("<\(code)")]))
    }
    if !shape.isEmpty, Int.random(in: 0..<6, using: &generator) == 0 {
      codecs.append(codec("reshape", ["shape": [.array(shape.indices.map(JSONValue.integer))]]))
      shape = [shape.reduce(1, *)]
    }
    if chunkShape != nil, depth < 3, Int.random(in: 0..<3, using: &generator) == 0 {
      codecs.append(sharding(for: type, shape: shape, depth: depth, using: &generator))
    } else {
      codecs.append(serializer(for: type, depth: depth, using: &generator))
    }
    if codecs.last?.objectValue?["name"] == "bytes", let byteCount = type.layout.fixedByteCount {
      codecs.append(codec("numcodecs.shuffle", ["elementsize": .integer(byteCount)]))
    }
    return codecs + bytesToBytes(using: &generator)
  }

  private static let integerCodes: [NumberType: String] = [
    .int8: "i1", .uint8: "u1", .int16: "i2", .uint16: "u2", .int32: "i4", .uint32: "u4", .int64: "i8",
    .uint64: "u8",
  ]

  private static func codec(_ name: String, _ configuration: JSONObject = [:]) -> JSONValue {
    ["name": .string(name), "configuration": .object(configuration)]
  }

  /// The array-to-bytes codec.
  private static func serializer(
    for type: DataType, depth: Int, using generator: inout SeededGenerator
  ) -> JSONValue {
    let endian: JSONObject = ["endian": Bool.random(using: &generator) ? "little" : "big"]
    switch type {
    case .optional(let inner):
      return codec(
        Bool.random(using: &generator) ? "optional" : "zarrs.optional",
        [
          "mask_codecs": .array(
            [codec(Bool.random(using: &generator) ? "packbits" : "bytes")] + bytesToBytes(using: &generator)),
          "data_codecs": .array(
            chain(for: inner, chunkShape: nil, depth: depth + 1, using: &generator)),
        ])
    case _ where type.layout == .variable:
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: return codec("zarrs.vlen_v2")
      case 1:
        return codec(
          "zarrs.vlen",
          [
            "data_codecs": .array([codec("bytes")] + bytesToBytes(using: &generator)),
            "index_codecs": .array([codec("bytes", endian)] + bytesToBytes(using: &generator)),
            "index_data_type": Bool.random(using: &generator) ? "uint32" : "uint64",
            "index_location": Bool.random(using: &generator) ? "start" : "end",
          ])
      default: return type.defaultCodec.json
      }
    case .number, .smallNumber, .complex:
      guard Int.random(in: 0..<3, using: &generator) == 0 else { return codec("bytes", endian) }
      let padding = ["none", "first_byte", "last_byte"].randomElement(using: &generator) ?? "none"
      return codec("packbits", ["padding_encoding": .string(padding)])
    default: return codec("bytes", endian)
    }
  }

  /// A division of chunks, even or uneven.
  private static func sharding(
    for type: DataType, shape: [Int], depth: Int, using generator: inout SeededGenerator
  ) -> JSONValue {
    let isEven = Int.random(in: 0..<4, using: &generator) > 0
    let inner = shape.map { length in
      let sides = (1...length).filter { length.isMultiple(of: $0) || !isEven }
      return sides.randomElement(using: &generator) ?? 1
    }
    let checksum = Bool.random(using: &generator) ? [codec("crc32c")] : []
    return codec(
      "sharding_indexed",
      [
        "chunk_shape": .array(inner.map(JSONValue.integer)),
        "codecs": .array(
          chain(for: type, chunkShape: inner, depth: depth + 1, using: &generator)),
        "index_codecs": .array(
          [codec("bytes", ["endian": Bool.random(using: &generator) ? "little" : "big"])] + checksum),
        "index_location": Bool.random(using: &generator) ? "start" : "end",
      ])
  }

  /// The codecs between bytes.
  private static func bytesToBytes(using generator: inout SeededGenerator) -> [JSONValue] {
    let codecs = [
      codec("zstd", ["level": 1, "checksum": true]), codec("gzip", ["level": 1]), codec("crc32c"),
      codec(
        "blosc", ["cname": "lz4", "clevel": 1, "shuffle": "bitshuffle", "typesize": 3, "blocksize": 0]),
      codec("numcodecs.zlib", ["level": 1]), codec("numcodecs.bz2", ["level": 1]), codec("numcodecs.lzma"),
      codec("numcodecs.lz4"), codec("numcodecs.adler32"),
      codec("numcodecs.crc32"), codec("numcodecs.fletcher32"), codec("numcodecs.jenkins_lookup3"),
    ]
    let count = [0, 0, 1, 1, 2].randomElement(using: &generator) ?? 0
    return (0..<count).compactMap { _ in codecs.randomElement(using: &generator) }
  }

  /// The filters and the compressor of an array of Zarr v2.
  static func version2(using generator: inout SeededGenerator) -> (filters: JSONValue, compressor: JSONValue)
  {
    let codecs: [JSONValue] = [
      ["id": "zlib", "level": 1], ["id": "bz2", "level": 1], ["id": "lz4"], ["id": "zstd", "level": 1],
      ["id": "blosc", "cname": "zstd", "clevel": 1, "shuffle": 1, "blocksize": 0], ["id": "crc32"],
      ["id": "fletcher32"], ["id": "gzip", "level": 1],
    ]
    let filters = (0..<Int.random(in: 0...2, using: &generator)).compactMap { _ in
      codecs.randomElement(using: &generator)
    }
    let compressor = Bool.random(using: &generator) ? codecs.randomElement(using: &generator) : nil
    return (filters.isEmpty ? .null : .array(filters), compressor ?? .null)
  }
}
