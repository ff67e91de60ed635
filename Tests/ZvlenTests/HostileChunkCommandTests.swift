import Foundation
import TestSupport
import Testing
import Zarr

/// Hostile arrays for the tool, which gets little memory.
@Suite("Commands on hostile chunks")
struct HostileChunkCommandTests {
  /// Commands that read all elements of `data.zarr`, or write to its last chunk.
  private static let commands = [
    "dump data.zarr", "cat data.zarr 1", "info data.zarr", "verify data.zarr", "verify data.zarr --deep",
    "export data.zarr -o -", "copy data.zarr copy.zarr --chunk-count 2", "compare data.zarr data.zarr",
    "import lines -o data.zarr --append",
  ]

  /// What the system lets a process have: threads with their stacks, contexts of codecs, and a chunk or two.
  ///
  /// A process that asks for more gets nothing, and would say so or end.
  private static let memory = 192 << 20

  @Test("A hostile chunk is an error of one line, and takes little memory", arguments: HostileChunk.allCases)
  func chunks(chunk: HostileChunk) throws {
    let scratch = try ScratchDirectory()
    // Three elements, so that the next one belongs to the same chunk.
    try chunk.write(to: FileStore(creating: scratch.path("data.zarr")), count: 3)
    try scratch.write("1\n", to: "lines")
    let stored = try scratch.files(below: "data.zarr")
    for command in Self.commands {
      let arguments = command.split(separator: " ").map(String.init)
      let outcome = try run(arguments, limit: chunk == .zstdBombThatClaimsNothing, in: scratch)
      // Reading one inner chunk does not check the places of the others.
      if chunk == .shardEntriesOverlap, command.hasPrefix("cat") { continue }
      // A chunk above the limits is not damaged.
      let isUnchecked = outcome.text.hasPrefix("not checked: ")
      #expect(outcome.exitCode == (isUnchecked ? 2 : 1), "\(command): \(outcome.errors)")
      // What is found by looking for it is no error.
      let text = outcome.errors.isEmpty ? outcome.text : outcome.errors
      #expect(text.contains("c/0"), "\(command): \(text)")
      #expect(!text.contains("memory"), "\(command): \(text)")
      #expect(outcome.errors.count { $0 == "\n" } <= 1, "\(command): \(outcome.errors)")
    }
    #expect(try scratch.files(below: "data.zarr") == stored)
    #expect(try scratch.names() == ["data.zarr", "lines"])
  }

  /// Runs the tool with little memory.
  private func run(
    _ arguments: [String], limit: Bool, in scratch: ScratchDirectory
  ) throws -> Tool.Outcome {
    let streams = try ScratchDirectory()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    // A bomb that does not say its size is decoded up to the limit.
    let memory = Self.memory + (limit ? 4 << 28 : 0)
    // A sanitizer takes more than any array.
    let limit = Sanitizer.isPresent ? ":" : "ulimit -d \(memory >> 10)"
    process.arguments = ["-c", "\(limit); exec \"$0\" \"$@\"", try Tool.path()] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    process.standardInput = FileHandle.nullDevice
    for name in ["output", "errors"] { try streams.write([], to: name) }
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: streams.path("output")))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: streams.path("errors")))
    try process.run()
    process.waitUntilExit()
    return try Tool.outcome(of: process, streams)
  }
}
