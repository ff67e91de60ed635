import Synchronization
import ZarrPlatform

extension BlobView {
  /// Copies of the elements, which all cores make together if there are many.
  ///
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element.
  public func arrays() -> [[UInt8]] {
    copies { blobs, index in unsafe Array(blobs.element(index)) }
  }

  /// The elements as text, which all cores make together if there are many.
  ///
  /// - Throws: ``ChunkError/invalidUTF8(index:)`` for the first element that is not well-formed UTF-8.
  /// - Complexity: O(*n*) where *n* is the size of the elements. Allocates once an element of more than 15
  ///   bytes.
  public func strings() throws(ChunkError) -> [String] {
    let firstIllFormed = Atomic(Int.max)
    let strings = copies { blobs, index in
      if let string = blobs.string(at: index) { return string }
      firstIllFormed.min(index, ordering: .relaxed)
      return ""
    }
    let index = firstIllFormed.load(ordering: .relaxed)
    guard index == Int.max else { throw .invalidUTF8(index: index) }
    return strings
  }

  /// What `copy` makes of each element, in the same order.
  private func copies<Copy>(_ copy: @Sendable (BlobSpan, _ index: Int) -> Copy) -> [Copy] {
    // The standard library would write the 0 to the empty array that all threads share.
    guard count > 0 else { return [] }
    return unsafe [Copy](unsafeUninitializedCapacity: count) { copies, initializedCount in
      guard let start = copies.baseAddress else { return }
      // SAFETY: Each block has places of its own, and all are initialized when the call returns.
      nonisolated(unsafe) let target = unsafe start
      forEachBlock { block in
        let blobs = blobs
        for index in range(ofBlock: block) {
          unsafe (target + index).initialize(to: copy(blobs, index))
        }
      }
      initializedCount = count
    }
  }
}

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
    forEachBlock { block in
      unsafe copyBlock(
        block, from: starts[block], to: starts[block + 1], payload: target.payload, ends: target.ends)
    }
    return BlobBatch(
      payload: SharedBytes(payload, byteCount: total),
      offsets: SharedBytes(offsets, byteCount: offsetsByteCount),
      count: count)
  }

  /// Calls `body` with each block, on all cores.
  private func forEachBlock(_ body: @Sendable (Int) -> Void) {
    let nextBlock = Atomic(0)
    WorkerThreads.run(workerCount: Swift.min(blockCount, Platform.coreCount)) {
      while case let block = nextBlock.wrappingAdd(1, ordering: .relaxed).oldValue, block < blockCount {
        body(block)
      }
    }
  }

  /// The number of blocks of elements, each of which one thread works on.
  private var blockCount: Int { (count + Self.blockElementCount - 1) / Self.blockElementCount }

  private static var blockElementCount: Int { 1 << 14 }

  /// The elements of a block.
  private func range(ofBlock block: Int) -> Range<Int> {
    block * Self.blockElementCount..<Swift.min(count, (block + 1) * Self.blockElementCount)
  }

  /// Where each block begins in the batch, and after the last one the size of the batch.
  private func startOffsets() throws(ChunkError) -> [Int] {
    let sizes = Locked([Int](repeating: 0, count: blockCount))
    forEachBlock { block in
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
        // SAFETY: After every chunk lies the slack. After `end` begins the next block, which another thread
        // writes.
        unsafe copyElement(
          to: payload + offset, from: source, byteCount: element.count, writable: end &- offset)
      }
      offset &+= element.count
      unsafe ends[index] = Int64(offset)
    }
  }
}
