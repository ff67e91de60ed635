import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Hostile metadata")
struct HostileMetadataTests {
  /// What a call may take for an array of which nothing is stored.
  static let allowance = 48 << 20

  private static func document(
    shape: String = "[4]", chunkShape: String = "[4]", dataType: String = "\"bytes\"",
    fillValue: String = "\"\"", codecs: String = "[\"vlen-bytes\"]"
  ) -> [UInt8] {
    Array(
      """
      {"zarr_format": 3, "node_type": "array", "shape": \(shape), "data_type": \(dataType),
       "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": \(chunkShape)}},
       "chunk_key_encoding": {"name": "default"}, "fill_value": \(fillValue), "codecs": \(codecs)}
      """.utf8)
  }

  private static func open(_ document: [UInt8], at key: String = "zarr.json") throws -> ZarrArray {
    let store = MemoryStore()
    try store.put(document, at: key)
    return try ZarrArray.open(in: store, access: ArrayAccess(workerCount: 2))
  }

  /// Documents of arrays that are far larger than any memory, of which nothing is stored.
  static let vastArrays = [
    document(shape: "[1099511627776]"),
    document(shape: "[9223372036854775807]", chunkShape: "[1]"),
    document(shape: "[1048576, 1048576]", chunkShape: "[1024, 1024]"),
    document(
      shape: "[1099511627776]", dataType: "\"float64\"", fillValue: "0",
      codecs: #"[{"name": "bytes", "configuration": {"endian": "little"}}]"#),
    document(
      shape: "[1099511627776]", chunkShape: "[1048576]",
      codecs: #"[{"name": "sharding_indexed", "configuration": {"chunk_shape": [16]}}]"#),
    // Few elements, each as long as the fill value.
    document(
      shape: "[16777216]", chunkShape: "[16777216]",
      fillValue: "\"\(String(repeating: "QUFB", count: 100_000))\""),
  ]

  @Test("An array of terabytes is an error before memory is taken", arguments: vastArrays.indices)
  func vast(number: Int) async {
    await #expect(processExitsWith: .success) { [number] in
      try blocking {
        let array = try Self.open(Self.vastArrays[number])
        let growth = try PeakMemory.growth {
          let error = #expect(throws: ZarrError.self) { try array.read() }
          guard case .limit("memory", .callByteCountExceedsLimit)? = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
          }
          #expect(throws: ZarrError.self) { try array.read(as: [UInt8].self) }
        }
        // Where the number of elements does not say it, the places of elements are taken.
        let places = number == 5 ? 8 << 24 : 0
        #expect(growth <= Self.allowance + places, "took \(growth) bytes")
        // A part can be read as ever.
        let region = ArrayRegion(array.shape.map { $0 - 3..<$0 })
        #expect(try array.read(region).count == region.elementCount)
      }
    }
  }

  @Test("The limit for a call counts elements, whatever their size", arguments: vastArrays.indices)
  func elementLimit(number: Int) throws {
    let limits = DecodingLimits(decodedByteCountPerCall: Int.max, elementCountPerCall: 2)
    let store = MemoryStore()
    try store.put(Self.vastArrays[number], at: "zarr.json")
    let array = try ZarrArray.open(in: store, access: ArrayAccess(limits: limits))
    let count = try #require(ArrayRegion(allOf: array.shape).elementCount)
    let error = #expect(throws: ZarrError.self) { try array.read() }
    #expect(error?.chunkError == .callElementCountExceedsLimit(count: count, limit: 2))
    #expect(error?.description.contains("memory") == true)
    let last = array.shape.map { $0 - 1..<$0 }
    #expect(try array.read(ArrayRegion(last)).count == 1)
    let two = ArrayRegion(array.shape.indices.map { $0 == 0 ? 0..<2 : 0..<1 })
    #expect(try array.read(two).count == 2)
    let three = ArrayRegion(array.shape.indices.map { $0 == 0 ? 0..<3 : 0..<1 })
    #expect(throws: ZarrError.self) { try array.read(three) }
  }

