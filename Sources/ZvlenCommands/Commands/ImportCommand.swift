import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr
import ZarrRemote

/// The command `zvlen import`.
struct ImportCommand: ParsableCommand, ReportingCommand {
  static let deed: String? = "imported"

  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Puts files or lines into a new array, or appends them to one.",
    discussion: """
      A directory becomes a group with two arrays: blobs holds the contents of each regular file, and paths holds \
      the path of each, in order of the paths. Links are not followed. What is left out is counted in one line: links, \
      pipes and the like, directories without files, permissions to execute, files without read permission, which make \
      the exit code 1, and DEST itself. If you import several directories, each \
      path begins with the last name of its directory.
        zvlen import /usr/share/doc -o doc.zarr

      Files become one array with an element for each line. A line feed at the end of a file ends its last line. \
      A carriage return is part of its line. A byte order mark before JSON is left out. A minus sign means \
      standard input.
        zvlen import events.jsonl -o events.zarr
        zcat logs/*.gz | zvlen import - -o logs.zarr --type bytes
        zvlen import https://host/events.jsonl s3://bucket/more.jsonl -o events.zarr
        zvlen import events.jsonl -o events.zarr --type json

      With --column, the sources are Arrow, as pandas, polars and pyarrow write it. pyarrow reads Parquet for it:
        zvlen import table.arrow --column text -o text.zarr
        python3 -c 'import sys, pyarrow as pa, pyarrow.parquet as pq
      file = pq.ParquetFile(sys.argv[1])
      schema = pa.schema([file.schema_arrow.field(sys.argv[2])])
      with pa.ipc.new_stream(sys.stdout.buffer, schema) as out:
        for batch in file.iter_batches(columns=schema.names): out.write_batch(batch)
      ' table.parquet text | zvlen import - --column text -o text.zarr

      The array appears when it is complete. If the import fails or is stopped, DEST is as it was before. With \
      --append, the array or group then keeps its length, and you can run the same command again. A directory is \
      appended only if none of its paths is there already, or conflicts with one that is; --existing says otherwise. To \
      check this, the import reads all paths and needs about 16 bytes of memory for each. With --overwrite, the new array replaces \
      the old one in one step. If another program changes DEST meanwhile, its change stays and the import fails. \
      An import that is killed leaves .NAME.*.partial beside DEST. The next import or copy to DEST removes it. In a \
      bucket, an import that is stopped leaves what it has stored below DEST, where readers find no array yet: \
      --overwrite begins again, and zvlen gc --force removes it.

      With --resume, you can run the same command again after an import was stopped in any way, even with kill -9. \
      It goes on where the import stopped, or starts from the beginning if there is nothing yet:
        zvlen import week.jsonl -o week.zarr --resume
      The finished part is in .NAME.import.partial beside DEST, and the position is in .NAME.import.json. Both are \
      removed when DEST is complete. The same command then only compares. With --append the position stays, so \
      that nothing is imported twice: the same command adds the lines that a log has gained, and the files that \
      are new in a directory. Each log is remembered by its path, so you can name other logs, or only some of \
      them. What was imported must not change: a log, or standard input, must begin with the same lines, and files \
      must have the same bytes. A file with another size or modification time is read again. If anything has \
      changed, as in a rotated log, nothing is appended, and the error says what changed. If there is no position \
      yet and all elements of DEST are the first lines of the files, these count as imported, and a note says so.
        zvlen import app.log -o app.zarr --append --resume
      Files that zvlen rm has removed from DEST are new if a directory still has them.

      DEST can be in a bucket, such as s3://bucket/a.zarr. Nothing can be moved to its place there, so that chunks are \
      written where they stay, and readers find the array when its zarr.json comes last. With --overwrite, the old \
      array stays until all chunks of the new one are in the bucket. Then the server copies them to their places, and \
      readers find no array for that moment. An import that is killed leaves chunks, and .zvlen/import.json, which says so: then --resume goes \
      on if the import had this option, and --overwrite begins again. An archive (a.zip|zip:) appears as a whole.

      Several processes can fill one array if each imports a part of the source. The parts can run in any order, on \
      any machine that shares the file system or the bucket, and again after a failure. No part waits for another. \
      Together they make the same array as one import. The array has no elements until the last part is done. For \
      example, as eight Slurm jobs:
        sbatch --array=1-8 --wrap 'zvlen import a.jsonl -o a.zarr --part $SLURM_ARRAY_TASK_ID/8'

      The size of the source does not change how much memory an import needs: --memory-budget, some megabytes for \
      each worker, and the largest chunk. With --shard-bytes it also holds the compressed open shard. The first \
      lines decide how many lines make a chunk. Later lines can be so large that a chunk, without its largest line, \
      would exceed 16 times --chunk-bytes (4 times with --shard-bytes, at most 256 MiB). A new array then gets \
      smaller chunks. With --append or --chunk-count, the import fails instead. It stores no chunk that other \
      commands could not read without --chunk-limit.
      """)

  @Argument(
    help: ArgumentHelp(
      "Directories, or files of lines or their URLs, or - for standard input.", valueName: "source"),
    completion: .file())
  var sources: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The directory of the array or group, such as data.zarr, or its URL. Missing parent directories are created.",
      valueName: "dest"),
    completion: .directory)
  var output: String

  @Flag(help: "Appends to an existing array or group, or creates a new one.")
  var append = false

  @Option(
    help: ArgumentHelp(
      "What --append does about a file whose path is there already: error, skip or replace.",
      discussion: """
        error appends nothing. replace appends a file that has other contents, and removes the old one as zvlen rm does: \
        readers find all old files until the import is complete, and then all new ones.
        """, valueName: "what"))
  var existing = ExistingFiles.error

  @Option(
    help: ArgumentHelp(
      "What the names of files are in that are not UTF-8: octets or latin1.",
      discussion: """
        Text in Zarr is UTF-8. octets keeps any name: each byte that is not UTF-8 becomes a character from U+EF80 to \
        U+EFFF, which export and other commands take for that byte again. latin1 makes UTF-8 of ISO 8859-1.
        """, valueName: "encoding"))
  var nameEncoding = NameEncoding.octets

  @Flag(help: "Replaces an existing array or group when the new one is complete.")
  var overwrite = false

  @Flag(
    help: ArgumentHelp(
      "Goes on with the same import if it was stopped, and saves the position of this one.",
      discussion: "Stored data is not compressed again, except for one chunk or shard."))
  var resume = false

  @Option(
    help: ArgumentHelp(
      "How often --resume saves the position.",
      discussion: "After a stop, everything since the last saved position is imported again.",
      valueName: "seconds"))
  var checkpointSeconds = 10.0

  @Option(
    help: ArgumentHelp(
      "Imports one of several equal parts, such as 3/8, into an array that all parts fill together.",
      discussion: """
        The first part that runs makes the array, and the other parts find it. The array has no elements until all \
        parts are done; with --zarr-format 2, it has all of them at once, and those that are not there yet read as \
        empty. If a part fails or is stopped, run it again. Each part reads all lines once to count them. Do not \
        change the source meanwhile.
        """, valueName: "part"), transform: ImportPart.parse)
  var part: ImportPart?

  @Flag(help: "Lines end with a NUL byte instead of a line feed.")
  var null = false

  @Option(
    help: ArgumentHelp(
      "Leaves out lines that cannot be elements, and appends them to this file.",
      discussion: """
        Each is written as SOURCE:NUMBER:LINE, as grep does it. The file is made for the first of them, and must not \
        exist, except with --append or --resume. Without this option, such a line ends the import.
        """, valueName: "file"), completion: .file())
  var skipBad: String?

  @Option(
    help: ArgumentHelp(
      "The sources are Arrow IPC, and the values of this column of text or bytes are the elements.",
      discussion: """
        Streams and files of Arrow 1.0 and later, also compressed with lz4 or zstd, and with values in dictionaries. Text \
        becomes string, bytes become bytes, and the extension type arrow.json becomes json, unless --type says otherwise. \
        If files have nulls, a new array has optional elements (zarrs.optional).
        """, valueName: "name"))
  var column: String?

  @OptionGroup(title: "New arrays") var encoding: EncodingOptions

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var workers: WorkerOptions

  @OptionGroup(title: "Resources") var chunks: ChunkLimitOptions

  @Option(
    help: ArgumentHelp(
      "The bytes of chunks that can wait for compression.",
      discussion: "If the workers are slower than the source, reading waits.", valueName: "bytes"),
    transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: Appender.standardMemoryBudget)

  @OptionGroup(title: "Reports") var report: ReportOptions

  @Flag(
    help: ArgumentHelp(
      "Also accepts elements of 2 GiB and more.", discussion: "zarr-python cannot read them."))
  var allowHugeElements = false

  func validate() throws {
    if part != nil {
      if append || overwrite || resume {
        throw ValidationError("--part excludes --append, --overwrite and --resume; run a stopped part again")
      }
      if encoding.evenChunks {
        throw ValidationError("--part and --even-chunks exclude each other: parts need chunks of one length")
      }
    }
    if existing != .error, !append || resume {
      throw ValidationError("--existing \(existing.rawValue) needs --append, and excludes --resume")
    }
    if part != nil, skipBad != nil {
      throw ValidationError("--part and --skip-bad exclude each other: parts count all lines")
    }
    if let other = [
      (resume, "--resume"), (part != nil, "--part"), (null, "--null"), (skipBad != nil, "--skip-bad"),
    ]
    .first(where: \.0)?.1, column != nil {
      throw ValidationError("--column and \(other) exclude each other")
    }
    if append && overwrite { throw ValidationError("--append and --overwrite exclude each other") }
    if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
    if resume && safety.durability == .none {
      throw ValidationError("--resume and --durability none exclude each other: files have to be complete")
    }
    guard (0...1e9).contains(checkpointSeconds) else {
      throw ValidationError("--checkpoint-seconds takes a number of seconds from 0 to 1000000000")
    }
  }

  func run() throws {
    // An import never starts again by itself: it can read standard input only once.
    StandardStreams.noteOutput()
    try run(to: Location(output, isWritable: true, durability: safety.durability).resolved)
  }

  /// Imports to a location.
  func run(to location: Location) throws {
    let settings = ImportSettings(
      encoding: encoding,
      access: ArrayAccess(
        workerCount: workers.count, limits: chunks.limits, allowsHugeElements: allowHugeElements),
      memoryBudget: memoryBudget.value, existing: existing,
      nameEncoding: nameEncoding)
    var work = try makeWork(settings)
    if let part { return try fill(part, of: &work, at: location) }
    if resume, !append, try finishes(&work, at: location) {
      try location.sweep()
      return
    }
    if append { try FileTreeGroup.checkNoMember(location) }
    if !resume, !append { try location.noteStoppedImport() }
    let destination = try location.makeDestination(destinationOptions)
    do {
      // Counts the files of a tree, unless that is done.
      try work.survey(excluding: destination.ownPaths)
      let record = resume ? try record(of: work, location) : nil
      if destination.continuesExisting, record?.hasSameOptions != true, let name = encoding.givenNames.first {
        throw ToolError("\(output) is continued as it is; leave out \(name), or use --overwrite")
      }
      try destination.check(against: record)
      try work.run(to: destination, record: record)
      try destination.commit()
      if !append { try record?.remove() }
      if let words = work.leftOut.words {
        StandardError.write("zvlen: note: not stored: \(OneLine(words))\n")
      }
    } catch {
      destination.discard()
      throw explained(error, destination)
    }
    // The rest is stored, but something is missing.
    if work.leftOut.hasUnreadable { throw ExitCode.failure }
  }

  /// Finds out what the sources are.
  private func makeWork(_ settings: ImportSettings) throws -> any ImportWork {
    let directoryCount = try sources.count { source in
      guard source != LineImport.standardInputName, try RemoteFile(source) == nil else { return false }
      guard let status = try FileStatus(of: source) else {
        throw ToolError("\(source): there is no such file or directory")
      }
      return status.isDirectory
    }
    guard directoryCount == 0 || directoryCount == sources.count else {
      throw ToolError("directories and files of lines cannot go into one array; import them separately")
    }
    if existing != .error, directoryCount == 0 {
      throw ToolError("--existing is for directories, and the sources are files")
    }
    if let column {
      guard directoryCount == 0 else {
        throw ToolError("--column is for Arrow, and the sources are directories")
      }
      for source in sources where try RemoteFile(source) != nil {
        throw ToolError(
          "\(Stores.redacted(source)) is not on this machine; --column needs files that are, or a pipe")
      }
      return ArrowImport(sources, column: column, settings: settings)
    }
    if directoryCount > 0 {
      if null { throw ToolError("--null is for lines, and the sources are directories") }
      if skipBad != nil { throw ToolError("--skip-bad is for lines, and the sources are directories") }
      WorkReport.countFiles()
      return try TreeImport(sources, settings: settings)
    }
    return LineImport(
      paths: sources, terminator: null ? 0 : UInt8(ascii: "\n"), settings: settings, skippedPath: skipBad)
  }

  private var destinationOptions: DestinationOptions {
    // An array that all parts fill is filled if it is the same. It is never replaced.
    DestinationOptions(
      format: encoding.zarrFormat ?? .version3, appends: append, overwrites: overwrite || part != nil,
      resumes: resume, isShared: part != nil, durability: safety.durability,
      advice: "--append continues it, --overwrite replaces it")
  }

  private func record(of work: any ImportWork, _ location: Location) throws -> ImportRecord {
    try location.importRecord(
      of: work.job, adds: append, interval: .seconds(checkpointSeconds), durability: safety.durability)
  }

  /// Whether an array that is to be made is there already and holds everything: an import may have been stopped
  /// just before its end, or just after.
  private func finishes(_ work: inout any ImportWork, at location: Location) throws -> Bool {
    guard try location.isInPlace() else { return false }
    try work.survey(excluding: location.ownPaths)
    let record = try record(of: work, location)
    if record.isFound, record.position.isComplete, record.position.firstElement == 0,
      try work.isUnchanged(since: record.position)
    {
      try location.hierarchy?.refreshConsolidatedMetadata()
      try record.remove()
      return true
    }
    // The record is removed before the process ends.
    return try work.isStored(in: location.open())
  }

  /// Imports a part of the sources into an array that other imports fill with theirs.
  private func fill(_ part: ImportPart, of work: inout any ImportWork, at location: Location) throws {
    if sources.contains(LineImport.standardInputName) {
      throw ToolError("standard input cannot be imported in parts; --part needs files")
    }
    for source in sources where try RemoteFile(source) != nil {
      throw ToolError("\(Stores.redacted(source)) is not on this machine; --part needs files that are")
    }
    for source in sources where try FileStatus(of: source)?.isStream == true {
      throw ToolError("\(source) can be read only once; --part needs regular files")
    }
    let destination = try location.makeDestination(destinationOptions)
    do {
      // The destination is never among the sources: `run` checks that.
      try work.survey(excluding: [])
      try work.run(part, to: destination)
      // The last part has given the array its shape.
      try location.hierarchy?.refreshConsolidatedMetadata()
    } catch {
      destination.discard()
      throw explained(error, destination)
    }
  }

  /// An error of the library in the words of the options, with the path that you asked for.
  private func explained(_ error: any Error, _ destination: any NodeDestination) -> any Error {
    guard case ZarrError.chunkTooLarge(let path, let elementCount, let limit, let fittingCount) = error else {
      return destination.named(error)
    }
    let advice =
      if encoding.chunkCount != nil {
        "use --chunk-count \(fittingCount), or --chunk-bytes, which finds such a number"
      } else if append {
        "copy the array with zvlen copy --chunk-count \(fittingCount) and append to the copy"
      } else {
        "use --chunk-count \(fittingCount)"
      }
    return ToolError(
      "\(path.replacing(destination.store.location, with: destination.name)) has chunks of \(elementCount) elements, "
        + "and one with those that come next would have more than \(Quantity.exactBytes(limit)); \(advice), or allow "
        + "larger ones with --chunk-limit, here and in all commands that read them")
  }
}
