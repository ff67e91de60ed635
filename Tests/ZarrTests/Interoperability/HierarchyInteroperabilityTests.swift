import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Hierarchies of zarr-python as it is installed, both ways.
@Suite("Hierarchies of other libraries")
struct HierarchyInteroperabilityTests {
  /// What the script says of each hierarchy.
  private func said(_ arguments: String...) throws -> [JSONObject] {
    try PythonEnvironment.run("hierarchies.py", arguments).split(separator: "\n").map { line in
      try #require(try JSONParser().parse(Array(line.utf8)).objectValue)
    }
  }

  /// What this library finds in a hierarchy, in the form of the script.
  private func found(_ root: ZarrGroup) throws -> JSONObject { try root.described() }

  @Test("What zarr-python writes is read here, with its consolidated metadata and without")
  func reading() throws {
    let directory = try StoreDirectory()
    let expected = try said("write", directory.path)
    #expect(expected.map { $0["nodes"]?.arrayValue?.count } == [6, 6])
    let store = try FileStore(opening: directory.path("v3.zarr"))
    #expect(try found(ZarrGroup.open(in: store)) == expected[0])
    var unconsolidated = expected[0]
    unconsolidated["consolidated"] = false
    #expect(try found(ZarrGroup.open(in: store, usingConsolidatedMetadata: false)) == unconsolidated)
    // The same copies, written here.
    let before = try storedDocument(in: store)
    try ZarrGroup.open(in: store).consolidate()
    #expect(try storedDocument(in: store) == before)
  }

  @Test("What is written here is read by zarr-python, with consolidated metadata and without")
  func writing() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path("ours.zarr"))
    let root = try ZarrGroup.create(in: store, attributes: ["title": "é", "list": [1, .null]])
    try root.createGroup(at: "empty")
    try root.createGroup(at: "deep/er", attributes: ["x": ["y": true]])
    try root.createArray(at: "deep/names", writing: ["a", "", "é\n"])
    try root.createArray(at: "a", shape: [0], options: ArrayOptions(dataType: .string, chunkSize: .rows(3)))
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
    try root.consolidate()
    let consolidated = try found(root)
    #expect(consolidated["consolidated"] == true)
    #expect(try said("read", directory.path("ours.zarr")) == [consolidated])
    try root.move("deep", to: "moved/here")
    try root.remove("empty")
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
    try root.removeConsolidatedMetadata()
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
  }

  @Test(
    "What zarr-python reads of a consolidated group is what appends, changes of shape and of attributes have left",
    arguments: [ZarrFormat.version2, .version3])
  func changing(format: ZarrFormat) throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path("ours.zarr"))
    let root = try ZarrGroup.create(in: store, zarrFormat: format)
    for path in ["grown", "deep/shrunk", "deep/named"] {
      try root.createArray(at: path, writing: ["a", "b", "c"], options: ArrayOptions(chunkSize: .rows(2)))
    }
    try root.consolidate()
    // As other processes do, that have not opened the group.
    let appender = try Appender(to: ZarrArray.open(in: store, at: "grown"))
    try appender.append(contentsOf: ["d", "e"])
    try appender.finish()
    try ZarrArray.open(in: store, at: "deep/shrunk").resize(to: [1])
    try ZarrArray.open(in: store, at: "deep/named").setAttributes(["name": "é"])
    let read = try said("read", directory.path("ours.zarr"))
    #expect(read == [try found(ZarrGroup.open(in: store, usingConsolidatedMetadata: true))])
    let nodes = try #require(read[0]["nodes"]?.arrayValue).compactMap(\.objectValue)
    let elements = nodes.map { $0["elements"] }
    #expect(
      elements == [nil, ["a", "b", "c"], ["a"], ["a", "b", "c", "d", "e"]])
    #expect(nodes[1]["attributes"] == ["name": "é"])
    #expect(read[0]["consolidated"] == true)
  }

  @Test("Groups of Zarr v2 that are written here are read by zarr-python")
  func writingVersion2() throws {
    let directory = try StoreDirectory()
    let store = try FileStore(creating: directory.path("ours.zarr"))
    let root = try ZarrGroup.create(in: store, attributes: ["title": "é"], zarrFormat: .version2)
    try root.createGroup(at: "deep/er", attributes: ["x": ["y": true]])
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
    try root.consolidate()
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
    try root.createGroup(at: "deep/down")
    try root.setAttributes(["title": 2])
    #expect(try said("read", directory.path("ours.zarr")) == [try found(root)])
  }
}
