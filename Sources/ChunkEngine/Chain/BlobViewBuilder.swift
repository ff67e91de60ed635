import Synchronization

/// Collects the elements of decoded chunks into one view, from several workers at once.
@safe
package final class BlobViewBuilder: Sendable {
  let storage: BlobStorage
  private let codec: String
  private let byteCountLimit: Int

  /// The bytes of the view so far: of what points to elements, and of all elements.
  private let byteCount: Atomic<Int>

  /// Makes room for `count` elements.
  ///
  /// - Parameters:
  ///   - count: The number of elements of the selection.
  ///   - chain: The codecs of the chunks.
  ///   - limits: The most bytes that the view may have, see ``DecodingLimits/decodedByteCountPerCall``.
  /// - Throws: ``ChunkError/callElementCountExceedsLimit(count:limit:)`` and
  ///   ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)`` before memory is taken, and
  ///   ``ChunkError/outOfMemory(byteCount:)``.
  package init(
    count: Int, chain: CodecChain, limits: DecodingLimits = DecodingLimits()
  ) throws(ChunkError) {
    guard count <= limits.elementCountPerCall else {
      throw .callElementCountExceedsLimit(count: count, limit: limits.elementCountPerCall)
    }
    let (least, overflow) = unsafe count.multipliedReportingOverflow(
      by: chain.layout.fixedByteCount ?? MemoryLayout<UnsafeRawPointer>.stride)
    byteCountLimit = limits.decodedByteCountPerCall
    guard !overflow, least <= byteCountLimit else {
      throw .callByteCountExceedsLimit(byteCount: overflow ? nil : least, limit: byteCountLimit)
    }
    byteCount = Atomic(least)
    storage = try BlobStorage(count: count, layout: chain.layout)
    codec = chain.elementCodecName
  }

  /// Counts bytes of elements of any size that the view is going to have.
  func charge(_ added: Int) throws(ChunkError) {
    let (before, after) = byteCount.wrappingAdd(added, ordering: .relaxed)
    guard added >= 0, after >= before, after <= byteCountLimit else {
      throw .callByteCountExceedsLimit(byteCount: nil, limit: byteCountLimit)
    }
  }

  /// Keeps memory that elements are going to be in, as long as the view.
  package func keep(_ bytes: SharedBytes) {
    storage.keep(bytes)
  }

  /// Puts elements of a chunk in their places and keeps the chunk.
  ///
  /// Every element of the chunk is checked, also those that are not in a run.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, laid out as the chain's ``ElementLayout`` says.
  ///   - count: The number of elements that it must have.
  ///   - runs: The elements that belong to the selection, in the order of the chunk. No two workers place the
  ///     same.
  /// - Returns: The bytes of all elements of the chunk together, without their lengths.
  /// - Precondition: Runs do not overlap, follow each other in the chunk, and lie inside the selection.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk.
  /// - Complexity: O(`count`). Copies nothing but elements of fixed size that are not all of one chunk.
  @discardableResult
  package func place(_ chunk: SharedBytes, count: Int, runs: [ElementRun]) throws(ChunkError) -> Int {
    if case .fixed(let elementByteCount) = storage.layout, runs.count == 1, runs[0].count == storage.count {
      try storage.layout.checkByteCount(chunk.byteCount, count: count, codec: codec)
      storage.adopt(chunk, at: runs[0].chunkIndex * elementByteCount)
      return chunk.byteCount
    }
    if storage.layout == .variable {
      try charge(chunk.byteCount)
      storage.keep(chunk)
    }
    return try place(chunk.bytes, count: count, runs: runs.span)
  }

  /// Puts elements of a chunk in their places: those of fixed size as copies, and others where they are.
  ///
  /// - Precondition: As for ``place(_:count:runs:)-(SharedBytes,_,_)``. The memory of elements of variable
  ///   size outlives the view.
  @discardableResult
  func place(_ chunk: RawSpan, count: Int, runs: Span<ElementRun>) throws(ChunkError) -> Int {
    if case .fixed(let elementByteCount) = storage.layout {
      try storage.layout.checkByteCount(chunk.byteCount, count: count, codec: codec)
      unsafe storage.places.place(chunk, runs: runs, elementByteCount: elementByteCount)
      return chunk.byteCount
    }
    return try unsafe storage.table.place(chunk, count: count, runs: runs, codec: codec)
  }

  /// Puts `element`, which is one element in wire form, in the places of all elements of `runs`.
  ///
  /// - Precondition: `element` is well-formed, as ``ElementLayout/sharedElement(_:)`` makes it, its memory outlives the
  ///   view, and the runs lie inside the selection.
  /// - Throws: ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)``
  /// - Complexity: O(*n*) where *n* is the number of elements of the runs.
  package func place(repeating element: SharedBytes, runs: Span<ElementRun>) throws(ChunkError) {
    guard storage.layout == .variable else {
      return unsafe storage.places.place(repeating: element.bytes, runs: runs)
    }
    var count = 0
    for index in runs.indices { count += runs[index].count }
    // Each counts as if it had bytes of its own, which it gets when the view is copied.
    let (added, overflow) = element.byteCount.multipliedReportingOverflow(by: count)
    try charge(overflow ? Int.max : added)
    unsafe storage.table.place(repeating: element, runs: runs)
  }

  /// Puts elements of the view in other places too.
  ///
  /// - Precondition: The originals are in their places, and no worker places any more.
  /// - Throws: ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)``
  /// - Complexity: O(*n*) where *n* is the number of elements, and of their bytes if they have a fixed size.
  package func place(repeating elements: [RepeatedElement]) throws(ChunkError) {
    if let byteCount = storage.layout.fixedByteCount {
      let places = unsafe storage.places
      for element in elements {
        let (source, target) = (element.original * byteCount, element.index * byteCount)
        unsafe UnsafeMutableRawBufferPointer(rebasing: places[target..<target + byteCount])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: places[source..<source + byteCount]))
      }
      return
    }
    let slots = unsafe storage.table.slots(0..<storage.count)
    for element in elements {
      let start = unsafe slots[element.original]
      let length = unsafe (start - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
      // Each counts as if it had bytes of its own, which it gets when the view is copied.
      try charge(WireForm.lengthByteCount + Int(UInt32(littleEndian: length)))
      unsafe slots[element.index] = unsafe start
    }
  }

  /// The bytes of elements that are in their places.
  ///
  /// - Precondition: All elements of `runs` were placed.
  /// - Complexity: O(*n*) where *n* is the number of elements.
  func byteCount(of runs: Span<ElementRun>) -> Int {
    var total = 0
    for index in runs.indices {
      let run = runs[index]
      if let elementByteCount = storage.layout.fixedByteCount {
        total += run.count * elementByteCount
        continue
      }
      let slots = unsafe storage.table.slots(run.selectionIndex..<run.selectionIndex + run.count)
      unsafe total += BlobSpan(slots: UnsafePointer(slots.baseAddress), count: run.count).byteCount
    }
    return total
  }

  /// The view of all elements.
  ///
  /// - Precondition: Every element was placed, or the view is never looked at.
  /// - Complexity: O(1). Copies nothing.
  package func finish() -> BlobView {
    BlobView(storage)
  }
}

