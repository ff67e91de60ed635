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
      and a carriage return is part of its line. A minus sign stands for standard input.
        zvlen import events.jsonl -o events.zarr
        zcat logs/*.gz | zvlen import - -o logs.zarr --type bytes
        zvlen import events.jsonl -o events.zarr --type json

      The array appears when it is whole: if the import fails or is stopped, DEST is as it was before. With \
      --append the array stays as long as it was.

      Memory stays the same however much is imported: --memory-budget, some megabytes for each worker, and \
      the largest chunk. With --shard-bytes there is besides what is compressed of the open shard.
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

  @Flag(help: "Lines end with a NUL byte in place of a line feed.")
  var null = false

  @OptionGroup(title: "New arrays") var encoding: EncodingOptions

  @OptionGroup(title: "Resources") var workers: WorkerOptions

  @Option(
    help: ArgumentHelp(
      "The bytes of chunks that may wait to be compressed.",
      discussion: "If the workers do not keep up, reading waits.", valueName: "bytes"))
  var memoryBudget = ByteCount(clamping: Appender.standardMemoryBudget)

  @Flag(
    help: ArgumentHelp(
      "Writes elements of 2 GiB and more too.", discussion: "zarr-python cannot read them."))
  var allowHugeElements = false

  func validate() throws {
    if append && overwrite { throw ValidationError("--append and --overwrite exclude each other") }
  }

  func run() throws {
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
    if directoryCount > 0 && null { throw ToolError("--null is for lines, and the sources are directories") }

    let settings = ImportSettings(
      encoding: encoding,
      access: ArrayAccess(workerCount: workers.count, allowsHugeElements: allowHugeElements),
      memoryBudget: memoryBudget.value)
    let destination = try NodeDestination(
      path: output, format: (encoding.zarrFormat ?? .version3).zarrFormat, appends: append,
      overwrites: overwrite, advice: "--append continues it, --overwrite replaces it")
    do {
      if destination.continuesExisting, let name = encoding.givenNames.first {
        throw ToolError("\(output) is continued as it is; leave out \(name), or use --overwrite")
      }
      if directoryCount > 0 {
        try TreeImport(sources, excluding: destination.ownPaths, settings: settings).run(to: destination)
      } else {
        try LineImport(paths: sources, terminator: null ? 0 : UInt8(ascii: "\n"), settings: settings)
          .run(to: destination)
      }
      try destination.commit()
    } catch {
      destination.discard()
      throw error
    }
  }
}
