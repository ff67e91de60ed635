import ChunkEngine
import Synchronization
import Zarr

/// The description of an array by `zvlen info`.
struct ArrayDescription {
  private let path: String
  private let metadata: ArrayMetadata
  private let chunkShape: [Int]
  private let chunkCount: Int

  /// The shards, or nil if the array has none.
  private let shards: (shape: [Int], count: Int)?

  /// The number of stored chunks or shards.
  private let storedChunkCount: Int
  private let storedByteCount: Int

  /// The sizes of all elements, or nil if they cannot be read.
  private let sizes: SizeHistogram?

  /// Why the elements cannot be read, or nil.
  private let obstacle: String?

  private static let quantiles: [(name: String, part: Double)] = [
    ("min", 0), ("p25", 0.25), ("median", 0.5), ("p75", 0.75), ("p99", 0.99), ("max", 1),
  ]

  /// Reads all of an array, if its elements can be read.
  ///
  /// - Throws: What reading throws, such as an error for the first damaged chunk.
  init(of array: ZarrArray, path: String) throws {
    let chunks = try StoredChunks(of: array)
    self.path = path
    metadata = array.metadata
    obstacle = array.readingObstacle
    sizes = try obstacle == nil ? Self.sizes(of: array, chunks) : nil
    chunkShape = array.chunkShape
    chunkCount = array.chunkCount
    shards = array.shardShape.map { ($0, array.shardCount ?? 0) }
    storedChunkCount = chunks.count
    storedByteCount = try chunks.storedByteCount()
    try array.checkIsInPlace()
  }

  private static func sizes(of array: ZarrArray, _ chunks: StoredChunks) throws -> SizeHistogram {
    let progress = ProgressLine("reading", totalCount: chunks.count)
    defer { progress.clear() }
    let sizes = Mutex(SizeHistogram())
    try chunks.forEach { elements in
      var chunkSizes = SizeHistogram()
      for index in elements.indices {
        chunkSizes.add(byteCount: elements[index].byteCount)
      }
      sizes.withLock { $0.add(chunkSizes) }
      progress.add(1, byteCount: Int(clamping: chunkSizes.byteCount))
    } failure: { _, error in
      throw error
    }
    var allSizes = sizes.withLock { $0 }
    let metadata = array.metadata
    let absentCount = metadata.elementCount - allSizes.count
    if absentCount > 0 { allSizes.add(byteCount: metadata.fillValue.count, count: absentCount) }
    return allSizes
  }

  /// The number of element bytes per stored byte.
  private var ratio: Double? {
    sizes.flatMap { storedByteCount > 0 ? Double($0.byteCount) / Double(storedByteCount) : nil }
  }

  /// The description as JSON.
  var json: JSONValue {
    var object: JSONObject = [
      "path": .string(path), "node_type": "array", "zarr_format": .integer(metadata.zarrFormat.rawValue),
      "shape": .array(metadata.shape.map(JSONValue.integer)),
      "data_type": .string(metadata.dataTypeName),
      "chunk_shape": .array(chunkShape.map(JSONValue.integer)), "chunk_count": .integer(chunkCount),
      shards == nil ? "stored_chunk_count" : "stored_shard_count": .integer(storedChunkCount),
      "codecs": .array(metadata.codecs.map(\.json)),
      "element_count": .integer(metadata.elementCount),
      "stored_bytes": .integer(storedByteCount),
      "decoded_bytes": sizes.flatMap { JSONNumber("\($0.byteCount)") }.map(JSONValue.number) ?? .null,
    ]
    if let shards {
      object["shard_shape"] = .array(shards.shape.map(JSONValue.integer))
      object["shard_count"] = .integer(shards.count)
    }
    object["fill_value"] = try? metadata.dataType.json(ofFillValue: metadata.fillValue)
    object["ratio"] = ratio.map { .number(JSONNumber($0)) } ?? .null
    object["element_bytes"] =
      sizes.map { sizes in
        let values = sizes.quantiles(Self.quantiles.map(\.part)).map(JSONValue.integer)
        return .object(JSONObject(zip(Self.quantiles.map(\.name), values).map { ($0, $1) }))
      } ?? .null
    if let obstacle { object["not_readable"] = .string(obstacle) }
    return .object(object)
  }

