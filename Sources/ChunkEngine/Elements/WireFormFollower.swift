/// Finds elements of a chunk while it is decoded, where the processor still has the bytes at hand.
///
///     chunk     [count|byteCount|bytes…|byteCount|bytes…|byteC         ]
///                                                 decoded so far ▲
///     slots             [•]             [•]                             one pointer an element
///
/// The walk from length to length then waits for the nearest cache and not for memory, and a chunk of which
/// only a few elements are wanted need not be decoded to its end.
final class WireFormFollower {
  // SAFETY: A follower belongs to one worker, and nothing that it calls comes back to it, so no two accesses overlap.
  // To check that at run time took a sixth of the instructions of a scan of chunks of 20 elements.
  @exclusivity(unchecked) private var search: ElementSearch

  /// Where the elements are that are remembered here.
  var table: BlobTable {
    _read { yield unsafe search.table }
    _modify { yield unsafe &search.table }
  }

  /// Creates a follower of chunks whose elements `codec` lays out.
  init(codec: String) {
    unsafe search = ElementSearch(codec: codec)
  }

  /// Begins with a chunk.
  ///
  /// - Parameters:
  ///   - count: The number of elements that it must have.
  ///   - runs: The elements to find, in the order of the chunk.
  ///   - storage: Where they are remembered, in their places of the selection; nil remembers them here.
  ///   - stopsAfterRuns: Whether decoding may end after the last of them.
  func begin(count: Int, runs: [ElementRun], storage: BlobStorage? = nil, stopsAfterRuns: Bool = false) {
    unsafe search.begin(count: count, runs: runs, storage: storage, stopsAfterRuns: stopsAfterRuns)
  }

  /// Drops references to memory of the caller.
  func end() { unsafe search.end() }

  /// The bytes from which on a chunk is better decoded part by part.
  var leastByteCount: Int { unsafe search.leastByteCount }

  /// Whether all is found that was to be found.
  var isDone: Bool { unsafe search.isDone }

  /// The bytes of all elements of the chunk together, without their lengths, if it is valid.
  var payloadByteCount: Int { unsafe search.payloadByteCount }

  /// Looks at what is decoded of the chunk.
  ///
  /// - Parameters:
  ///   - decoded: The first bytes of the chunk. They stay where they are while others are decoded after them.
  ///   - byteCount: The bytes that the chunk has when it is decoded.
  /// - Returns: Whether more is wanted.
  /// - Throws: ``ChunkError`` for what is wrong with the elements.
  /// - Complexity: O(*n*) where *n* is the number of elements that were decoded since the last call.
  ///   Allocates only for more elements than ever before.
  func take(_ decoded: RawSpan, of byteCount: Int) throws(ChunkError) -> Bool {
    try unsafe search.take(decoded, of: byteCount)
  }

  /// Shows the elements that were found, if they are remembered here.
  ///
  /// - Precondition: All of them were, and the chunk is still in its place.
  func show(_ body: (BlobSpan) throws -> Void) rethrows { try unsafe search.show(body) }

  /// Shows one element `count` times.
  func show(repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void) throws {
    try unsafe search.show(repeating: element, count: count, body)
  }
}

/// The search of a follower, in the chunk that it is at.
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

  // Finding elements gains where a chunk leaves the second-level cache while it is decoded; below that the parts
  // cost more. Stopping gains from the second block of Zstandard on, of 128 KiB each.
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
      // The chunk is large enough for as many elements: the table is bounded by its bytes.
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

  /// Finds elements as far as they are decoded, and returns whether the rest is of no interest.
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
    // They are checked while they are at hand.
    try cursor.skip(count - cursor.index)
    return false
  }

  func show(_ body: (BlobSpan) throws -> Void) rethrows {
    try body(table.blobs)
  }

  mutating func show(repeating element: SharedBytes, count: Int, _ body: (BlobSpan) throws -> Void) throws {
    // One slot serves all: metadata may claim billions of elements without storing any.
    try table.reset(count: 1)
    unsafe table.slots(0..<1).update(repeating: element.baseAddress + WireForm.lengthByteCount)
    try body(table.repeatingFirst(count: count))
  }
}
