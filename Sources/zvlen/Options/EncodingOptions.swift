import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// What new arrays are like.
///
/// An array that is continued has all of this already, so that every setting is nil where it is not given.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the elements are: bytes, string, json or json-string.",
      discussion: """
        bytes takes everything; string takes UTF-8 only, and other libraries hand it out as text. json takes \
        JSON only, a value a line or a file, and says so in the array, which few libraries know; json-string \
        takes the same and makes an array of text. The default is bytes for files and string for lines.
        """))
  var type: ElementType?

  @Option(
    help: ArgumentHelp(
      "The size of a chunk before it is compressed (default: 1MiB).",
      discussion: """
        Reading one element decompresses its chunk: small chunks (64KiB) make that quick, large ones (16MiB) \
        compress better and make fewer files. The mean size of the elements decides how many of them make a \
        chunk; for lines the first ones do.
        """, valueName: "bytes"))
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
      "How chunks are compressed (default: zstd:3).",
      discussion: """
        zstd:LEVEL (1 is fastest, 19 is smallest, 3 if no level is given), gzip:LEVEL (0 to 9, 5), \
        blosc:COMPRESSOR:LEVEL (blosclz, lz4, lz4hc, snappy, zlib or zstd, 0 to 9; lz4, 5) and none are read \
        by zarr-python and zarrs. lz4:ACCELERATION (1 is smallest, larger is faster, 1) and zlib:LEVEL (0 to \
        9, 1) are read by zarr-python, and not by zarrs.
        """, valueName: "codec"))
  var codec: CodecChoice?

  @Flag(
    help: ArgumentHelp(
      "Adds a CRC-32C to each chunk, so that damage is found when it is read.",
      discussion: "zarr-python and zarrs check it too. Costs four bytes a chunk and hardly any time."))
  var checksum = false

  @Option(
    help: ArgumentHelp(
      "The name to write for the data type of bytes: bytes or variable_length_bytes (default: bytes).",
      discussion: """
        Both are read by zarr-python. bytes is the registered name, and the one that zarrs reads too; \
        variable_length_bytes is what zarr-python itself writes.
        """, valueName: "name"))
  var dataTypeName: String?

  /// The options that were given, by name.
  var givenNames: [String] {
    [
      (chunkBytes != nil, "--chunk-bytes"), (evenChunks, "--even-chunks"),
      (chunkCount != nil, "--chunk-count"), (codec != nil, "--codec"),
      (checksum, "--checksum"), (dataTypeName != nil, "--data-type-name"),
    ].filter(\.0).map(\.1)
  }

  func validate() throws {
    if chunkBytes != nil && chunkCount != nil {
      throw ValidationError("--chunk-bytes and --chunk-count exclude each other")
    }
    if evenChunks && chunkCount != nil {
      throw ValidationError("--even-chunks and --chunk-count exclude each other")
    }
    if let chunkCount, !(1...ChunkGrid.maximumElementCount).contains(chunkCount) {
      throw ValidationError("--chunk-count takes a number from 1 to \(ChunkGrid.maximumElementCount)")
    }
    if let dataTypeName {
      guard DataType.bytes.names.contains(dataTypeName) else {
        throw ValidationError(
          "--data-type-name takes \(DataType.bytes.names.joined(separator: ", "))")
      }
      if let type, type != .bytes { throw ValidationError("--data-type-name is for --type bytes") }
    }
  }

  /// The codecs behind the one that lays out the elements.
  var codecs: [CodecChain.Stage] {
    (codec ?? .zstd(level: 3)).stages + (checksum ? [.crc32c] : [])
  }

  /// The size of chunks of elements that come one after the other, of unknown sizes.
  var chunkSize: ChunkSize {
    if let chunkCount { return .count(chunkCount) }
    return evenChunks ? .evenBytes(chunkByteCount) : .bytes(chunkByteCount)
  }

  /// The size of chunks of elements whose number and size are known.
  func chunkSize(forElements count: Int, byteCount: Int) -> ChunkSize {
    if let chunkCount { return .count(chunkCount) }
    guard count > 0 else { return .count(Self.countWithoutElements) }
    // Each element has its length in front of it.
    let mean = Double(byteCount) / Double(count) + 4
    let most = Double(chunkByteCount) / mean
    return .count(max(1, Int(min(most, Double(ChunkGrid.maximumElementCount)))))
  }

  /// The bytes of a chunk before it is compressed.
  var chunkByteCount: Int { chunkBytes?.value ?? 1 << 20 }

  /// The chunk of an array that is created without elements, and may get some later.
  private static let countWithoutElements = 256
}
