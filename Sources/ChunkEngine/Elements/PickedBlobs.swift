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
  /// - Complexity: O(*n* log *m*) where *n* is the number of positions and *m* that of views.
  package func view(of positions: ArraySlice<Int>) throws(ChunkError) -> BlobView {
    let layout = views.lazy.filter { !$0.isEmpty }.first?.layout ?? .variable
    let storage = try BlobStorage(count: positions.count, layout: layout, sources: views)
    var number = 0
    for (slot, position) in positions.enumerated() {
      if !(starts[number]..<starts[number + 1]).contains(position) { number = view(with: position) }
      let view = views[number]
      // SAFETY: The views, which the storage keeps, have the memory of the element.
      let element = unsafe view.blobs.element(position - starts[number])
      if let byteCount = layout.fixedByteCount {
        unsafe UnsafeMutableRawBufferPointer(
          rebasing: storage.places[slot * byteCount..<(slot + 1) * byteCount]
        ).copyMemory(from: element)
      } else if let start = element.baseAddress {
        unsafe storage.table.slots(slot..<slot + 1).initializeElement(at: 0, to: start)
      }
    }
    return BlobView(storage)
  }

  /// Copies of the elements at some positions, which keep no memory of the views.
  ///
  /// - Throws: ``ChunkError/outOfMemory(byteCount:)``
  /// - Complexity: O(*n* log *m* + *b*) where *b* is the size of the elements.
  package func copies(of positions: ArraySlice<Int>) throws(ChunkError) -> BlobView {
    let picked = try view(of: positions)
    guard picked.layout == .variable else { return picked }
    let all = [ElementRun(chunkIndex: 0, selectionIndex: 0, count: picked.count)]
    var arena = ByteArena()
    try arena.append(withLengths: picked.blobs, runs: all.span)
    let bytes = try arena.takeBytes()
    let storage = try BlobStorage(count: picked.count, layout: .variable)
    storage.keep(bytes)
    unsafe storage.table.place(gathered: bytes, from: 0, runs: all.span)
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