extension BlobViewBuilder {
  /// Puts copies of elements in their places in the view.
  ///
  /// - Parameters:
  ///   - places: The elements of the whole view.
  ///   - range: Which of them are copied. No two workers copy the same.
  ///   - sources: Their chunks.
  /// - Returns: The bytes of the elements.
  /// - Precondition: The chunks have the elements.
  /// - Throws: ``ChunkError/callByteCountExceedsLimit(byteCount:limit:)`` and ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  package func place(
    copiesOf places: [ElementSources.Place], in range: Range<Int>, from sources: ElementSources
  ) throws(ChunkError) -> Int {
    if let byteCount = storage.layout.fixedByteCount {
      let target = unsafe storage.places[range.lowerBound * byteCount..<range.upperBound * byteCount]
      unsafe sources.copy(places[range], to: UnsafeMutableRawBufferPointer(rebasing: target), byteCount)
      return range.count * byteCount
    }
    let slots = unsafe storage.table.slots(range)
    unsafe sources.point(slots, to: places[range])
    let byteCount = try unsafe slots.byteCountWithLengths
    try charge(byteCount)
    keep(try unsafe slots.copyElements(byteCount: byteCount))
    return byteCount - range.count * WireForm.lengthByteCount
  }
}

extension BlobView {
  /// Creates a view of all elements of a chunk.
  ///
  /// - Parameters:
  ///   - chunk: The chunk, laid out as the chain's ``ElementLayout`` says.
  ///   - count: The number of elements that it must have.
  ///   - chain: The codecs of the chunk.
  /// - Throws: ``ChunkError`` for what is wrong with the chunk, before memory is taken for more elements than
  ///   it can have.
  /// - Complexity: O(`count`). Copies nothing.
  public init(_ chunk: SharedBytes, count: Int, chain: CodecChain) throws(ChunkError) {
    if chain.layout == .variable {
      _ = try WireForm.payloadByteCount(of: chunk.bytes, expectedCount: count, codec: chain.elementCodecName)
    } else {
      try chain.layout.checkByteCount(chunk.byteCount, count: count, codec: chain.elementCodecName)
    }
    let builder = try BlobViewBuilder(count: count, chain: chain)
    try builder.place(chunk, count: count, runs: [ElementRun(chunkIndex: 0, selectionIndex: 0, count: count)])
    self = builder.finish()
  }
}
