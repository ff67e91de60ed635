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
