import TestSupport
import Testing
import Zarr

@Suite("Groups")
struct ZarrGroupTests {
  @Test("A group keeps its attributes", arguments: ["", "a", "a/b/c"], ZarrFormat.allCases)
  func attributes(path: String, format: ZarrFormat) throws {
    let store = MemoryStore()
    let attributes: JSONObject = ["title": "é", "nested": [1, .null, ["deep": true]]]
    let created = try ZarrGroup.create(in: store, at: path, attributes: attributes, zarrFormat: format)
    let group = try ZarrGroup.open(in: store, at: path)
    #expect(group.metadata == created.metadata)
    #expect(group.attributes == attributes)
    #expect(group.metadata.zarrFormat == format)
    #expect(group.path == (try NodePath(path)))
  }

  @Test("The document is the one of the specification")
  func document() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, at: "a")
    for key in ["a/zarr.json", "zarr.json"] {
      let document = try storedDocument(at: key, in: store)
      #expect(document == ["zarr_format": 3, "node_type": "group", "attributes": [:]])
    }
  }

  @Test("The documents of Zarr v2 are those of the specification")
  func version2Documents() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, at: "a", attributes: ["x": 1], zarrFormat: .version2)
    #expect(try store.keys() == [".zattrs", ".zgroup", "a/.zattrs", "a/.zgroup"])
    for key in ["a/.zgroup", ".zgroup"] {
      #expect(try storedDocument(at: key, in: store) == ["zarr_format": 2])
    }
    #expect(try storedDocument(at: "a/.zattrs", in: store) == ["x": 1])
    #expect(try storedDocument(at: ".zattrs", in: store) == [:])
  }

  @Test("Groups above are created, and a group that is there is kept unless it is to be overwritten")
  func overwriting() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, at: "a/b", attributes: ["old": true])
    #expect(try store.keys() == ["a/b/zarr.json", "a/zarr.json", "zarr.json"])
    let error = #expect(throws: ZarrError.self) { try ZarrGroup.create(in: store, at: "a/b") }
    guard case .alreadyExists("memory/a/b")? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(try ZarrGroup.open(in: store, at: "a/b").metadata.attributes == ["old": true])
    _ = try ZarrGroup.create(in: store, at: "a", overwrites: true)
    #expect(try store.keys() == ["a/zarr.json", "zarr.json"])
  }

  @Test("A hierarchy has one version of Zarr")
  func mixedFormats() throws {
    let store = MemoryStore()
    let old = try ZarrGroup.create(in: store, at: "a", zarrFormat: .version2)
    for create in [
      { _ = try ZarrGroup.create(in: store, at: "a/b") },
      { _ = try ZarrGroup.create(in: store, at: "c", zarrFormat: .version3) },
    ] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try create() }
      guard case .mixedFormats(_, .version2, .version3)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    #expect(try old.createGroup(at: "b").metadata.zarrFormat == .version2)
    #expect(try store.keys("c") == [])
  }

  @Test("A damaged document is an error that names the group", arguments: ["zarr.json", ".zgroup"])
  func damaged(name: String) throws {
    let store = MemoryStore()
    try store.put(Array("{".utf8), at: "a/\(name)")
    let error = #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store, at: "a") }
    #expect(error?.description.hasPrefix("memory/a") == true)
    #expect(throws: ZarrError.self) { try ZarrGroup.create(in: store, at: "a/b") }
  }

  @Test("Attributes are replaced or merged, and all else in the document stays as it is in the store")
  func changingAttributes() throws {
    let store = MemoryStore()
    try store.putDocument(
      #"""
      {"zarr_format":3,"node_type":"group","attributes":{"a":1,"b":{"c":2}},
       "later":{"must_understand":false},"consolidated_metadata":null}
      """#, at: "zarr.json")
    let group = try ZarrGroup.open(in: store)
    try group.mergeAttributes(["b": 3, "d": NodeText.nan])
    #expect(group.attributes == ["a": 1, "b": 3, "d": NodeText.nan])
    // Another writer sets an attribute meanwhile.
    try ZarrGroup.open(in: store).mergeAttributes(["e": 5])
    try group.mergeAttributes(["a": 0])
    var document = try storedDocument(in: store)
    #expect(document["attributes"] == ["a": 0, "b": 3, "d": NodeText.nan, "e": 5])
    #expect(document["later"] == ["must_understand": false])
    #expect(document["consolidated_metadata"] == .null)
    try group.setAttributes(["new": true])
    document = try storedDocument(in: store)
    #expect(document["attributes"] == ["new": true])
    #expect(document["later"] == ["must_understand": false])
    #expect(try ZarrGroup.open(in: store).metadata == group.metadata)
  }

  @Test("Unknown fields of a group of Zarr v2 survive a change of its attributes")
  func version2Fields() throws {
    let store = MemoryStore()
    try store.putDocument(#"{"zarr_format":2,"later":1}"#, at: ".zgroup")
    try ZarrGroup.open(in: store).setAttributes(["a": 1])
    #expect(try storedDocument(at: ".zgroup", in: store) == ["zarr_format": 2, "later": 1])
    #expect(try storedDocument(at: ".zattrs", in: store) == ["a": 1])
  }

  @Test("A group that was removed or replaced meanwhile is an error, and is not made again")
  func replaced() throws {
    let store = MemoryStore()
    let group = try ZarrGroup.create(in: store, at: "a")
    _ = try ZarrArray.create(
      in: store, at: "a", shape: [1], options: ArrayOptions(chunkSize: .rows(1), overwrites: true))
    #expect(throws: ZarrError.self) { try group.setAttributes([:]) }
    #expect(throws: ZarrError.self) { try group.consolidate() }
    try store.deleteAll("a")
    #expect(throws: ZarrError.self) { try group.setAttributes([:]) }
    #expect(throws: ZarrError.self) { try group.createGroup(at: "b") }
    #expect(try store.keys("a") == [])
  }

  @Test("Threads that change attributes lose none")
  func threads() throws {
    let store = MemoryStore()
    let group = try ZarrGroup.create(in: store)
    try onThreads(8) { thread in
      for round in 0..<10 { try group.mergeAttributes(["\(thread)-\(round)": true]) }
    }
    #expect(try ZarrGroup.open(in: store).attributes.count == 80)
  }
}
