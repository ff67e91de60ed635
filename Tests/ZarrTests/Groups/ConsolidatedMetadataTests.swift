import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Consolidated metadata")
struct ConsolidatedMetadataTests {
  /// A store with a group `g` and arrays `a` and `g/b`, of which nothing is consolidated.
  private func makeStore() throws -> MemoryStore {
    let store = MemoryStore()
    let root = try ZarrGroup.create(in: store, attributes: ["title": 1])
    try root.createArray(
      at: "a", writing: ["x", "y", "z"],
      options: ArrayOptions(dataType: .string, chunkSize: .rows(2), attributes: ["n": NodeText.nan]))
    try root.createArray(at: "g/b", writing: ["b"])
    return store
  }

  private func paths(_ group: ZarrGroup) throws -> [String] {
    var paths: [String] = []
    try group.walk { entry, _ in paths.append(entry.path.description) }
    return paths
  }

  @Test("Copies are written into the group's document as zarr-python writes them")
  func layout() throws {
    let store = try makeStore()
    let root = try ZarrGroup.open(in: store)
    let others = try ["a/zarr.json", "g/zarr.json", "g/b/zarr.json"].map {
      try storedValue(at: $0, in: store)
    }
    #expect(!root.usesConsolidatedMetadata)
    try root.consolidate()
    #expect(root.usesConsolidatedMetadata)
    let document = try storedDocument(in: store)
    #expect(document["attributes"] == ["title": 1])
    let consolidated = try #require(document["consolidated_metadata"]?.objectValue)
    #expect(consolidated.map(\.key) == ["kind", "must_understand", "metadata"])
    #expect(consolidated["kind"] == "inline")
    #expect(consolidated["must_understand"] == false)
    let copies = try #require(consolidated["metadata"]?.objectValue)
    #expect(copies.map(\.key) == ["a", "g", "g/b"])
    #expect(copies["a"] == .object(try storedDocument(at: "a/zarr.json", in: store)))
    var group = try storedDocument(at: "g/zarr.json", in: store)
    group["consolidated_metadata"] = ["kind": "inline", "must_understand": false, "metadata": [:]]
    #expect(copies["g"] == .object(group))
    // Only this group's document changes.
    #expect(
      try ["a/zarr.json", "g/zarr.json", "g/b/zarr.json"].map { try storedValue(at: $0, in: store) } == others
    )
  }

  @Test("Nodes are found and opened without another look at the store")
  func reading() throws {
    let base = try makeStore()
    try ZarrGroup.open(in: base).consolidate()
    let store = StoreProbe(base)
    let root = try ZarrGroup.open(in: store)
    #expect(root.usesConsolidatedMetadata)
    #expect(try paths(root) == ["a", "g", "g/b"])
    #expect(try root.children().map(\.kind) == [.array, .group])
    let group = try root.group(at: "g")
    #expect(group.usesConsolidatedMetadata)
    #expect(try paths(group) == ["g/b"])
    let array = try root.array(at: "a")
    #expect(array.metadata == (try ZarrArray.open(in: base, at: "a").metadata))
    #expect(store.calls == [.read(try StoreKey("zarr.json"))])
    #expect(try group.array(at: "b").read().strings() == ["b"])
    // Without copies, the documents count.
    try base.deleteAll("g")
    #expect(try paths(root) == ["a", "g", "g/b"])
    #expect(try paths(ZarrGroup.open(in: base, usingConsolidatedMetadata: false)) == ["a"])
  }

  @Test("An array whose copy is old is written by its own document")
  func writing() throws {
    let store = try makeStore()
    let root = try ZarrGroup.open(in: store)
    try root.consolidate()
    let appender = try Appender(to: ZarrArray.open(in: store, at: "a"))
    try appender.append(blobs: ["1", "2", "3"])
    try appender.finish()

    let array = try root.array(at: "a")
    #expect(array.shape == [3])
    let more = try Appender(to: array)
    try more.append(blobs: ["4"])
    try more.finish()
    #expect(array.shape == [7])
    #expect(try ZarrArray.open(in: store, at: "a").read().strings() == ["x", "y", "z", "1", "2", "3", "4"])

    let other = try root.array(at: "a")
    try other.setAttributes(["new": 1])
    #expect(try ZarrArray.open(in: store, at: "a").shape == [7])
    let third = try root.array(at: "a")
    try third.write(["X"], to: [6..<7])
    #expect(try ZarrArray.open(in: store, at: "a").metadata.attributes == ["new": 1])
    #expect(try ZarrArray.open(in: store, at: "a").read([6..<7]).strings() == ["X"])
  }

  @Test("An array that is another one by now is not written")
  func replacedArray() throws {
    let store = try makeStore()
    let root = try ZarrGroup.open(in: store)
    try root.consolidate()
    let options = ArrayOptions(dataType: .string, chunkSize: .rows(7), overwrites: true)
    let replacement = try ZarrArray.create(in: store, at: "a", writing: ["r"], options: options)
    let array = try root.array(at: "a")
    for change in [
      { try array.write(["w"], to: [0..<1]) }, { try array.resize(to: [9]) },
      { try array.setAttributes([:]) }, { _ = try Appender(to: array) },
    ] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try change() }
      guard case .replaced? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    #expect(try replacement.read().strings() == ["r"])
    try ZarrGroup.open(in: store, usingConsolidatedMetadata: false).remove("a")
    #expect(throws: ZarrError.self) { try array.setAttributes([:]) }
    #expect(try store.keys("a") == [])
  }

  @Test("Consolidating again makes copies true, and removing them leaves none")
  func refreshing() throws {
    let store = try makeStore()
    let root = try ZarrGroup.open(in: store)
    try root.consolidate()
    _ = try ZarrGroup.create(in: store, at: "new/one")
    try store.deleteAll("g")
    #expect(try paths(root) == ["a", "g", "g/b"])
    // What is not among the copies may be there all the same.
    #expect(try root.group(at: "new/one").path.description == "new/one")
    try root.consolidate()
    #expect(try paths(root) == ["a", "new", "new/one"])
    #expect(try paths(ZarrGroup.open(in: store)) == ["a", "new", "new/one"])
    try root.removeConsolidatedMetadata()
    #expect(!root.usesConsolidatedMetadata)
    #expect(try storedDocument(in: store)["consolidated_metadata"] == nil)
    try root.removeConsolidatedMetadata()
    #expect(try !ZarrGroup.open(in: store).usesConsolidatedMetadata)
  }

  @Test("Changes through a group keep its copies true", arguments: ZarrFormat.allCases, [true, false])
  func changes(format: ZarrFormat, isUsed: Bool) throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, zarrFormat: format).createGroup(at: "a/b", attributes: ["x": 1])
    try ZarrGroup.open(in: store).consolidate()
    let root = try ZarrGroup.open(in: store, usingConsolidatedMetadata: isUsed)
    func expectTrue(_ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
      #expect(try paths(root) == expected, sourceLocation: sourceLocation)
      #expect(try paths(ZarrGroup.open(in: store)) == expected, sourceLocation: sourceLocation)
      let actual = try ZarrGroup.open(in: store, usingConsolidatedMetadata: false)
      #expect(try paths(actual) == expected, sourceLocation: sourceLocation)
    }
    try root.createGroup(at: "c/d/e")
    try expectTrue(["a", "a/b", "c", "c/d", "c/d/e"])
    try root.move("a", to: "c/f")
    try expectTrue(["c", "c/d", "c/d/e", "c/f", "c/f/b"])
    #expect(try ZarrGroup.open(in: store).group(at: "c/f/b").attributes == ["x": 1])
    try root.createGroup(at: "c/f", attributes: ["y": 2], overwrites: true)
    try expectTrue(["c", "c/d", "c/d/e", "c/f"])
    try root.remove("c/d")
    try expectTrue(["c", "c/f"])
    if isUsed {
      // The copies of the root, which the group has no part in but uses.
      let group = try root.group(at: "c")
      try group.createGroup(at: "g")
      #expect(try paths(group) == ["c/f", "c/g"])
      #expect(try paths(ZarrGroup.open(in: store)) == ["c", "c/f", "c/g"])
    }
  }

  @Test("Copies of Zarr v2 are in a document of their own")
  func version2() throws {
    let store = MemoryStore()
    let root = try ZarrGroup.create(in: store, attributes: ["t": 1], zarrFormat: .version2)
    try root.createGroup(at: "a/b", attributes: ["x": 1])
    try store.putDocument(#"{"zarr_format":2,"shape":[3]}"#, at: "s/.zarray")
    try root.consolidate()
    #expect(
      try storedDocument(at: ".zmetadata", in: store) == [
        "metadata": [
          ".zgroup": ["zarr_format": 2], ".zattrs": ["t": 1], "a/.zgroup": ["zarr_format": 2],
          "a/.zattrs": [:], "a/b/.zgroup": ["zarr_format": 2], "a/b/.zattrs": ["x": 1],
          "s/.zarray": ["zarr_format": 2, "shape": [3]], "s/.zattrs": [:],
        ],
        "zarr_consolidated_format": 1,
      ])
    try store.delete(try StoreKey("a/b/.zgroup"))
    let opened = try ZarrGroup.open(in: store)
    #expect(try paths(opened) == ["a", "a/b", "s"])
    #expect(try opened.children().map(\.kind) == [.group, .array])
    #expect(try opened.group(at: "a/b").attributes == ["x": 1])
    // The group's own attributes are among them.
    try opened.setAttributes(["t": 2])
    let copies = try storedDocument(at: ".zmetadata", in: store)["metadata"]?.objectValue
    #expect(copies?[".zattrs"] == ["t": 2])
    try opened.removeConsolidatedMetadata()
    #expect(try store.value(of: ".zmetadata") == nil)
    #expect(try paths(ZarrGroup.open(in: store)) == ["a", "s"])
  }

  @Test(
    "Consolidated metadata that cannot be used is an error that says why",
    arguments: [
      (#"{"kind":"sidecar","metadata":{}}"#, "sidecar"), (#"{"metadata":{}}"#, "kind"),
      (#"{"kind":1,"metadata":{}}"#, "kind"), (#"{"kind":"inline"}"#, "metadata"),
      (#"{"kind":"inline","metadata":[]}"#, "metadata"), ("3", "consolidated_metadata"),
      (#"{"kind":"inline","metadata":{"../a":{}}}"#, "../a"),
      (#"{"kind":"inline","metadata":{"a//b":{}}}"#, "a//b"),
      (#"{"kind":"inline","metadata":{"":{}}}"#, "empty"),
    ])
  func unusable(value: String, reason: String) throws {
    let store = MemoryStore()
    try store.putDocument(
      #"{"zarr_format":3,"node_type":"group","consolidated_metadata":\#(value)}"#, at: "zarr.json")
    let error = #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    #expect(throws: ZarrError.self) { try ZarrNode.open(in: store) }
  }

  @Test(
    "Damaged copies of Zarr v2 are errors too",
    arguments: [
      "[]", "{}", #"{"metadata":{}}"#, #"{"metadata":{},"zarr_consolidated_format":2}"#,
      #"{"metadata":1,"zarr_consolidated_format":1}"#,
      #"{"metadata":{"../.zgroup":{}},"zarr_consolidated_format":1}"#,
    ])
  func unusableVersion2(text: String) throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, zarrFormat: .version2)
    try store.putDocument(text, at: ".zmetadata")
    #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store) }
    #expect(throws: Never.self) { try ZarrGroup.open(in: store, usingConsolidatedMetadata: false) }
  }

  @Test("Null is no consolidated metadata, and documents inside are checked when they are used")
  func lenient() throws {
    let store = MemoryStore()
    try store.putDocument(
      #"{"zarr_format":3,"node_type":"group","consolidated_metadata":null}"#, at: "zarr.json")
    #expect(try !ZarrGroup.open(in: store).usesConsolidatedMetadata)
    try store.putDocument(
      """
      {"zarr_format":3,"node_type":"group","consolidated_metadata":{"kind":"inline","metadata":
       {"later/g":\(NodeText.group),"number":1,"type":{"node_type":"x"},"later":\(NodeText.group),
        "unknown":\(NodeText.unknownArray),"good":\(NodeText.array)}}}
      """, at: "zarr.json")
    let root = try ZarrGroup.open(in: store)
    let entries = try root.children()
    #expect(entries.map(\.name) == ["good", "later", "number", "type", "unknown"])
    #expect(entries.map(\.kind) == [.array, .group, nil, nil, .array])
    for name in ["number", "type", "unknown"] {
      let error = #expect(throws: ZarrError.self) { try root.node(at: name) }
      #expect(error?.description.hasPrefix("memory/\(name)") == true)
    }
    #expect(try root.array(at: "good").read().strings() == [])
    #expect(try root.group(at: "later").group(at: "g").path.description == "later/g")
  }

  @Test("Consolidating a hierarchy with a damaged document, or of two versions, is an error that names it")
  func damaged() throws {
    let store = try makeStore()
    let before = try storedValue(at: "zarr.json", in: store)
    for (key, text) in [("g/x/zarr.json", "{"), ("g/x/.zgroup", #"{"zarr_format":2}"#)] {
      try store.putDocument(text, at: key)
      let error = #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store).consolidate() }
      #expect(error?.description.hasPrefix("memory/g/x") == true)
      try store.deleteAll("g/x")
    }
    #expect(try storedValue(at: "zarr.json", in: store) == before)
    // What is not supported here is copied as it is.
    try store.putDocument(NodeText.unknownArray, at: "g/x/zarr.json")
    try ZarrGroup.open(in: store).consolidate()
    #expect(
      try ZarrGroup.open(in: store).group(at: "g").children().last?.fields?["data_type"] == "quaternion")
  }
}
