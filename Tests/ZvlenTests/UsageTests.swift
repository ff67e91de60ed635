import ChunkEngine
import Foundation
import Testing
import Zarr

@Suite("Usage")
struct UsageTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  @Test("A command that does not exist is named")
  func unknownCommand() throws {
    let outcome = try Tool.run(["lss", "a"], in: scratch)
    #expect(outcome.errors.hasPrefix("Error: There is no command lss. zvlen help lists the commands.\n"))
    #expect(try Tool.run(["help", "ls"], in: scratch).text.contains("zvlen ls"))
  }

  @Test(
    "Wrong usage ends with 64 and shows how it is meant",
    arguments: [
      ["nonsense"], ["import"], ["import", "a"], ["import", "-", "-o", "x", "--append", "--overwrite"],
      ["import", "-", "-o", "x", "--chunk-bytes", "1MiB", "--chunk-count", "3"],
      ["import", "-", "-o", "x", "--even-chunks", "--chunk-count", "3"],
      ["import", "-", "-o", "x", "--even-chunks", "--shard-bytes", "1MiB"],
      ["import", "-", "-o", "x", "--zarr-format", "2", "--shard-bytes", "1MiB"],
      ["import", "-", "-o", "x", "--zarr-format", "2", "--even-chunks"],
      ["import", "-", "-o", "x", "--zarr-format", "4"],
      ["import", "a", "-o", "x", "--part", "0/3"], ["import", "a", "-o", "x", "--part", "4/3"],
      ["import", "a", "-o", "x", "--part", "1"], ["import", "a", "-o", "x", "--part", "1/+2"],
      ["import", "a", "-o", "x", "--part", "1/2/3"], ["import", "a", "-o", "x", "--part", "1/2", "--append"],
      ["import", "a", "-o", "x", "--part", "1/2", "--overwrite"],
      ["import", "a", "-o", "x", "--part", "1/2", "--even-chunks"],
      ["import", "-", "-o", "x", "--chunk-count", "0"], ["import", "-", "-o", "x", "--chunk-bytes", "0"],
      ["import", "-", "-o", "x", "--chunk-bytes", "1XB"], ["import", "-", "-o", "x", "--chunk-bytes", "-1"],
      ["import", "-", "-o", "x", "--chunk-bytes", "99999999999GiB"],
      ["import", "-", "-o", "x", "--codec", "zstd:99"], ["import", "-", "-o", "x", "--codec", "lz5"],
      ["import", "-", "-o", "x", "--codec", "none:1"], ["import", "-", "-o", "x", "--codec", "zstd:"],
      ["import", "-", "-o", "x", "--codec", "blosc:lz4:5:1"],
      ["import", "-", "-o", "x", "--codec", "gzip:10"],
      ["import", "-", "-o", "x", "--workers", "0"], ["import", "-", "-o", "x", "--type", "float"],
      ["import", "-", "-o", "x", "--data-type-name", "float"], ["export", "x"], ["cat"], ["cat", "x", "-x"],
      ["cat", "x", "1", "-0", "-n"], ["ls"], ["ls", "x", "--json", "-0"], ["rm"], ["rm", "x"],
      ["rm", "x", ""], ["rm", "x", "-r", "a", "//"], ["compact"],
      ["compact", "x", "y"], ["import", "a", "-o", "x", "--existing", "skip"],
      ["import", "a", "-o", "x", "--append", "--existing", "other"],
      ["import", "a", "-o", "x", "--append", "--resume", "--existing", "replace"],
      ["export", "x", "-o", "y", "--count=-1"],
      ["dump", "x", "--start", "-1"], ["dump", "x", "--count=-1"], ["info"], ["verify", "x", "y"],
      ["conformance"], ["conformance", "x"], ["tree"], ["tree", "x", "--depth", "-1"],
      ["tree", "x", "--depth", "a"], ["consolidate"], ["copy", "x"], ["compare", "x"],
      ["copy", "x", "y", "--chunk-shape", "0"], ["copy", "x", "y", "--chunk-shape", "1,"],
      ["copy", "x", "y", "--chunk-shape", "1", "--chunk-bytes", "1"],
      ["copy", "x", "y", "--no-shards", "--shard-bytes", "1"],
      ["copy", "x", "y", "--shard-shape", "1", "--shard-bytes", "1"],
      ["copy", "x", "y", "--shard-shape", "1", "--zarr-format", "2"],
      ["consolidate", "x", "y"], ["gc"], ["gc", "x", "--older-than", "1"],
      ["gc", "x", "--older-than", "-1d"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let outcome = try Tool.run(arguments, in: scratch)

    #expect(outcome.exitCode == 64)
    #expect(outcome.output == [])
    #expect(outcome.errors.contains("Usage: zvlen"))
    #expect(try scratch.names().isEmpty)
  }

  @Test(
    "Every command explains itself",
    arguments: [
      "import", "export", "cat", "dump", "info", "verify", "tree", "copy", "compare", "consolidate",
      "conformance", "gc", "ls", "rm", "compact",
    ])
  func help(command: String) throws {
    let text = try Tool.succeed(command, "--help", in: scratch).text
    #expect(text.contains("USAGE: zvlen \(command)"))
    #expect(text.contains("zvlen \(command) "))
    #expect(try Tool.succeed("--help", in: scratch).text.contains("  \(command)"))
  }

  @Test("The version is a number")
  func version() throws {
    let text = try Tool.succeed("--version", in: scratch).text
    #expect(text.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test("Shells get completion", arguments: ["bash", "zsh", "fish"])
  func completion(shell: String) throws {
    #expect(
      try Tool.succeed("--generate-completion-script", shell, in: scratch).text.contains("zvlen"))
  }

  @Test(
    "What is not there, or is something else, is an error",
    arguments: [
      (["import", "missing", "-o", "x"], "missing"), (["cat", "missing", "0"], "no such directory"),
      (["info", "file"], "is a file"), (["verify", "directory"], "no zarr.json"),
      (["import", "directory", "file", "-o", "x"], "import them separately"),
      (["import", "directory", "-", "-o", "x"], "import them separately"),
      (["import", "directory", "--null", "-o", "x"], "--null"),
      (["export", "directory", "-o", "x"], "no zarr.json"), (["tree", "missing"], "no such directory"),
      (["copy", "missing", "x"], "no such directory"), (["copy", "directory", "x"], "no zarr.json"),
      (["compare", "directory", "missing"], "no zarr.json"),
      (["tree", "directory"], "no zarr.json"), (["consolidate", "file"], "is a file"),
      (["import", "file", "-o", "file"], "is a file"), (["import", "file", "-o", "file/x"], "file"),
    ])
  func missing(arguments: [String], message: String) throws {
    try scratch.write("", to: "file")
    try FileManager.default.createDirectory(
      atPath: scratch.path("directory"), withIntermediateDirectories: true)

    let outcome = try Tool.run(arguments, in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.hasPrefix("zvlen: error: ") && outcome.errors.contains(message))
    #expect(try scratch.names() == ["directory", "file"])
  }

  @Test("The data type's name can be chosen")
  func dataTypeName() throws {
    try Tool.succeed(
      "import", "-", "-o", "data.zarr", "--type", "bytes", "--data-type-name", "variable_length_bytes",
      in: scratch, input: [1, 10])

    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")))
    #expect(array.metadata.dataTypeName == "variable_length_bytes")
    #expect(try array.read().arrays() == [[1]])
  }
}
