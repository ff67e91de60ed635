import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr

@Suite("copy and compare")
struct CopyTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  /// A store with a group `run` and arrays `labels` and `run/numbers`.
  @discardableResult
  private func makeStore(_ format: ZarrFormat = .version3) throws -> ZarrGroup {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    let root = try ZarrGroup.create(in: store, attributes: ["title": "x"], zarrFormat: format)
    try root.createArray(
      at: "labels", writing: (0..<300).map { "label \($0)" }, options: ArrayOptions(chunkSize: .rows(100)))
    try root.createArray(
      at: "run/numbers", blobs: (0..<24).map { [UInt8($0), 0, 0, 0] }, shape: [4, 6],
      options: ArrayOptions(dataType: .number(.int32), chunkSize: .shape([2, 3])))
    return root
  }

  @Test("A hierarchy is copied with other chunks, shards, codecs and names")
  func hierarchy() throws {
    try makeStore().consolidate()
    try Tool.succeed(
      "copy", "data.zarr", "new/copy.zarr", "--validate", "--chunk-bytes", "256", "--shard-bytes", "1KiB",
      "--codec", "gzip:9", "--checksum", in: scratch)

    try Tool.succeed("compare", "data.zarr", "new/copy.zarr", in: scratch)
    let copy = try ZarrGroup.open(in: FileStore(opening: scratch.path("new/copy.zarr")))
    #expect(copy.usesConsolidatedMetadata && copy.attributes == ["title": "x"])
    let labels = try copy.array(at: "labels")
    #expect(labels.chunkShape[0] < 30 && (labels.shardShape?[0] ?? 0) > 3 * labels.chunkShape[0])
    let text = try Tool.succeed("tree", "new/copy.zarr", in: scratch).text
    #expect(text.contains("vlen-utf8 + gzip(level 9) + crc32c"))
    try Tool.succeed("verify", "new/copy.zarr", in: scratch)
    #expect(try scratch.names() == ["data.zarr", "new"])

    try Tool.succeed(
      "copy", "new/copy.zarr/labels", "labels.zarr", "--no-shards", "--type", "bytes", "--data-type-name",
      "variable_length_bytes", "--even-chunks", "--codec", "none", in: scratch)
    let bytes = try ZarrArray.open(in: FileStore(opening: scratch.path("labels.zarr")))
    #expect(bytes.shardShape == nil && bytes.metadata.dataTypeName == "variable_length_bytes")
    try Tool.succeed("compare", "labels.zarr", "data.zarr/labels", in: scratch)
    try Tool.succeed(
      "copy", "data.zarr/run/numbers", "numbers.zarr", "--chunk-shape", "1,3", "--shard-shape", "4,3",
      in: scratch)
    let numbers = try ZarrArray.open(in: FileStore(opening: scratch.path("numbers.zarr")))
    #expect(numbers.chunkShape == [1, 3] && numbers.shardShape == [4, 3])
    #expect(try Tool.succeed("dump", "numbers.zarr", in: scratch).lines == (0..<24).map(String.init))
  }

  @Test("Zarr v2 becomes v3, and v3 v2")
  func versions() throws {
    try makeStore(.version2)
    try Tool.succeed("copy", "data.zarr", "v3.zarr", "--zarr-format", "3", "--validate", in: scratch)
    try Tool.succeed("copy", "v3.zarr", "v2.zarr", "--zarr-format", "2", "--validate", in: scratch)
    try Tool.succeed("compare", "data.zarr", "v3.zarr", in: scratch)
    #expect(try scratch.files(below: "v2.zarr") == scratch.files(below: "data.zarr"))
    #expect(try Tool.succeed("tree", "v3.zarr", in: scratch).text.contains("int32 [4, 6], chunks [2, 3]"))
  }

  @Test("What is there is replaced only on request, and as a whole")
  func existing() throws {
    try makeStore()
    try Tool.succeed("import", "-", "-o", "there.zarr", in: scratch, input: Array("old\n".utf8))
    try Tool.fail("copy", "data.zarr", "there.zarr", in: scratch, saying: "--overwrite replaces it")
    #expect(try Tool.succeed("export", "there.zarr", "-o", "-", in: scratch).text == "old\n")
    try scratch.write([1, 2, 3], to: "data.zarr/labels/c/1")
    try Tool.fail(
      "copy", "data.zarr", "there.zarr", "--overwrite", "--codec", "none", in: scratch,
      saying: "data.zarr/labels/c/1")
    #expect(try Tool.succeed("export", "there.zarr", "-o", "-", in: scratch).text == "old\n")
    try Tool.succeed("copy", "data.zarr", "there.zarr", "--overwrite", in: scratch)
    #expect(try scratch.files(below: "there.zarr") == scratch.files(below: "data.zarr"))
    try scratch.write("mine", to: "files/mine.txt")
    try Tool.fail("copy", "data.zarr", "files", "--overwrite", in: scratch, saying: "not a Zarr array")
    try Tool.fail("copy", "data.zarr", "new/x.zarr", "--validate", in: scratch, saying: "labels/c/1")
    #expect(try scratch.names() == ["data.zarr", "files", "there.zarr"])
  }

  @Test("A place inside of the source, or around it, is refused")
  func nested() throws {
    try makeStore()
    try Tool.fail("copy", "data.zarr", "data.zarr/run/copy", in: scratch, saying: "is inside ")
    try Tool.fail("copy", "data.zarr/run", "data.zarr", "--overwrite", in: scratch, saying: "is inside ")
    try Tool.fail("copy", "data.zarr", "./data.zarr", "--overwrite", in: scratch, saying: "to itself")
    // Beside it in its own hierarchy is fine.
    try Tool.succeed("copy", "data.zarr/run", "data.zarr/again", in: scratch)
    try Tool.succeed("compare", "data.zarr/run", "data.zarr/again", in: scratch)
    try Tool.fail(
      "copy", "data.zarr/run", "data.zarr/old", "--zarr-format", "2", in: scratch,
      saying: "use --zarr-format 3")
  }

  @Test("Pickles are refused with what to do, or left out")
  func pickles() throws {
    try makeStore(.version2)
    try scratch.write(
      #"{"zarr_format":2,"shape":[3],"chunks":[2],"dtype":"|O","fill_value":0,"order":"C","compressor":null,"filters":[{"id":"pickle","protocol":5}]}"#,
      to: "data.zarr/pickled/.zarray")
    let outcome = try Tool.fail("copy", "data.zarr", "copy.zarr", in: scratch, saying: "are never decoded")
    #expect(outcome.errors.contains("--skip-unreadable") && outcome.errors.contains("data.zarr/pickled"))
    let skipping = try Tool.run(["copy", "data.zarr", "copy.zarr", "--skip-unreadable"], in: scratch)
    #expect(skipping.exitCode == 1)
    #expect(skipping.errors.hasPrefix("zvlen: left out: data.zarr/pickled: "))
    let copy = try ZarrGroup.open(in: FileStore(opening: scratch.path("copy.zarr")))
    #expect(try copy.children().map(\.name) == ["labels", "run"])
  }

  @Test(
    "An array with a chunk that cannot be read is an error of a copy, or left out",
    arguments: ["damage", "directory", "damage with --codec"])
  func unreadableChunks(fault: String) throws {
    try makeStore()
    let options =
      fault == "damage with --codec" ? ["--codec", "none"] : fault == "damage" ? ["--chunk-count", "1"] : []
    if fault == "directory" {
      try FileManager.default.removeItem(atPath: scratch.path("data.zarr/labels/c/1"))
      try scratch.write("x", to: "data.zarr/labels/c/1/y")
    } else {
      try scratch.write([1, 2, 3], to: "data.zarr/labels/c/1")
    }
    let copy = ["copy", "data.zarr", "copy.zarr"] + options
    let outcome = try Tool.run(copy, in: scratch)
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.contains("data.zarr/labels/c/1") && outcome.errors.contains("--skip-unreadable"))
    #expect(try scratch.names() == ["data.zarr"])

    let skipping = try Tool.run(copy + ["--skip-unreadable", "--validate"], in: scratch)
    #expect(skipping.exitCode == 1)
    #expect(skipping.errors.hasPrefix("zvlen: left out: data.zarr/labels: "), "\(skipping.errors)")
    #expect(skipping.errors.contains("labels/c/1"))
    let group = try ZarrGroup.open(in: FileStore(opening: scratch.path("copy.zarr")))
    #expect(try group.children().map(\.name) == ["run"])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("copy.zarr/labels")))
    try Tool.succeed("compare", "data.zarr/run", "copy.zarr/run", in: scratch)

    // An array that is copied by itself cannot be left out.
    let array = try Tool.run(
      ["copy", "data.zarr/labels", "labels.zarr", "--skip-unreadable"] + options, in: scratch)
    #expect(array.exitCode == 1)
    #expect(array.errors.hasPrefix("zvlen: error: ") && !array.errors.contains("--skip-unreadable"))
    #expect(try scratch.names() == ["copy.zarr", "data.zarr"])
  }

  @Test("A chunk of a copy that readers would refuse is an error with a way out")
  func unreadableCopy() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    // Byte strings without padding take four bytes more each.
    let array = try ZarrArray.create(
      in: store, shape: [100_000],
      options: ArrayOptions(dataType: .nullTerminatedBytes(byteCount: 1), chunkSize: .rows(100_000)))
    try array.write(blob: [7], at: [5])
    let copy = ["copy", "data.zarr", "copy.zarr", "--type", "bytes", "--chunk-limit", "300KB"]
    let outcome = try Tool.run(copy, in: scratch)
    #expect(outcome.exitCode == 1)
    #expect(outcome.errors.hasPrefix("zvlen: error: copy.zarr/c/0: "), "\(outcome.errors)")
    #expect(outcome.errors.contains("--chunk-count") && outcome.errors.contains("--chunk-limit"))
    #expect(try scratch.names() == ["data.zarr"])
    try Tool.succeed(copy + ["--chunk-count", "10000"], in: scratch)
    try Tool.succeed("verify", "copy.zarr", in: scratch)
  }

  @Test("The first difference is named")
  func differences() throws {
    try makeStore()
    try Tool.succeed("copy", "data.zarr", "copy.zarr", in: scratch)
    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("copy.zarr")), at: "run/numbers")
    try array.write(blob: [9, 9, 9, 9], at: [3, 2])
    for (one, other) in [("data.zarr", "copy.zarr"), ("copy.zarr", "data.zarr")] {
      let outcome = try Tool.run(["compare", one, other], in: scratch)
      #expect(outcome.exitCode == 1 && outcome.errors == "")
      #expect(outcome.text == "\(one) and \(other) differ: element [3, 2] of run/numbers\n")
    }
    try Tool.succeed("compare", "data.zarr/labels", "copy.zarr/labels", in: scratch)
    #expect(
      try Tool.run(["compare", "data.zarr/labels", "copy.zarr/run/numbers"], in: scratch).exitCode == 1)
  }

  @Test("A signal ends a copy, and leaves nothing of it", arguments: [SIGINT, SIGTERM])
  func signals(number: Int32) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: (0..<20_000).map { [UInt8($0 % 256)] }, options: ArrayOptions(chunkSize: .rows(1)))
    let streams = try ScratchDirectory()
    let process = try Tool.start(
      ["copy", "data.zarr", "copy.zarr", "--codec", "gzip"], in: scratch, input: FileHandle.nullDevice,
      streams: streams)
    try Tool.expectInterrupted(process, by: number, in: scratch, streams)
    #expect(try scratch.names() == ["data.zarr"])
  }
}
