/// The elements of several sources, one source after the other.
public struct JoinedBlobs: BlobSource {
  private let sources: [any BlobSource]

  /// The index behind the last element of each source.
  private let ends: [Int]

  /// Joins `sources`.
  ///
  /// - Complexity: O(*n*) where *n* is the number of sources.
  public init(_ sources: [any BlobSource]) {
    self.sources = sources
    var end = 0
    ends = sources.map { source in
      end += source.count
      return end
    }
  }

  public var count: Int { ends.last ?? 0 }

  public var elementsAreText: Bool { sources.allSatisfy(\.elementsAreText) }

  public func byteCount(of range: Range<Int>) throws(ChunkError) -> Int {
    var total = 0
    try forEachPart(of: range) { source, part throws(ChunkError) in
      total = try sum(total, source.byteCount(of: part))
    }
    return total
  }

  public func write(_ range: Range<Int>, to writer: inout WireFormWriter) throws(ChunkError) {
    try forEachPart(of: range) { source, part throws(ChunkError) in
      try source.write(part, to: &writer)
    }
  }

  /// Calls `body` with each source that has elements in `range`, and with the range that they have in it.
  ///
  /// - Complexity: O(log *n* + *m*) for *m* of *n* sources.
  private func forEachPart(
    of range: Range<Int>, _ body: (any BlobSource, Range<Int>) throws(ChunkError) -> Void
  ) throws(ChunkError) {
    var index = firstSource(endingAfter: range.lowerBound)
    var position = range.lowerBound
    while position < range.upperBound {
      let start = index == 0 ? 0 : ends[index - 1]
      let upper = min(range.upperBound, ends[index])
      if upper > position {
        try body(sources[index], position - start..<upper - start)
      }
      position = max(position, upper)
      index += 1
    }
  }

  private func firstSource(endingAfter position: Int) -> Int {
    var lower = 0
    var upper = ends.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if ends[middle] > position { upper = middle } else { lower = middle + 1 }
    }
    return lower
  }
}
