import ArgumentParser
import ChunkEngine
import CommandLineOptions
import Zarr

/// The command `zvlen import`.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Puts files or lines into a new array, or at the end of one.",
    discussion: """
      Directories become a group with two arrays: blobs holds what is in each regular file, and paths holds \
      where it was, in the order of the paths. Links are not followed. With several directories the last name \
      of each stands in front of its paths.
        zvlen import /usr/share/doc -o doc.zarr

      Files become one array, an element for each line. A line feed at the end of a file ends its last line, \
      and a carriage return is part of its line. A byte order mark in front of JSON is left out. A minus sign \
      stands for standard input.
        zvlen import events.jsonl -o events.zarr
        zcat logs/*.gz | zvlen import - -o logs.zarr --type bytes
        zvlen import events.jsonl -o events.zarr --type json

      The array appears when it is whole: if the import fails or is stopped, DEST is as it was before. With \
      --append the array or group stays as long as it was, and the same command can be given again. A \
      directory is appended only if none of its paths is there already, or is in the way of one that is: for \
      that all paths are read, and take some 16 bytes of memory each. With --overwrite the new array takes the \
      place of the old one in one step. If others have changed DEST meanwhile, it stays as they left it, and the \
      import fails. What a killed import leaves is in .NAME.*.partial beside DEST; the next import or copy to \
      DEST removes it.

      With --resume, an import that was stopped in whatever way, also by kill -9, goes on where it was when \
      the same command is given again, and begins where there is nothing yet:
        zvlen import week.jsonl -o week.zarr --resume
      What is done is in .NAME.import.partial beside DEST, and how far it is in .NAME.import.json. Both are \
      gone when DEST is there, and the same command only compares then. With --append the second one stays, so \
      that no element is imported twice: the same command adds the lines that a log has got since then, and the \
      files that are new in a directory. Each log is remembered by its path, so that you can name others, or some \
      of them. What was imported has to be as it was: a log, or standard input, begins with the same lines, and \
      files have the same bytes; those with another size or time of change are read again. If that is not so, as \
      for a log that was rotated, nothing is appended and the error says what has changed.
        zvlen import app.log -o app.zarr --append --resume

      Several processes fill one array if each imports a part of the source, in any order and on any machine \
      that has the file system; no part waits for another one. All together are the same as one import. As \
      eight jobs of a cluster, here with Slurm:
        sbatch --array=1-8 --wrap 'zvlen import corpus.jsonl -o corpus.zarr --part $SLURM_ARRAY_TASK_ID/8'

      Memory stays the same however much is imported: --memory-budget, some megabytes for each worker, and \
      the largest chunk. With --shard-bytes there is besides what is compressed of the open shard. The first \
      lines decide how many make a chunk; if later ones are so much larger that a chunk would have more than 16 \
      times --chunk-bytes (4 times with --shard-bytes; never more than 256 MiB) besides its largest line, a new \
      array gets smaller chunks, and one that is continued, or has --chunk-count, an error. No chunk is stored \
      that the other commands would not read without --chunk-limit.
      """)

  @Argument(
    help: ArgumentHelp("Directories, or files of lines, or - for standard input.", valueName: "source"),
    completion: .file())
  var sources: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The directory of the array or group, as data.zarr; those above it are made.", valueName: "dest"),
    completion: .directory)
  var output: String

  @Flag(help: "Goes on at the end of the array or group that is there; creates it if there is none.")
  var append = false

  @Flag(help: "Replaces the array or group that is there, once the new one is whole.")
  var overwrite = false

  @Flag(
    help: ArgumentHelp(
      "Goes on with the same import if it was stopped, and remembers how far this one comes.",
      discussion: "What is stored is not compressed again, but for a chunk or shard."))
  var resume = false

  @Option(
    help: ArgumentHelp(
      "How often --resume makes sure of what is done.",
      discussion: "What was imported since then is imported again.", valueName: "seconds"))
  var checkpointSeconds = 10.0

  @Option(
    help: ArgumentHelp(
      "Imports one of several equal parts, as 3/8, into an array that all parts fill together.",
      discussion: """
        The first part to come makes the array as large as the whole source, and the others find it; what is \
        not there yet reads as empty. A part that failed or was stopped is run again. Each part reads all \
        lines once to count them, and the source may not change meanwhile.
        """, valueName: "part"), transform: ImportPart.parse)
  var part: ImportPart?

  @Flag(help: "Lines end with a NUL byte in place of a line feed.")
  var null = false

  @OptionGroup(title: "New arrays") var encoding: EncodingOptions

  @OptionGroup(title: "Safety") var safety: DurabilityOptions

  @OptionGroup(title: "Resources") var workers: WorkerOptions

  @OptionGroup(title: "Resources") var chunks: ChunkLimitOptions

  @Option(
    help: ArgumentHelp(
      "The bytes of chunks that may wait to be compressed.",
      discussion: "If the workers do not keep up, reading waits.", valueName: "bytes"),
    transform: ByteCount.parse)
  var memoryBudget = ByteCount(clamping: Appender.standardMemoryBudget)

  @Flag(
    help: ArgumentHelp(
      "Writes elements of 2 GiB and more too.", discussion: "zarr-python cannot read them."))
  var allowHugeElements = false

  func validate() throws {
    if part != nil {
      if append || overwrite || resume {
        throw ValidationError("--part excludes --append, --overwrite and --resume; a part is just run again")
      }
      if encoding.evenChunks {
        throw ValidationError("--part needs chunks of one length, without --even-chunks")
      }
    }
    if append && overwrite { throw ValidationError("--append and --overwrite exclude each other") }
    if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
    if resume && safety.durability == .none {
      throw ValidationError("--resume needs files that are whole, so not --durability none")
    }
    guard (0...1e9).contains(checkpointSeconds) else {
      throw ValidationError("--checkpoint-seconds takes a number of seconds from 0 to 1000000000")
    }
  }

  func run() throws {
    let settings = ImportSettings(
      encoding: encoding,
      access: ArrayAccess(
        workerCount: workers.count, limits: chunks.limits, allowsHugeElements: allowHugeElements),
      memoryBudget: memoryBudget.value)
    var work = try makeWork(settings)
    if let part {
      try run(&work, part)
    } else {
      try run(&work)
    }
  }

  /// Finds out what the sources are.
  private func makeWork(_ settings: ImportSettings) throws -> any ImportWork {
    let directoryCount = try sources.count { source in
      guard source != LineImport.standardInputName else { return false }
      guard let status = try FileStatus(of: source) else {
        throw ToolError("\(source): there is no such file or directory")
      }
      return status.isDirectory
    }
    guard directoryCount == 0 || directoryCount == sources.count else {
      throw ToolError("directories and files of lines cannot go into one array; import them one by one")
    }
    if directoryCount > 0 {
      if null { throw ToolError("--null is for lines, and the sources are directories") }
      return try TreeImport(sources, settings: settings)
    }
    return LineImport(paths: sources, terminator: null ? 0 : UInt8(ascii: "\n"), settings: settings)
  }

  /// Imports everything to a new array or group, or to the end of one.
  private func run(_ work: inout any ImportWork) throws {
    let path = NodeDestination.resolve(output)
    let hiddenPath = ImportRecord.workingPath(of: path)
    if resume, !append, try ImportRecord.isInPlace(path) {
      try work.survey(excluding: [path, hiddenPath])
      if try isDone(work, path) {
        // The import may have left temporary files.
        try FileStore(opening: path).sweepTemporaryFiles()
        return
      }
    }
    if append { try FileTreeGroup.checkNoMember(path) }
    let destination = try NodeDestination(
      path: output, format: (encoding.zarrFormat ?? .version3).zarrFormat, appends: append,
      overwrites: overwrite, resumes: resume, durability: safety.durability,
      advice: "--append continues it, --overwrite replaces it")
    do {
      try work.survey(excluding: destination.ownPaths)
      let record = resume ? try record(of: work, path) : nil
      let isFound = record?.isFound == true
      if destination.continuesExisting {
        if record?.hasSameOptions != true, let name = encoding.givenNames.first {
          throw ToolError("\(output) is continued as it is; leave out \(name), or use --overwrite")
        }
        if isFound, try FileStatus(of: hiddenPath) != nil {
          throw ToolError(
            "an import to \(path) was stopped before it was there, and something else is there now; move it "
              + "away, or remove \(hiddenPath)")
        }
      } else if record != nil, !isFound, try !destination.store.list("").isEmpty {
        throw ToolError(
          "\(hiddenPath) holds files that no such import has left; move them away, or remove them to begin again"
        )
      }
      try work.run(to: destination, record: record)
      try destination.commit()
      if !append { try record?.remove() }
    } catch {
      destination.discard()
      throw explained(error, destination)
    }
  }

  /// Whether what is at the destination is what is to be imported: the import was stopped just before its end,
  /// or came to it.
  private func isDone(_ work: any ImportWork, _ path: String) throws -> Bool {
    let record = try record(of: work, path)
    if record.isFound, record.position.isComplete, record.position.firstElement == 0,
      try work.isUnchanged(since: record.position)
    {
      try NodeDestination.refreshHierarchy(of: path)
      try record.remove()
      return true
    }
    // The record is gone before the process is.
    return try work.isStored(in: FileStore(opening: path))
  }

  private func record(of work: any ImportWork, _ path: String) throws -> ImportRecord {
    try ImportRecord(
      of: path, job: work.job, adds: append, interval: .seconds(checkpointSeconds),
      durability: safety.durability)
  }

  /// Imports a part of the sources.
  private func run(_ work: inout any ImportWork, _ part: ImportPart) throws {
    if sources.contains(LineImport.standardInputName) {
      throw ToolError("standard input cannot be imported in parts; --part needs files")
    }
    for source in sources where try FileStatus(of: source)?.isStream == true {
      throw ToolError("\(source) can be read only once; --part needs regular files")
    }
    // What is there already is not replaced but filled, if it is the same.
    let destination = try NodeDestination(
      path: output, format: (encoding.zarrFormat ?? .version3).zarrFormat, overwrites: true,
      durability: safety.durability)
    do {
      // Nothing of the destination is among the sources, which is checked.
      try work.survey(excluding: [])
      try work.run(part, to: destination)
    } catch {
      destination.discard()
      throw explained(error, destination)
    }
  }

  /// An error of the library in the words of the options, and with the path that was asked for.
  private func explained(_ error: any Error, _ destination: NodeDestination) -> any Error {
    guard case ZarrError.chunkTooLarge(let path, let elementCount, let limit, let fittingCount) = error else {
      return destination.named(error)
    }
    return tooLarge(
      path.replacing(destination.store.location, with: destination.path), elementCount, limit: limit,
      fittingCount)
  }

  /// What to do about elements that are too large for the chunks of an array.
  private func tooLarge(_ path: String, _ elementCount: Int, limit: Int, _ fittingCount: Int) -> ToolError {
    let advice =
      if encoding.chunkCount != nil {
        "use --chunk-count \(fittingCount), or --chunk-bytes, which finds such a number"
      } else if append {
        "copy the array with zvlen copy --chunk-count \(fittingCount) and append to the copy"
      } else {
        "use --chunk-count \(fittingCount)"
      }
    return ToolError(
      "\(path) has chunks of \(elementCount) elements, and one with those that come next would have more than "
        + "\(Quantity.exactBytes(limit)); \(advice), or allow larger ones with --chunk-limit, here and in all commands "
        + "that read them")
  }
}
