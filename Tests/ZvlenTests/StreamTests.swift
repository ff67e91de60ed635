import Foundation
import Testing

/// Standard streams that are closed, and pipes and devices where files could be.
@Suite("Streams and devices")
struct StreamTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
    try scratch.write("a\nb\n", to: "lines")
    try Tool.succeed("import", "lines", "-o", "data.zarr", in: scratch)
  }

  /// Runs a command of a shell in which `zvlen` is the tool, and returns its exit code and what it said.
  private func shell(_ command: String) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "zvlen() { exec \"$0\" \"$@\"; }; (\(command)) > said 2>&1", try Tool.path()]
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: try scratch.read("said"), as: UTF8.self))
  }

  @Test(
    "A stream that is closed is an error, and no other file takes its place",
    arguments: [
      ("zvlen import - -o x.zarr <&-", "standard input is closed"),
      ("zvlen import - -o x.zarr --resume <&-", "standard input is closed"),
      ("zvlen export data.zarr -o - >&-", "standard output is closed"),
      ("zvlen cat data.zarr 0 >&-", "standard output is closed"),
      ("zvlen dump data.zarr <&- >&-", "standard output is closed"),
      ("zvlen info data.zarr >&-", "standard output is closed"),
    ])
  func closed(command: String, message: String) throws {
    let (code, output) = try shell(command)
    #expect(code == 1)
    #expect(output.contains(message), "\(output)")
    #expect(try !scratch.names().contains("x.zarr"))
  }

  @Test("An import needs none of the streams that it does not use")
  func allClosed() throws {
    #expect(try shell("zvlen import lines -o x.zarr <&- >&- 2>&-").code == 0)
    #expect(try Tool.succeed("export", "x.zarr", "-o", "-", in: scratch).text == "a\nb\n")
  }

  @Test(
    "Devices without an end and full ones are errors",
    arguments: [
      ("zvlen import /dev/zero -o x.zarr", "device"), ("zvlen import - -o x.zarr < /dev/zero", "device"),
      ("zvlen export data.zarr -o /dev/full", "No space left"),
      ("zvlen info data.zarr > /dev/full", "No space"),
      ("mkfifo p; zvlen import p -o x.zarr --part 1/2", "only once"), ("mkfifo p; zvlen info p", "is a file"),
      ("mkfifo p; zvlen import lines -o p", "is a file"), ("zvlen import - -o x.zarr < .", "directory"),
    ])
  func devices(command: String, message: String) throws {
    let (code, output) = try shell(command)
    #expect(code == 1)
    #expect(output.contains(message), "\(output)")
    #expect(try !scratch.names().contains("x.zarr"))
  }

  @Test("Pipes are sources and places of lines")
  func pipes() throws {
    #expect(try shell("zvlen import <(printf 'x\\ny\\n') -o x.zarr").code == 0)
    #expect(try shell("mkfifo p; cat p & zvlen export x.zarr -o p").code == 0)
    #expect(try Tool.succeed("export", "x.zarr", "-o", "-", in: scratch).text == "x\ny\n")
    #expect(try Tool.run(["import", "/dev/null", "-o", "empty.zarr"], in: scratch).exitCode == 0)
  }

  @Test(
    "A signal ends a command that waits for the other end of a pipe, and leaves nothing",
    arguments: [["import", "p", "-o", "x.zarr"], ["export", "data.zarr", "-o", "p"]])
  func waiting(arguments: [String]) throws {
    #expect(mkfifo(scratch.path("p"), 0o600) == 0)
    let streams = try ScratchDirectory()
    let process = try Tool.start(
      arguments, in: scratch, input: FileHandle.nullDevice, streams: streams)
    // Until it waits.
    usleep(500_000)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(try Tool.outcome(of: process, streams).exitCode == 128 + SIGTERM)
    #expect(try scratch.names() == ["data.zarr", "lines", "p"])
  }
}
