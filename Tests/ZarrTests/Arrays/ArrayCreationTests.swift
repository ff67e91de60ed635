import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Creating and opening arrays")
struct ArrayCreationTests {
  @Test("What an array is created with is kept")
  func options() throws {
    let store = MemoryStore()
    let attributes: JSONObject = ["title": "é", "nested": ["deep": [1, true, .null]]]
    let created = try ZarrArray.create(
      in: store, at: "group/array", shape: [4, 6],
      options: ArrayOptions(
        dataType: .string, chunkSize: .shape([2, 3]),
        compressors: [.zstd(level: 5, hasChecksum: true), .crc32c],
        fillValue: Array("n/a".utf8), chunkKeyEncoding: ChunkKeyEncoding(.v2), attributes: attributes,
        dimensionNames: ["row", nil]))
    let array = try ZarrArray.open(in: store, at: "group/array")
    #expect(array.metadata == created.metadata)
    #expect(array.shape == [4, 6])
    #expect(array.chunkShape == [2, 3])
    #expect(array.count == 24)
    #expect(array.chunkCount == 4)
    #expect(array.dataType == .string)
    #expect(array.path == (try NodePath("group/array")))
    #expect(array.location == "memory/group/array")
    #expect(array.metadata.attributes == attributes)
    #expect(array.metadata.dimensionNames == ["row", nil])
    #expect(array.metadata.fillValue == Array("n/a".utf8))
    #expect(array.metadata.chunkKeyEncoding == ChunkKeyEncoding(.v2))
    #expect(array.metadata.codecs.map(\.name) == ["vlen-utf8", "zstd", "crc32c"])
    #expect(array.metadata.codecs[1].configuration == ["level": 5, "checksum": true])
  }

  @Test("Data types have the name that is asked for")
  func dataTypeName() throws {
    for (name, expected) in [(nil, "bytes"), ("variable_length_bytes", "variable_length_bytes")] {
      let store = MemoryStore()
      _ = try ZarrArray.create(
        in: store, shape: [1], options: ArrayOptions(dataTypeName: name, chunkSize: .rows(1)))
      let document = try storedDocument(in: store)
      #expect(document["data_type"] == .string(expected))
      #expect(try ZarrArray.open(in: store).dataType == .bytes)
    }
  }

  @Test("Attributes and unknown fields survive a change of the shape")
  func keptFields() throws {
    let store = MemoryStore()
    try store.put(Array(SampleDocument.array.utf8), at: "zarr.json")
    try ZarrArray.open(in: store).resize(to: [6, 7])
    let document = try storedDocument(in: store)
    var expected = try sampleDocument()
    expected["shape"] = [6, 7]
    #expect(document["attributes"] == expected["attributes"])
    #expect(document["later"] == expected["later"])
    #expect(document["dimension_names"] == expected["dimension_names"])
    #expect(document["shape"] == [6, 7])
  }

