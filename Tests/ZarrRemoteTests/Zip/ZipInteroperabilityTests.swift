import ChunkEngine
import Foundation
import TestSupport
import Testing
import Zarr
import ZarrRemote

/// Archives of zarr-python as it is installed, both ways.
@Suite("Zip archives of other libraries")
struct ZipInteroperabilityTests {
  private let directory: StoreDirectory

  init() throws {
    directory = try StoreDirectory()
  }

  /// What the script says of archives.
  private func said(_ arguments: String...) throws -> [JSONObject] {
    try PythonEnvironment.run("zips.py", arguments).split(separator: "\n").map { line in
      try #require(try JSONParser().parse(Array(line.utf8)).objectValue)
    }
  }

  private func found(_ store: any Store) throws -> JSONObject {
    let root = try ZarrGroup.open(in: store)
    var found = try root.described { $0.description == "run/blobs" }
    let blobs = try root.array(at: "run/blobs").read()
    found["blobs"] = .array(blobs.indices.map { .string(Data(blobs.bytes(at: $0)).base64EncodedString()) })
    return found
  }

  @Test("What zarr-python writes is read here, stored and deflated", arguments: [[], ["deflate"]])
  func reading(options: [String]) throws {
    let path = directory.path("theirs.zip")
    let expected = try PythonEnvironment.run("zips.py", ["write", path] + options)
    let object = try #require(try JSONParser().parse(Array(expected.utf8)).objectValue)
    #expect(object["nodes"]?.arrayValue?.count == 7)
    #expect(try found(ZipStore(path)) == object)
    // Added to here, which leaves no duplicates, and read there again.
    let store = try ZipStore(path, for: .adding)
    let root = try ZarrGroup.open(in: store)
    try root.createArray(at: "run/added", writing: ["é", "", "x"])
    try root.consolidate()
    try store.finish()
    #expect(try said("read", path) == [try found(ZipStore(path))])
  }

  @Test("What is written here is read by zarr-python: groups, shards, text and bytes, consolidated and not")
  func writing() throws {
    let path = directory.path("ours.zip")
    let store = try ZipStore(path, for: .replacing)
    let root = try ZarrGroup.create(in: store, attributes: ["title": "é", "list": [1, .null]])
    try root.createGroup(at: "empty")
    try root.createGroup(at: "run", attributes: ["x": ["y": true]])
    try root.createArray(at: "names", writing: ["a", "", "é\n"])
    let blobs =
      [[], [0, 255], Array("PK\u{5}\u{6}".utf8)] as [[UInt8]]
    try root.createArray(at: "run/blobs", writing: blobs)
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(7), shardSize: .rows(70))
    let shards = try root.createArray(at: "run/shards", shape: [300], options: options)
    try shards.write((0..<300).map { String(repeating: "label \($0)", count: $0 % 5) })
    // A value whose size is not known when it begins.
    try store.put([UInt8](repeating: 7, count: 20_000_000), at: "run/blobs/large")
    try store.finish()
    #expect(try said("read", path) == [try found(ZipStore(path))])
    let again = try ZipStore(path, for: .adding)
    try ZarrGroup.open(in: again).consolidate()
    try again.finish()
    let consolidated = try found(ZipStore(path))
    #expect(consolidated["consolidated"] == true)
    #expect(try said("read", path) == [consolidated])
  }
}
