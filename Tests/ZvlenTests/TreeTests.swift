import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("Directories")
struct TreeTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// A tree of files with all sorts of names and contents.
  private func makeTree(_ name: String = "tree") throws -> [String: [UInt8]] {
    var generator = SeededGenerator(seed: 5)
    let large = (0..<625_000).map { _ in generator.next() }.withUnsafeBytes { Array($0) }
    let files: [String: [UInt8]] = [
      "plain": Array("hello\n".utf8), "empty": [], "with space and 'quotes\"": [0, 1, 2, 255],
      "grüße/日本語.txt": Array("Zürich".utf8), "line\nfeed": [10, 13, 10], "deep/er/est/file": [7],
      "deep/er-first": [8], "deep.txt": [9], "deep/empty": [], "-o": [1], "large/5MB": large,
      "e\u{301}": [1],
    ]
    for (file, bytes) in files {
      try scratch.write(bytes, to: "\(name)/\(file)")
    }
    return files
  }

  @Test("A directory comes back byte by byte")
  func roundTrip() throws {
    let files = try makeTree()

    try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.files(below: "again") == files)
    #expect(try scratch.names() == ["again", "data.zarr", "tree"])
  }

  @Test("Paths are text in the order of their bytes, and contents are in the same order")
  func order() throws {
    let files = try makeTree()

    try Tool.succeed("import", "tree", "-o", "data.zarr", "--chunk-count", "3", in: scratch)

    let store = try FileStore(opening: scratch.path("data.zarr"))
    let paths = try ZarrArray.open(in: store, at: "paths")
    let blobs = try ZarrArray.open(in: store, at: "blobs")
    #expect(paths.dataType == .string && blobs.dataType == .bytes)
    let sorted = files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(try paths.read().strings().map { Array($0.utf8) } == sorted.map { Array($0.utf8) })
    #expect(try blobs.read().arrays() == sorted.map { files[$0] })
  }

  @Test("Names that look alike are different")
  func equivalentNames() throws {
    try scratch.write([1], to: "one/e\u{301}/file")
    try scratch.write([2], to: "two/\u{E9}/file")

    try Tool.succeed("import", "one/e\u{301}", "two/\u{E9}", "-o", "data.zarr", in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.read("again/e\u{301}/file") == [1])
    #expect(try scratch.read("again/\u{E9}/file") == [2])
  }

  @Test("Links, and the array itself, are not imported")
  func links() throws {
    try scratch.write("outside", to: "outside/secret")
    try scratch.write("inside", to: "tree/file")
    for (link, target) in [("to-file", "file"), ("to-directory", "../outside"), ("broken", "nowhere")] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path("tree/\(link)"), withDestinationPath: target)
    }

    let first = try Tool.run(["import", "tree", "-o", "tree/data.zarr"], in: scratch)
    #expect(first.errors == "zvlen: note: not stored: 3 links\n" && first.exitCode == 0)
    try FileManager.default.moveItem(atPath: scratch.path("tree/file"), toPath: scratch.path("tree/moved"))
    let second = try Tool.run(["import", "tree", "-o", "tree/data.zarr", "--append"], in: scratch)
    #expect(
      second.errors == "zvlen: note: not stored: 3 links, the destination tree/data.zarr\n"
        && second.exitCode == 0)

    #expect(try Tool.succeed("dump", "tree/data.zarr/paths", in: scratch).lines == ["\"file\"", "\"moved\""])
  }

  @Test("Several directories keep their names apart")
  func severalDirectories() throws {
    try scratch.write("1", to: "one/b/file")
    try scratch.write("2", to: "two/a/file")
    try scratch.write("3", to: "two/a-file")

    try Tool.succeed("import", "two/a/../", "one/b", "-o", "data.zarr", in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(
      try scratch.files(below: "again") == ["b/file": [0x31], "two/a/file": [0x32], "two/a-file": [0x33]])
    try Tool.fail(
      "import", "one/b", "./one/../one/b/", "-o", "other.zarr", in: scratch, saying: "the same last name")
  }

  @Test("A directory without files is a group without elements")
  func emptyDirectory() throws {
    try FileManager.default.createDirectory(
      atPath: scratch.path("tree/empty"), withIntermediateDirectories: true)

    let outcome = try Tool.run(["import", "tree", "-o", "data.zarr"], in: scratch)
    #expect(outcome.errors == "zvlen: note: not stored: 1 directory without files\n" && outcome.exitCode == 0)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.files(below: "again").isEmpty)
    #expect(try Tool.succeed("dump", "data.zarr/blobs", in: scratch).output == [])
  }

  @Test("More files are appended, and what is continued keeps its settings")
  func append() throws {
    try scratch.write("1", to: "one/a")
    try scratch.write("2", to: "two/b")

    try Tool.succeed("import", "one", "-o", "data.zarr", "--codec", "gzip", "--append", in: scratch)
    try Tool.succeed("import", "two", "-o", "data.zarr", "--append", in: scratch)
    try Tool.fail(
      "import", "two", "-o", "data.zarr", "--append", "--codec", "none", in: scratch, saying: "--codec")

    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try scratch.files(below: "again") == ["a": [0x31], "b": [0x32]])
  }

  @Test("Files of text are checked, and the array of a failed import is not there")
  func text() throws {
    try scratch.write("grüße", to: "tree/a")
    try Tool.succeed("import", "tree", "-o", "data.zarr", "--type", "string", in: scratch)
    #expect(try Tool.succeed("dump", "data.zarr/blobs", in: scratch).text == "\"grüße\"\n")

    try scratch.write([0xFF], to: "tree/b")
    try Tool.fail(
      "import", "tree", "-o", "other.zarr", "--type", "string", in: scratch, saying: "tree/b is not UTF-8")
    try FileManager.default.removeItem(atPath: scratch.path("tree/a"))
    try Tool.fail("import", "tree", "-o", "data.zarr", "--append", in: scratch, saying: "tree/b is not UTF-8")
    #expect(try scratch.names() == ["data.zarr", "tree"])
    #expect(try Tool.succeed("dump", "data.zarr/blobs", in: scratch).text == "\"grüße\"\n")
  }

  @Test("Names that are not UTF-8 come back byte by byte, or are made UTF-8")
  func namesWithoutText() throws {
    let names: [[UInt8]] = [
      Array("a".utf8), [0x66, 0xC3, 0xBC, 0x72, 0xFC], [0xFF, 0xFE], [0xC3], [0xEE, 0xBE, 0x80],
      [0xED, 0xA0, 0x80],
    ]
    try FileManager.default.createDirectory(
      atPath: scratch.path("tree/d"), withIntermediateDirectories: true)
    func path(_ directory: String, _ name: [UInt8]) -> [CChar] {
      (Array(scratch.path(directory).utf8) + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
    }
    for (number, name) in names.enumerated() {
      let file = try #require(fopen(path("tree/d", name), "w"))
      fputs("\(number)", file)
      fclose(file)
    }

    try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)
    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)
    #expect(try Tool.succeed("verify", "data.zarr", in: scratch).lines.allSatisfy { $0.hasPrefix("ok: ") })
    for (number, name) in names.enumerated() {
      let file = try #require(fopen(path("again/d", name), "r"), "\(name)")
      #expect(fgetc(file) == Int32(0x30 + number))
      fclose(file)
    }
    #expect(try Tool.succeed("cat", "data.zarr", "d/\u{EFFF}\u{EFFE}", in: scratch).text == "2")

    try Tool.succeed("import", "tree", "-o", "latin.zarr", "--name-encoding", "latin1", in: scratch)
    #expect(try Tool.succeed("cat", "latin.zarr", "d/fÃ¼rü", in: scratch).text == "1")
    #expect(try Tool.succeed("cat", "latin.zarr", "d/ÿþ", in: scratch).text == "2")
    let other = try #require(fopen(path("tree/d", Array("ÿþ".utf8)), "w"))
    fclose(other)
    try Tool.fail(
      "import", "tree", "-o", "other.zarr", "--name-encoding", "latin1", in: scratch, saying: "two names")
  }

  @Test("What is no file that can be stored is counted")
  func leftOut() throws {
    try scratch.write("1", to: "tree/file")
    try scratch.write("#!", to: "tree/script")
    chmod(scratch.path("tree/script"), 0o755)
    mkfifo(scratch.path("tree/pipe"), 0o600)
    for name in ["one", "two"] {
      try FileManager.default.createDirectory(
        atPath: scratch.path("tree/\(name)"), withIntermediateDirectories: true)
    }
    try scratch.write("own", to: "tree/.data.zarr.import.json.x")

    let outcome = try Tool.run(["import", "tree", "-o", "tree/data.zarr"], in: scratch)
    #expect(
      outcome.errors
        == "zvlen: note: not stored: 1 pipe, socket or device, 2 directories without files, 1 permission to execute\n"
    )
    #expect(outcome.exitCode == 0)
    #expect(
      try Tool.succeed("ls", "-r", "tree/data.zarr", in: scratch).lines
        == [".data.zarr.import.json.x", "file", "script"])
    try scratch.write("own", to: "tree/.data.zarr.0123456789abcdef.partial")
    try scratch.write("own", to: "tree/.data.zarr.import.json")
    let again = try Tool.run(
      ["import", "tree", "-o", "tree/data.zarr", "--append", "--existing", "skip"], in: scratch)
    #expect(again.errors.contains("left as is: 3 files"))
    #expect(try Tool.succeed("ls", "-r", "tree/data.zarr", in: scratch).lines.count == 3)
  }

  @Test("Files that are there are replaced only if that is asked for")
  func overwritingFiles() throws {
    try scratch.write("new", to: "tree/a")
    try scratch.write("old", to: "again/a")
    try scratch.write("other", to: "again/b")
    try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)

    try Tool.fail("export", "data.zarr", "-o", "again", in: scratch, saying: "--overwrite")
    #expect(try scratch.read("again/a") == Array("old".utf8))
    try Tool.succeed("export", "data.zarr", "-o", "again", "--overwrite", in: scratch)
    #expect(
      try scratch.files(below: "again") == ["a": Array("new".utf8), "b": Array("other".utf8)])
  }

  @Test("A group without files is refused, with its members named")
  func otherGroup() throws {
    let store = try FileStore(creating: scratch.path("group.zarr"))
    _ = try ZarrGroup.create(in: store)
    try ZarrArray.create(in: store, at: "names", writing: ["a"])

    try Tool.fail("export", "group.zarr", "-o", "again", in: scratch, saying: "blobs and paths")
    try Tool.fail("dump", "group.zarr", in: scratch, saying: "group.zarr/names")
  }
}
