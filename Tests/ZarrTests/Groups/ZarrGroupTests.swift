import TestSupport
import Testing
import Zarr

@Suite("Groups")
struct ZarrGroupTests {
  @Test("A group keeps its attributes", arguments: ["", "a", "a/b/c"])
  func attributes(path: String) throws {
    let store = MemoryStore()
    let attributes: JSONObject = ["title": "é", "nested": [1, .null, ["deep": true]]]
    let created = try ZarrGroup.create(in: store, at: path, attributes: attributes)
    let group = try ZarrGroup.open(in: store, at: path)
    #expect(group.metadata == created.metadata)
    #expect(group.metadata.attributes == attributes)
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

  @Test("A damaged document is an error that names the group")
  func damaged() throws {
    let store = MemoryStore()
    try store.put(Array("{".utf8), at: "a/zarr.json")
    let error = #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store, at: "a") }
    guard case .metadata("memory/a", _)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(throws: ZarrError.self) { try ZarrGroup.create(in: store, at: "a/b") }
  }
}
