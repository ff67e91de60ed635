/// The chunks that a region of an array touches.
struct RegionChunks {
  /// The metadata that the work goes by, whatever happens to the array meanwhile.
  let metadata: ArrayMetadata

  /// The region.
  let region: ArrayRegion

  /// The elements of the region.
  let elementCount: Int

  /// What the region has of each chunk.
  let parts: ChunkParts
}
