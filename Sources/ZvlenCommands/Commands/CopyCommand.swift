import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr
import ZarrRemote

/// The command `zvlen copy`.
struct CopyCommand: ParsableCommand, ReadingCommand, ReportingCommand {
  static let deed: String? = "copied"

  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Copies an array, or a group with everything in it, and can change chunks, codecs and version.",
    discussion: """
      The copy is like SRC except for what the options say. It includes groups, attributes and dimension names, and \
      consolidated metadata where SRC has it. Chunks that are not stored in SRC are not stored in DEST. If an array \
      keeps its chunks and codecs, its chunks are copied without decoding.
        zvlen copy photos.zarr backup.zarr
        zvlen copy photos.zarr small.zarr --codec zstd:19 --validate
        zvlen copy events.zarr sharded.zarr --chunk-bytes 16KiB --shard-bytes 64MiB
        zvlen copy table.zarr tiles.zarr --chunk-shape 256,256

      Between Zarr v2 and v3, codecs keep their effect and change their names. Zarr v2 objects become the data type \
      json, which zarr-python cannot read. With --type string they become text, which every library reads. An array \
      that uses something the other version lacks is an error. To replace all of its codecs, use --codec.
        zvlen copy old.zarr new.zarr --zarr-format 3

      DEST appears when the copy is complete. If the copy fails or is stopped, or another program changes DEST \
      meanwhile, DEST stays as it was. With --overwrite, the copy replaces DEST in one step; in a bucket, it is \
      put in place by the server when it is complete, and readers find nothing for that moment. DEST can be in a group of another hierarchy. Its consolidated metadata is then updated.
      """)

  @Argument(help: ArgumentHelp("The array or group.", valueName: "src"), completion: .directory)
  var source: String

  @Argument(
    help: ArgumentHelp(
      "The directory of the copy, or its URL. Missing parent directories are created.", valueName: "dest"),
    completion: .directory)
  var destination: String

  @Flag(help: "Replaces an existing array or group when the new one is complete.")
  var overwrite = false

  @OptionGroup(title: "Copying") private var copying: CopyingOptions

  @OptionGroup(title: "New arrays") var encoding: EncodingOptions

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var reading: ReadingOptions

  @OptionGroup(title: "Reports") var report: ReportOptions

  func validate() throws {
    try copying.check(with: encoding)
  }

  func run() throws {
    try run(
      from: Location(source), to: Location(destination, isWritable: true, durability: safety.durability))
  }

  /// Copies from one location to another.
  func run(from origin: Location, to place: Location) throws {
    let node = try NodeLocation(origin, followsLinks: reading.links.followLinks)
    let options = copying.options(encoding, access: reading.access)
    try checkSeparate(origin, place)
    // A removal that was stopped counts in the copy too. When it is completed meanwhile, this changes nothing.
    let removals = try FileRemoval.all(below: node, access: reading.access)
    let target = try place.resolved.makeDestination(
      DestinationOptions(
        format: try options.zarrFormat ?? node.metadata.zarrFormat, overwrites: overwrite,
        durability: safety.durability))
    let report: CopyReport
    do {
      report = try copy(node, to: target.store, options)
      for (path, removal) in removals { try removal.save(in: target.store, at: path) }
      try Interruption.check()
      try target.commit()
    } catch {
      target.discard()
      throw target.named(error)
    }
    WorkReport.setCopied(report.copied, isDecoded: report.undecodedArrayCount == 0)
    for node in report.leftOut {
      StandardError.write("zvlen: left out: \(OneLine("\(node.location): \(node.reason)"))\n")
    }
    for location in report.arraysLosingMissingValue {
      StandardError.write(
        "zvlen: note: \(OneLine(location)): xarray reads the fill value as missing in Zarr v2, but not in the copy: "
          + "in v3 it does so for numbers only\n")
    }
    // The copy exists, but it is incomplete.
    if !report.leftOut.isEmpty { throw ExitCode.failure }
  }

  private func copy(_ node: NodeLocation, to store: any Store, _ options: CopyOptions) throws -> CopyReport {
    let progress = ProgressLine("copying")
    defer { progress.clear() }
    let source = try ZarrNode.open(
      in: node.store, access: options.access, usingConsolidatedMetadata: !node.store.isListable)
    let canSkip = source.kind == .group && !options.leavesOutUnreadable
    do {
      return try source.copy(to: store, options: options, monitor: progress.monitor)
    } catch ZarrError.metadata(let path, let reason) {
      var advice = ""
      if options.zarrFormat == .version2, reason.field == "codecs" {
        advice += "; --codec replaces all codecs of the array"
      }
      if options.dataType != nil, reason.field == "data_type" { advice += "; zvlen dump writes them as JSON" }
      if canSkip { advice += "; --skip-unreadable leaves it out" }
      throw ToolError("\(path): \(reason)\(advice)")
    } catch ZarrError.store(_, let reason as StoreError) where !RootCommand.canRunAgain(after: reason) {
      // It names the value, in the source or in the copy.
      guard canSkip, !"\(reason)".contains(store.location) else { throw reason }
      var advice = ""
      if case .outside = reason { advice = "; --follow-links follows it" }
      throw ToolError("\(reason)\(advice); --skip-unreadable leaves out what cannot be read")
    } catch ZarrError.chunk(let path, let reason) where canSkip && path.hasPrefix(node.store.location) {
      let error = ZarrError.chunk(path: path, reason: reason)
      throw ToolError("\(error)\(ReadingOptions.advice(for: error)); --skip-unreadable leaves out the array")
    } catch ZarrError.chunk(let path, let reason as ChunkError) where path.hasPrefix(store.location) {
      let error = ZarrError.chunk(path: path.replacing(store.location, with: destination), reason: reason)
      guard FailureKind(of: reason) == .limit else { throw ToolError("\(error)") }
      throw ToolError(
        "\(error); make smaller chunks with --chunk-count, or allow larger ones with --chunk-limit, here and in all "
          + "commands that read them")
    } catch ZarrError.chunkTooLarge(let path, let count, let limit, let fittingCount) {
      throw ToolError(
        "\(path.replacing(store.location, with: destination)) would have chunks of \(count) elements, and one of "
          + "them would be larger than \(Quantity.exactBytes(limit)); use --chunk-count \(fittingCount), or allow "
          + "larger ones with --chunk-limit, here and in all commands that read them")
    } catch {
      guard case .element = error, options.dataType != .bytes else { throw error }
      throw ToolError("\(error); --type bytes takes every element")
    }
  }

  /// Checks that neither the source nor the destination is inside the other.
  private func checkSeparate(_ origin: Location, _ place: Location) throws(ToolError) {
    let names = [origin, place].map { location in
      let path = location.resolved.name
      if case .directory = location { return ["/"] + FilePath.names(in: path) }
      return FilePath.names(in: path)
    }
    guard names[0] != names[1] else { throw ToolError("\(source) cannot be copied to itself") }
    if names[1].starts(with: names[0]) {
      throw ToolError("\(destination) is inside \(source); name a directory outside it")
    }
    if names[0].starts(with: names[1]) {
      throw ToolError("\(source) is inside \(destination), which it would replace")
    }
  }
}

