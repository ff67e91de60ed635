import CKernels

/// Elements of several views, from which others are made in any order.
///
///     views      [a b c] [d e]       position 0 1 2  3 4
///     picked     e a d               positions 4, 0, 3; nothing is copied but pointers
package struct PickedBlobs: Sendable {
  private let views: [BlobView]

  /// The position of the first element of each view, and the number of all.
  private let starts: [Int]

  /// Takes views of elements of one layout.
  package init(_ views: [BlobView]) {
    self.views = views
    var starts = [0]
    for view in views { starts.append(starts[starts.count - 1] + view.count) }
    self.starts = starts
  }

  /// The number of elements.
  package var count: Int { starts[starts.count - 1] }

  /// The elements at some positions, in this order.
  ///
  /// Those of any size are shared with the views, which are kept; those of fixed size are copied.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the number of positions, if there are few views.
  package func view(of positions: ArraySlice<Int>) throws(ChunkError) -> BlobView {
    let layout = views.lazy.filter { !$0.isEmpty }.first?.layout ?? .variable
    let storage = try BlobStorage(count: positions.count, layout: layout, sources: views)
    guard let byteCount = layout.fixedByteCount else {
      let slots = unsafe storage.table.slots(0..<positions.count)
      var range = 0..<0
      // SAFETY: The storage keeps the views, which have these slots and what they point to. The lengths of elements are
      // not looked at, since they would have to come from memory.
      var source = unsafe UnsafeMutableBufferPointer<UnsafeRawPointer>(start: nil, count: 0)
      for (slot, position) in positions.enumerated() {
        if !range.contains(position) {
          let number = view(with: position)
          range = starts[number]..<starts[number + 1]
          unsafe source = views[number].slots
        }
        unsafe slots.initializeElement(at: slot, to: source[position - range.lowerBound])
      }
      return BlobView(storage)
    }
    for (slot, position) in positions.enumerated() {
      let number = view(with: position)
      let view = views[number]
      unsafe UnsafeMutableRawBufferPointer(
        rebasing: storage.places[slot * byteCount..<(slot + 1) * byteCount]
      ).copyMemory(from: view.blobs.element(position - starts[number]))
    }
    return BlobView(storage)
  }

  /// Copies of the elements at some positions, which keep no memory of the views.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n*) where *n* is the size of the elements, if there are few views.
  package func copies(of positions: ArraySlice<Int>) throws(ChunkError) -> BlobView {
    let picked = try view(of: positions)
    guard picked.layout == .variable else { return picked }
    let storage = try BlobStorage(count: picked.count, layout: .variable)
    let slots = unsafe storage.table.slots(0..<picked.count)
    _ = unsafe slots.initialize(fromContentsOf: picked.slots)
    // SAFETY: The views keep what is copied until the end of the call.
    try withExtendedLifetime(picked) { () throws(ChunkError) in
      let byteCount = try unsafe slots.byteCountWithLengths
      storage.keep(try unsafe slots.copyElements(byteCount: byteCount))
    }
    return BlobView(storage)
  }

  /// The last view that begins at a position or before.
  private func view(with position: Int) -> Int {
    precondition(position >= 0 && position < count, "position \(position) is outside of \(count) elements")
    var (lower, upper) = (0, views.count)
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if starts[middle] <= position { lower = middle } else { upper = middle }
    }
    return lower
  }
}