  @Test("Attributes can be replaced, and nothing else changes", arguments: [false, true])
  func setAttributes(isReopened: Bool) throws {
    let store = MemoryStore()
    try store.put(Array(SampleDocument.array.utf8), at: "zarr.json")
    let array = try ZarrArray.open(in: store)
    try array.setAttributes(["new": [1, "é"]])
    let found = isReopened ? try ZarrArray.open(in: store) : array
    #expect(found.metadata.attributes == ["new": [1, "é"]])
    var expected = try sampleDocument()
    expected["attributes"] = nil
    var document = try storedDocument(in: store)
    #expect(document["attributes"] == ["new": [1, "é"]])
    document["attributes"] = nil
    for (name, value) in expected where name != "codecs" { #expect(document[name] == value, "\(name)") }
  }

  @Test("Threads that change the shape and the attributes lose neither")
  func concurrentChanges() throws {
    let store = MemoryStore()
    let array = try ZarrArray.create(in: store, shape: [1], options: ArrayOptions(chunkSize: .rows(1)))
    try onThreads(8) { thread in
      for round in 1...20 {
        if thread == 0 { try array.resize(to: [round]) }
        if thread == 1 { try array.setAttributes(["round": .integer(round)]) }
      }
    }
    let reopened = try ZarrArray.open(in: store)
    #expect(reopened.metadata == array.metadata)
    #expect(array.shape == [20])
    #expect(array.metadata.attributes == ["round": 20])
  }

  @Test("Groups above an array are created, and those that are there are kept")
  func parents() throws {
    let store = MemoryStore()
    _ = try ZarrGroup.create(in: store, attributes: ["kept": true])
    _ = try ZarrArray.create(in: store, at: "a/b/c", shape: [], options: ArrayOptions(chunkSize: .shape([])))
    #expect(try store.keys() == ["a/b/c/zarr.json", "a/b/zarr.json", "a/zarr.json", "zarr.json"])
    #expect(try ZarrGroup.open(in: store).metadata.attributes == ["kept": true])
    #expect(try ZarrGroup.open(in: store, at: "a/b").metadata.attributes == [:])
  }

  @Test("There is no array below an array")
  func arrayBelowArray() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(1))
    _ = try ZarrArray.create(in: store, at: "a", shape: [1], options: options)
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: store, at: "a/b/c", shape: [1], options: options)
    }
    guard case .wrongNode("memory/a", "group")? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(throws: ZarrError.self) { try ZarrGroup.create(in: store, at: "a/b") }
  }

  @Test("What is there already is kept, unless it is to be overwritten")
  func overwriting() throws {
    let store = MemoryStore()
    var options = ArrayOptions(chunkSize: .rows(2), compressors: [])
    try ZarrArray.create(in: store, at: "a", writing: ArrayElements.numbered(5), options: options)
    try ZarrArray.create(in: store, at: "ab", writing: ArrayElements.numbered(5), options: options)
    let before = try store.value(of: "a/zarr.json")
    for create in [
      { _ = try ZarrArray.create(in: store, at: "a", shape: [1], options: options) },
      { try ZarrArray.create(in: store, at: "a", blobs: [[1]] as [[UInt8]], options: options) },
      { _ = try ZarrGroup.create(in: store, at: "a") },
      { _ = try Appender.create(in: store, at: "a") },
      { _ = try Appender.create(in: store, at: "a", options: options) },
    ] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try create() }
      guard case .alreadyExists("memory/a")? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    #expect(try store.value(of: "a/zarr.json") == before)
    options.overwrites = true
    let array = try ZarrArray.create(in: store, at: "a", shape: [3], options: options)
    #expect(try store.keys("a") == ["a/zarr.json"])
    #expect(try array.read().arrays() == [[], [], []])
    #expect(try store.keys("ab").count == 4)
    // A group goes with all that is in it.
    _ = try ZarrArray.create(in: store, at: "g/x/y", shape: [1], options: options)
    _ = try ZarrArray.create(in: store, at: "g", shape: [1], options: options)
    #expect(try store.keys("g") == ["g/zarr.json"])
  }

  @Test("Overwriting that was interrupted can be repeated, and leaves nothing of the old array")
  func interruptedOverwriting() throws {
    let base = StoreDictionary()
    let options = ArrayOptions(chunkSize: .rows(1), compressors: [], overwrites: true)
    try ZarrArray.create(in: base, writing: ArrayElements.numbered(20), options: options)
    for limit in 0..<20 {
      let deleted = Collected(0)
      let store = StoreProbe(base) { call in
        if case .delete = call,
          deleted.change({
            $0 += 1; return $0
          }) > limit
        {
          throw StoreProbe.Failure()
        }
      }
      let error = #expect(throws: ZarrError.self) {
        try ZarrArray.create(in: store, shape: [20], options: options)
      }
      #expect(error?.probeFailure != nil)
      try ZarrArray.create(in: base, writing: ArrayElements.numbered(20), options: options)
    }
    let array = try ZarrArray.create(in: base, shape: [20], options: options)
    #expect(try array.read().arrays() == [[UInt8]](repeating: [], count: 20))
  }

  @Test("Nodes of another kind, or none, are errors that name the place")
  func wrongNodes() throws {
    let store = MemoryStore()
    _ = try ZarrArray.create(in: store, at: "g/a", shape: [1], options: ArrayOptions(chunkSize: .rows(1)))
    for (error, expected) in [
      (
        #expect(throws: ZarrError.self) { try ZarrArray.open(in: store, at: "g") },
        "memory/g: there is no array"
      ),
      (
        #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store, at: "g/a") },
        "memory/g/a: there is no group"
      ),
      (
        #expect(throws: ZarrError.self) { try ZarrArray.open(in: store, at: "x") },
        "memory/x: there is no Zarr"
      ),
      (
        #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store, at: "x") },
        "memory/x: there is no Zarr"
      ),
      (#expect(throws: ZarrError.self) { try ZarrArray.open(in: store, at: "a/../b") }, "memory: "),
      (#expect(throws: ZarrError.self) { try ZarrArray.open(in: store, at: "a\0") }, "memory: "),
      (#expect(throws: ZarrError.self) { try ZarrGroup.create(in: store, at: "__a") }, "memory: "),
    ] {
      #expect(error?.description.hasPrefix(expected) == true, "\(String(describing: error))")
    }
  }

  @Test(
    "Options that fit no array are errors that name the field",
    arguments: [
      ([-1], ArrayOptions(chunkSize: .shape([1])), "shape[0]"),
      ([1], ArrayOptions(chunkSize: .shape([1, 1])), "chunk_grid.configuration.chunk_shape"),
      ([1], ArrayOptions(chunkSize: .shape([0])), "chunk_grid.configuration.chunk_shape[0]"),
      ([1], ArrayOptions(chunkSize: .rows(0)), "chunk_grid.configuration.chunk_shape[0]"),
      ([1], ArrayOptions(chunkSize: .bytes(1)), "chunk_grid.configuration.chunk_shape"),
      ([1], ArrayOptions(chunkSize: .shape([1 << 32])), "chunk_grid.configuration.chunk_shape"),
      ([Int.max, 2], ArrayOptions(chunkSize: .shape([1, 1])), "shape"),
      ([1], ArrayOptions(dataTypeName: "utf8", chunkSize: .rows(1)), "data_type"),
      ([1], ArrayOptions(dataType: .string, chunkSize: .rows(1), fillValue: [0xff]), "fill_value"),
      ([1], ArrayOptions(chunkSize: .rows(1), dimensionNames: ["a", "b"]), "dimension_names"),
    ])
  func invalidOptions(shape: [Int], options: ArrayOptions, field: String) throws {
    let store = MemoryStore()
    let error = #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: store, shape: shape, options: options)
    }
    guard case .metadata("memory", let reason)? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
    #expect(reason.field == field)
    #expect(store.count == 0)
  }

  @Test(
    "A shape that is not that of the elements is an error",
    arguments: [[2], [2, 2], [-1], [], [Int.max, 2]])
  func wrongShape(shape: [Int]) throws {
    let store = MemoryStore()
    #expect(throws: ZarrError.self) {
      try ZarrArray.create(in: store, writing: ArrayElements.numbered(3), shape: shape)
    }
    #expect(store.count == 0)
  }

  @Test("Elements and regions that do not fit each other, or the array, are errors")
  func regions() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), writing: ArrayElements.numbered(6), shape: [2, 3],
      options: ArrayOptions(chunkSize: .shape([2, 2])))
    for count in [0, 5, 7] {
      let error = #expect(throws: ZarrError.self) { try array.write(ArrayElements.numbered(count)) }
      guard case .elementCount("memory", count, 6)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
    for region in [[], [0..<2], [0..<3, 0..<3], [-1..<1, 0..<3], [0..<2, 0..<3, 0..<1], [0..<1, 4..<4]]
      as [ArrayRegion]
    {
      let error = #expect(throws: ZarrError.self) { try array.read(region) }
      guard case .outOfBounds("memory", region, [2, 3])? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
      #expect(throws: ZarrError.self) { try array.write(ArrayElements.numbered(1), to: region) }
      #expect(throws: ZarrError.self) { try array.scan(region) { _, _ in } }
    }
    for indices in [[], [0], [2, 0], [0, 3], [-1, 0], [0, 0, 0], [Int.max, 0], [Int.min, 0]] {
      #expect(throws: ZarrError.self) { try array.read(at: indices) }
      #expect(throws: ZarrError.self) { try array.write(blob: [1], at: indices) }
    }
    #expect(try array.read().arrays() == ArrayElements.numbered(6))
    #expect(throws: ZarrError.self) { try array.resize(to: [2]) }
    #expect(throws: ZarrError.self) { try array.resize(to: [-1, 3]) }
    #expect(array.shape == [2, 3])
  }

  @Test("Single elements are read and written by their indices")
  func singleElements() throws {
    let array = try ZarrArray.create(
      in: MemoryStore(), shape: [3, 3], options: ArrayOptions(chunkSize: .shape([2, 2])))
    for indices in ArrayRegion(allOf: [3, 3]).allIndices.reversed() {
      try array.write(Array("\(indices)".utf8), at: indices)
    }
    for indices in ArrayRegion(allOf: [3, 3]).allIndices {
      #expect(try array.read(at: indices) == Array("\(indices)".utf8))
    }
  }

  @Test("An array with a codec that may be ignored can be read but not written")
  func ignoredCodec() throws {
    let store = MemoryStore()
    let options = ArrayOptions(chunkSize: .rows(4), compressors: [])
    try ZarrArray.create(in: store, blobs: [[1], [2]] as [[UInt8]], options: options)
    var document = try storedDocument(in: store)
    document["codecs"] = [["name": "vlen-bytes"], ["name": "statistics", "must_understand": false]]
    try store.put(JSONWriter().bytes(of: .object(document)), at: "zarr.json")
    let array = try ZarrArray.open(in: store)
    #expect(try array.read().arrays() == [[1], [2]])
    for change in [
      { try array.write(blob: [1], at: [0]) }, { try array.resize(to: [3]) }, { _ = try Appender(to: array) },
    ] as [() throws -> Void] {
      let error = #expect(throws: ZarrError.self) { try change() }
      guard case .notWritable("memory", _)? = error else {
        Issue.record("unexpected error \(String(describing: error))")
        continue
      }
    }
  }
}
