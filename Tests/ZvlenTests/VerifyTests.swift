import Foundation
import Testing
import Zarr

@Suite("verify")
struct VerifyTests {
  private let scratch: ScratchDirectory

  init() throws {
    scratch = try ScratchDirectory()
  }

  private func makeArray(checksum: Bool) throws {
    let lines = (0..<100).map { "element \($0)\n" }.joined()
    let options = checksum ? [] : ["--no-checksum"]
    let outcome = try Tool.run(
      ["import", "-", "-o", "data.zarr", "--chunk-count", "10"] + options, in: scratch,
      input: Array(lines.utf8))
    #expect(outcome.exitCode == 0)
  }

  @Test("A sound array is a line and success")
  func sound() throws {
    try makeArray(checksum: true)

    let outcome = try Tool.succeed("verify", "data.zarr", in: scratch)

    #expect(outcome.lines == ["ok: data.zarr: 10 chunks, 100 elements"])
  }

  @Test("The closing line counts each element and stored byte once", arguments: [[], ["--deep"]])
  func report(options: [String]) throws {
    for number in 0..<10 { try scratch.write(String(repeating: "x", count: 100), to: "tree/\(number)") }
    try Tool.succeed("import", "tree", "-o", "data.zarr", "--chunk-count", "3", in: scratch)
    let outcome = try Tool.succeed(["verify", "data.zarr", "--json"] + options, in: scratch)
    let line = try #require(outcome.lines.last)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    // Contents, paths, and two indices of 8 bytes an element.
    #expect(report["elements"] as? Int == 40)
    #expect(report["element_bytes"] as? Int == 1000 + 10 + 160)
    let chunks = try scratch.files(below: "data.zarr").filter { $0.key.contains("/c/") }
    #expect(report["stored_bytes"] as? Int == chunks.values.reduce(0) { $0 + $1.count })
    #expect(outcome.report.hasPrefix("zvlen: done: checked 40 elements, 1.2 kB, in "))
  }

  @Test("An import says what it has stored, once, and so does a copy of what is stored")
  func storedByteCounts() throws {
    for number in 0..<10 { try scratch.write(String(repeating: "x", count: 100), to: "tree/\(number)") }
    func report(_ arguments: String...) throws -> [String: Any] {
      let outcome = try Tool.succeed(arguments, in: scratch)
      let line = try #require(outcome.lines.last)
      return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    func stored(_ name: String) throws -> Int {
      let chunks = try scratch.files(below: name).filter { "/\($0.key)".contains("/c/") }
      return chunks.values.reduce(0) { $0 + $1.count }
    }
    let imported = try report("import", "tree", "-o", "data.zarr", "--chunk-count", "4", "--json")
    #expect(try imported["stored_bytes"] as? Int == stored("data.zarr/blobs") + stored("data.zarr/paths"))
    for options in [[], ["--validate"]] {
      let copied = try report(
        "copy", "data.zarr", "copy\(options.count).zarr", "--json", options.first ?? "--quiet")
      #expect(copied["elements"] as? Int == 40)
      #expect(try copied["stored_bytes"] as? Int == stored("data.zarr"))
      #expect(copied["element_bytes"] is NSNull)
    }
    let outcome = try Tool.succeed("copy", "data.zarr", "third.zarr", in: scratch)
    #expect(outcome.report.hasPrefix("zvlen: done: copied 40 elements, "))
    #expect(outcome.report.contains(" as they are stored, in ") && !outcome.report.contains("ratio"))
  }

  @Test("Files without bytes have no bytes, also in the closing line")
  func emptyFiles() throws {
    for number in 0..<3 { try scratch.write("", to: "tree/\(number)") }
    let imported = try Tool.succeed("import", "tree", "-o", "data.zarr", in: scratch)
    #expect(imported.report.hasPrefix("zvlen: done: imported 3 files, 0 bytes, in "))
    let copied = try Tool.succeed("copy", "data.zarr", "copy.zarr", "--codec", "none", in: scratch)
    #expect(!copied.report.contains("as they are stored"))
  }

  @Test("Every damaged chunk is a line with its key and the reason")
  func damage() throws {
    try makeArray(checksum: true)
    var flipped = try scratch.read("data.zarr/c/2")
    flipped[flipped.count / 2] ^= 1
    try scratch.write(flipped, to: "data.zarr/c/2")
    try scratch.write(Array(try scratch.read("data.zarr/c/7").dropLast()), to: "data.zarr/c/7")
    try scratch.write([], to: "data.zarr/c/9")

    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.errors == "")
    let lines = outcome.lines.sorted()
    try #require(lines.count == 3)
    #expect(lines[0].hasPrefix("damaged: data.zarr/c/2: ") && lines[0].contains("checksum"))
    #expect(lines[1].hasPrefix("damaged: data.zarr/c/7: ") && lines[1].contains("checksum"))
    #expect(lines[2].hasPrefix("damaged: data.zarr/c/9: "))
  }