/// Chunks in memory, whose elements are copied in any order.
///
///     chunks     [a b c] [d e]
///     places     (1, 1) (0, 0) (1, 0)     the number of a chunk, and the index of the element in it
///     copies     e a d
@safe
package struct ElementSources: @unchecked Sendable {
  /// An element: the number of its chunk, and its index in that.
  package typealias Place = (chunk: Int, index: Int)

  // SAFETY: What the pointers lead to belongs to `chunks` and does not change.
  private var chunks: [BlobView] = []
  private var slots: [UnsafeMutableBufferPointer<UnsafeRawPointer>] = unsafe []

  /// Begins without chunks.
  package init() {}

  /// Adds a chunk, and returns its number.
  package mutating func add(_ chunk: BlobView) -> Int {
    chunks.append(chunk)
    if chunk.layout == .variable { unsafe slots.append(chunk.slots) }
    return chunks.count - 1
  }

  /// About how many of the elements have `byteCount` bytes together, at least one.
  package func elementCount(of byteCount: Int, among places: [Place]) -> Int {
    var (sum, sampledCount) = (0, 0)
    for number in stride(from: 0, to: places.count, by: max(1, places.count / 16)) {
      let chunk = chunks[places[number].chunk]
      sum += unsafe chunk.blobs.element(places[number].index).count
      sampledCount += 1
    }
    let mean = sum / max(1, sampledCount) + WireForm.lengthByteCount
    return max(1, byteCount / mean)
  }

  /// Has slots point to elements.
  func point(
    _ target: UnsafeMutableBufferPointer<UnsafeRawPointer>, to places: ArraySlice<Place>
  ) {
    unsafe slots.withUnsafeBufferPointer { slots in
      for (slot, place) in places.enumerated() {
        precondition(place.chunk >= 0 && place.chunk < slots.count, "there is no chunk \(place.chunk)")
        let chunk = unsafe slots[place.chunk]
        precondition(place.index >= 0 && place.index < chunk.count, "there is no element \(place.index)")
        let start = unsafe chunk[place.index]
        // All elements are fetched at the same time, and not one after the other.
        unsafe ckernels_prefetch(start - WireForm.lengthByteCount)
        unsafe ckernels_prefetch(start + 64)
        unsafe target.initializeElement(at: slot, to: start)
      }
    }
  }

  /// Copies elements of a fixed size back to back.
  func copy(
    _ places: ArraySlice<Place>, to target: UnsafeMutableRawBufferPointer, _ byteCount: Int
  ) {
    for (slot, place) in places.enumerated() {
      let chunk = chunks[place.chunk]
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[slot * byteCount..<(slot + 1) * byteCount])
        .copyMemory(from: chunk.blobs.element(place.index))
    }
  }
}

extension UnsafeMutableBufferPointer<UnsafeRawPointer> {
  /// The bytes of the elements that slots point to, each with its length.
  ///
  /// - Precondition: All slots are set, and what they point to is in memory.
  var byteCountWithLengths: Int {
    get throws(ChunkError) {
      var total = 0
      for slot in indices {
        let length = unsafe (self[slot] - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
        total = try sum(total, Int(UInt32(littleEndian: length)) + WireForm.lengthByteCount)
      }
      return total
    }
  }

  /// Copies the elements that slots point to, each with its length, and has the slots point to the copies.
  ///
  /// - Parameter byteCount: What ``byteCountWithLengths`` says.
  /// - Returns: The copies.
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  func copyElements(byteCount: Int) throws(ChunkError) -> SharedBytes {
    let copies = try Allocation(byteCount: RecycledMemory.byteCount(forTableOf: byteCount))
    var offset = 0
    for slot in indices {
      let source = unsafe self[slot]
      let length = unsafe (source - WireForm.lengthByteCount).loadUnaligned(as: UInt32.self)
      unsafe copies.start.storeBytes(of: length, toByteOffset: offset, as: UInt32.self)
      offset &+= WireForm.lengthByteCount
      let target = unsafe copies.start + offset
      let count = Int(UInt32(littleEndian: length))
      // SAFETY: The bytes of chunks do not change, so that all copies fit. After every chunk lies the slack.
      unsafe copyElement(to: target, from: source, byteCount: count, writable: byteCount &- offset)
      unsafe self[slot] = UnsafeRawPointer(target)
      offset &+= count
    }
    return SharedBytes(copies, byteCount: byteCount)
  }
}