  @Test("The limit for a call counts the bytes of elements and of what points to them")
  func callLimit() throws {
    let store = MemoryStore()
    let elements = (0..<100).map { [UInt8](repeating: UInt8($0), count: 100) }
    for shardSize in [nil, .rows(50)] as [ChunkSize?] {
      try ZarrArray.create(
        in: store, writing: elements,
        options: ArrayOptions(chunkSize: .rows(10), shardSize: shardSize, compressors: [], overwrites: true))
      // Eight bytes for the place, four for the length, and four for the count of a chunk.
      let least = 100 * (8 + 4 + 100) + 10 * 4
      for (limit, isEnough) in [(least, true), (least - 1, false), (800, false), (799, false)] {
        let access = ArrayAccess(workerCount: 1, limits: DecodingLimits(decodedByteCountPerCall: limit))
        let array = try ZarrArray.open(in: store, access: access)
        if isEnough {
          #expect(try array.read().arrays() == elements)
        } else {
          let error = #expect(throws: ZarrError.self) { try array.read() }
          guard case .callByteCountExceedsLimit(_, limit)? = error?.chunkError else {
            Issue.record("unexpected error \(String(describing: error))")
            continue
          }
        }
        // Chunk by chunk there is no such limit.
        let count = Collected(0)
        try array.scan { region, _ in
          let added = region.elementCount ?? 0
          count.change { $0 += added }
        }
        #expect(count.value == 100)
      }
    }
  }

