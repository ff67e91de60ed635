import ChunkEngine
import Zarr

extension FuzzTarget {
  /// Shards, read in parts: bytes choose the array and the regions, and the rest is the shard.
  static let shards = FuzzTarget("shards") {
    try ShardedArray.documents.indices.flatMap { index in
      let sample = try ShardedArray(index)
      return try [0, 1, 3, 6].map { count in
        [UInt8(index), 1, 4, 0, 6, 2, 3] + (try sample.shard(elementCount: count))
      }
    }
  } prepare: {
    let arrays = try ShardedArray.documents.indices.map { try ShardedArray($0) }
    return { input in
      let array = arrays[input.number(below: arrays.count)]
      let regions = (0..<3).map { _ in input.range(below: 6) }
      try array.run(input.rest(), regions)
    }
  }
}

/// An array of one shard.
private struct ShardedArray {
  private let array: ZarrArray
  private let store = MemoryStore()
  private let key: StoreKey

  static let documents: [String] = [
    document(SeedDocuments.shards("2", codecs: "\"vlen-bytes\"")),
    document(SeedDocuments.shards("1", codecs: "\"vlen-bytes\"", more: ",\"index_location\":\"start\"")),
    document(
      SeedDocuments.shards("3", codecs: "\"vlen-bytes\",{\"name\":\"zstd\",\"configuration\":{\"level\":1}}")),
    document(SeedDocuments.shards("2", codecs: "\"vlen-bytes\",\"crc32c\"", index: ",\"crc32c\"")),
    document(
      SeedDocuments.shards("2", codecs: SeedDocuments.bytes), dataType: "\"uint16\"", fillValue: "513"),
    document(
      SeedDocuments.shards("6", codecs: SeedDocuments.shards("2", codecs: "\"vlen-bytes\""))),
  ]

  private static func document(
    _ codec: String, dataType: String = "\"bytes\"", fillValue: String = "\"QQ==\""
  ) -> String {
    SeedDocuments.array(
      shape: "6", chunkShape: "6", dataType: dataType, fillValue: fillValue, codecs: codec)
  }

  init(_ index: Int) throws {
    let document = Array(Self.documents[index].utf8)
    try store.write(StoreKey("zarr.json"), document.span.bytes)
    array = try ZarrArray.open(in: store, access: ArrayAccess(workerCount: 1, limits: decodingLimits))
    key = array.key(ofChunkAt: [0])
  }

  /// A shard with its first elements.
  func shard(elementCount: Int) throws -> [UInt8] {
    let byteCount = array.dataType.layout.fixedByteCount
    let elements = (0..<elementCount).map { [UInt8](repeating: UInt8($0), count: byteCount ?? $0) }
    try store.delete(key)
    try array.write(blobs: blobBatch(elements), to: [0..<elementCount])
    return try store.bytes(of: key, limit: 1 << 20) ?? []
  }

  private func blobBatch(_ elements: [[UInt8]]) throws -> BlobBatch {
    var builder = try BlobBatchBuilder()
    for element in elements { try builder.append(element.span.bytes) }
    return try builder.finish()
  }

  /// Reads a shard as a whole and in parts.
  func run(_ shard: [UInt8], _ regions: [Range<Int>]) throws {
    try store.write(key, shard.span.bytes)
    let whole = read(0..<6)
    for region in regions {
      let part = read(region)
      if let whole {
        try check(
          part == Array(whole[region]), "a part of a shard is read as other elements than in the whole")
      }
    }
    let scanned = try scan()
    try check(scanned == whole, "a scan shows other elements than a read")
  }

  private func read(_ region: Range<Int>) -> [[UInt8]]? { try? array.read([region]).arrays() }

  private func scan() throws -> [[UInt8]]? {
    let elements = Elements(count: 6)
    do {
      try array.scan { region, blobs in
        for index in blobs.indices {
          elements.set(region.ranges[0].lowerBound + index, Array(copying: blobs[index]))
        }
      }
    } catch is ZarrError {
      return nil
    }
    return elements.all
  }
}

/// The elements of a scan with one worker.
private final class Elements: @unchecked Sendable {
  private(set) var all: [[UInt8]]

  init(count: Int) {
    all = Array(repeating: [], count: count)
  }

  func set(_ index: Int, _ element: [UInt8]) {
    all[index] = element
  }
}
