import Foundation
import TestSupport
import Testing
import Zarr

/// Removing and replacing files of an imported directory.
@Suite("rm, compact and --existing")
struct RemovalTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
    for number in 0..<20 { try scratch.write("contents \(number)", to: "tree/\(number % 4)/\(number)") }
    try Tool.succeed("import", "tree", "-o", "data.zarr", "--chunk-count", "3", in: scratch)
  }

  private func exported(_ name: String = "data.zarr") throws -> [String: [UInt8]] {
    let copy = try ScratchDirectory()
    try Tool.succeed("export", scratch.path(name), "-o", "files", in: copy)
    return try copy.files(below: "files")
  }

  private func array(_ name: String) throws -> ZarrArray {
    try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")), at: name)
  }

  @Test("A removed file is gone, and the others stay where they are")
  func removal() throws {
    var expected = try scratch.files(below: "tree")
    let blobs = try array("blobs").read().arrays()
    let removal = try Tool.succeed("rm", "data.zarr", "1/5", "3/*", in: scratch)
    #expect(removal.report.hasPrefix("zvlen: done: removed 6 files; 63 bytes of contents stay"))
    #expect(removal.output == [])
    for name in ["1/5", "3/3", "3/7", "3/11", "3/15", "3/19"] { expected[name] = nil }

    #expect(try exported() == expected)
    for command in ["cat", "rm"] {
      try Tool.fail(command, "data.zarr", "3/7", in: scratch, saying: "has no file")
    }
    #expect(try Tool.succeed("ls", "data.zarr", in: scratch).lines == ["0/", "1/", "2/"])
    let found = try Tool.succeed("grep", "-l", "contents 1?[57]$", "data.zarr", in: scratch).lines
    #expect(found == ["1/17"])
    #expect(try Tool.succeed("verify", "data.zarr", in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })
    #expect(try array("blobs").read().arrays() == blobs)
    #expect(try array("paths").read(as: String.self).count { $0 == "\0" } == 6)

    let sizes = try scratch.files(below: "data.zarr")
    let freed = try Tool.succeed("compact", "data.zarr", in: scratch)
    #expect(freed.report.hasPrefix("zvlen: done: freed 63 bytes of contents in 3 chunks; 14 files left; in "))
    #expect(freed.output == [])
    let now = try array("blobs").read().arrays()
    #expect(now.count { $0.isEmpty } == 6)
    #expect(zip(now, blobs).allSatisfy { $0.isEmpty || $0 == $1 })
    #expect(try exported() == expected)
    // Chunks without removed files are not written.
    let after = try scratch.files(below: "data.zarr")
    let changed = sizes.keys.filter { sizes[$0] != after[$0] }
    #expect(Set(changed) == ["blobs/c/2", "blobs/c/5", "blobs/c/6", "size_index/c/0"])
    #expect(try Tool.succeed("compact", "data.zarr", in: scratch).report.contains("freed 0 bytes"))
    // A removed path is free.
    try scratch.write("again", to: "new/3/7")
    try Tool.succeed("import", "new", "-o", "data.zarr", "--append", in: scratch)
    #expect(try Tool.succeed("cat", "data.zarr", "3/7", in: scratch).text == "again")
  }

  @Test("Nothing is removed that was not named")
  func refusal() throws {
    let before = try scratch.files(below: "data.zarr")
    try Tool.fail("rm", "data.zarr", "1/5", "missing", in: scratch, saying: "has no file missing")
    try Tool.fail("rm", "data.zarr", "1/5", "2", in: scratch, saying: "-r removes")
    try Tool.fail("rm", "data.zarr", "*", in: scratch, saying: "-r removes")
    #expect(
      try Tool.succeed("rm", "-n", "-r", "data.zarr", "1", in: scratch).lines.sorted()
        == ["1/1", "1/13", "1/17", "1/5", "1/9"])
    #expect(try Tool.succeed("rm", "-f", "data.zarr", "missing", in: scratch).output == [])
    #expect(try scratch.files(below: "data.zarr") == before)

    try Tool.succeed("rm", "-f", "-r", "data.zarr", "missing", "**", in: scratch)
    #expect(try exported().isEmpty)
    #expect(try Tool.succeed("ls", "data.zarr", in: scratch).output == [])
    try Tool.succeed("compact", "data.zarr", in: scratch)
    #expect(try exported().isEmpty)
    #expect(try array("blobs").shape == [20])
  }

  @Test("What a stopped command was about to remove is removed, and what it had not replaced yet stays")
  func pending() throws {
    var expected = try scratch.files(below: "tree")
    try scratch.write(#"{"file_count": 21, "removed": [0, 5]}"#, to: "data.zarr/.zvlen/removal.json")
    #expect(try exported() == expected)

    try scratch.write(#"{"file_count": 20, "removed": [0, 1, 19, 20]}"#, to: "data.zarr/.zvlen/removal.json")
    let paths = try array("paths").read(as: String.self)
    for path in [paths[0], paths[19]] {
      expected[path] = nil
      try Tool.fail("cat", "data.zarr", path, in: scratch, saying: "has no file")
    }
    #expect(try exported() == expected)
    try Tool.succeed("compact", "data.zarr", in: scratch)
    #expect(try exported() == expected)
    #expect(try array("paths").read(as: String.self).count { $0 == "\0" } == 2)
    #expect(try scratch.files(below: "data.zarr/.zvlen").isEmpty)

    for bounds in ["2, 1", "-1, 1", "1", "\"a\""] {
      let record = #"{"file_count": 1, "removed": [\#(bounds)]}"#
      try scratch.write(record, to: "data.zarr/.zvlen/removal.json")
      try Tool.fail("ls", "data.zarr", in: scratch, saying: "removal.json was not written by zvlen rm")
    }
  }

  @Test("What a stopped command was about to remove is not in a copy either")
  func copied() throws {
    var expected = try scratch.files(below: "tree")
    let first = try array("paths").read(as: String.self)[0]
    try Tool.succeed("copy", "data.zarr", "groups/inner/data.zarr", in: scratch)
    let removals = [(0, 21), (1, 20)]
    for (count, record) in removals.enumerated() {
      for name in ["data.zarr", "groups/inner/data.zarr"] {
        try scratch.write(
          #"{"file_count": \#(record.1), "removed": [0, 1]}"#, to: "\(name)/.zvlen/removal.json")
      }
      if count > 0 { expected[first] = nil }
      for name in ["groups", "groups/inner"] {
        try scratch.write(#"{"zarr_format":3,"node_type":"group"}"#, to: "\(name)/zarr.json")
      }
      try Tool.succeed(
        "copy", "data.zarr", "copy\(count).zarr", "--chunk-count", "5", "--validate", in: scratch)
      try Tool.succeed("copy", "groups", "copies\(count).zarr", in: scratch)
      #expect(try exported("copy\(count).zarr") == expected)
      #expect(try exported("copies\(count).zarr/inner/data.zarr") == expected)
      #expect(try exported() == expected)
    }
    try scratch.write("again", to: "more/\(first)")
    try Tool.succeed("import", "more", "-o", "copy1.zarr", "--append", in: scratch)
    expected[first] = Array("again".utf8)
    #expect(try exported("copy1.zarr") == expected)
  }

  @Test("Files that are there already are an error, stay, or are replaced")
  func existing() throws {
    try scratch.write("changed", to: "more/1/5")
    try scratch.write("contents 9", to: "more/1/9")
    try scratch.write("new", to: "more/new")
    let before = try scratch.files(below: "data.zarr")
    try Tool.fail("import", "more", "-o", "data.zarr", "--append", in: scratch, saying: "have the same path")
    #expect(try scratch.files(below: "data.zarr") == before)
    var expected = try scratch.files(below: "tree")

    let copy = try scratch.copy()
    let skipped = try Tool.run(
      ["import", "more", "-o", "data.zarr", "--append", "--existing", "skip"], in: copy)
    #expect(skipped.exitCode == 0 && skipped.errors.contains("note: left as is: 2 files"))
    try Tool.succeed("export", "data.zarr", "-o", "files", in: copy)
    expected["new"] = Array("new".utf8)
    #expect(try copy.files(below: "files") == expected)

    let replaced = try Tool.run(
      ["import", "more", "-o", "data.zarr", "--append", "--existing", "replace"], in: scratch)
    #expect(replaced.exitCode == 0)
    #expect(replaced.errors.contains("note: replaced: 1 file; 10 bytes of old contents stay"))
    #expect(replaced.errors.contains("left as is: 1 file "))
    expected["1/5"] = Array("changed".utf8)
    #expect(try exported() == expected)
    #expect(try array("blobs").shape == [22])
    #expect(try Tool.succeed("cat", "data.zarr", "1/5", in: scratch).text == "changed")
    // The same again changes nothing.
    let again = try Tool.run(
      ["import", "more", "-o", "data.zarr", "--append", "--existing", "replace"], in: scratch)
    #expect(again.errors.contains("left as is: 3 files"))
    #expect(try array("blobs").shape == [22])
    #expect(try Tool.succeed("verify", "data.zarr", in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })

    try scratch.write("x", to: "conflict/1/5/x")
    for choice in ["skip", "replace"] {
      try Tool.fail(
        "import", "conflict", "-o", "data.zarr", "--append", "--existing", choice, in: scratch,
        saying: "cannot be in one directory")
    }
  }

  @Test("The empty element of a removed file fits the type", arguments: ["string", "json"])
  func types(type: String) throws {
    for number in 0..<3 { try scratch.write("\"\(number)\"", to: "json/\(number)") }
    try Tool.succeed("import", "json", "-o", "\(type).zarr", "--type", type, in: scratch)
    try Tool.succeed("rm", "\(type).zarr", "1", in: scratch)
    try Tool.succeed("compact", "\(type).zarr", in: scratch)

    #expect(try Tool.succeed("verify", "\(type).zarr", in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })
    #expect(try exported("\(type).zarr") == ["0": Array("\"0\"".utf8), "2": Array("\"2\"".utf8)])
  }
}
