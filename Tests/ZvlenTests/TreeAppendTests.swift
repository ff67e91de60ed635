import Foundation
import Testing
import Zarr

/// Appending to an imported directory, whose contents and paths are one thing.
@Suite("Appending directories")
struct TreeAppendTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
    try scratch.write("1", to: "first/a")
    try scratch.write("2", to: "first/b/c")
    try scratch.write("3", to: "second/d")
    try scratch.write("4", to: "second/b/e")
  }

  private func array(_ name: String) throws -> ZarrArray {
    try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")), at: name)
  }

  private static let old: [String: [UInt8]] = ["a": [0x31], "b/c": [0x32]]
  private static let both = old.merging(["d": [0x33], "b/e": [0x34]]) { $1 }

  @Test(
    "Where an append was stopped between the two lengths, the group is as it was, and the same one completes it"
  )
  func half() throws {
    try Tool.succeed("import", "first", "-o", "data.zarr", in: scratch)
    // As it is after the first of the two.
    let appender = try Appender(to: array("paths"))
    try appender.append(contentsOf: ["d", "b/e"])
    try appender.finish()

    for command in [["verify", "data.zarr"], ["repair", "data.zarr"], ["copy", "data.zarr", "copy.zarr"]] {
      #expect(try Tool.run(command, in: scratch).exitCode == 0, "\(command)")
    }
    for name in ["data.zarr", "copy.zarr"] {
      try Tool.succeed("export", name, "-o", "\(name).d", in: scratch)
      #expect(try scratch.files(below: "\(name).d") == Self.old)
      try Tool.succeed("import", "second", "-o", name, "--append", in: scratch)
      try Tool.succeed("export", name, "-o", "\(name).e", in: scratch)
      #expect(try scratch.files(below: "\(name).e") == Self.both)
    }
    #expect(try array("paths").shape == [4])
    #expect(try array("blobs").shape == [4])
  }

  @Test("Paths that exist or conflict are refused before anything is written")
  func conflicts() throws {
    try Tool.succeed("import", "first", "-o", "data.zarr", in: scratch)
    try scratch.write("5", to: "file/b")
    try scratch.write("6", to: "directory/a/x")
    try scratch.write("7", to: "same/b/c")
    try scratch.write("8", to: "same/new")
    let before = try scratch.files(below: "data.zarr")
    for (source, message) in [
      ("first", "have the same path \"a\""), ("same", "have the same path \"b/c\""),
      ("file", "cannot be in one directory"), ("directory", "cannot be in one directory"),
    ] {
      try Tool.fail("import", source, "-o", "data.zarr", "--append", in: scratch, saying: message)
      try Tool.fail("import", source, "-o", "data.zarr", "--append", "--resume", in: scratch, saying: message)
    }
    try scratch.write("line\n", to: "lines")
    for member in ["blobs", "paths"] {
      try Tool.fail(
        "import", "lines", "-o", "data.zarr/\(member)", "--append", in: scratch, saying: "is a part of")
    }
    #expect(try scratch.files(below: "data.zarr") == before)
    // Names that only begin with another name do not conflict.
    try scratch.write("9", to: "names/a.x")
    try scratch.write("10", to: "names/b/c.x")
    try scratch.write("11", to: "names/A")
    try Tool.succeed("import", "names", "-o", "data.zarr", "--append", in: scratch)
    try Tool.succeed("verify", "data.zarr", in: scratch)
  }

  @Test("A directory that is stored already, with its name in front of its paths or without it, is refused")
  func otherNames() throws {
    try Tool.succeed("import", "first", "-o", "data.zarr", in: scratch)
    try Tool.fail(
      "import", "first", "second", "-o", "data.zarr", "--append", in: scratch, saying: "without first/")
    #expect(try array("paths").shape == [2])
    // Files of the same names that hold something else are other files.
    try scratch.write("other", to: "third/a")
    try Tool.succeed("import", "third", "second", "-o", "data.zarr", "--append", in: scratch)
    try Tool.fail("import", "third", "-o", "data.zarr", "--append", in: scratch, saying: "with third/")
    #expect(try array("paths").shape == [5])
    // Nothing is in an empty directory.
    try FileManager.default.createDirectory(
      atPath: scratch.path("empty"), withIntermediateDirectories: true)
    try Tool.succeed("import", "empty", "-o", "data.zarr", "--append", in: scratch)
  }

  @Test("Files that cannot be together are exported on demand, the later one of them")
  func keepLast() throws {
    let store = try FileStore(creating: scratch.path("bad.zarr"))
    _ = try ZarrGroup.create(in: store)
    let paths = ["x", "y", "x", "y/z", "w/v", "w", "u"]
    try ZarrArray.create(in: store, at: "paths", writing: paths)
    try ZarrArray.create(in: store, at: "blobs", writing: (0..<paths.count).map { [UInt8($0)] } + [[9]])
    try Tool.fail("export", "bad.zarr", "-o", "none", in: scratch, saying: "--keep-last")
    #expect(try scratch.files(below: "none").isEmpty)
    let outcome = try Tool.run(["export", "bad.zarr", "-o", "some", "--keep-last"], in: scratch)
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.contains("3 files are not written"))
    #expect(outcome.errors.contains("1 element of"))
    #expect(try scratch.files(below: "some") == ["x": [2], "y/z": [3], "w": [5], "u": [6]])
    // What others put after the files is not cut off.
    try Tool.fail("import", "first", "-o", "bad.zarr", "--append", in: scratch, saying: "without a path")
    #expect(try Tool.run(["verify", "bad.zarr"], in: scratch).exitCode == 1)
  }

  @Test("Files that were added are appended to what an import has stored, and others may not change")
  func added() throws {
    let arguments = ["import", "first", "-o", "data.zarr", "--append", "--resume"]
    for _ in 0..<2 { #expect(try Tool.run(arguments, in: scratch).exitCode == 0) }
    try scratch.write("0", to: "first/Z")
    try scratch.write("5", to: "first/b/d")
    for _ in 0..<2 { #expect(try Tool.run(arguments, in: scratch).exitCode == 0) }
    let expected = Self.old.merging(["Z": [0x30], "b/d": [0x35]]) { $1 }
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == expected)
    #expect(try array("paths").shape == [4])

    // A new time says nothing of the bytes.
    for time in [1.0, 2.0] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: time)], ofItemAtPath: scratch.path("first/a"))
      for _ in 0..<2 { #expect(try Tool.run(arguments, in: scratch).exitCode == 0) }
    }
    #expect(try array("paths").shape == [4])
    try scratch.write("changed", to: "first/a")
    #expect(try Tool.run(arguments, in: scratch).errors.contains("have changed since then"))
    try FileManager.default.removeItem(atPath: scratch.path("first/a"))
    #expect(try Tool.run(arguments, in: scratch).errors.contains("1 of the 4 files"))
    #expect(try array("blobs").shape == [4])
  }

  @Test("An import that adds files goes on after some were removed", arguments: [true, false])
  func removed(isGone: Bool) throws {
    let arguments = ["import", "first", "-o", "data.zarr", "--append", "--resume"]
    #expect(try Tool.run(arguments, in: scratch).exitCode == 0)
    try Tool.succeed("rm", "data.zarr", "a", in: scratch)
    if isGone { try FileManager.default.removeItem(atPath: scratch.path("first/a")) }
    try scratch.write("5", to: "first/new")
    let outcome = try Tool.run(arguments, in: scratch)
    #expect(outcome.exitCode == 0)
    #expect(outcome.errors.hasPrefix("zvlen: note: removed from "))
    #expect(outcome.errors.contains(" since the import: 1 file; "))
    #expect(try Tool.run(arguments, in: scratch).errors == "")
    var expected = Self.old.merging(["new": [0x35]]) { $1 }
    if isGone { expected["a"] = nil }
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == expected)

    // Others may still not change, or be gone.
    try scratch.write("changed", to: "first/b/c")
    #expect(try Tool.run(arguments, in: scratch).errors.contains("have changed since then"))
    for name in ["b/c", "new"] { try FileManager.default.removeItem(atPath: scratch.path("first/\(name)")) }
    #expect(try Tool.run(arguments, in: scratch).errors.contains("are not there any more"))
    try Tool.succeed("verify", "data.zarr", in: scratch)
  }

  @Test("Imports to one group at the same time keep contents and paths together")
  func atOnce() throws {
    try Tool.succeed("import", "first", "-o", "data.zarr", in: scratch)
    var expected = Self.old
    for number in 0..<4 {
      for index in 0..<30 {
        expected["\(number)-\(index)"] = Array("\(number) \(index)".utf8)
        try scratch.write("\(number) \(index)", to: "tree\(number)/\(number)-\(index)")
      }
    }
    let runs = try (0..<4).map { number in
      let streams = try ScratchDirectory()
      let arguments = ["import", "tree\(number)", "-o", "data.zarr", "--append"]
      return (
        try Tool.start(
          arguments + (number % 2 == 0 ? [] : ["--resume", "--checkpoint-seconds", "0"]), in: scratch,
          input: FileHandle.nullDevice, streams: streams), streams
      )
    }
    for (process, streams) in runs {
      process.waitUntilExit()
      let outcome = try Tool.outcome(of: process, streams)
      // Two that remember how far they come cannot do so at the same time.
      #expect(outcome.exitCode == 0 || outcome.errors.contains("another import"), "\(outcome.errors)")
    }
    for number in 0..<4 {
      _ = try Tool.run(["import", "tree\(number)", "-o", "data.zarr", "--append"], in: scratch)
    }
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == expected)
  }
}
