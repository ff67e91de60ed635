import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Hierarchies")
struct HierarchyTests {
  /// A store with groups `g` and `g/inner`, and arrays `a`, `g/b` and `g/inner/c`.
  private func sample(in store: any Store = MemoryStore()) throws -> ZarrGroup {
    let root = try ZarrGroup.create(in: store)
    try root.createArray(at: "a", writing: ["x", "y", "z"])
    try root.createArray(at: "g/inner/c", blobs: [[1], [2, 3]] as [[UInt8]])
    try root.createArray(at: "g/b", writing: ["b"])
    return root
  }

  /// The nodes as `depth path kind`.
  private func walked(_ group: ZarrGroup, maximumDepth: Int = Int.max) throws -> [String] {
    var lines: [String] = []
    try group.walk(maximumDepth: maximumDepth) { entry, depth in
      lines.append("\(depth) \(entry.path) \(entry.kind?.rawValue ?? "?")")
    }
    return lines
  }

  @Test("A group lists what is directly in it, sorted by bytes")
  func children() throws {
    let root = try sample()
    try root.createGroup(at: "Z")
    try root.createGroup(at: "é")
    let children = try root.children()
    #expect(children.map(\.name) == ["Z", "a", "g", "é"])
    #expect(children.map(\.kind) == [.group, .array, .group, .group])
    guard case .array(let metadata) = try children[1].metadata() else {
      Issue.record("a is no array")
      return
    }
    #expect(metadata.shape == [3])
    #expect(metadata.dataType == .string)
    #expect(try ZarrGroup.create(in: MemoryStore()).children().isEmpty)
  }

  @Test("A walk shows each group before what is in it, down to a depth")
  func walk() throws {
    let root = try sample()
    let all = ["1 a array", "1 g group", "2 g/b array", "2 g/inner group", "3 g/inner/c array"]
    #expect(try walked(root) == all)
    #expect(try walked(root, maximumDepth: 2) == Array(all.prefix(4)))
    #expect(try walked(root, maximumDepth: 1) == ["1 a array", "1 g group"])
    #expect(try walked(root, maximumDepth: 0) == [])
    #expect(try walked(root.group(at: "g")) == ["1 g/b array", "1 g/inner group", "2 g/inner/c array"])
  }

  @Test("A store in a directory is walked in the same order")
  func files() throws {
    let directory = try StoreDirectory()
    let root = try sample(in: FileStore(opening: directory.path))
    #expect(try walked(root) == walked(sample()))
    // What is no node is not listed, nor what is below an array or a damaged node.
    let store = root.store
    try store.put([1], at: "no/node/0")
    try store.putDocument(NodeText.group, at: "a/c/zarr.json")
    try store.putDocument("{", at: "broken/zarr.json")
    try store.putDocument(NodeText.group, at: "broken/below/zarr.json")
    #expect(try walked(root) == walked(sample()).inserting("1 broken ?", at: 1))
  }

  @Test("Listing a group reads no chunk and lists none")
  func chunksAreLeftAlone() throws {
    let base = MemoryStore()
    let root = try sample(in: base)
    let store = StoreProbe(base)
    let group = try ZarrGroup.open(in: store)
    try group.walk { _, _ in }
    for case .read(let key) in store.calls {
      #expect(NodeText.names.contains { key.description.hasSuffix($0) }, "\(key)")
    }
    #expect(try root.children().count == 2)
  }

  @Test("A very deep hierarchy can be walked")
  func depth() throws {
    let store = MemoryStore()
    var key = "zarr.json"
    for _ in 0..<150 {
      try store.putDocument(NodeText.group, at: key)
      key = "d/\(key)"
    }
    var deepest = 0
    try ZarrGroup.open(in: store).walk { _, depth in deepest = max(deepest, depth) }
    #expect(deepest == 149)
  }

