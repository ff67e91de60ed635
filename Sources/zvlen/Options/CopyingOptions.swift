import ArgumentParser
import CommandLineOptions
import Zarr

/// What the arrays of a copy are like, where that is not as in new arrays.
struct CopyingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The number of elements of a chunk along each dimension, as 64,64, of arrays with as many dimensions.",
      valueName: "lengths"), transform: DimensionLengths.parse)
  var chunkShape: DimensionLengths?

  @Option(
    help: ArgumentHelp(
      "The number of elements of a shard along each dimension, of arrays with as many dimensions.",
      discussion: "Shards consist of whole chunks.", valueName: "lengths"), transform: DimensionLengths.parse)
  var shardShape: DimensionLengths?

  @Flag(help: "Stores the chunks in shards one by one.")
  var noShards = false

  @Flag(
    help: ArgumentHelp(
      "Leaves out arrays that cannot be read here, and says which on standard error.",
      discussion: """
        Those are arrays of pickles, nodes with metadata that is damaged or not supported, and arrays that the \
        other version of Zarr has no way to store. If any is left out, the exit code is 1 and DEST has the rest.
        """))
  var skipUnreadable = false

  @Flag(help: "Reads everything again afterwards, and compares every element with that of SRC.")
  var validate = false

  @Option(
    help: ArgumentHelp(
      "The bytes of elements that are in memory, about.",
      discussion: """
        There is always room for a chunk of the copy, of shards an inner one. What a shard is compressed to comes \
        on top, and for each worker a chunk of SRC.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: ZarrArray.standardCopyMemoryBudget)

  /// Checks that these options and those of new arrays do not contradict each other.
  func check(with encoding: EncodingOptions) throws {
    if encoding.type == .jsonString {
      throw ValidationError("--type json-string is for imports; --type string makes text of JSON")
    }
    let hasChunkSize = encoding.chunkBytes != nil || encoding.chunkCount != nil || encoding.evenChunks
    let hasShards = encoding.shardBytes != nil || shardShape != nil
    let exclusions = [
      (chunkShape != nil && hasChunkSize, "--chunk-shape", "other sizes of chunks"),
      (shardShape != nil && encoding.shardBytes != nil, "--shard-shape", "--shard-bytes"),
      (noShards && hasShards, "--no-shards", "sizes of shards"),
      (encoding.evenChunks && shardShape != nil, "--even-chunks", "--shard-shape"),
      (encoding.zarrFormat == .version2 && shardShape != nil, "--zarr-format 2", "--shard-shape"),
    ]
    for (isViolated, one, other) in exclusions where isViolated {
      throw ValidationError("\(one) and \(other) exclude each other")
    }
  }

  /// What the copy is like.
  func options(_ encoding: EncodingOptions, access: ArrayAccess) -> CopyOptions {
    CopyOptions(
      zarrFormat: encoding.zarrFormat?.zarrFormat, chunkSize: chunkSize(encoding), shards: shards(encoding),
      compressors: encoding.codec != nil || encoding.checksum ? encoding.codecs : nil,
      dataType: encoding.type?.dataType, dataTypeName: encoding.dataTypeName,
      leavesOutUnreadable: skipUnreadable, validates: validate, memoryBudget: memoryBudget.value,
      access: access)
  }

  private func chunkSize(_ encoding: EncodingOptions) -> ChunkSize? {
    if let chunkShape { return .shape(chunkShape.lengths) }
    if let chunkCount = encoding.chunkCount { return .rows(chunkCount) }
    if encoding.evenChunks { return .evenBytes(encoding.chunkByteCount) }
    return encoding.chunkBytes.map { .bytes($0.value) }
  }

  private func shards(_ encoding: EncodingOptions) -> CopyOptions.Shards {
    if noShards { return .none }
    if let shardShape { return .size(.shape(shardShape.lengths)) }
    return encoding.shardBytes.map { .size(.bytes($0.value)) } ?? .kept
  }
}
