import ChunkEngine

/// How many elements make a block, by those that were seen.
struct BlockSize {
  /// Blocks grow until they have as many bytes, in wire form, and shrink where they have more.
  private static let targetByteCount = 8 << 20

  /// Rows of chunks that are this much larger than a block are still read whole.
  private static let largestRow = 16

  /// The elements of a chunk for each worker.
  private let least: Int

  /// The elements that have the size of a block, as far as is known.
  private var elementCount: Int

  init(chunkElementCount: Int, workerCount: Int) {
    let most = BlockRegions.maximumElementCount
    elementCount = min(most, chunkElementCount)
    let (product, overflow) = chunkElementCount.multipliedReportingOverflow(by: workerCount)
    least = overflow ? most : min(most, product)
  }

  /// The elements of the next block.
  var wanted: Int { max(least, elementCount) }

  /// The most elements of a row of chunks that is read whole.
  var limit: Int { max(wanted, elementCount * Self.largestRow) }

  /// Takes into account how large elements are.
  mutating func adapt(to elements: BlobView) throws {
    guard elements.count > 0 else { return }
    let byteCount = Double(try elements.byteCount(of: elements.indices))
    let mean = byteCount / Double(elements.count) + Double(WireForm.lengthByteCount)
    let ideal = Int(Double(Self.targetByteCount) / mean)
    // Step by step, since a few elements say little of the others.
    let range = max(1, elementCount / 2)...min(BlockRegions.maximumElementCount, elementCount * 2)
    elementCount = min(max(ideal, range.lowerBound), range.upperBound)
  }
}
