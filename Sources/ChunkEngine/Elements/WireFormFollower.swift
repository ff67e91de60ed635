/// Finds elements of a chunk while it is decoded and its bytes are still in the processor's cache.
///
///     chunk     [count|byteCount|bytes…|byteCount|bytes…|byteC         ]
///                                                 decoded so far ▲
///     slots             [•]             [•]                             a pointer for each element
///
/// So the walk from length to length waits for the nearest cache and not for memory. If only a few elements
/// are wanted, the chunk need not be decoded to its end.
final class WireFormFollower {
  // SAFETY: A follower belongs to one worker, and nothing that it calls uses it again, so no two accesses
  // overlap. Checking this at run time took a sixth of the instructions of a scan of chunks with 20 elements.
  @exclusivity(unchecked) private var search: ElementSearch

  /// Creates a follower of chunks whose layout is that of `codec`.
  init(codec: String) {
    unsafe search = ElementSearch(codec: codec)
  }

  /// Begins with a chunk.
  ///
  /// - Parameters:
  ///   - count: The number of elements that the chunk must have.
  ///   - runs: The elements to find, in the order of the chunk.
  ///   - storage: Where their places are stored, at their indices in the selection; nil stores them in the
  ///     follower.
  ///   - stopsAfterRuns: Whether decoding may end after the last of these elements.
  func begin(count: Int, runs: [ElementRun], storage: BlobStorage? = nil, stopsAfterRuns: Bool = false) {
    unsafe search.begin(count: count, runs: runs, storage: storage, stopsAfterRuns: stopsAfterRuns)
  }

  /// Drops references to memory of the caller.
  func end() { unsafe search.end() }

  /// The chunk size from which decoding in parts pays.
  var leastByteCount: Int { unsafe search.leastByteCount }

  /// Whether all elements are found.
  var isDone: Bool { unsafe search.isDone }

  /// The byte count of all elements in the chunk without their lengths, if the chunk is valid.
  var payloadByteCount: Int { unsafe search.payloadByteCount }

  /// Looks at the decoded part of the chunk.
  ///
  /// - Parameters:
  ///   - decoded: The first bytes of the chunk. They do not move while others are decoded after them.
  ///   - byteCount: The byte count of the whole decoded chunk.
  /// - Returns: Whether more bytes are wanted.
  /// - Throws: ``ChunkError`` if elements are damaged.
  /// - Complexity: O(*n*) where *n* is the number of elements decoded since the last call. Allocates only for
  ///   more elements than ever before.
  func take(_ decoded: RawSpan, of byteCount: Int) throws(ChunkError) -> Bool {
    try unsafe search.take(decoded, of: byteCount)
  }

  /// Shows the elements that were found, if the follower stores their places.
  ///
  /// - Precondition: All elements were found, and the chunk has not moved.
  func show(_ body: (BlobSpan) throws -> Void) rethrows { try unsafe search.show(body) }

  /// Shows one element `count` times.
  func show(repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void) throws {
    try unsafe search.show(repeating: element, count: count, body)
  }
}

/// A follower's search in the current chunk.
private struct ElementSearch: ~Copyable {
  private let codec: String
  var table = BlobTable()
  private var cursor: WireFormCursor?

  private var count = 0
  private var runs: [ElementRun] = []
  private var storage: BlobStorage?
  private var stopsAfterRuns = false
  private var runSearch = RunSearch()
  private(set) var isDone = false
  private(set) var payloadByteCount = 0

  init(codec: String) {
    self.codec = codec
  }

  mutating func begin(count: Int, runs: [ElementRun], storage: BlobStorage?, stopsAfterRuns: Bool) {
    self.count = count
    self.runs = runs
    self.storage = storage
    self.stopsAfterRuns = stopsAfterRuns
    runSearch = RunSearch()
    cursor = nil
    isDone = false
  }

  mutating func end() {
    runs = []
    storage = nil
    cursor = nil
  }

  // Finding elements early pays if a chunk leaves the second-level cache while it is decoded. For smaller
  // chunks the parts cost more. Stopping early pays from Zstandard's second block on; a block has 128 KiB.
  var leastByteCount: Int { stopsAfterRuns ? 192 << 10 : WireFormCursor.farByteCount }

  mutating func take(_ decoded: RawSpan, of byteCount: Int) throws(ChunkError) -> Bool {
    let isWhole = decoded.byteCount == byteCount
    guard isWhole || decoded.byteCount >= WireForm.headerByteCount else { return true }
    var cursor: WireFormCursor
    if let begun = self.cursor.take() {
      cursor = begun
    } else {
      cursor = try WireFormCursor(
        beginning: decoded, byteCount: byteCount, expectedCount: count, codec: codec)
      payloadByteCount = cursor.payloadByteCount
      // The chunk is large enough for its elements, so its size bounds the table.
      if storage == nil { try table.reset(count: runs.reduce(0) { $0 + $1.count }) }
    }
    cursor.extend(to: decoded.byteCount)
    isDone = try find(with: &cursor)
    if isWhole {
      try cursor.finish()
      isDone = true
    }
    self.cursor = consume cursor
    return !isDone
  }

  /// Finds elements in the decoded part, and returns whether the rest is not needed.
  private mutating func find(with cursor: inout WireFormCursor) throws(ChunkError) -> Bool {
    var search = runSearch
    defer { runSearch = search }
    let hasFound =
      if let storage {
        try unsafe search.find(runs.span, with: &cursor, in: storage.table)
      } else {
        try search.find(runs.span, with: &cursor, in: table, isPacked: true)
      }
    guard hasFound else { return false }
    guard !stopsAfterRuns else { return cursor.passedElementsAreDecoded }
    // They are checked while they are in the cache.
    try cursor.skip(count - cursor.index)
    return false
  }

  func show(_ body: (BlobSpan) throws -> Void) rethrows {
    try body(table.blobs)
  }

  mutating func show(repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void) throws {
    // One slot for all elements, since metadata may claim billions of them without storing any.
    try table.reset(count: 1)
    unsafe table.slots(0..<1).update(repeating: element.baseAddress + WireForm.lengthByteCount)
    try body(table.repeatingFirst(count: count))
  }
}
