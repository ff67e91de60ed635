import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Consolidated metadata around changed nodes")
struct RefreshingTests {
  /// The shape and the attributes of an array by the copies that a group holds.
  private func copy(
    of path: String, in group: String, _ store: any Store
  ) throws -> (shape: [Int], attributes: JSONObject)? {
    let root = try ZarrGroup.open(in: store, at: group)
    guard root.usesConsolidatedMetadata else { return nil }
    var metadata: NodeMetadata?
    try root.walk { entry, _ in
      if entry.path.description == path { metadata = try entry.metadata() }
    }
    guard case .array(let array)? = metadata else { return nil }
    return (array.shape, array.attributes)
  }

  /// Groups the root and `g`, which hold copies, and `g/h`, which holds none, with an array `g/h/a` of 3
  /// elements.
  private func makeStore(_ format: ZarrFormat) throws -> MemoryStore {
    let store = MemoryStore()
    let root = try ZarrGroup.create(in: store, zarrFormat: format)
    try root.createArray(at: "g/h/a", writing: ["x", "y", "z"])
    try root.createArray(at: "other", writing: ["o"])
    try ZarrGroup.open(in: store, at: "g").consolidate()
    try root.consolidate()
    return store
  }

  @Test(
    "An append, a new shape and new attributes reach the copies of all groups above",
    arguments: ZarrFormat.allCases)
  func arrays(format: ZarrFormat) throws {
    let store = try makeStore(format)
    let array = try ZarrArray.open(in: store, at: "g/h/a")
    let appender = try Appender(to: array)
    try appender.append(blobs: ["1", "2"])
    try appender.checkpoint()
    for group in ["", "g"] { #expect(try copy(of: "g/h/a", in: group, store)?.shape == [5]) }
    try appender.append(blobs: ["3"])
    try appender.finish()
    for group in ["", "g"] { #expect(try copy(of: "g/h/a", in: group, store)?.shape == [6]) }
    try array.resize(to: [2])
    try array.setAttributes(["unit": "m"])
    for group in ["", "g"] {
      let copy = try #require(try copy(of: "g/h/a", in: group, store))
      #expect(copy.shape == [2])
      #expect(copy.attributes == ["unit": "m"])
    }
    #expect(try copy(of: "other", in: "", store)?.shape == [1])
    #expect(try !ZarrGroup.open(in: store, at: "g/h").usesConsolidatedMetadata)
  }

  @Test("Creation, removal, renaming and attributes of groups reach them too", arguments: ZarrFormat.allCases)
  func groups(format: ZarrFormat) throws {
    let store = try makeStore(format)
    func paths(_ group: String) throws -> [String] {
      var paths: [String] = []
      try ZarrGroup.open(in: store, at: group).walk { entry, _ in paths.append(entry.path.description) }
      return paths
    }
    let group = try ZarrGroup.open(in: store, at: "g/h")
    try group.createGroup(at: "new/deep")
    _ = try ZarrArray.create(
      in: store, at: "g/h/b", writing: ["b"], options: ArrayOptions(zarrFormat: format))
    try group.mergeAttributes(["seen": true])
    let expected = ["g/h", "g/h/a", "g/h/b", "g/h/new", "g/h/new/deep"]
    #expect(try paths("") == ["g"] + expected + ["other"])
    #expect(try paths("g") == expected)
    for holder in ["", "g"] {
      #expect(
        try ZarrGroup.open(in: store, at: holder).group(at: holder.isEmpty ? "g/h" : "h").attributes
          == ["seen": true])
    }
    try group.remove("b")
    try group.move("new", to: "old")
    #expect(try paths("") == ["g", "g/h", "g/h/a", "g/h/old", "g/h/old/deep", "other"])
    #expect(try paths("g") == ["g/h", "g/h/a", "g/h/old", "g/h/old/deep"])
    let copied = try ZarrNode.open(in: store, at: "other")
    try copied.copy(to: store, at: "g/copy")
    #expect(try paths("g") == ["g/copy", "g/h", "g/h/a", "g/h/old", "g/h/old/deep"])
  }

  @Test("No change is lost when many change one hierarchy", arguments: ZarrFormat.allCases)
  func manyWriters(format: ZarrFormat) throws {
    let directory = try StoreDirectory()
    let root = try ZarrGroup.create(in: FileStore(creating: directory.path), zarrFormat: format)
    try root.createGroup(at: "shared")
    try root.consolidate()
    let (writerCount, changeCount) = (8, 50)
    try onThreads(writerCount) { writer in
      // Values of their own, as processes have them.
      let store = try FileStore(opening: directory.path)
      let shared = try ZarrGroup.open(in: store, at: "shared")
      let own = try ZarrGroup.open(in: store)
      for change in 0..<changeCount {
        try shared.mergeAttributes(["\(writer)-\(change)": .integer(change)])
        if change.isMultiple(of: 10) { try own.createGroup(at: "w\(writer)-\(change)") }
      }
    }
    let store = try FileStore(opening: directory.path)
    #expect(try ZarrGroup.open(in: store, at: "shared").attributes.count == writerCount * changeCount)
    let opened = try ZarrGroup.open(in: store)
    #expect(opened.usesConsolidatedMetadata)
    #expect(try opened.group(at: "shared").attributes.count == writerCount * changeCount)
    #expect(try opened.children().count == 1 + writerCount * 5)
    #expect(try store.temporaryFiles().isEmpty)
  }

  @Test("A node in a directory without a document has a copy, with a group in place of the directory")
  func impliedGroups() throws {
    let store = MemoryStore()
    let root = try ZarrGroup.create(in: store)
    try root.createArray(at: "plain/er/a", writing: ["a"])
    for name in ["plain", "plain/er"] { try store.delete(try StoreKey("\(name)/zarr.json")) }
    #expect(try root.children().map(\.path.description) == ["plain/er/a"])
    try root.consolidate()
    #expect(try root.children().map(\.path.description) == ["plain/er/a"])
    let copies = try storedDocument(in: store)["consolidated_metadata"]?.objectValue?["metadata"]?.objectValue
    #expect(copies?.map(\.key) == ["plain", "plain/er", "plain/er/a"])
    try ZarrArray.open(in: store, at: "plain/er/a").resize(to: [4])
    #expect(try copy(of: "plain/er/a", in: "", store)?.shape == [4])
  }

  @Test(
    "Damaged copies and groups do not prevent a change of a node",
    arguments: [
      #"{"zarr_format":3,"node_type":"group","consolidated_metadata":{"kind":"other"}}"#, "{",
    ])
  func damagedHolder(text: String) throws {
    let store = MemoryStore()
    try ZarrGroup.create(in: store).createArray(at: "a", writing: ["a"])
    try store.putDocument(text, at: "zarr.json")
    try ZarrArray.open(in: store, at: "a").resize(to: [4])
    #expect(try ZarrArray.open(in: store, at: "a").shape == [4])
    #expect(try storedValue(at: "zarr.json", in: store) == Array(text.utf8))
  }

  @Test("What is damaged is left out of copies if that is asked for, and named")
  func leavingOut() throws {
    let store = MemoryStore()
    let root = try ZarrGroup.create(in: store)
    try root.createArray(at: "a", writing: ["a"])
    try store.putDocument("{", at: "bad/zarr.json")
    try store.putDocument(#"{"zarr_format":2}"#, at: "old/.zgroup")
    #expect(throws: ZarrError.self) { try root.consolidate() }
    #expect(try root.consolidate(leavesOutUnreadable: true).map(\.location) == ["memory/bad", "memory/old"])
    #expect(try root.children().map(\.name) == ["a"])
  }
}
