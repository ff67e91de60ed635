/// Where a stream is along the first dimension of its array: the row of chunks that is open, and how long it
/// gets.
///
///     rows of the array    0 … firstRow          … firstRow + length
///                          [ sealed chunks      ][ open chunks      ]
///
/// The chunks of a regular grid all have one length. Those of a rectilinear one are as long as they get until
/// they have the bytes that are asked for; only the last chunk of an array that is continued keeps the length
/// that its grid says.
struct ChunkRows {
  /// The bytes at which chunks are sealed that differ in length, or nil where all have one length.
  let evenByteCount: Int?

  /// The position of the open chunks in the grid along the first dimension.
  private(set) var index: Int

  /// The rows in front of the open chunks.
  private(set) var firstRow: Int

  /// The rows that the open chunks have room for.
  private(set) var length: Int

  /// Whether the open chunks have to be as long as that.
  private(set) var hasFixedLength: Bool

  /// The lengths of the sealed chunks, where they differ.
  private var lengths = ChunkLengths()

  /// The most rows of a chunk.
  private let longest: Int

  /// Finds the end of an array.
  ///
  /// - Parameters:
  ///   - dimension: The division of the array's first dimension.
  ///   - rowCount: The rows of the array.
  ///   - evenByteCount: The bytes of the chunks to come, where they differ in length.
  ///   - longest: The most rows that a chunk may have.
  /// - Throws: What the lengths of the chunks throw, if they are out of range.
  init(_ dimension: ChunkDimension, rowCount: Int, evenByteCount: Int, longest: Int) throws(MetadataError) {
    self.longest = longest
    switch dimension {
    case .repeated(let length):
      self.evenByteCount = nil
      self.length = length
      index = rowCount / length
      firstRow = index * length
      hasFixedLength = true
    case .lengths(let stored):
      self.evenByteCount = evenByteCount
      index = stored.chunkCount(endingBefore: rowCount)
      lengths = try stored.prefix(chunkCount: index)
      firstRow = lengths.extent
      hasFixedLength = firstRow < rowCount
      length = hasFixedLength ? stored.range(ofChunk: index).count : longest
    }
  }

  /// The bytes at which the open chunks are sealed, or nil if they are when they have all their rows.
  var sealingByteCount: Int? { hasFixedLength ? nil : evenByteCount }

  /// The rows of the array if the open chunks have `rows` of them, or nil if that cannot be counted.
  func rowCount(with rows: Int) -> Int? {
    let (count, overflow) = firstRow.addingReportingOverflow(rows)
    return overflow ? nil : count
  }

  /// The length of the open chunks, up to which they are padded, if they have as many rows.
  func length(behind rows: Int) -> Int { hasFixedLength ? length : rows }

  /// The lengths of all chunks if the open ones have as many rows, or nil where all have one length.
  func lengths(with rows: Int) throws(MetadataError) -> ChunkLengths? {
    guard evenByteCount != nil else { return nil }
    var lengths = lengths
    if rows > 0 { try lengths.append(length(behind: rows)) }
    return lengths
  }

  /// Goes on to the next row of chunks.
  ///
  /// - Parameter length: The length of the open chunks.
  /// - Throws: What the lengths of the chunks throw, if they are out of range. Nothing has changed then.
  mutating func advance(by length: Int) throws(MetadataError) {
    if evenByteCount != nil {
      try lengths.append(length)
      hasFixedLength = false
      self.length = longest
    }
    index += 1
    firstRow += length
  }
}
