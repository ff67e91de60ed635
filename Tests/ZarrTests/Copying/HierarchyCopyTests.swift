import ChunkEngine
import TestSupport
import Testing
import Zarr

@Suite("Copying hierarchies")
struct HierarchyCopyTests {
  /// Arrays of several types, chunks and codecs in groups, each with some elements that were never written.
  private func makeSource(_ format: ZarrFormat, in store: any Store) throws -> ZarrNode {
    let root = try ZarrGroup.create(in: store, attributes: ["title": "é"], zarrFormat: format)
    try root.createGroup(at: "empty", attributes: ["x": ["y": true]])
    var generator = SeededGenerator(seed: 3)
    for (index, type) in [DataType.bytes, .string, .json, .number(.int32), .number(.float64)].enumerated() {
      var options = ArrayOptions(
        dataType: type, chunkSize: .shape([2, 3]),
        compressors: index.isMultiple(of: 2) ? [.zstd()] : [.gzip()],
        attributes: ["index": .integer(index)])
      if index == 3 {
        options.serializer = MetadataExtension(name: "bytes", configuration: ["endian": "big"])
      }
      let array = try root.createArray(at: "deep/er/\(type.name)", shape: [5, 7], options: options)
      try array.write(blobs: Self.elements(12, of: type, using: &generator), to: [1..<4, 2..<6])
    }
    return .group(root)
  }

