import ChunkEngine
import Zarr

/// Opens arrays from their documents alone.
struct ArrayOpening {
  private let access = ArrayAccess(workerCount: 1, limits: decodingLimits)

  /// Opens an array without chunks, and reads its first element.
  func open(_ documents: [String: [UInt8]]) throws {
    let store = MemoryStore()
    for (name, bytes) in documents { try store.write(StoreKey(name), bytes.span.bytes) }
    guard let array = try? ZarrArray.open(in: store, access: access) else { return }
    let metadata = array.metadata
    let origin = metadata.shape.map { _ in 0 }
    let key = array.key(ofChunkAt: origin)
    try must("the key of a chunk is none") { _ = try StoreKey(key.description) }
    try check(array.chunkCount >= 0 && array.chunkShape.count == origin.count, "the chunks are not divided")
    guard metadata.elementCount > 0, array.readingObstacle == nil else { return }
    let element = try must("an element that is not stored cannot be read") { try array.read(at: origin) }
    try check(element == metadata.fillValue, "an element that is not stored is not the fill value")
  }
}
