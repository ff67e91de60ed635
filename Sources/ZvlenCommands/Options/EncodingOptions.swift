public import ArgumentParser
import CommandLineOptions
import Zarr

/// The options of new arrays.
///
/// Every option is nil if it is not given, because an array that is continued or copied has these settings already.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The type of the elements: bytes, string, json or json-string.",
      discussion: """
        bytes accepts any data. string accepts only UTF-8, and other libraries read it as text. json accepts only \
        JSON, one value per line or file, and marks the array as JSON, which few libraries know. json-string accepts \
        the same and makes an array of text. By default, files become bytes, lines become string, and a copy keeps \
        the type of its source. Fixed-width text and bytes lose their padding when they become another type.
        """))
  var type: ElementType?

  @Option(
    help: ArgumentHelp(
      "The size of a chunk before compression (import: 1MiB).",
      discussion: """
        Reading one element decompresses its chunk. Small chunks (64KiB) make this fast. Large chunks (16MiB) \
        compress better and make fewer files. The mean size of the elements decides how many elements a chunk has. \
        For lines, the first ones decide, unless later lines are much larger.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var chunkBytes: ByteCount?

  @Flag(
    help: ArgumentHelp(
      "Ends each chunk where the next element would make it larger than --chunk-bytes.",
      discussion: """
        Without this option, all chunks have the same number of elements, and a chunk with a few huge elements is \
        huge. With it, the chunk grid is rectilinear, which is an extension of Zarr. zarrs reads it, zarr-python reads \
        it from 3.2 on if array.rectilinear_chunks is true, and most other libraries cannot read it.
        """))
  var evenChunks = false

  @Option(
    help: ArgumentHelp("The number of elements per chunk, instead of --chunk-bytes.", valueName: "count"))
  var chunkCount: Int?

  @Option(
    help: ArgumentHelp(
      "Stores many chunks in one file of about this size before compression, such as 64MiB.",
      discussion: """
        Shards make small chunks cheap: there are fewer files, and you can still read each chunk alone. zarr-python 3 \
        and zarrs read shards. The compressed chunks of the open shard stay in memory until it is full.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var shardBytes: ByteCount?

  @Option(
    help: ArgumentHelp(
      "The compressor of chunks (import: zstd:3).",
      discussion: """
        zstd:LEVEL (1 is fastest, 19 is smallest, 3 if no level is given), gzip:LEVEL (0 to 9, 5), \
        blosc:COMPRESSOR:LEVEL (blosclz, lz4, lz4hc, snappy, zlib or zstd, 0 to 9; lz4, 5) and none are read \
        by zarr-python and zarrs. lz4:ACCELERATION (1 is smallest, larger is faster, 1), zlib:LEVEL (0 to 9, \
        1), bz2:LEVEL (1 to 9, 1) and lzma:PRESET (0 to 9, 6) are read by zarr-python, but not by usual builds of \
        zarrs.
        """, valueName: "codec"), completion: .list(CodecChoice.allValueStrings), transform: CodecChoice.parse
  )
  var codec: CodecChoice?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Whether each chunk has a checksum, so that readers find damage (import: --checksum).",
      discussion: """
        It is a CRC-32C of four bytes per chunk, which takes almost no time and which zarr-python and zarrs check too. \
        In Zarr v2, zstd has a checksum of its own instead; other codecs get one there only with --checksum.
        """))
  var checksum: Bool?

  @Option(
    help: ArgumentHelp(
      "The name of the data type bytes in metadata: bytes or variable_length_bytes (import: bytes).",
      discussion: """
        zarr-python reads both. bytes is the registered name, and zarrs reads only this one. zarr-python writes \
        variable_length_bytes. Copies can also rename other data types: fixed-size bytes to raw_bytes for zarr-python \
        or to r24 (and so on) for zarrs, and structures to structured for zarr-python before 3.4.
        """, valueName: "name"))
  var dataTypeName: String?

  /// The allowed names, except for those with a number of bits.
  private static let dataTypeNames =
    DataType.bytes.names + DataType.opaqueBytes(byteCount: 1).names + DataType.structure([]).names

  @Option(
    help: ArgumentHelp(
      "The version of the Zarr format, 2 or 3 (import: 3).",
      discussion: """
        Use 2 for programs with zarr-python 2. They read bytes, text and JSON as objects, encoded with vlen-bytes, \
        vlen-utf8 and json2. json2 keeps JSON values, but not the spaces in their text. Zarr v2 has no shards and no \
        chunks of even size.
        """, valueName: "version"))
  var zarrFormat: ZarrFormat?

  /// The names of the options that were given.
  var givenNames: [String] {
    [
      (chunkBytes != nil, "--chunk-bytes"), (evenChunks, "--even-chunks"),
      (chunkCount != nil, "--chunk-count"), (shardBytes != nil, "--shard-bytes"), (codec != nil, "--codec"),
      (checksum != nil, checksum == false ? "--no-checksum" : "--checksum"),
      (dataTypeName != nil, "--data-type-name"),
      (zarrFormat != nil, "--zarr-format"),
    ].filter(\.0).map(\.1)
  }

  /// The options as JSON, to compare them with those of another import.
  var json: JSONObject {
    [
      "type": type.map { .string($0.rawValue) } ?? .null,
      "chunk-bytes": chunkBytes.map { .integer($0.value) } ?? .null,
      "even-chunks": .bool(evenChunks),
      "chunk-count": chunkCount.map { .integer($0) } ?? .null,
      "codec": codec.map { .string("\($0)") } ?? .null,
      "checksum": checksum.map { .bool($0) } ?? .null,
      "data-type-name": dataTypeName.map { .string($0) } ?? .null,
      "shard-bytes": shardBytes.map { .integer($0.value) } ?? .null,
      "zarr-format": zarrFormat.map { .string("\($0.rawValue)") } ?? .null,
    ]
  }

  /// Checks that no two options are given of which one excludes the other.
  static func check(_ exclusions: [(isViolated: Bool, one: String, other: String)]) throws {
    for (isViolated, one, other) in exclusions where isViolated {
      throw ValidationError("\(one) and \(other) exclude each other")
    }
  }

  func validate() throws {
    let exclusions = [
      (chunkBytes != nil && chunkCount != nil, "--chunk-bytes", "--chunk-count"),
      (evenChunks && chunkCount != nil, "--even-chunks", "--chunk-count"),
      (evenChunks && shardBytes != nil, "--even-chunks", "--shard-bytes"),
      (zarrFormat == .version2 && evenChunks, "--zarr-format 2", "--even-chunks"),
      (zarrFormat == .version2 && shardBytes != nil, "--zarr-format 2", "--shard-bytes"),
      (zarrFormat == .version2 && dataTypeName != nil, "--zarr-format 2", "--data-type-name"),
    ]
    try Self.check(exclusions)
    if let chunkCount, !(1...ChunkGrid.maximumElementCount).contains(chunkCount) {
      throw ValidationError("--chunk-count takes a number from 1 to \(ChunkGrid.maximumElementCount)")
    }
    if let dataTypeName {
      let bits = dataTypeName.hasPrefix("r") ? Int(dataTypeName.dropFirst()) : nil
      guard Self.dataTypeNames.contains(dataTypeName) || bits.map({ $0 > 0 && $0.isMultiple(of: 8) }) ?? false
      else {
        throw ValidationError("--data-type-name takes \(Self.dataTypeNames.joined(separator: ", ")) or r24")
      }
      if let type, type != .bytes { throw ValidationError("--data-type-name is for --type bytes") }
    }
  }
}

/// The type of the elements of a new array, the value of `--type`.
enum ElementType: String, ExpressibleByArgument, CaseIterable {
  /// Any bytes.
  case bytes
  /// Text in UTF-8.
  case string
  /// JSON values.
  case json
  /// JSON values in an array of text, for other libraries.
  case jsonString = "json-string"

  /// The data type in Zarr.
  var dataType: DataType {
    switch self {
    case .bytes: .bytes
    case .string, .jsonString: .string
    case .json: .json
    }
  }
}

/// The value of `--zarr-format`.
extension ZarrFormat: ExpressibleByArgument {}
