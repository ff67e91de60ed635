/// The division of one axis of an array into chunks.
public enum ChunkAxis: Hashable, Sendable {
  /// All chunks have one length, at least 1.
  case repeated(Int)
  /// Chunks have lengths of their own.
  case lengths(ChunkLengths)

  /// Whether all chunks have one length.
  var isRepeated: Bool {
    if case .repeated = self { true } else { false }
  }

  /// The length of the longest chunk.
  var longest: Int {
    switch self {
    case .repeated(let length): length
    case .lengths(let lengths): lengths.longest
    }
  }

  /// The number of chunks that cover the first `length` elements.
  ///
  /// - Precondition: The length is not negative, and there are as many elements.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  func chunkCount(covering length: Int) -> Int {
    precondition(length >= 0, "an axis has the negative length \(length)")
    return length == 0 ? 0 : chunkIndex(of: length - 1) + 1
  }

  /// The chunk that an element is in.
  ///
  /// - Precondition: There is such an element.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  func chunkIndex(of position: Int) -> Int {
    switch self {
    case .repeated(let length): position / length
    case .lengths(let lengths): lengths.chunkIndex(of: position)
    }
  }

  /// The elements of a chunk, also those beyond the array, as far as an `Int` can count them.
  ///
  /// - Precondition: There is such a chunk.
  /// - Complexity: O(log *n*) where *n* is the number of runs of chunks of one length.
  public func range(ofChunk index: Int) -> Range<Int> {
    switch self {
    case .repeated(let length):
      let (start, startOverflow) = index.multipliedReportingOverflow(by: length)
      let (end, endOverflow) = start.addingReportingOverflow(length)
      precondition(!startOverflow, "there is no chunk \(index)")
      return start..<(endOverflow ? Int.max : end)
    case .lengths(let lengths):
      return lengths.range(ofChunk: index)
    }
  }
}
