import ChunkEngine

extension ZarrArray {
  /// The mean size in bytes of elements from some chunks all over the array, without their lengths.
  ///
  /// Elements of fixed size are not looked at.
  ///
  /// - Throws: As ``read(_:monitor:)-8ycye``.
  /// - Complexity: O(*n*) where *n* is the size of at most 16 chunks.
  func sampledMeanByteCount() throws -> Double {
    let metadata = metadata
    if let byteCount = metadata.dataType.layout.fixedByteCount { return Double(byteCount) }
    let blocks = ChunkBlocks(metadata)
    let sampleCount = min(blocks.chunkCount, 16)
    var elementCount = 0
    var byteCount = 0
    for sample in 0..<sampleCount {
      // The product may be larger than what an `Int` holds.
      let first = blocks.chunkCount / sampleCount * sample
      let region = beginning(of: blocks.block(from: first, ofAtMost: 1).region)
      let elements = try read(region)
      elementCount += elements.count
      byteCount += try elements.byteCount(of: elements.indices)
    }
    return elementCount > 0 ? Double(byteCount) / Double(elementCount) : ChunkSize.assumedMeanByteCount
  }

  /// At most some thousand elements from the beginning of a region.
  private func beginning(of region: ArrayRegion) -> ArrayRegion {
    var rest = 4096
    var ranges = region.ranges
    for dimension in ranges.indices.reversed() {
      let count = min(ranges[dimension].count, max(1, rest))
      ranges[dimension] = ranges[dimension].lowerBound..<ranges[dimension].lowerBound + count
      rest /= max(1, count)
    }
    return ArrayRegion(ranges)
  }
}
