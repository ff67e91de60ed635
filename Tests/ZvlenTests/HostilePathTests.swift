import Foundation
import Testing
import Zarr

@Suite("Paths that lead elsewhere")
struct HostilePathTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// Writes a group of files with unchecked paths.
  private func makeGroup(paths: [String]) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    _ = try ZarrGroup.create(in: store)
    try ZarrArray.create(in: store, at: "paths", writing: paths)
    try ZarrArray.create(in: store, at: "blobs", writing: paths.map { _ in [UInt8](repeating: 1, count: 3) })
  }

  @Test(
    "Such a path is an error before anything is written",
    arguments: [
      "../evil", "/abs", "", "a/../../b", "a//b", "..", ".", "a/..", "./a", "a/", "/", "a\0b", "//evil",
    ])
  func refusal(path: String) throws {
    try makeGroup(paths: ["good", path])

    try Tool.fail("export", "data.zarr", "-o", "inner/again", in: scratch, saying: "element 1")

    #expect(try scratch.names() == ["data.zarr", "inner"])
    #expect(try scratch.files(below: "inner").isEmpty)
  }

  @Test("Paths that are not stored are not counted one by one", arguments: ["", "x"])
  func unstored(fillValue: String) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    _ = try ZarrGroup.create(in: store)
    for name in ["paths", "blobs"] {
      let array = try ZarrArray.create(in: store, at: name, writing: ["good"])
      try array.resize(to: [1 << 62])
    }
    let metadata = String(decoding: try scratch.read("data.zarr/paths/zarr.json"), as: UTF8.self)
    try scratch.write(
      metadata.replacing(/"fill_value": *""/, with: "\"fill_value\":\"\(fillValue)\""),
      to: "data.zarr/paths/zarr.json")
    try scratch.write("new", to: "tree/new")

    try Tool.fail("export", "data.zarr", "-o", "again", in: scratch, saying: "data.zarr/paths: ")
    #expect(try scratch.files(below: "again").isEmpty)
    let partial = try Tool.run(["export", "data.zarr", "-o", "again", "--replace-damaged"], in: scratch)
    #expect(try scratch.files(below: "again").keys.sorted() == (fillValue.isEmpty ? ["good"] : []))
    #expect(partial.exitCode == (fillValue.isEmpty ? 0 : 1))
    let append = try Tool.run(["import", "tree", "-o", "data.zarr", "--append"], in: scratch)
    #expect(append.exitCode == (fillValue.isEmpty ? 0 : 1), "\(append.errors)")
  }

  @Test("Names that only look like it are names", arguments: ["..a", "...", "a..", " ", "~", "a\\..\\b"])
  func harmless(path: String) throws {
    try makeGroup(paths: [path])

    try Tool.succeed("export", "data.zarr", "-o", "again", in: scratch)

    #expect(try scratch.files(below: "again") == [path: [1, 1, 1]])
  }

  @Test("Links in the directory are not followed", arguments: [false, true])
  func links(overwrites: Bool) throws {
    try makeGroup(paths: ["link/file"])
    try scratch.write("untouched", to: "outside/file")
    try FileManager.default.createDirectory(atPath: scratch.path("again"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("again/link"), withDestinationPath: "../outside")

    let outcome = try Tool.run(
      ["export", "data.zarr", "-o", "again"] + (overwrites ? ["--overwrite"] : []), in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("again/link is a link"))
    #expect(try scratch.read("outside/file") == Array("untouched".utf8))
  }

  @Test("A link in place of a file is replaced, and not written through")
  func linkInPlaceOfFile() throws {
    try makeGroup(paths: ["file"])
    try scratch.write("untouched", to: "outside")
    try FileManager.default.createDirectory(atPath: scratch.path("again"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("again/file"), withDestinationPath: "../outside")

    try Tool.fail("export", "data.zarr", "-o", "again", in: scratch, saying: "exists already")
    try Tool.succeed("export", "data.zarr", "-o", "again", "--overwrite", in: scratch)

    #expect(try scratch.read("outside") == Array("untouched".utf8))
    #expect(try scratch.files(below: "again") == ["file": [1, 1, 1]])
  }

  @Test(
    "A file that stands where another one needs a directory is an error before anything is written",
    arguments: [["a", "a/b"], ["z", "a/b/c", "a/b"], ["d/é/x/y", "q", "d/é"]])
  func fileInPlaceOfDirectory(paths: [String]) throws {
    try makeGroup(paths: paths)

    try Tool.fail("export", "data.zarr", "-o", "again", in: scratch, saying: "cannot be in one directory")

    #expect(try scratch.files(below: "again").isEmpty)
  }

  @Test("Paths that are there twice are an error before anything is written")
  func duplicates() throws {
    try makeGroup(paths: ["a", "b", "c/d", "b"])

    try Tool.fail(
      "export", "data.zarr", "-o", "again", in: scratch,
      saying: "element 1 and element 3 have the same path \"b\", and no file is written")

    #expect(try scratch.files(below: "again").isEmpty)
  }

  @Test("Paths that differ only in case are reported and written")
  func cases() throws {
    try makeGroup(paths: ["a", "Dir/É", "b", "dir/é"])

    let outcome = try Tool.run(["export", "data.zarr", "-o", "again"], in: scratch)

    #expect(outcome.exitCode == 0)
    #expect(
      outcome.errors
        == "zvlen: note: \"Dir/É\" and \"dir/é\" are one path where case does not count\n")
    #expect(try scratch.files(below: "again").count == 4)
  }

  @Test("Links out of an array are an error unless they are to be followed")
  func linksOfArrays() throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), writing: ["x", "y"],
      options: ArrayOptions(chunkSize: .rows(1)))
    try scratch.write(try scratch.read("data.zarr/c/1"), to: "outside/1")
    try FileManager.default.removeItem(atPath: scratch.path("data.zarr/c/1"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("data.zarr/c/1"), withDestinationPath: "../../outside/1")

    for command in ["cat", "dump", "info", "export"] {
      let others = ["cat": ["0", "1"], "export": ["-o", "-"]][command] ?? []
      let arguments = [command, "data.zarr"] + others
      let outcome = try Tool.run(arguments, in: scratch)
      #expect(outcome.exitCode == 1, "\(command)")
      #expect(outcome.errors.contains("--follow-links"), "\(command): \(outcome.errors)")
      #expect(try Tool.run(arguments + ["--follow-links"], in: scratch).exitCode == 0, "\(command)")
    }
  }
}