  @Test("Names that others have given are read, though they could not be created here")
  func foreignNames() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store)
    for name in ["__hidden", "...a", "zarr.json", "white space", "new\nline"] {
      try store.putDocument(NodeText.group, at: "\(name)/zarr.json")
    }
    let root = try ZarrGroup.open(in: store)
    #expect(
      try root.children().map(\.name) == ["...a", "__hidden", "new\nline", "white space", "zarr.json"])
    let hidden = try root.group(at: "__hidden")
    // The rules are for new names only.
    #expect(try hidden.createGroup(at: "a/b").path.names == ["__hidden", "a", "b"])
    for name in ["__new", "....", "zarr.json", "a//b", "../a", ""] {
      #expect(throws: ZarrError.self) { try root.createGroup(at: name) }
      #expect(throws: ZarrError.self) { try root.createArray(at: name, writing: ["a"]) }
    }
    try root.move("__hidden", to: "shown")
    #expect(try root.group(at: "shown").children().map(\.name) == ["a"])
  }

  @Test("Nodes that cannot be used are listed, and say why")
  func unusable() throws {
    let store = MemoryStore()
    let root = try sample(in: store)
    try store.putDocument("{", at: "damaged/zarr.json")
    try store.putDocument(#"{"zarr_format":3,"node_type":"table"}"#, at: "table/zarr.json")
    try store.putDocument(NodeText.unknownArray, at: "unknown/zarr.json")
    let entries = try root.children()
    #expect(entries.map(\.name) == ["a", "damaged", "g", "table", "unknown"])
    #expect(entries.map(\.kind) == [.array, nil, .group, nil, .array])
    for index in [1, 3, 4] {
      let error = #expect(throws: ZarrError.self) { try entries[index].metadata() }
      #expect(error?.description.hasPrefix("memory/\(entries[index].name): ") == true)
    }
    #expect(entries[4].fields?["data_type"] == "quaternion")
  }

  @Test("What is at a path is found out by itself")
  func nodes() throws {
    let store = MemoryStore()
    let root = try sample(in: store)
    for (path, kind) in [("", NodeKind.group), ("a", .array), ("g", .group), ("g/inner/c", .array)] {
      let node = try ZarrNode.open(in: store, at: path)
      #expect(node.kind == kind)
      #expect(node.path.description == path)
      #expect(try root.node(at: path).metadata == node.metadata)
    }
    #expect(try root.array(at: "g/inner/c").read().arrays() == [[1], [2, 3]])
    #expect(try root.group(at: "g").array(at: "b").read().strings() == ["b"])
    for (path, expected) in [
      ("x", "memory/x: there is no Zarr array or group here"), ("a/x", "memory/a/x: there is no Zarr"),
      ("a/../g", "memory: "),
    ] {
      let error = #expect(throws: ZarrError.self) { try root.node(at: path) }
      #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
      #expect(throws: ZarrError.self) { try ZarrNode.open(in: store, at: path) }
    }
    #expect(throws: ZarrError.self) { try root.array(at: "g") }
    #expect(throws: ZarrError.self) { try root.group(at: "a") }
  }

  @Test("Both versions of Zarr are found out by themselves, and the later one counts")
  func versions() throws {
    let store = MemoryStore()
    try store.putDocument(#"{"zarr_format":2}"#, at: ".zgroup")
    try store.putDocument(#"{"zarr_format":2}"#, at: "a/.zgroup")
    try store.putDocument(#"{"x":1}"#, at: "a/.zattrs")
    let root = try ZarrGroup.open(in: store)
    #expect(root.metadata.zarrFormat == .version2)
    #expect(try root.children().map(\.zarrFormat) == [.version2])
    #expect(try root.group(at: "a").attributes == ["x": 1])
    try store.putDocument(NodeText.group, at: "zarr.json")
    #expect(try ZarrGroup.open(in: store).metadata.zarrFormat == .version3)
  }

  @Test("A node is removed with all that it holds, and nothing else")
  func removal() throws {
    let store = MemoryStore()
    let root = try sample(in: store)
    try root.createArray(at: "ga", writing: ["kept"])
    try root.remove("g")
    #expect(try walked(root) == ["1 a array", "1 ga array"])
    #expect(try store.keys("g") == [])
    try root.remove("a")
    #expect(try store.keys() == ["ga/c/0", "ga/zarr.json", "zarr.json"])
    for path in ["g", "x", "ga/c", "", "..", "/"] {
      #expect(throws: ZarrError.self) { try root.remove(path) }
    }
  }

  @Test("Removal that was interrupted can be repeated")
  func interruptedRemoval() throws {
    for limit in 0..<9 {
      let base = StoreDictionary()
      _ = try sample(in: base)
      let count = Collected(0)
      let store = StoreProbe(base) { call in
        guard case .delete = call else { return }
        if count.change({
          $0 += 1; return $0
        }) > limit {
          throw StoreProbe.Failure()
        }
      }
      do {
        try ZarrGroup.open(in: store).remove("g")
      } catch {
        #expect(error.probeFailure != nil, "\(limit)")
      }
      let root = try ZarrGroup.open(in: base)
      if try root.children().contains(where: { $0.name == "g" }) { try root.remove("g") }
      #expect(try base.keys("g") == [])
    }
  }

  @Test("A node gets another path, with all that it holds", arguments: [false, true])
  func moving(inFiles: Bool) throws {
    let directory = try StoreDirectory()
    let root = try sample(in: inFiles ? FileStore(opening: directory.path) : StoreDictionary())
    try root.move("g", to: "new/place")
    #expect(
      try walked(root) == [
        "1 a array", "1 new group", "2 new/place group", "3 new/place/b array", "3 new/place/inner group",
        "4 new/place/inner/c array",
      ])
    #expect(try root.array(at: "new/place/inner/c").read().arrays() == [[1], [2, 3]])
    try root.move("new/place/inner/c", to: "new/c")
    #expect(try root.array(at: "new/c").read().arrays() == [[1], [2, 3]])
  }

  @Test("A move into itself, onto a node, below an array or of nothing changes nothing")
  func refusedMoves() throws {
    let store = MemoryStore()
    let root = try sample(in: store)
    let before = try store.keys()
    for (path, target) in [
      ("g", "g/inner/g"), ("g", "g"), ("g", "a"), ("g/inner", "g"), ("g", "a/g"), ("x", "y"), ("", "y"),
      ("g", ""), ("g", "__g"), ("g", "../g"), ("g/inner", "g/inner/deep/down"),
    ] {
      #expect(throws: (any Error).self, "\(path) to \(target)") { try root.move(path, to: target) }
      #expect(try store.keys() == before)
    }
  }
}

extension [String] {
  /// The elements with another one among them.
  fileprivate func inserting(_ element: String, at index: Int) -> [String] {
    Array(self[..<index]) + [element] + Array(self[index...])
  }
}
