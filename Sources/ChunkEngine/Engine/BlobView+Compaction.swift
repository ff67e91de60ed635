import Dispatch
import Synchronization

extension BlobView {
  /// The elements back to back in one buffer with offsets, which is Arrow's `LargeBinary` layout.
  ///
  /// Two passes, both in parallel: the first adds up the sizes of blocks of elements, the second copies each
  /// block to its place.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func compacted() throws(ChunkError) -> BlobBatch {
    let starts = try startOffsets()
    let total = starts[blockCount]
    let offsetsByteCount = (count + 1) * MemoryLayout<Int64>.stride
    let payload = try Allocation(byteCount: RecycledMemory.byteCount(forTableOf: total))
    let offsets = try Allocation(byteCount: RecycledMemory.byteCount(forTableOf: offsetsByteCount))
    let ends = unsafe offsets.start.assumingMemoryBound(to: Int64.self)
    unsafe ends[0] = 0
    // SAFETY: Each block writes the bytes and the offsets of its own elements only.
    nonisolated(unsafe) let target = unsafe (payload: payload.start, ends: ends + 1)
    DispatchQueue.concurrentPerform(iterations: blockCount) { block in
      unsafe copyBlock(
        block, from: starts[block], to: starts[block + 1], payload: target.payload, ends: target.ends)
    }
    return BlobBatch(
      payload: SharedBytes(payload, byteCount: total),
      offsets: SharedBytes(offsets, byteCount: offsetsByteCount),
      count: count)
  }

  /// How many blocks of elements there are, of which each is worked on by one thread.
  var blockCount: Int { (count + Self.blockElementCount - 1) / Self.blockElementCount }

  private static var blockElementCount: Int { 1 << 14 }

  /// The elements of a block.
  func range(ofBlock block: Int) -> Range<Int> {
    block * Self.blockElementCount..<min(count, (block + 1) * Self.blockElementCount)
  }

  /// Where each block begins in the batch, and behind the last one the size of the batch.
  private func startOffsets() throws(ChunkError) -> [Int] {
    let sizes = Mutex([Int](repeating: 0, count: blockCount))
    DispatchQueue.concurrentPerform(iterations: blockCount) { block in
      let blobs = blobs
      var byteCount = 0
      for index in range(ofBlock: block) {
        // Fewer than 2¹⁴ elements of fewer than 2³² bytes.
        byteCount &+= unsafe blobs.element(index).count
      }
      sizes.withLock { $0[block] = byteCount }
    }
    var starts = [0]
    var total = 0
    for byteCount in sizes.withLock({ $0 }) {
      total = try sum(total, byteCount)
      starts.append(total)
    }
    return starts
  }

  /// Copies the elements of one block to `payload`, from `start` to `end`, and writes where each of them
  /// ends.
  private func copyBlock(
    _ block: Int, from start: Int, to end: Int, payload: UnsafeMutableRawPointer,
    ends: UnsafeMutablePointer<Int64>
  ) {
    let blobs = blobs
    var offset = start
    for index in range(ofBlock: block) {
      let element = unsafe blobs.element(index)
      if let source = element.baseAddress {
        // SAFETY: Behind every chunk lies the slack. Behind `end` begins the next block, which somebody else
        // writes.
        unsafe copyElement(
          to: payload + offset, from: source, byteCount: element.count, writable: end &- offset)
      }
      offset &+= element.count
      unsafe ends[index] = Int64(offset)
    }
  }
}