/// The options of copies that new arrays do not have.
private struct CopyingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The chunk shape, such as 64,64. It applies to arrays with as many dimensions.",
      valueName: "lengths"), transform: DimensionLengths.parse)
  var chunkShape: DimensionLengths?

  @Option(
    help: ArgumentHelp(
      "The shard shape. It applies to arrays with as many dimensions.",
      discussion: "A shard contains whole chunks.", valueName: "lengths"), transform: DimensionLengths.parse)
  var shardShape: DimensionLengths?

  @Flag(help: "Stores each chunk in a file of its own instead of in shards.")
  var noShards = false

  @Flag(
    help: ArgumentHelp(
      "Leaves out arrays that cannot be read, and names them on standard error.",
      discussion: """
        This applies to arrays of pickles, to nodes with damaged or unsupported metadata, to arrays that the other \
        version of Zarr cannot store, and to arrays in a group with a chunk that cannot be read. If anything is left out, the exit code is 1, and DEST has the rest.
        """))
  var skipUnreadable = false

  @Flag(help: "Reads the copy afterwards, and compares every element with SRC.")
  var validate = false

  @Option(
    help: ArgumentHelp(
      "About how many bytes of elements to hold in memory.",
      discussion: """
        There is always room for one chunk of the copy, or one inner chunk of a shard. A compressed shard takes more, \
        and so does a chunk of SRC for each worker.
        """, valueName: "bytes"), transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: ZarrArray.standardCopyMemoryBudget)

  /// Checks that these options fit the options of new arrays.
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
    try EncodingOptions.check(exclusions)
  }

  /// The options of the copy.
  func options(_ encoding: EncodingOptions, access: ArrayAccess) -> CopyOptions {
    CopyOptions(
      zarrFormat: encoding.zarrFormat, chunkSize: chunkSize(encoding), shards: shards(encoding),
      compressors: encoding.codec != nil || encoding.checksum != nil ? encoding.compressors : nil,
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

/// A length for each dimension, the value of `--chunk-shape`: `100` or `64,64`.
private struct DimensionLengths: ExplainedArgument {
  /// The length along each dimension, at least 1.
  let lengths: [Int]

  init?(argument: String) {
    let numbers = argument.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    lengths = numbers.compactMap { Int(digits: $0) }
    guard lengths.count == numbers.count, lengths.allSatisfy({ $0 > 0 }) else { return nil }
  }

  static func advice(_: String) -> String {
    "Give a number from 1 to \(Int.max) for each dimension, with commas between them, such as 64,64."
  }
}
