import ArgumentParser
import CommandLineOptions
import Zarr

/// What new arrays are like.
///
/// An array that is continued or copied has all of this already, so that every setting is nil where it is not
/// given.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the elements are: bytes, string, json or json-string.",
      discussion: """
        bytes takes everything; string takes UTF-8 only, and other libraries hand it out as text. json takes \
        JSON only, a value a line or a file, and says so in the array, which few libraries know; json-string \
        takes the same and makes an array of text. Imported files are bytes and lines are string unless it is \
        said; a copy has the type of its source, and its text and bytes of a fixed width lose their padding if they \
        become another one.
        """))
  var type: ElementType?

  @Option(
    help: ArgumentHelp(
      "The size of a chunk before it is compressed (import: 1MiB).",
      discussion: """
        Reading one element decompresses its chunk: small chunks (64KiB) make that quick, large ones (16MiB) \
        compress better and make fewer files. The mean size of the elements decides how many of them make a \
        chunk; for lines the first ones do, until later ones are much larger.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var chunkBytes: ByteCount?

  @Flag(
    help: ArgumentHelp(
      "Ends each chunk where the next element would make it larger than --chunk-bytes.",
      discussion: """
        Without it all chunks have the same number of elements, and one with a few huge elements is huge. The \
        grid is then rectilinear, an extension of Zarr: zarrs reads it, zarr-python does from 3.2 on if \
        array.rectilinear_chunks is set to true, and most other libraries do not.
        """))
  var evenChunks = false

  @Option(
    help: ArgumentHelp("The number of elements of a chunk, in place of --chunk-bytes.", valueName: "count"))
  var chunkCount: Int?

  @Option(
    help: ArgumentHelp(
      "Stores many chunks in one file of about this size before compression, as 64MiB.",
      discussion: """
        Such shards make small chunks cheap: each of them can still be read by itself, and there are fewer \
        files. zarr-python 3 and zarrs read them. What is compressed of the shard that is being filled is in \
        memory until it is full.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var shardBytes: ByteCount?

  @Option(
    help: ArgumentHelp(
      "How chunks are compressed (import: zstd:3).",
      discussion: """
        zstd:LEVEL (1 is fastest, 19 is smallest, 3 if no level is given), gzip:LEVEL (0 to 9, 5), \
        blosc:COMPRESSOR:LEVEL (blosclz, lz4, lz4hc, snappy, zlib or zstd, 0 to 9; lz4, 5) and none are read \
        by zarr-python and zarrs. lz4:ACCELERATION (1 is smallest, larger is faster, 1), zlib:LEVEL (0 to 9, \
        1), bz2:LEVEL (1 to 9, 1) and lzma:PRESET (0 to 9, 6) are read by zarr-python, and not by zarrs as it \
        is usually built.
        """, valueName: "codec"), completion: .list(CodecChoice.allValueStrings), transform: CodecChoice.parse
  )
  var codec: CodecChoice?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Whether each chunk has a checksum, so that damage is found when it is read (import: --checksum).",
      discussion: """
        It is a CRC-32C, which zarr-python and zarrs check too, of four bytes a chunk and hardly any time. In \
        Zarr v2 the frames of zstd have one of their own instead; other codecs get one there only with --checksum.
        """))
  var checksum: Bool?

  @Option(
    help: ArgumentHelp(
      "The name to write for the data type of bytes: bytes or variable_length_bytes (import: bytes).",
      discussion: """
        Both are read by zarr-python. bytes is the registered name, and the one that zarrs reads too; \
        variable_length_bytes is what zarr-python itself writes. Copies can have other arrays renamed too: bytes \
        of a fixed size to raw_bytes for zarr-python or to r24 (and so on) for zarrs, structures to structured \
        for zarr-python before 3.4.
        """, valueName: "name"))
  var dataTypeName: String?

  /// The names that can be asked for, but for those that say a number of bits.
  private static let dataTypeNames =
    DataType.bytes.names + DataType.opaqueBytes(byteCount: 1).names + DataType.structure([]).names

  @Option(
    help: ArgumentHelp(
      "The version of the format, 2 or 3 (import: 3).",
      discussion: """
        2 is for programs with zarr-python 2: bytes, text and JSON are then objects to them, encoded with \
        vlen-bytes, vlen-utf8 and json2. json2 keeps values, and not the spaces between their parts. Zarr v2 \
        has neither shards nor chunks of even size.
        """, valueName: "version"))
  var zarrFormat: FormatVersion?

  /// The options that were given, by name.
  var givenNames: [String] {
    [
      (chunkBytes != nil, "--chunk-bytes"), (evenChunks, "--even-chunks"),
      (chunkCount != nil, "--chunk-count"), (shardBytes != nil, "--shard-bytes"), (codec != nil, "--codec"),
      (checksum != nil, checksum == false ? "--no-checksum" : "--checksum"),
      (dataTypeName != nil, "--data-type-name"),
      (zarrFormat != nil, "--zarr-format"),
    ].filter(\.0).map(\.1)
  }

  /// What the options say, by name, to see later whether others say the same.
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
      "zarr-format": zarrFormat.map { .string($0.rawValue) } ?? .null,
    ]
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
    for (isViolated, one, other) in exclusions where isViolated {
      throw ValidationError("\(one) and \(other) exclude each other")
    }
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
