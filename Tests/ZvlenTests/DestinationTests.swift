import ChunkEngine
import Foundation
import Testing
import Zarr

/// What commands that make or replace an array do where others change the destination meanwhile, or where they
/// are killed.
@Suite("Destinations")
struct DestinationTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
    try scratch.write("new\n", to: "lines")
  }

  private func lines(_ name: String = "data.zarr") throws -> String {
    try Tool.succeed("export", name, "-o", "-", in: scratch).text
  }

  private func make(_ text: String, _ options: String..., at name: String = "data.zarr") throws {
    let outcome = try Tool.run(["import", "-", "-o", name] + options, in: scratch, input: Array(text.utf8))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
  }

  private func temporaryNames() throws -> [String] { try scratch.names().filter { $0.hasSuffix(".partial") } }

  /// Runs an import that waits for its input, has something done meanwhile, and lets it come to its end.
  private func importing(_ options: String..., meanwhile body: () throws -> Void) throws -> Tool.Outcome {
    let streams = try ScratchDirectory()
    let input = Pipe()
    let process = try Tool.start(
      ["import", "-", "-o", "data.zarr"] + options, in: scratch, input: input, streams: streams)
    while process.isRunning, try temporaryNames().isEmpty { usleep(1000) }
    try body()
    try input.fileHandleForWriting.write(contentsOf: Data("first\n".utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    return try Tool.outcome(of: process, streams)
  }

  @Test("What is put meanwhile where there was nothing stays, and is an error", arguments: [false, true])
  func filledMeanwhile(isEmptyDirectory: Bool) throws {
    if isEmptyDirectory {
      try FileManager.default.createDirectory(
        atPath: scratch.path("data.zarr"), withIntermediateDirectories: false)
    }
    let outcome = try importing {
      try make("second\n")
      try scratch.write("precious", to: "data.zarr/notes")
    }
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("was free when this command began"), "\(outcome.errors)")
    #expect(try lines() == "second\n")
    #expect(try scratch.read("data.zarr/notes") == Array("precious".utf8))
    #expect(try scratch.names() == ["data.zarr", "lines"])
  }

  @Test("An array that is replaced, or grows, while another one is to take its place stays")
  func changedMeanwhile() throws {
    try make("old\n")
    var outcome = try importing("--overwrite") { try make("second\n", "--overwrite") }
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("is not what it was when this command began"), "\(outcome.errors)")
    #expect(try lines() == "second\n")

    outcome = try importing("--overwrite") { try make("third\n", "--append") }
    #expect(outcome.exitCode == 1)
    #expect(try lines() == "second\nthird\n")

    outcome = try importing("--overwrite") {}
    #expect(outcome.exitCode == 0)
    #expect(try lines() == "first\n")
    #expect(try scratch.names() == ["data.zarr", "lines"])
  }

  @Test(
    "What takes the place of an array while lines are appended to that stays as it is", arguments: [2, 3])
  func replacedWhileAppending(format: Int) throws {
    try make("old\n", "--zarr-format", "\(format)")
    let streams = try ScratchDirectory()
    let input = Pipe()
    let process = try Tool.start(
      ["import", "-", "-o", "data.zarr", "--append"], in: scratch, input: input, streams: streams)
    try input.fileHandleForWriting.write(contentsOf: Data("appended\n".utf8))
    while process.isRunning, try !scratch.paths().contains("data.zarr/.zarr-vlen.lock") { usleep(1000) }
    try make("new 1\nnew 2\n", "--zarr-format", "\(format)", "--overwrite")
    try input.fileHandleForWriting.write(contentsOf: Data("more\n".utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    let outcome = try Tool.outcome(of: process, streams)
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("was replaced while it was open"), "\(outcome.errors)")
    #expect(try lines() == "new 1\nnew 2\n")
    #expect(try scratch.names() == ["data.zarr", "lines"])
  }

  @Test("Two imports to one place do not touch each other's unfinished work")
  func concurrentImports() throws {
    let outcome = try importing {
      let name = try #require(try temporaryNames().first)
      try Tool.fail("import", "lines", "-o", "data.zarr", "--type", "json", in: scratch, saying: "line 1")
      #expect(try temporaryNames() == [name])
    }
    #expect(outcome.exitCode == 0)
    #expect(try lines() == "first\n")
  }

  @Test("Readers see the old array or the new one at every moment, and no mix of both")
  func readers() throws {
    let contents = ["a", "b"].map { letter in (0..<40).map { "\(letter)\($0)" } }
    for (name, lines) in zip(["first", "second"], contents) {
      try scratch.write(lines.joined(separator: "\n") + "\n", to: name)
    }
    try Tool.succeed("import", "first", "-o", "data.zarr", "--chunk-count", "2", in: scratch)
    let script = """
      for round in 1 2 3 4 5; do
        for name in second first; do
          "$0" import $name -o data.zarr --overwrite --chunk-count 2 || exit 1
        done
      done
      """
    let writer = Process()
    writer.executableURL = URL(fileURLWithPath: "/bin/sh")
    writer.arguments = ["-c", script, try Tool.path()]
    writer.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
    try writer.run()
    var readCount = 0
    while writer.isRunning {
      let store = try FileStore(opening: scratch.path("data.zarr"))
      do {
        let found = try ZarrArray.open(in: store).read().strings()
        #expect(contents.contains(found), "\(found)")
        readCount += 1
      } catch {
        // One that was replaced while it was read says so.
        #expect("\(error)".contains("was replaced while it was open"), "\(error)")
      }
    }
    writer.waitUntilExit()
    #expect(writer.terminationStatus == 0)
    #expect(readCount > 0)
    #expect(try scratch.names() == ["data.zarr", "first", "lines", "second"])
  }

  // Leftovers

  private let working = ".data.zarr.0123456789abcdef.partial"

  private func number(of name: String) throws -> UInt64 {
    let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path(name))
    return try #require(attributes[.systemFileNumber] as? UInt64)
  }

  private func move(_ name: String, to other: String) throws {
    try FileManager.default.createDirectory(
      atPath: scratch.path(working), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: scratch.path(name), toPath: scratch.path(other))
  }

  @Test(
    "The next command removes what a killed one left before or after its exchange", arguments: ["new", "old"])
  func leftovers(kind: String) throws {
    try make("left\n", at: "left.zarr")
    try make("there\n")
    let number = try number(of: "left.zarr")
    try move("left.zarr", to: "\(working)/node")
    try scratch.write(
      kind == "new" ? "{\"node\": \(number)}" : "{\"node\": 1, \"replaced\": \(number)}",
      to: "\(working)/record.json")
    try Tool.fail(
      "import", "lines", "-o", "data.zarr", in: scratch, saying: "exists already",
      after: kind == "new" ? "was stopped before it was complete" : nil)
    #expect(try scratch.names() == ["data.zarr", "lines"])
    #expect(try lines() == "there\n")
  }

  @Test("What stands under such a name and is not ours stays")
  func others() throws {
    try make("sound\n", at: "sound.zarr")
    try make("there\n")
    let number = try number(of: "data.zarr")
    try move("sound.zarr", to: "\(working)/node")
    for record in [nil, "", "{\"node\": \(number)}", "[]", "{\"node\": -1}"] {
      if let record { try scratch.write(record, to: "\(working)/record.json") }
      try Tool.succeed("import", "lines", "-o", "data.zarr", "--overwrite", in: scratch)
      #expect(try lines("\(working)/node") == "sound\n")
    }
    // An array under the very name.
    try FileManager.default.moveItem(
      atPath: scratch.path("\(working)/node"), toPath: scratch.path("sound.zarr"))
    try FileManager.default.removeItem(atPath: scratch.path(working))
    try FileManager.default.moveItem(atPath: scratch.path("sound.zarr"), toPath: scratch.path(working))
    try Tool.succeed("import", "lines", "-o", "data.zarr", "--overwrite", in: scratch)
    #expect(try lines(working) == "sound\n")
  }

  @Test("Where nothing can be exchanged, readers are told where the old array is, and it is moved back")
  func movedAway() throws {
    try make("new\n", at: "new.zarr")
    try make("old\n")
    let record = "{\"node\": \(try number(of: "new.zarr")), \"replaced\": \(try number(of: "data.zarr"))}"
    try move("new.zarr", to: "\(working)/node")
    try move("data.zarr", to: "\(working)/replaced")
    try scratch.write(record, to: "\(working)/record.json")
    try Tool.fail("info", "data.zarr", in: scratch, saying: "\(working)/replaced")
    try Tool.fail(
      "import", "lines", "-o", "data.zarr", in: scratch, saying: "exists already",
      after: "was stopped before it was complete")
    #expect(try scratch.names() == ["data.zarr", "lines"])
    #expect(try lines() == "old\n")
  }

  @Test("Something else in the place of an import that can go on is not removed")
  func foreignResume() throws {
    try make("sound\n", at: ".data.zarr.import.partial")
    try Tool.fail(
      "import", "lines", "-o", "data.zarr", "--resume", in: scratch, saying: ".data.zarr.import.partial holds"
    )
    #expect(try lines(".data.zarr.import.partial") == "sound\n")
    try FileManager.default.moveItem(
      atPath: scratch.path(".data.zarr.import.partial"), toPath: scratch.path("sound.zarr"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path(".data.zarr.import.partial"), withDestinationPath: "sound.zarr")
    try Tool.fail("import", "lines", "-o", "data.zarr", "--resume", in: scratch, saying: "is not a directory")
    #expect(try lines("sound.zarr") == "sound\n")
  }

  @Test("A file of lines is not written through links, and what a killed export left is removed")
  func outputFile() throws {
    try make("a\nb\n")
    try scratch.write("precious", to: "victim")
    try scratch.write("half", to: ".out.0123456789abcdef.partial")
    // A young one may belong to a command that is at work.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -3600)],
      ofItemAtPath: scratch.path(".out.0123456789abcdef.partial"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path(".out.00000000deadbeef.partial"), withDestinationPath: "victim")
    try FileManager.default.createSymbolicLink(atPath: scratch.path("gone"), withDestinationPath: "nowhere")
    try Tool.succeed("export", "data.zarr", "-o", "out", in: scratch)
    #expect(try scratch.read("out") == Array("a\nb\n".utf8))
    #expect(try scratch.read("victim") == Array("precious".utf8))
    #expect(
      try scratch.names() == [".out.00000000deadbeef.partial", "data.zarr", "gone", "lines", "out", "victim"])
    try Tool.fail("export", "data.zarr", "-o", "gone", in: scratch, saying: "a link to nothing")
    // A link to a file is that file.
    try FileManager.default.createSymbolicLink(atPath: scratch.path("link"), withDestinationPath: "victim")
    try Tool.succeed("export", "data.zarr", "-o", "link", "--overwrite", in: scratch)
    #expect(try scratch.read("victim") == Array("a\nb\n".utf8))
  }

  @Test("Files of a tree that are replaced are the old ones or the new ones")
  func replacedFiles() throws {
    try scratch.write("one", to: "tree/a")
    try Tool.succeed("import", "tree", "-o", "tree.zarr", in: scratch)
    try scratch.write("another one", to: "tree/a")
    try Tool.succeed("export", "tree.zarr", "-o", "tree", "--overwrite", in: scratch)
    #expect(try scratch.files(below: "tree") == ["a": Array("one".utf8)])
  }
}