  @Test("A chunk that is cut short is found without a checksum too")
  func truncation() throws {
    try makeArray(checksum: false)
    try scratch.write(Array(try scratch.read("data.zarr/c/0").dropLast()), to: "data.zarr/c/0")

    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.lines.count == 1 && outcome.text.hasPrefix("damaged: data.zarr/c/0: zstd"))
  }

  @Test("Text that is not UTF-8 is damage")
  func invalidText() throws {
    // A chunk of two elements, the second of which is no text: counts and lengths in little endian.
    let store = try FileStore(creating: scratch.path("data.zarr"))
    _ = try ZarrArray.create(
      in: store, shape: [2],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(2), compressors: []))
    try scratch.write([2, 0, 0, 0, 1, 0, 0, 0, 0x61, 1, 0, 0, 0, 0xFF], to: "data.zarr/c/0")

    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.lines == ["damaged: data.zarr/c/0: element 1 is not well-formed UTF-8"])
    let dump = try Tool.run(["dump", "data.zarr"], in: scratch)
    #expect(dump.exitCode == 1)
    #expect(dump.lines == ["\"a\"", "{\"base64\":\"/w==\"}"])
    #expect(dump.errors.contains("element 1 is not UTF-8"))
  }

  @Test("All arrays of a group are verified, past the first that is damaged")
  func group() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    for path in ["a", "b/c", "d"] {
      try ZarrArray.create(in: store, at: path, writing: ["x", "y"])
    }
    try scratch.write([1, 2, 3], to: "root.zarr/a/c/0")
    try scratch.write("{", to: "root.zarr/d/zarr.json")

    let outcome = try Tool.run(["verify", "root.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    try #require(outcome.lines.count == 3)
    #expect(outcome.lines[0].hasPrefix("damaged: root.zarr/a/c/0: "))
    #expect(outcome.lines[1] == "ok: root.zarr/b/c: 1 chunk, 2 elements")
    #expect(outcome.lines[2].hasPrefix("damaged: root.zarr/d: "))
  }

  @Test("Contents and paths of different numbers are damage")
  func unequalArrays() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    try ZarrArray.create(in: store, at: "blobs", blobs: [[1], [2]] as [[UInt8]])
    try ZarrArray.create(in: store, at: "paths", writing: ["x"])

    let outcome = try Tool.run(["verify", "root.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    #expect(outcome.lines.last?.contains("1 element without a path") == true)
    let export = try Tool.run(["export", "root.zarr", "-o", "again"], in: scratch)
    #expect(export.exitCode == 0)
    #expect(export.errors.contains("1 element of root.zarr/blobs"))
    #expect(try scratch.files(below: "again") == ["x": [1]])
  }

  @Test("Reading a damaged chunk says which one it is, and how to find the others")
  func reading() throws {
    try makeArray(checksum: true)
    try scratch.write([1, 2, 3, 4, 5], to: "data.zarr/c/4")

    try Tool.fail("cat", "data.zarr", "41", in: scratch, saying: "data.zarr/c/4")
    try Tool.fail("info", "data.zarr", in: scratch, saying: "zvlen verify")
    try Tool.fail("export", "data.zarr", "-o", "lines.txt", in: scratch, saying: "data.zarr/c/4")
    #expect(try scratch.names() == ["data.zarr"])
    #expect(try Tool.succeed("cat", "data.zarr", "39", in: scratch).text == "element 39")
  }

  @Test("Each damaged inner chunk of a shard is a line")
  func innerChunks() throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    try ZarrArray.create(
      in: store, writing: (0..<40).map { [UInt8]([$0]) },
      options: ArrayOptions(chunkSize: .rows(10), shardSize: .rows(40), compressors: [.crc32c]))
    var shard = try scratch.read("data.zarr/c/0")
    // Inner chunks of 4 + 10 · 5 + 4 bytes.
    for position in [1, 3] { shard[position * 58 + 8] ^= 1 }
    try scratch.write(shard, to: "data.zarr/c/0")

    let outcome = try Tool.run(["verify", "data.zarr"], in: scratch)

    #expect(outcome.exitCode == 1)
    let lines = outcome.lines.sorted()
    try #require(lines.count == 2)
    #expect(lines[0].hasPrefix("damaged: data.zarr/c/0: inner chunk 1: "))
    #expect(lines[1].hasPrefix("damaged: data.zarr/c/0: inner chunk 3: "))
  }

  @Test("With --deep what should not be there is a note, and no damage")
  func strays() throws {
    try makeArray(checksum: true)
    try scratch.write(try scratch.read("data.zarr/c/0"), to: "data.zarr/c/10")
    try scratch.write("x", to: "data.zarr/c/README")
    try scratch.write("x", to: "data.zarr/c/.3.0123456789abcdef.partial")

    let outcome = try Tool.succeed("verify", "--deep", "data.zarr", in: scratch)

    #expect(
      outcome.lines == [
        "ok: data.zarr: 10 chunks, 100 elements",
        "note: data.zarr/c/10 is a chunk outside of the shape [100] of its array",
        "note: data.zarr/c/README is not a chunk of its array",
        "note: data.zarr/c/.3.0123456789abcdef.partial is a temporary or lock file of a writer",
      ])
    #expect(try Tool.succeed("verify", "data.zarr", in: scratch).lines.count == 1)
  }

  @Test("With --deep values that belong to no node of a hierarchy are notes, and so is a missing end")
  func hierarchy() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    for path in ["a", "b/c"] { try ZarrArray.create(in: store, at: path, writing: ["x", "y"]) }
    let array = try ZarrArray.create(
      in: store, at: "v2", writing: ["x", "y", "z"], options: ArrayOptions(chunkSize: .rows(1)))
    try array.resize(to: [7])
    try scratch.write("x", to: "root.zarr/b/notes.txt")
    try scratch.write("x", to: "root.zarr/lost/c/0")

    let outcome = try Tool.succeed("verify", "--deep", "root.zarr", in: scratch)

    #expect(
      outcome.lines == [
        "ok: root.zarr/a: 1 chunk, 2 elements", "ok: root.zarr/b/c: 1 chunk, 2 elements",
        "ok: root.zarr/v2: 3 chunks, 7 elements",
        "note: root.zarr/v2: nothing is stored of its elements from row 3 on, of 7",
        "note: root.zarr/b/notes.txt belongs to no array or group",
        "note: root.zarr/lost/c/0 belongs to no array or group",
      ])
  }

  @Test("With --deep an array of every layout is encoded again", arguments: [2, 3])
  func encoding(version: Int) throws {
    let store = try FileStore(creating: scratch.path("data.zarr"))
    let format = try #require(ZarrFormat(rawValue: version))
    try ZarrArray.create(
      in: store, writing: (0..<20).map(Double.init), shape: [5, 4],
      options: ArrayOptions(
        chunkSize: .shape([2, 3]), shardSize: version == 3 ? .shape([4, 6]) : nil, compressors: [.gzip()],
        zarrFormat: format))

    let outcome = try Tool.succeed("verify", "--deep", "data.zarr", in: scratch)

    #expect(outcome.lines == ["ok: data.zarr: \(version == 3 ? 2 : 6) chunks, 20 elements"])
  }

  @Test("What is not supported, or may not be read, is not checked, and the others are")
  func unchecked() throws {
    let store = try FileStore(creating: scratch.path("root.zarr"))
    _ = try ZarrGroup.create(in: store)
    for path in ["a", "codec", "link", "pickle", "type", "z"] {
      try ZarrArray.create(in: store, at: path, writing: ["x", "y"], options: ArrayOptions(compressors: []))
    }
    func replace(_ text: String, by other: String, in path: String) throws {
      let document = String(decoding: try scratch.read("root.zarr/\(path)/zarr.json"), as: UTF8.self)
      #expect(document.contains(text))
      try scratch.write(
        document.replacingOccurrences(of: text, with: other), to: "root.zarr/\(path)/zarr.json")
    }
    try replace("\"vlen-utf8\"", by: "\"example.unknown\"", in: "codec")
    try replace("\"string\"", by: "\"example.unknown\"", in: "type")
    try replace("\"vlen-utf8\"", by: "\"numcodecs.pickle\"", in: "pickle")
    try replace("\"string\"", by: "\"object\"", in: "pickle")
    // As a link out of the store, which root may not follow either.
    try FileManager.default.removeItem(atPath: scratch.path("root.zarr/link/c/0"))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("root.zarr/link/c/0"), withDestinationPath: "/etc/hostname")
    let before = try scratch.read("root.zarr/codec/zarr.json")

    for command in ["verify", "repair"] {
      let outcome = try Tool.run([command, "root.zarr"], in: scratch)
      #expect(outcome.exitCode == 2)
      #expect(outcome.errors == "")
      try #require(outcome.lines.count == 6)
      #expect(outcome.lines[0].hasPrefix("ok: root.zarr/a") && outcome.lines[5].hasPrefix("ok: root.zarr/z"))
      for (line, path) in zip(outcome.lines[1...], ["codec", "link", "pickle", "type"]) {
        #expect(line.hasPrefix("not checked: root.zarr/\(path)"), "\(line)")
      }
      #expect(outcome.lines[2].contains("--follow-links"))
    }
    #expect(try scratch.read("root.zarr/codec/zarr.json") == before)
  }
}
