import ChunkEngine
import TestSupport
import Zarr

/// What an array that other libraries are to read is like.
struct TypeSample {
  let type: DataType
  var options: ArrayOptions

  private init(
    _ type: DataType, codecs: [CodecChain.Stage] = [.zstd()], filters: [MetadataExtension] = [],
    serializer: MetadataExtension? = nil, name: String? = nil, fillValue: [UInt8]? = nil
  ) {
    self.type = type
    options = ArrayOptions(
      dataType: type, dataTypeName: name, chunkSize: .shape([2, 3]), compressors: codecs, filters: filters,
      serializer: serializer, fillValue: fillValue)
  }

  private static let big = MetadataExtension(name: "bytes", configuration: ["endian": "big"])
  private static let flipped = MetadataExtension(name: "transpose", configuration: ["order": [1, 0]])
  private static let nested = DataType.structure([
    StructureField(
      "p", .structure([StructureField("x", .number(.float32)), StructureField("n", .number(.uint8))])),
    StructureField("u", .fixedLengthUTF32(length: 2)),
  ])

  /// The arrays that a library can read.
  static func samples(for library: String, _ format: ZarrFormat) -> [TypeSample] {
    switch (library, format) {
    case ("zarrs", .version2): numbers + texts
    case ("zarrs", .version3): numbers + texts + times + [TypeSample(.bytes)] + numbersOfZarrs
    case ("zarr2", _): numbers + texts + times + stringsOfPython + objects
    default: numbers + texts + times + stringsOfPython
    }
  }

  private static let numbers: [TypeSample] =
    NumberType.allCases.filter { $0 != .bfloat16 }.flatMap { type in
      [TypeSample(.number(type)), TypeSample(.number(type), serializer: big)]
    } + [
      TypeSample(.number(.float32), filters: [flipped], fillValue: [0, 0, 0xC0, 0x7F]),
      TypeSample(.number(.int32), codecs: [.gzip(), .zstd(level: 3)]),
      TypeSample(.number(.int32), codecs: [.blosc(.zstd, shuffle: .byte)]),
    ]

  private static let texts = [
    TypeSample(.string), TypeSample(.string, fillValue: Array("é".utf8)),
    TypeSample(.fixedLengthUTF32(length: 3)),
  ]

  private static let times = [
    TypeSample(.datetime64(.seconds, scaleFactor: 25), codecs: []),
    TypeSample(.timedelta64(.nanoseconds, scaleFactor: 1), codecs: [], serializer: big),
  ]

  private static let numbersOfZarrs: [TypeSample] =
    // The installed version does not know that one.
    SmallNumberType.allCases.filter { $0 != .float8E4M3FN }.map { TypeSample(.smallNumber($0)) } + [
      TypeSample(.number(.bfloat16)), TypeSample(.number(.bfloat16), serializer: big),
      TypeSample(.complex(of: .number(.float16))), TypeSample(.complex(of: .smallNumber(.float8E5M2))),
      TypeSample(.rawBytes(byteCount: 3)), optional(.number(.int16), "bytes", ["endian": "little"]),
    ]

  private static let stringsOfPython = [
    // zarrs cannot read a part of a chunk that was flipped, and takes bytes of Zarr v2 for text.
    TypeSample(.string, filters: [flipped]), TypeSample(.bytes),
    TypeSample(.nullTerminatedBytes(byteCount: 4)),
    TypeSample(.opaqueBytes(byteCount: 3), fillValue: [1, 2, 3]),
  ]

  private static let objects = [
    TypeSample(.json), TypeSample(.array(of: .number(.int32))),
    TypeSample(.json, serializer: MetadataExtension(name: "numcodecs.msgpack2")),
    TypeSample(.number(.int32), codecs: [.lz4(), .zlib()]),
    TypeSample(nested), TypeSample(nested, serializer: big),
  ]

  /// Arrays whose chunks, or shards, differ in length.
  static func rectilinear() throws -> [TypeSample] {
    let grid = try ChunkGrid(dimensions: [.lengths(ChunkLengths([1, 4, 3])), .repeated(4)])
    let shards = try ChunkGrid(dimensions: [
      .lengths(ChunkLengths([2, 4])), .lengths(ChunkLengths([4, 2, 2])),
    ])
    return [DataType.number(.int32), .string].flatMap { type in
      var chunked = TypeSample(type)
      chunked.options.chunkSize = .grid(grid)
      var sharded = TypeSample(type)
      sharded.options.chunkSize = .shape([2, 1])
      sharded.options.shardSize = .grid(shards)
      return [chunked, sharded]
    }
  }

  /// Elements that may be absent, stored as zarrs does.
  private static func optional(_ type: DataType, _ codec: String, _ settings: JSONObject) -> TypeSample {
    let inner = MetadataExtension(name: codec, configuration: settings)
    return TypeSample(
      .optional(type),
      serializer: MetadataExtension(
        name: "zarrs.optional",
        configuration: ["mask_codecs": [["name": "packbits"]], "data_codecs": [inner.json]]))
  }

  /// Elements of the type, made by chance.
  func elements(_ count: Int, using generator: inout SeededGenerator) -> [[UInt8]] {
    (0..<count).map { index in element(index, of: type, using: &generator) }
  }

  private func element(_ index: Int, of type: DataType, using generator: inout SeededGenerator) -> [UInt8] {
    switch type {
    case .number(.bool): return [UInt8.random(in: 0...1, using: &generator)]
    case .smallNumber: return [UInt8.random(in: 0...1, using: &generator)]
    case .string: return Array(String(repeating: ["a", "é", "日\0"][index % 3], count: index % 5).utf8)
    case .json: return Array(["null", #"{"a":[1,2.5]}"#, #""é""#, "[]", "7"][index % 5].utf8)
    case .fixedLengthUTF32(let length):
      let scalar: [UInt8] = [[0x61, 0, 0, 0], [0xE5, 0x65, 0, 0], [0, 0xF6, 1, 0]][index % 3]
      let filled = index % (length + 1)
      return (0..<filled).flatMap { _ in scalar } + [UInt8](repeating: 0, count: 4 * (length - filled))
    case .optional(let inner):
      return index % 3 == 0
        ? type.defaultFillValue : [1] + element(index, of: inner, using: &generator)
    case .structure(let fields):
      return fields.flatMap { element(index, of: $0.dataType, using: &generator) }
    default:
      let count = type.layout.fixedByteCount ?? 4 * (index % 4)
      return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
  }
}
