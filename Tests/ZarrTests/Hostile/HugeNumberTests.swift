import ChunkEngine
import TestSupport
import Testing
import Zarr

/// Documents whose numbers are as large as they can be, of arrays of every layout.
///
/// Each call gives an answer or throws; a trap would end the process.
@Suite("Huge numbers in metadata")
struct HugeNumberTests {
  private static let lengths = [
    0, 1, 2, 3, 1 << 16, Int(Int32.max), 1 << 31, Int(UInt32.max), 1 << 53, 1 << 62, Int.max - 1, Int.max,
  ]

  /// A document, and the key of the first chunk.
  private static func document(_ random: inout SeededGenerator) -> (name: String, text: String, key: String) {
    func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: values.indices, using: &random)] }
    func length(_ least: Int) -> Int { max(least, pick(pick([lengths, [1, 2, 5]]))) }
    let rank = pick([0, 1, 1, 2, 3])
    let shape = (0..<rank).map { _ in length(0) }
    let chunkShape = (0..<rank).map { _ in length(1) }
    let (type, version2Type, fill, serializer) =
      pick([
        ("bytes", "|O", "\"QUJD\"", "vlen-bytes"), ("string", "|O", "\"abc\"", "vlen-utf8"),
        ("int8", "|i1", "1", "bytes"), ("float64", "<f8", "0", "bytes"),
      ])
    if Int.random(in: 0..<4, using: &random) == 0 {
      let filters = serializer == "bytes" ? "null" : "[{\"id\": \"\(serializer)\"}]"
      let text = """
        {"zarr_format": 2, "shape": \(shape), "chunks": \(chunkShape), "dtype": "\(version2Type)",
         "order": "\(Bool.random(using: &random) ? "C" : "F")", "compressor": null, "filters": \(filters),
         "fill_value": \(serializer == "bytes" ? "1" : "\"\"")}
        """
      let key = rank == 0 ? "0" : shape.map { _ in "0" }.joined(separator: ".")
      return (".zarray", text, key)
    }
    let settings = serializer == "bytes" ? "\"endian\": \"little\"" : ""
    var codecs = "[{\"name\": \"\(serializer)\", \"configuration\": {\(settings)}}]"
    if Bool.random(using: &random) {
      let inner = chunkShape.map { side in
        pick([side, 1, side.isMultiple(of: 2) ? side / 2 : side, length(1)])
      }
      codecs = """
        [{"name": "sharding_indexed", "configuration": {"chunk_shape": \(inner), "codecs": \(codecs),
          "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]}}]
        """
    }
    var grid = "{\"name\": \"regular\", \"configuration\": {\"chunk_shape\": \(chunkShape)}}"
    if Int.random(in: 0..<3, using: &random) == 0 {
      let dimensions: [String] = shape.map { side in
        switch Int.random(in: 0..<3, using: &random) {
        case 0: "\(length(1))"
        case 1: "[[\(length(1)), \(length(1))], \(length(1))]"
        default: side > 1 ? "[[1, \(side - 1)], 1]" : "[1]"
        }
      }
      let lengths = dimensions.joined(separator: ", ")
      grid = """
        {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": [\(lengths)]}}
        """
    }
    let text = """
      {"zarr_format": 3, "node_type": "array", "shape": \(shape), "data_type": "\(type)", "chunk_grid": \(grid),
       "chunk_key_encoding": {"name": "default"}, "fill_value": \(fill), "codecs": \(codecs)}
      """
    return ("zarr.json", text, "c" + shape.map { _ in "/0" }.joined())
  }

  /// Looks at an array in all ways that do not give all of its elements, and at its first and last ones.
  private static func use(_ array: ZarrArray) throws {
    _ = (array.count, array.chunkCount, array.shardCount, array.chunkShape, array.shardShape)
    for count in [1, 2, 7] { _ = array.alignedRegions(count: count) }
    _ = try array.storedChunkIndices()
    func attempt(_ body: () throws -> Void) {
      do {
        try body()
      } catch {
        // An answer.
        _ = "\(error) \(FailureKind(of: error))"
      }
    }
    struct Enough: Error {}
    let shape = array.shape
    for indices in [shape.map { _ in 0 }, shape.map { max(0, $0 - 1) }, shape.map { _ in Int.max }] {
      attempt { _ = try array.read(at: indices) }
      attempt { _ = try array.read(ArrayRegion(elementAt: indices)) }
      attempt { try array.scan(ArrayRegion(elementAt: indices)) { _, _ in throw Enough() } }
    }
    for region in [shape.map { 0..<min($0, 3) }, shape.map { max(0, $0 - 3)..<$0 }] {
      attempt { _ = try array.read(ArrayRegion(region)) }
    }
    attempt { try array.forEachBlock(of: max(0, array.count - 2)..<array.count) { _ in } }
    attempt { try array.forEachBlock { _ in throw Enough() } }
    let chunks = array.metadata.chunkGrid.chunkCounts(of: shape)
    guard !chunks.contains(0) else { return }
    for indices in [chunks.map { _ in 0 }, chunks.map { $0 - 1 }] {
      _ = array.key(ofChunkAt: indices)
      attempt { _ = try array.storedBytes(ofChunkAt: indices) }
      attempt { _ = try array.removeDamage(ofChunkAt: indices) { _ in throw Enough() } }
    }
    attempt { try array.resize(to: shape.map { $0 == Int.max ? $0 : $0 + 1 }) }
  }

  @Test("Every call gives an answer or an error", arguments: 0..<8)
  func calls(seed: Int) async {
    await #expect(processExitsWith: .success) { [seed] in
      try blocking {
        var random = SeededGenerator(seed: UInt64(seed))
        var openedCount = 0
        for _ in 0..<150 {
          let (name, text, key) = Self.document(&random)
          let store = MemoryStore()
          try store.put(Array(text.utf8), at: name)
          let values: [[UInt8]?] = [
            nil, [], [1, 0, 0, 0, 1, 0, 0, 0, 65], [UInt8](repeating: 255, count: 40),
          ]
          if let value = values[Int.random(in: values.indices, using: &random)] {
            try store.put(value, at: key)
          }
          let limits = DecodingLimits(decodedByteCountPerChunk: 1 << 16, elementCountPerCall: 100)
          for report in [nil, DamageReport()] {
            let access = ArrayAccess(workerCount: 1, limits: limits, damageReport: report)
            guard let array = try? ZarrArray.open(in: store, access: access) else { break }
            openedCount += 1
            try Self.use(array)
          }
        }
        #expect(openedCount > 50)
      }
    }
  }
}
