import ArgumentParser
import Zarr

/// The tool, for the programs that are it.
package enum CommandLineTool {
  /// Runs the command that the arguments name, and ends the process with its exit code.
  ///
  /// Closed standard streams, signals and the working directory are those of the process, which has to have nothing
  /// else to do.
  ///
  /// - Parameter arguments: The arguments after the name of the program.
  package static func run(_ arguments: [String]) -> Never { RootCommand.main(with: arguments) }

  /// Says why no command can be run, and ends the process.
  package static func fail(_ words: String) -> Never {
    StandardError.write("zvlen: error: \(words)\n")
    RootCommand.exit(withError: ExitCode.failure)
  }
}

/// Stores blobs and text in Zarr arrays, and gets them back.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "zvlen",
    abstract: "Stores millions of files or lines in Zarr arrays, and gets them back.",
    discussion: """
      A Zarr array is a directory. The file zarr.json in it describes the array, and other files hold compressed \
      chunks of its elements. Here an element is a file, a line, or any other run of bytes.

      Import a directory tree, look at it, and get it back:
        zvlen import photos -o photos.zarr
        zvlen info photos.zarr
        zvlen export photos.zarr -o photos-again

      Get, find and remove single files in it by their paths:
        zvlen ls photos.zarr '**/*.jpg'
        zvlen cat photos.zarr 2024/first.jpg > first.jpg
        zvlen rm photos.zarr 2023/blurred.jpg

      Import the lines of a file, and read some of them:
        zvlen import events.jsonl -o events.zarr
        zvlen cat events.zarr 0 17 1000000

      Copy an array or a whole hierarchy, to other chunks, shards or codecs, or to Zarr v3:
        zvlen copy old.zarr new.zarr --zarr-format 3 --validate

      Every command takes the path of an array or group, such as photos.zarr/blobs inside a larger hierarchy, or \
      its URL: s3://bucket/photos.zarr, https://host/photos.zarr to read, photos.zip|zip: for an archive. A bucket \
      is reached as the AWS tools do it, with AWS_ENDPOINT_URL, AWS_PROFILE and the other variables.

      The exit code is 0 for success, 1 for bad data and failures, 2 if zvlen verify or zvlen repair found no \
      damage but could not check everything, and 64 for wrong usage. zvlen grep has those of grep.
      """,
    version: "0.1.0",
    subcommands: [
      ImportCommand.self, ExportCommand.self, CatCommand.self, ListCommand.self, RemoveCommand.self,
      CompactCommand.self, GrepCommand.self, DumpCommand.self, InfoCommand.self,
      VerifyCommand.self, RepairCommand.self, TreeCommand.self, CopyCommand.self, CompareCommand.self,
      ConsolidateCommand.self, GarbageCommand.self, ConformanceCommand.self,
    ])

  /// Runs the command that the arguments name.
  ///
  /// An error becomes a line and an exit code.
  fileprivate static func main(with arguments: [String]) -> Never {
    StandardStreams.openClosed()
    var command: any ParsableCommand
    do {
      command = try parseAsRoot(parsable(arguments))
    } catch {
      exit(withError: error)
    }
    Interruption.watch()
    WorkReport.begin()
    if let report = (command as? any ReportingCommand)?.report, report.quiet { StandardError.hideProgress() }
    let deadline = ContinuousClock.now + patience
    while true {
      do {
        try command.run()
        try (command as? any ReportingCommand).map(WorkReport.end)
        exit()
      } catch {
        guard canRunAgain(after: error), ContinuousClock.now < deadline else { end(for: error, of: command) }
      }
    }
  }

  /// The arguments, where some would not be understood, in a form that is.
  private static func parsable(_ arguments: [String]) throws -> [String] {
    switch arguments.first {
    case "cat": return ElementIndex.mark(arguments)
    case "grep": return GrepCommand.separate(arguments)
    case let name? where !name.isEmpty && !name.hasPrefix("-"):
      let names = configuration.subcommands.map { $0._commandName } + ["help"]
      guard names.contains(name) else {
        throw ValidationError("There is no command \(OneLine(name)). zvlen help lists the commands.")
      }
      return arguments
    default: return arguments
    }
  }

  /// How long a command starts again when what it reads is replaced again and again.
  private static let patience = Duration.seconds(30)

  /// Whether an error says that what a command reads was replaced, and the command has shown nothing yet.
  ///
  /// The command can then start again and read what is there now.
  static func canRunAgain(after error: any Error) -> Bool {
    guard !StandardStreams.hasOutput else { return false }
    switch error {
    case StoreError.replaced, ZarrError.replaced, ZarrError.store(_, StoreError.replaced): return true
    default: return false
    }
  }

  /// Ends the process because of an error of a command.
  private static func end(for error: any Error, of command: any ParsableCommand) -> Never {
    // A reader such as `head` has enough.
    if error is BrokenPipe { exit() }
    // The command has said why, after it has done what can be done.
    if error is ExitCode { try? (command as? any ReportingCommand).map(WorkReport.end) }
    // These are requests for help, wrong usage, and codes without a message.
    if error is ExitCode || exitCode(for: error) != .failure { exit(withError: error) }
    if let code = Interruption.exitCode { exit(withError: ExitCode(code)) }
    let advice = command is any ReadingCommand ? ReadingOptions.advice(for: error) : ""
    StandardError.write("zvlen: error: \(OneLine(error))\(advice)\n")
    exit(withError: command is GrepCommand ? GrepCommand.failure : ExitCode.failure)
  }
}
