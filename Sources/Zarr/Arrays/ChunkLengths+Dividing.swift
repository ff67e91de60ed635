import ChunkEngine

extension ChunkLengths {
  /// Divides elements into chunks of about the same number of bytes.
  ///
  /// - Parameters:
  ///   - elements: The elements.
  ///   - byteCount: The most bytes of a chunk that has more than one element, lengths included.
  /// - Throws: What `elements` throws.
  /// - Complexity: O(*n*) where *n* is the number of elements; each is measured a few times.
  init(dividing elements: any BlobSource, intoChunksOf byteCount: Int) throws {
    self.init()
    var position = 0
    var guess = 1
    while position < elements.count {
      let count = try Self.count(
        of: elements, from: position, fitting: byteCount - WireForm.headerByteCount, guess: guess)
      try append(max(1, count))
      position += max(1, count)
      guess = max(1, count)
    }
  }

  /// Returns how many elements from `start` on fit in `byteCount` bytes.
  ///
  /// Steps double as long as they fit. The one that does not is halved until the element is found.
  static func count(
    of elements: any BlobSource, from start: Int, fitting byteCount: Int, guess: Int
  ) throws(ChunkError) -> Int {
    var count = 0
    var free = byteCount
    // Behind the elements that may fit.
    var end = min(elements.count - start, ChunkGrid.maximumElementCount)
    var step = max(1, guess)
    while count < end {
      let tried = min(end, count + step)
      let added = try elements.byteCount(of: start + count..<start + tried)
      // No more elements than a chunk can count, so that their lengths have no more than 2³⁴ bytes.
      let (total, overflow) = added.addingReportingOverflow((tried - count) * WireForm.lengthByteCount)
      if !overflow, total <= free {
        free -= total
        count = tried
        step *= 2
      } else {
        // One less, since these do not fit.
        end = tried - 1
        step = max(1, (end - count) / 2)
      }
    }
    return count
  }
}