  private static func elements(
    _ count: Int, of type: DataType, using generator: inout SeededGenerator
  ) -> [[UInt8]] {
    (0..<count).map { _ in
      let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
        UInt8.random(in: 97...122, using: &generator)
      }
      switch type {
      case .json: return Array("{\"a\": \"".utf8) + text + Array("\"}".utf8)
      case .bytes, .string: return text
      default:
        return (0..<(type.layout.fixedByteCount ?? 0)).map { _ in UInt8.random(in: 0...127, using: &generator)
        }
      }
    }
  }

  private static let names = ["bytes", "float64", "int32", "json", "string"]

  private func arrays(_ node: ZarrNode) throws -> [ZarrArray] {
    guard case .group(let root) = node else { return [] }
    return try Self.names.map { try root.array(at: "deep/er/\($0)") }
  }

  /// Other encodings, and how many of the five arrays keep theirs.
  private static let changes: [(options: CopyOptions, undecodedCount: Int)] = [
    (CopyOptions(), 5), (CopyOptions(compressors: [.gzip(level: 9), .crc32c]), 0),
    (CopyOptions(chunkSize: .shape([3, 2])), 0), (CopyOptions(chunkSize: .shape([3])), 5),
    (CopyOptions(chunkSize: .bytes(64)), 0), (CopyOptions(chunkSize: .evenBytes(64)), 0),
    (CopyOptions(chunkSize: .rows(4)), 0), (CopyOptions(dataTypeName: "variable_length_bytes"), 5),
    (CopyOptions(shards: .none), 5),
    (CopyOptions(validates: true, memoryBudget: 1), 5),
    (CopyOptions(compressors: [], validates: true, memoryBudget: 1), 0),
  ]

  @Test(
    "A copy has everything, whatever its encoding",
    arguments: changes.indices, [ZarrFormat.version2, .version3])
  func encodings(index: Int, format: ZarrFormat) throws {
    let (options, undecodedCount) = Self.changes[index]
    let source = try makeSource(format, in: MemoryStore())
    let target = MemoryStore()
    let monitor = ProgressMonitor()

    let report = try source.copy(to: target, options: options, monitor: monitor)

    #expect(report.arrayCount == 5 && report.groupCount == 4 && report.leftOut.isEmpty)
    #expect(report.undecodedArrayCount == undecodedCount)
    #expect(monitor.progress.totalElementCount == 5 * 35 * (options.validates ? 2 : 1))
    #expect(monitor.progress.elementCount == monitor.progress.totalElementCount)
    let copy = try ZarrNode.open(in: target)
    #expect(copy.metadata.zarrFormat == format)
    #expect(try copy.firstDifference(from: source) == nil)
    for (new, old) in zip(try arrays(copy), try arrays(source)) {
      #expect(try new.read().arrays() == old.read().arrays())
      #expect(new.metadata.attributes == old.metadata.attributes)
      if options.chunkSize == nil { #expect(new.metadata.chunkGrid == old.metadata.chunkGrid) }
      if options.compressors == nil && options.dataTypeName == nil {
        #expect(new.metadata.codecs == old.metadata.codecs)
      }
    }
    if index == 0 { #expect(try target.keys("") == source.store.keys("")) }
  }

  @Test("Both versions of Zarr become each other", arguments: [false, true])
  func versions(recodes: Bool) throws {
    let source = try makeSource(.version2, in: MemoryStore())
    let stores = [MemoryStore(), MemoryStore()]
    var options = CopyOptions(zarrFormat: .version3, compressors: recodes ? [.zstd(level: 7)] : nil)
    let there = try source.copy(to: stores[0], options: options)
    // Only JSON has another layout, and numbers with the other byte order if they are encoded anew.
    #expect(there.undecodedArrayCount == (recodes ? 0 : 4))
    let copy = try ZarrNode.open(in: stores[0])
    #expect(copy.metadata.zarrFormat == .version3)
    #expect(try copy.firstDifference(from: source) == nil)
    let codecs = try arrays(copy).map { $0.metadata.codecs.map(\.name) }
    #expect(codecs[0] == ["vlen-bytes", "zstd"])
    #expect(codecs[4] == ["vlen-utf8", recodes ? "zstd" : "gzip"])
    options.zarrFormat = .version2
    try copy.copy(to: stores[1], options: options)
    let back = try ZarrNode.open(in: stores[1])
    #expect(try back.firstDifference(from: source) == nil)
    if !recodes {
      #expect(try stores[1].keys("") == source.store.keys(""))
      for array in try arrays(back) where array.dataType != .json {
        let key = "\(array.path)/.zarray"
        let document = try storedDocument(at: key, in: stores[1])
        #expect(try document == storedDocument(at: key, in: source.store))
      }
    }
  }

  @Test(
    "Consolidated metadata is there where the source has it", arguments: [ZarrFormat.version2, .version3])
  func consolidated(format: ZarrFormat) throws {
    let source = try makeSource(format, in: MemoryStore())
    guard case .group(let root) = source else { return }
    try root.group(at: "deep").consolidate()
    for (number, other) in [ZarrFormat.version2, .version3].enumerated() {
      let target = MemoryStore()
      try source.copy(to: target, at: "x/y", options: CopyOptions(zarrFormat: other))
      #expect(try !ZarrGroup.open(in: target, at: "x/y").usesConsolidatedMetadata)
      let copy = try ZarrGroup.open(in: target, at: "x/y/deep")
      #expect(copy.usesConsolidatedMetadata, "\(number)")
      #expect(try copy.group(at: "er").children().map(\.name) == Self.names)
    }
  }

  @Test("Shards are kept, made, changed and taken apart")
  func shards() throws {
    let store = MemoryStore()
    var generator = SeededGenerator(seed: 9)
    let elements = Self.elements(35, of: .bytes, using: &generator)
    let source = try ZarrArray.create(
      in: store, at: "a", writing: elements, shape: [5, 7],
      options: ArrayOptions(chunkSize: .shape([1, 2]), shardSize: .shape([2, 6])))
    let cases: [(options: CopyOptions, chunks: [Int], shards: [Int]?, undecodedCount: Int)] = [
      (CopyOptions(), [1, 2], [2, 6], 1),
      (CopyOptions(compressors: []), [1, 2], [2, 6], 0),
      (CopyOptions(chunkSize: .shape([3, 3])), [3, 3], [3, 6], 0),
      (CopyOptions(shards: .none), [1, 2], nil, 0),
      (CopyOptions(zarrFormat: .version2), [1, 2], nil, 0),
      (CopyOptions(shards: .size(.shape([4, 4]))), [1, 2], [4, 4], 0),
      (CopyOptions(chunkSize: .rows(1), shards: .size(.rows(3))), [1, 7], [3, 7], 0),
    ]
    for expected in cases {
      let target = MemoryStore()
      let report = try ZarrNode.array(source).copy(to: target, at: "b", options: expected.options)
      let copy = try ZarrArray.open(in: target, at: "b")
      #expect(copy.chunkShape == expected.chunks)
      #expect(copy.shardShape == expected.shards)
      #expect(report.undecodedArrayCount == expected.undecodedCount)
      #expect(try copy.read().arrays() == elements)
    }
  }

  @Test("Chunks of even size end where they are full")
  func evenChunks() throws {
    let store = MemoryStore()
    let elements = (0..<50).map { [UInt8](repeating: 1, count: $0 % 7) }
    let source = try ZarrArray.create(
      in: store, at: "a", writing: elements, options: ArrayOptions(chunkSize: .rows(9)))
    try ZarrNode.array(source).copy(to: store, at: "b", options: CopyOptions(chunkSize: .evenBytes(40)))
    let copy = try ZarrArray.open(in: store, at: "b")
    #expect(try copy.read().arrays() == elements)
    // As many as fit after a header of four bytes, with a length of four bytes each.
    var expected: [Int] = []
    var free = -1
    for element in elements {
      if free < element.count + 4 {
        expected.append(0)
        free = 36
      }
      expected[expected.count - 1] += 1
      free -= element.count + 4
    }
    guard case .lengths(let lengths) = copy.metadata.chunkGrid.dimensions[0] else {
      Issue.record("the chunks have one length")
      return
    }
    #expect(try lengths == ChunkLengths(expected))
  }

  @Test("Bytes, text and JSON become each other; other types stay")
  func types() throws {
    let source = try makeSource(.version3, in: MemoryStore())
    let target = MemoryStore()
    #expect(throws: ZarrError.self) {
      // Text that is not JSON.
      try source.copy(to: MemoryStore(), options: CopyOptions(dataType: .json))
    }
    try source.copy(to: target, options: CopyOptions(dataType: .bytes))
    let copy = try arrays(ZarrNode.open(in: target))
    #expect(copy.map(\.dataType) == [.bytes, .number(.float64), .number(.int32), .bytes, .bytes])
    #expect(try copy[3].read().arrays() == arrays(source)[3].read().arrays())
    #expect(try ZarrNode.open(in: target).firstDifference(from: source) == nil)
  }

  @Test("Names of dimensions are where each version has them")
  func dimensionNames() throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", shape: [2, 3],
      options: ArrayOptions(chunkSize: .rows(1), attributes: ["unit": "m"], dimensionNames: ["y", "x"]))
    try ZarrNode.array(source).copy(
      to: store, at: "b/c", options: CopyOptions(zarrFormat: .version3))
    let version2 = MemoryStore()
    try ZarrNode.array(source).copy(to: version2, options: CopyOptions(zarrFormat: .version2))
    let copy = try ZarrArray.open(in: version2)
    #expect(copy.metadata.attributes == ["unit": "m", "_ARRAY_DIMENSIONS": ["y", "x"]])
    try ZarrNode.array(copy).copy(to: store, at: "d", options: CopyOptions(zarrFormat: .version3))
    for path in ["b/c", "d"] {
      let back = try ZarrArray.open(in: store, at: path)
      #expect(back.metadata.dimensionNames == ["y", "x"] && back.metadata.attributes == ["unit": "m"])
    }
  }

  @Test("A huge array of which little is stored is copied by that", arguments: [false, true])
  func sparse(recodes: Bool) throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", shape: [1 << 30, 1 << 20], options: ArrayOptions(chunkSize: .shape([64, 64])))
    try source.write(blob: [7], at: [(1 << 30) - 1, 5])
    let options = CopyOptions(compressors: recodes ? [] : nil, validates: true, memoryBudget: 1 << 20)
    try ZarrNode.array(source).copy(to: store, at: "b", options: options)
    #expect(try store.keys("b/c").count == 1)
    #expect(try ZarrArray.open(in: store, at: "b").read(at: [(1 << 30) - 1, 5]) == [7])
  }

  @Test("A huge array of padded byte strings of which little is stored is copied by that", arguments: [1, 4])
  func sparsePadded(byteCount: Int) throws {
    let store = MemoryStore()
    let source = try ZarrArray.create(
      in: store, at: "a", shape: [1 << 40],
      options: ArrayOptions(dataType: .nullTerminatedBytes(byteCount: byteCount), chunkSize: .rows(1 << 10)))
    let element = [UInt8](repeating: 0, count: byteCount - 1)
    try source.write(blob: [7] + element, at: [1 << 39])
    let options = CopyOptions(dataType: .bytes, validates: true, memoryBudget: 1 << 20)
    try ZarrNode.array(source).copy(to: store, at: "b", options: options)
    let copy = try ZarrArray.open(in: store, at: "b")
    #expect(try store.keys("b/c").count == 1)
    #expect(try copy.read(at: [1 << 39]) == [7])
    #expect(try copy.firstDifference(from: source) == nil && source.firstDifference(from: copy) == nil)
    try copy.write(blob: [8], at: [(1 << 40) - 1])
    #expect(try copy.firstDifference(from: source) == [(1 << 40) - 1])
  }

  @Test("Where there is anything, nothing is copied")
  func occupied() throws {
    let source = try makeSource(.version3, in: MemoryStore())
    let target = MemoryStore()
    try target.put([1], at: "a/other")
    for path in ["", "a"] {
      #expect(throws: ZarrError.self) { try source.copy(to: target, at: path) }
    }
    #expect(try target.keys("") == ["a/other"])
  }

  @Test("Of a copy that fails or is stopped nothing stays")
  func failure() throws {
    let store = MemoryStore()
    let source = try makeSource(.version3, in: store)
    try store.put([1, 2, 3], at: "deep/er/string/c/0/0")
    let target = MemoryStore()
    #expect(throws: ZarrError.self) { try source.copy(to: target, options: CopyOptions(compressors: [])) }
    #expect(try target.keys("") == [])
    // Chunks that are copied unchanged are not decoded, unless they are compared.
    #expect(throws: ZarrError.self) { try source.copy(to: target, options: CopyOptions(validates: true)) }
    #expect(try target.keys("") == [])
    let monitor = ProgressMonitor()
    monitor.cancel()
    #expect(throws: ZarrError.self) { try source.copy(to: target, monitor: monitor) }
    #expect(try target.keys("") == [])
    try source.copy(to: target)
  }

  @Test("What cannot be read is an error, or left out and reported")
  func unreadable() throws {
    let store = MemoryStore()
    let source = try makeSource(.version2, in: store)
    try store.put(
      Array(
        #"{"zarr_format":2,"shape":[3],"chunks":[2],"dtype":"|O","fill_value":0,"order":"C","compressor":null,"filters":[{"id":"pickle","protocol":5}]}"#
          .utf8), at: "deep/pickled/.zarray")
    try store.put(Array("{".utf8), at: "damaged/.zgroup")
    let error = #expect(throws: ZarrError.self) { try source.copy(to: MemoryStore()) }
    #expect(error != nil)
    let target = MemoryStore()
    let report = try source.copy(to: target, options: CopyOptions(leavesOutUnreadable: true))
    #expect(report.leftOut.map(\.location) == ["memory/damaged/.zgroup", "memory/deep/pickled"])
    #expect(report.leftOut[1].reason.contains("pickles"))
    #expect(report.arrayCount == 5)
    try store.delete(StoreKey("damaged/.zgroup"))
    let pickles = #expect(throws: ZarrError.self) { try source.copy(to: MemoryStore()) }
    #expect(pickles?.description.contains("never decoded") == true)
  }

  @Test("Zarr v2 does not take what it lacks", arguments: 0..<3)
  func misfits(number: Int) throws {
    let options = [
      ArrayOptions(dataType: .optional(.number(.int8)), chunkSize: .rows(2)),
      ArrayOptions(chunkSize: .grid(try ChunkGrid(dimensions: [.lengths(ChunkLengths([1, 2]))]))),
      ArrayOptions(
        dataType: .number(.float32), chunkSize: .rows(2),
        filters: [MetadataExtension(name: "bitround", configuration: ["keepbits": 3])]),
    ][number]
    let store = MemoryStore()
    let source = try ZarrArray.create(in: store, at: "a", shape: [3], options: options)
    let target = MemoryStore()
    let error = #expect(throws: ZarrError.self) {
      try ZarrNode.array(source).copy(to: target, options: CopyOptions(zarrFormat: .version2))
    }
    #expect(error?.description.contains("Zarr v2 does not have") == true)
    #expect(try target.keys("") == [])
  }

  @Test("Differences are named")
  func differences() throws {
    let stores = [MemoryStore(), MemoryStore()]
    let nodes = try stores.map { try makeSource(.version3, in: $0) }
    #expect(try nodes[0].firstDifference(from: nodes[1]) == nil)
    let array = try ZarrArray.open(in: stores[1], at: "deep/er/bytes")
    try array.write(blob: [1, 2, 3], at: [4, 6])
    let element = try nodes[0].firstDifference(from: ZarrNode.open(in: stores[1]))
    #expect(element == .element(path: try NodePath("deep/er/bytes"), index: [4, 6]))
    try array.setAttributes([:])
    #expect(
      try nodes[0].firstDifference(from: ZarrNode.open(in: stores[1]))
        == .attributes(path: try NodePath("deep/er/bytes")))
    try array.resize(to: [5, 8])
    #expect(
      try nodes[0].firstDifference(from: ZarrNode.open(in: stores[1]))
        == .shape(path: try NodePath("deep/er/bytes"), [5, 7], [5, 8]))
    try ZarrGroup.open(in: stores[1]).createGroup(at: "more")
    #expect(
      try nodes[0].firstDifference(from: ZarrNode.open(in: stores[1])) == .member(path: try NodePath("more")))
  }
}
