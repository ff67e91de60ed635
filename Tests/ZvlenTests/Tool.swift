import Foundation
import Testing

/// The built tool, run as a person at a shell runs it.
struct Tool {
  /// What a run left.
  struct Outcome {
    /// The exit code, or 128 and the number of the signal that ended the run.
    let exitCode: Int32
    /// The bytes on standard output.
    let output: [UInt8]
    /// The text on standard error, without the line that says at the end what was done.
    let errors: String
    /// That line, or nothing.
    let report: String

    /// Standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }

    /// The lines of standard output.
    var lines: [String] { text.split(separator: "\n").map(String.init) }
  }

  /// Where the tool is, or another program: beside the tests, wherever they were built.
  static func path(of program: String = "zvlen") throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    for candidate in [tests, CommandLine.arguments[0], Bundle.main.bundlePath + "/tests"] {
      let path = URL(fileURLWithPath: candidate).deletingLastPathComponent().appendingPathComponent(program)
      if FileManager.default.isExecutableFile(atPath: path.path) { return path.path }
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// Runs the tool in a directory and waits for its end.
  @discardableResult
  static func run(
    _ arguments: [String], in directory: ScratchDirectory, input: [UInt8] = [],
    environment: [String: String] = [:]
  ) throws -> Outcome {
    // Files, because pipes are inherited by whatever another test starts meanwhile, and then never end.
    let streams = try ScratchDirectory()
    try streams.write(input, to: "input")
    let process = try start(
      arguments, in: directory,
      input: FileHandle(forReadingFrom: URL(fileURLWithPath: streams.path("input"))),
      streams: streams, environment: environment)
    process.waitUntilExit()
    return try outcome(of: process, streams)
  }

  /// Starts the tool or another program, with files in `streams` for its output and `environment` besides that of the
  /// tests.
  static func start(
    _ arguments: [String], of program: String = "zvlen", in directory: ScratchDirectory, input: Any,
    streams: ScratchDirectory, environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try path(of: program))
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
    process.standardInput = input
    for (name, set) in [
      ("output", { process.standardOutput = $0 }), ("errors", { process.standardError = $0 }),
    ] as [(String, (FileHandle) -> Void)] {
      try streams.write([], to: name)
      set(try FileHandle(forWritingTo: URL(fileURLWithPath: streams.path(name))))
    }
    try process.run()
    return process
  }

  /// What a run that has ended left.
  static func outcome(of process: Process, _ streams: ScratchDirectory) throws -> Outcome {
    let errors = String(decoding: try streams.read("errors"), as: UTF8.self)
    let start = errors.firstRange(of: "zvlen: done: ")?.lowerBound ?? errors.endIndex
    return Outcome(
      exitCode: process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0),
      output: try streams.read("output"), errors: String(errors[..<start]), report: String(errors[start...]))
  }

  /// Sends a signal to a run once it has made a file beside the one that is in the directory, and expects it to
  /// end by that without a word.
  static func expectInterrupted(
    _ process: Process, by signal: Int32, in directory: ScratchDirectory, _ streams: ScratchDirectory,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    // From when there are files to clean up, the tool also takes signals.
    while process.isRunning, try directory.names().count < 2 { usleep(1000) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    let outcome = try outcome(of: process, streams)
    #expect(outcome.exitCode == 128 + signal, sourceLocation: sourceLocation)
    #expect(outcome.errors == "", sourceLocation: sourceLocation)
  }

  /// Runs the tool, which has to succeed without a word on standard error.
  @discardableResult
  static func succeed(
    _ arguments: String..., in directory: ScratchDirectory, input: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    try succeed(arguments, in: directory, input: input, sourceLocation: sourceLocation)
  }

  /// Runs the tool, which has to succeed without a word on standard error.
  @discardableResult
  static func succeed(
    _ arguments: [String], in directory: ScratchDirectory, input: [UInt8] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, in: directory, input: input)
    #expect(outcome.exitCode == 0, sourceLocation: sourceLocation)
    #expect(outcome.errors == "", sourceLocation: sourceLocation)
    return outcome
  }

  /// Runs the tool, which has to fail with one line on standard error that contains `message`, after one with `note` if
  /// that is given.
  @discardableResult
  static func fail(
    _ arguments: String..., in directory: ScratchDirectory, input: [UInt8] = [], saying message: String,
    after note: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, in: directory, input: input)
    var errors = outcome.errors
    if let note {
      let end = errors.firstIndex(of: "\n") ?? errors.endIndex
      #expect(errors[..<end].hasPrefix("zvlen: note: "), sourceLocation: sourceLocation)
      #expect(errors[..<end].contains(note), sourceLocation: sourceLocation)
      errors = String(errors[end...].dropFirst())
    }
    #expect(outcome.exitCode == 1, sourceLocation: sourceLocation)
    #expect(errors.hasPrefix("zvlen: error: "), sourceLocation: sourceLocation)
    #expect(errors.contains(message), sourceLocation: sourceLocation)
    #expect(errors.utf8.count { $0 == UInt8(ascii: "\n") } == 1, sourceLocation: sourceLocation)
    return outcome
  }
}