  @Test(
    "Chunks with billions of rows, of which each would be a run of its own, are an error",
    arguments: [
      #"["bytes"]"#,
      #"[{"name": "sharding_indexed", "configuration": {"chunk_shape": [1073741824, 4], "codecs": ["bytes"]}}]"#,
    ])
  func rows(codecs: String) async {
    await #expect(processExitsWith: .success) { [codecs] in
      try blocking {
        let array = try Self.open(
          Self.document(
            shape: "[1073741824, 3]", chunkShape: "[1073741824, 4]", dataType: "\"uint8\"", fillValue: "0",
            codecs: codecs))
        let growth = try PeakMemory.growth {
          let error = #expect(throws: ZarrError.self) { try array.scan { _, _ in } }
          guard case .decodedByteCountExceedsLimit? = error?.chunkError else {
            Issue.record("unexpected error \(String(describing: error))")
            return
          }
          let part = try array.read([0..<2, 0..<3])
          #expect(part.count == 6)
        }
        #expect(growth <= Self.allowance, "took \(growth) bytes")
      }
    }
  }

  /// Documents that are errors, and what the error says.
  static let refused: [(document: [UInt8], reason: String)] = [
    (document(shape: "[4294967296, 4294967296]"), "chunk_shape"),
    (document(shape: "[4294967296, 4294967296]", chunkShape: "[1, 1]"), "more than"),
    (document(shape: "[4, 4]", chunkShape: "[4294967296, 4294967296]"), "more than"),
    (document(shape: "[-1]"), "shape[0]"), (document(shape: "[1e300]"), "shape[0]"),
    (document(chunkShape: "[0]"), "chunk_shape[0]"),
    (document(chunkShape: "[18446744073709551616]"), "chunk_shape"),
    (document(dataType: "\"r8796093022208\"", fillValue: "\"\""), "limit"),
    (document(dataType: sized("null_terminated_bytes", Int.max)), "limit"),
    (document(dataType: sized("fixed_length_utf32", Int.max - 3)), "limit"),
    (
      document(codecs: "[" + repeatElement("\"crc32c\"", count: 300).joined(separator: ",") + "]"),
      "more than 256 codecs"
    ),
    (document(codecs: nested(depth: 9)), "more than 8 deep"),
    (document(codecs: "[" + String(repeating: "[", count: 100_000)), "nested"),
    (document(fillValue: String(repeating: "{\"a\":", count: 100_000)), "nested"),
    (
      Array(
        String(decoding: document(), as: UTF8.self).replacing("\"regular\"", with: "\"rectilinear\"")
          .replacing(
            "\"chunk_shape\": [4]",
            with: #""kind": "inline", "chunk_shapes": [[[4611686018427387904, 4]]]"#
          ).utf8), "more than"
    ),
  ]

  private static func sized(_ name: String, _ byteCount: Int) -> String {
    #"{"name": "\#(name)", "configuration": {"length_bytes": \#(byteCount)}}"#
  }

  /// Codecs of shards in shards.
  private static func nested(depth: Int) -> String {
    let index = #"{"name": "bytes", "configuration": {"endian": "little"}}"#
    return (1..<depth).reduce("[\"vlen-bytes\"]") { codecs, _ in
      #"[{"name": "sharding_indexed", "configuration": "#
        + #"{"chunk_shape": [1], "codecs": \#(codecs), "index_codecs": [\#(index)]}}]"#
    }
  }

  @Test("A document that claims too much is an error before memory is taken", arguments: refused.indices)
  func refusal(number: Int) async {
    await #expect(processExitsWith: .success) { [number] in
      try blocking {
        let (document, reason) = Self.refused[number]
        let growth = try PeakMemory.growth {
          let error = #expect(throws: ZarrError.self) { try Self.open(document) }
          guard case .metadata("memory", let cause)? = error else {
            Issue.record("unexpected error \(String(describing: error))")
            return
          }
          #expect(cause.description.contains(reason), "\(cause)")
        }
        #expect(growth <= Self.allowance, "took \(growth) bytes")
      }
    }
  }

  @Test(
    "A data type of Zarr v2 with elements of terabytes is an error",
    arguments: [
      "\"|V8796093022208\"", "\"|S99999999999999999\"", "\"<U99999999999999999\"",
      "\"<U4611686018427387904\"",
      #"[["a", "<f8", [1048576, 1048576, 1048576]]]"#, #"[["a", "|V16000000"], ["b", "|V16000000"]]"#,
    ])
  func version2(dataType: String) throws {
    let document = """
      {"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": \(dataType), "compressor": null,
       "fill_value": null, "order": "C", "filters": null}
      """
    let error = #expect(throws: ZarrError.self) { try Self.open(Array(document.utf8), at: ".zarray") }
    guard case .metadata? = error else {
      Issue.record("unexpected error \(String(describing: error))")
      return
    }
  }

  @Test("An embedder can allow more codecs, deeper ones, and deeper documents, or less")
  func limits() throws {
    let store = MemoryStore()
    func open(_ limits: MetadataLimits) throws -> ZarrArray {
      try ZarrArray.open(in: store, access: ArrayAccess(metadataLimits: limits))
    }
    try store.put(Self.document(codecs: Self.nested(depth: 9)), at: "zarr.json")
    #expect(try open(MetadataLimits(codecDepth: 9)).count == 4)
    #expect(throws: ZarrError.self) { try open(MetadataLimits(depth: 20, codecDepth: 9)) }
    try store.put(Self.document(codecs: Self.nested(depth: 8)), at: "zarr.json")
    #expect(try open(MetadataLimits()).count == 4)
    // A list of index codecs for each of seven shards, and their own.
    #expect(try open(MetadataLimits(codecCount: 15)).count == 4)
    #expect(throws: ZarrError.self) { try open(MetadataLimits(codecCount: 14)) }
  }

  @Test("A document above the limit is not read, and consolidated metadata has a limit of its own")
  func documentSize() throws {
    let store = MemoryStore()
    let group = try ZarrGroup.create(in: store)
    try group.createArray(at: "a", shape: [1], options: ArrayOptions(chunkSize: .rows(1)))
    try group.consolidate()
    let byteCount = try storedValue(at: "zarr.json", in: store).count
    #expect(throws: Never.self) {
      try ZarrGroup.open(in: store, limits: MetadataLimits(byteCount: 100, consolidatedByteCount: byteCount))
    }
    #expect(throws: ZarrError.self) {
      try ZarrGroup.open(
        in: store, limits: MetadataLimits(byteCount: 100, consolidatedByteCount: byteCount - 1))
    }
    let array = try storedValue(at: "a/zarr.json", in: store)
    func open(_ limits: MetadataLimits) throws -> ZarrArray {
      try ZarrArray.open(in: store, at: "a", access: ArrayAccess(metadataLimits: limits))
    }
    #expect(try open(MetadataLimits(byteCount: array.count)).count == 1)
    let error = #expect(throws: ZarrError.self) { try open(MetadataLimits(byteCount: array.count - 1)) }
    #expect(error?.description.contains("the limit is \(array.count - 1)") == true)
    // A field of that name makes no group of an array.
    let text = String(decoding: array, as: UTF8.self)
    try store.put(
      Array(text.replacing("\"node_type\"", with: #""consolidated_metadata": {}, "node_type""#).utf8),
      at: "a/zarr.json")
    #expect(throws: ZarrError.self) { try open(MetadataLimits(byteCount: array.count)) }
  }

  @Test(
    "Consolidated metadata names no node out of its group",
    arguments: ["../x", "/x", "a/../../x", "", ".", "...", "a//b", "a\\u0000b"])
  func consolidatedNames(name: String) throws {
    let store = MemoryStore()
    try store.put(
      Array(
        """
        {"zarr_format": 3, "node_type": "group", "consolidated_metadata":
          {"kind": "inline", "metadata": {"\(name)": {"zarr_format": 3, "node_type": "group"}}}}
        """.utf8), at: "zarr.json")
    // A slash in front is one more way to write a path.
    guard name != "/x" else {
      #expect(try ZarrGroup.open(in: store).children().map(\.name) == ["x"])
      return
    }
    #expect(throws: ZarrError.self) { try ZarrGroup.open(in: store) }
  }
}
