/// The lengths of chunks along an axis, one after the other.
///
/// Equal lengths that follow each other are one run, however many they are, so that what a document claims
/// takes no more memory than its text.
public struct ChunkLengths: Hashable, Sendable {
  /// Chunks of one length that follow each other.
  struct Run: Hashable, Sendable {
    let length: Int
    let count: Int

    /// The index of the first chunk, and its first element.
    let firstIndex: Int
    let start: Int
  }

  /// The runs, of which no two neighbours have the same length.
  private(set) var runs: [Run] = []

  /// The number of chunks.
  public private(set) var chunkCount = 0

  /// The number of elements of all chunks together.
  public private(set) var extent = 0

  /// The length of the longest chunk, and 1 if there are none.
  public private(set) var longest = 1

  /// Creates the lengths of no chunks.
  public init() {}

  /// Creates lengths.
  ///
  /// - Throws: An error if a length is less than 1, or an `Int` cannot hold their sum.
  /// - Complexity: O(*n*)
  public init(_ lengths: some Sequence<Int>) throws(MetadataError) {
    for length in lengths {
      try append(length)
    }
  }

  /// Adds chunks of one length at the end.
  ///
  /// - Throws: An error if the length is less than 1, or an `Int` cannot hold the sum of all.
  /// - Complexity: Amortized O(1)
  public mutating func append(_ length: Int, count: Int = 1) throws(MetadataError) {
    guard length >= 1, count >= 1 else {
      throw .expected(
        "integers of at least 1", found: .integer(min(length, count)), in: ChunkGrid.shapesField)
    }
    let (added, productOverflow) = length.multipliedReportingOverflow(by: count)
    let (sum, sumOverflow) = extent.addingReportingOverflow(added)
    guard !productOverflow, !sumOverflow else {
      throw MetadataError(
        code: .tooLarge, field: ChunkGrid.shapesField,
        message: "the chunks have more than \(Int.max) elements together")
    }
    if let last = runs.last, last.length == length {
      runs[runs.count - 1] = Run(
        length: length, count: last.count + count, firstIndex: last.firstIndex, start: last.start)
    } else {
      runs.append(Run(length: length, count: count, firstIndex: chunkCount, start: extent))
    }
    chunkCount += count
    extent = sum
    longest = max(longest, length)
  }

  /// The lengths of the first chunks.
  ///
  /// - Precondition: There are as many chunks.
  /// - Complexity: O(*n*) where *n* is the number of runs.
  func prefix(chunkCount: Int) throws(MetadataError) -> ChunkLengths {
    var lengths = ChunkLengths()
    for run in runs where run.firstIndex < chunkCount {
      try lengths.append(run.length, count: min(run.count, chunkCount - run.firstIndex))
    }
    return lengths
  }

  /// The number of chunks that end at an element or before it.
  func chunkCount(endingBefore position: Int) -> Int {
    guard position < extent else { return chunkCount }
    return position <= 0 ? 0 : chunkIndex(of: position)
  }

  /// The chunk that an element is in.
  func chunkIndex(of position: Int) -> Int {
    precondition(position >= 0 && position < extent, "the chunks have no element \(position)")
    let run = run { $0.start <= position }
    return run.firstIndex + (position - run.start) / run.length
  }

  /// The elements of a chunk.
  func range(ofChunk index: Int) -> Range<Int> {
    precondition(index >= 0 && index < chunkCount, "there is no chunk \(index)")
    let run = run { $0.firstIndex <= index }
    let start = run.start + (index - run.firstIndex) * run.length
    return start..<start + run.length
  }

  /// The last run that begins early enough, which the first always does.
  private func run(beginning isEarly: (Run) -> Bool) -> Run {
    var lower = 0
    var upper = runs.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if isEarly(runs[middle]) { lower = middle } else { upper = middle }
    }
    return runs[lower]
  }
}
