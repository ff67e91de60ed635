import Foundation
import Testing
import Zarr

@Suite("repair")
struct RepairTests {
  private let scratch: ScratchDirectory
  private let lines = (0..<100).map { "element \($0)" }

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func makeArray(shardSize: ChunkSize? = nil) throws {
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), writing: lines,
      options: ArrayOptions(
        chunkSize: .rows(10), shardSize: shardSize, compressors: [.zstd(), .crc32c]))
  }

  private func flipByte(of file: String, at offset: Int) throws {
    var bytes = try scratch.read(file)
    bytes[offset] ^= 0xff
    try scratch.write(bytes, to: file)
  }

  /// The lines that are read when some are gone.
  private func lines(without gone: Range<Int>...) -> [String] {
    lines.indices.map { index in gone.contains { $0.contains(index) } ? "" : lines[index] }
  }

  private func exported() throws -> [String] {
    try Tool.succeed("export", "data.zarr", "-o", "-", in: scratch).text.split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast().map(String.init)
  }

  @Test("Damaged chunks are kept beside the array, and the rest can be read")
  func aside() throws {
    try makeArray()
    try flipByte(of: "data.zarr/c/2", at: 9)
    try scratch.write([1, 2], to: "data.zarr/c/9")
    let damaged = try scratch.read("data.zarr/c/2")

    let outcome = try Tool.succeed("repair", "data.zarr/", in: scratch)

    #expect(outcome.lines.count == 3)
    #expect(outcome.lines[0].hasPrefix("taken out: data.zarr/c/2: ") && outcome.lines[0].contains("checksum"))
    #expect(outcome.lines[1].hasPrefix("taken out: data.zarr/c/9: "))
    #expect(outcome.lines[2] == "ok: data.zarr")
    #expect(try scratch.files(below: "data.zarr.damaged") == ["c/2": damaged, "c/9": [1, 2]])
    #expect(try exported() == lines(without: 20..<30, 90..<100))
    try Tool.succeed("verify", "data.zarr", in: scratch)
    #expect(try Tool.succeed("repair", "data.zarr", in: scratch).lines == ["ok: data.zarr"])
  }

  @Test("With --force nothing is kept")
  func force() throws {
    try makeArray()
    try scratch.write([1, 2], to: "data.zarr/c/0")

    try Tool.succeed("repair", "data.zarr", "--force", in: scratch)

    #expect(try scratch.names() == ["data.zarr"])
    #expect(try exported() == lines(without: 0..<10))
  }

  @Test("Of a shard only the damaged inner chunks are taken out, and the others stay as they are stored")
  func innerChunks() throws {
    try makeArray(shardSize: .rows(50))
    let sound = try scratch.read("data.zarr/c/1")
    // The first inner chunk begins with the shard.
    try flipByte(of: "data.zarr/c/1", at: 5)
    let damaged = try scratch.read("data.zarr/c/1")

    let outcome = try Tool.succeed("repair", "data.zarr", "--aside", "kept", in: scratch)

    #expect(outcome.lines.count == 2)
    #expect(outcome.lines[0].hasPrefix("taken out: data.zarr/c/1: inner chunk 0: "))
    #expect(try scratch.files(below: "kept") == ["c/1": damaged])
    #expect(try exported() == lines(without: 50..<60))
    // The bytes between the first inner chunk and the index did not change.
    let repaired = try scratch.read("data.zarr/c/1")
    let indexByteCount = 5 * 16 + 4
    let data = repaired.dropLast(indexByteCount)
    #expect(!data.isEmpty && sound.dropLast(indexByteCount).suffix(data.count).elementsEqual(data))
  }

  @Test("A shard with a damaged index goes as a whole")
  func shards() throws {
    try makeArray(shardSize: .rows(50))
    let count = try scratch.read("data.zarr/c/0").count
    try flipByte(of: "data.zarr/c/0", at: count - 1)

    try Tool.succeed("repair", "data.zarr", in: scratch)

    #expect(try exported() == lines(without: 0..<50))
  }

  @Test("What was kept before stays, and the line says where the new one is")
  func twice() throws {
    try makeArray()
    for (number, bytes) in ([[1], [2], [2], [3]] as [[UInt8]]).enumerated() {
      try scratch.write(bytes, to: "data.zarr/c/0")
      let outcome = try Tool.succeed("repair", "data.zarr", in: scratch)
      // The same bytes are no other version.
      let place = ["", "; kept as data.zarr.damaged/c/0-2", "; kept as data.zarr.damaged/c/0-2"]
      #expect(outcome.lines[0].hasSuffix(number < 3 ? place[number] : "; kept as data.zarr.damaged/c/0-3"))
    }
    #expect(try scratch.files(below: "data.zarr.damaged") == ["c/0": [1], "c/0-2": [2], "c/0-3": [3]])
  }

  @Test(
    "A copy that is there already, as one that was stopped leaves it, is no obstacle", arguments: [1, 50])
  func again(shardChunkCount: Int) throws {
    try makeArray(shardSize: shardChunkCount == 1 ? nil : .rows(shardChunkCount))
    try flipByte(of: "data.zarr/c/0", at: 5)
    let damaged = try scratch.read("data.zarr/c/0")
    try scratch.write(damaged, to: "data.zarr.damaged/c/0")

    let outcome = try Tool.succeed("repair", "data.zarr", in: scratch)

    #expect(outcome.lines.count == 2 && !outcome.text.contains("kept as"))
    #expect(try scratch.files(below: "data.zarr.damaged") == ["c/0": damaged])
    #expect(try exported() == lines(without: 0..<10))
  }

  @Test("What cannot be kept is not taken out")
  func unkept() throws {
    try makeArray()
    try scratch.write([1], to: "data.zarr/c/0")
    try scratch.write([], to: "data.zarr.damaged")

    let outcome = try Tool.run(["repair", "data.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.lines.count == 2)
    #expect(outcome.lines[0].hasPrefix("damaged: data.zarr/c/0: "))
    #expect(outcome.lines[1].hasPrefix("not taken out: "))
    #expect(try scratch.read("data.zarr/c/0") == [1])
  }

  @Test(
    "The directory for what is taken out is no part of what is stored",
    arguments: ["data.zarr", "data.zarr/kept", "data.zarr/c", ".", "other.zarr", "other.zarr/c"])
  func asides(path: String) throws {
    try makeArray()
    try ZarrArray.create(in: FileStore(creating: scratch.path("other.zarr")), writing: ["x"])
    try scratch.write([1], to: "data.zarr/c/0")
    let before = try scratch.files(below: ".")

    try Tool.fail("repair", "data.zarr", "--aside", path, in: scratch, saying: "name another directory")

    #expect(try scratch.files(below: ".") == before)
  }

  @Test(
    "A chunk above the limits is left alone, also in a shard, and both commands say why", arguments: [2, 3])
  func limits(version: Int) throws {
    let format = try #require(ZarrFormat(rawValue: version))
    let store = try FileStore(creating: scratch.path("root.zarr"))
    _ = try ZarrGroup.create(in: store, zarrFormat: format)
    let elements = (0..<20).map { [UInt8](repeating: UInt8($0), count: $0 == 7 ? 100_000 : 10) }
    for (name, shardSize) in [("plain", nil), ("sharded", .rows(10))] as [(String, ChunkSize?)]
    where shardSize == nil || version == 3 {
      try ZarrArray.create(
        in: store, at: name, writing: elements,
        options: ArrayOptions(chunkSize: .rows(5), shardSize: shardSize, zarrFormat: format))
    }
    let before = try scratch.files(below: "root.zarr")

    for command in [["verify", "--deep"], ["verify"], ["repair"], ["repair", "--force"]] {
      let outcome = try Tool.run(command + ["root.zarr", "--chunk-limit", "10000"], in: scratch)
      #expect(outcome.exitCode == 2)
      #expect(outcome.errors == "")
      #expect(outcome.lines.count == version - 1)
      for line in outcome.lines {
        #expect(line.hasPrefix("not checked: root.zarr/") && line.contains("limit"))
        #expect(line.hasSuffix("--chunk-limit allows more"))
      }
    }
    #expect(try scratch.files(below: "root.zarr") == before)
    try Tool.succeed("verify", "root.zarr", in: scratch)
    for arguments in [["cat", "root.zarr/plain", "6"], ["dump", "root.zarr/plain"]] {
      let outcome = try Tool.run(
        arguments + ["--replace-damaged", "--chunk-limit", "10000"], in: scratch)
      #expect(outcome.exitCode == 1)
      #expect(outcome.errors.contains("--chunk-limit allows more"))
    }
  }

  @Test("Of a shard the damaged inner chunks are taken out, and those above the limits stay")
  func limitsBesideDamage() throws {
    let elements = (0..<20).map { [UInt8](repeating: UInt8($0), count: $0 == 17 ? 100_000 : 10) }
    try ZarrArray.create(
      in: FileStore(creating: scratch.path("data.zarr")), writing: elements,
      options: ArrayOptions(chunkSize: .rows(5), shardSize: .rows(20), compressors: [.crc32c]))
    try flipByte(of: "data.zarr/c/0", at: 9)

    let outcome = try Tool.run(["repair", "data.zarr", "--chunk-limit", "10000"], in: scratch)

    #expect(outcome.exitCode == 2)
    #expect(outcome.lines.count == 2)
    #expect(outcome.lines.contains { $0.hasPrefix("not checked: data.zarr/c/0: inner chunk 3: ") })
    #expect(outcome.lines.contains { $0.hasPrefix("taken out: data.zarr/c/0: inner chunk 0: ") })
    let array = try ZarrArray.open(in: FileStore(opening: scratch.path("data.zarr")))
    #expect(
      try array.read(as: [UInt8].self) == [[UInt8]](repeating: [], count: 5) + Array(elements.dropFirst(5)))
  }

  @Test("All arrays of a group are repaired, and damaged metadata is reported")
  func group() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    for path in ["a", "b/c", "d"] {
      try ZarrArray.create(in: store, at: path, writing: ["x", "y"])
    }
    try scratch.write([1, 2, 3], to: "root.zarr/b/c/c/0")
    try scratch.write("{", to: "root.zarr/d/zarr.json")

    let outcome = try Tool.run(["repair", "root.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.lines.count == 4)
    #expect(outcome.lines[0] == "ok: root.zarr/a")
    #expect(outcome.lines[1].hasPrefix("taken out: root.zarr/b/c/c/0: "))
    #expect(outcome.lines[3].hasPrefix("damaged: root.zarr/d: "))
    #expect(try scratch.files(below: "root.zarr.damaged").keys.sorted() == ["b/c/c/0"])
  }
}