  /// The description as lines of text.
  var lines: [String] {
    let fillValue = (try? metadata.dataType.json(ofFillValue: metadata.fillValue))?.description ?? "?"
    let count = shards?.count ?? chunkCount
    let stored = storedChunkCount == count ? "" : ", \(storedChunkCount) stored"
    let isRegular = metadata.chunkGrid.regularChunkShape != nil
    let size = (isRegular ? "" : "at most ") + Quantity.shape(shards?.shape ?? chunkShape)
    let divisions =
      shards == nil
      ? [("chunk shape", size), ("chunks", "\(count)\(stored)")]
      : [
        ("chunk shape", Quantity.shape(chunkShape)), ("chunks", "\(chunkCount)"), ("shard shape", size),
        ("shards", "\(count)\(stored)"),
      ]
    var rows: [(String, String)] = [
      ("shape", Quantity.shape(metadata.shape)), ("data type", metadata.dataTypeName),
    ]
    rows += divisions
    rows += [
      ("codecs", metadata.codecs.map(\.summary).joined(separator: ", ")), ("fill value", fillValue),
      ("stored", Quantity.exactBytes(storedByteCount)),
    ]
    if metadata.zarrFormat == .version2 { rows.insert(("format", "Zarr v2"), at: 0) }
    if let sizes {
      let quantiles = zip(Self.quantiles, sizes.quantiles(Self.quantiles.map(\.part)))
        .map { "\($0.name) \($1)" }.joined(separator: ", ")
      rows += [
        ("decoded", Quantity.exactBytes(sizes.byteCount)), ("ratio", ratio.map(Quantity.ratio) ?? "none"),
        ("element bytes", quantiles.isEmpty ? "none" : quantiles),
      ]
    }
    if let obstacle { rows.append(("not readable", obstacle)) }
    return ["\(path): array"]
      + rows.map { "  " + $0 + String(repeating: " ", count: 15 - $0.count) + $1 }
  }
}

/// Counts elements by size.
///
/// Even very many elements have few different sizes: *k* sizes take more than *k*²/2 bytes of elements.
private struct SizeHistogram {
  /// Sizes below this are counted in a table.
  private static let tableSize = 4096

  private var small = [Int](repeating: 0, count: tableSize)
  private var large: [Int: Int] = [:]

  /// The number of elements.
  private(set) var count = 0

  /// The bytes of all elements.
  ///
  /// An array can claim more fill values than an `Int` can count.
  private(set) var byteCount: UInt128 = 0

  /// Adds elements of one size.
  mutating func add(byteCount size: Int, count: Int = 1) {
    if size < Self.tableSize {
      small[size] += count
    } else {
      large[size, default: 0] += count
    }
    self.count += count
    byteCount += UInt128(size) * UInt128(count)
  }

  /// Adds all elements of another histogram.
  mutating func add(_ other: SizeHistogram) {
    for (size, count) in other.sizes {
      add(byteCount: size, count: count)
    }
  }

  /// The sizes with their counts, smallest first.
  private var sizes: [(size: Int, count: Int)] {
    small.enumerated().filter { $0.element > 0 }.map { ($0.offset, $0.element) }
      + large.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// For each part, the smallest size that this part of the elements do not exceed.
  ///
  /// - Parameter parts: Ascending numbers from 0, for the smallest size, to 1, for the largest.
  /// - Returns: A size for each part, or an empty array if there are no elements.
  func quantiles(_ parts: [Double]) -> [Int] {
    guard count > 0 else { return [] }
    var quantiles: [Int] = []
    var reached = 0
    for (size, sizeCount) in sizes {
      reached += sizeCount
      while quantiles.count < parts.count,
        reached >= rank(of: parts[quantiles.count])
      {
        quantiles.append(size)
      }
    }
    return quantiles
  }
  /// The number of elements in a part, at least one.
  private func rank(of part: Double) -> Int {
    // Rounding may give more than all elements, and more than an `Int` holds.
    max(1, Int(exactly: (part * Double(count)).rounded(.up)).map { min(count, $0) } ?? count)
  }
}
