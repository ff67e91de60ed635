import ChunkEngine
import Zarr

extension FuzzTarget {
  /// Arrays of both versions: the document with its length, bytes that choose regions, and chunks with
  /// lengths.
  static let arrays = FuzzTarget("arrays") {
    try (SeedDocuments.arrays + SeedDocuments.version2Arrays).map { text in
      let document = Array(text.utf8)
      var input = FuzzInput.counted(document) + [0, 1, 2, 2, 1, 0, 3, 9]
      for chunk in try fillValueChunks(of: document) { input += FuzzInput.counted(chunk) }
      return input
    }
  } prepare: {
    let access = ArrayAccess(workerCount: 1, limits: decodingLimits)
    return { input in
      guard let array = try open(input.takeCounted(), access), array.shape.count <= 4 else { return }
      let shape = array.shape
      let choices = (0..<8).map { _ in Int(input.byte()) }
      // The first chunks, under every form of their keys.
      for index in 0..<4 {
        let bytes = input.takeCounted()
        guard !bytes.isEmpty else { continue }
        let indices = shape.indices.map { dimension in index >> (shape.count - 1 - dimension) & 1 }
        try array.store.write(array.key(ofChunkAt: indices), bytes.span.bytes)
      }
      let region = ArrayRegion(
        shape.enumerated().map { dimension, length in
          let start = min(choices[dimension], length)
          return start..<min(start + choices[dimension + 4] % 8, length)
        })
      try readConsistently(array, region)
    }
  }

  /// The chunks of an array whose elements are the fill value.
  private static func fillValueChunks(of document: [UInt8]) throws -> [[UInt8]] {
    let access = ArrayAccess(workerCount: 1, writesEmptyChunks: true)
    guard let array = try open(document, access) else { return [] }
    let elements = RepeatedBlob(array.metadata.fillValue, count: array.count)
    guard (try? array.write(blobs: elements, to: ArrayRegion(allOf: array.shape))) != nil else { return [] }
    return try array.store.list("").map(\.description).filter { !documentNames.contains($0) }.sorted()
      .map { try array.store.bytes(of: StoreKey($0), limit: 1 << 20) ?? [] }
  }

  private static let documentNames = ["zarr.json", ".zarray"]

  /// Opens an array from a document of either version alone.
  private static func open(_ document: [UInt8], _ access: ArrayAccess) throws -> ZarrArray? {
    for name in documentNames {
      let store = MemoryStore()
      try store.write(StoreKey(name), document.span.bytes)
      if let array = try? ZarrArray.open(in: store, access: access) { return array }
    }
    return nil
  }

  /// Reads a region, and its first element alone.
  private static func readConsistently(_ array: ZarrArray, _ region: ArrayRegion) throws {
    guard let count = region.elementCount, count <= 4096 else { return }
    guard let view = try? array.read(region) else { return }
    try check(view.count == count, "\(view.count) elements are read in place of \(count)")
    _ = try? array.scan(region) { _, _ in }
    guard count > 0 else { return }
    let first = try must("an element of a region that is read cannot be read") {
      try array.read(at: region.ranges.map(\.lowerBound))
    }
    try check(first == view.bytes(at: 0), "an element is read as another than in a region")
  }
}
