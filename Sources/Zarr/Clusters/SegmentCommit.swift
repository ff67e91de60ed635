import ChunkEngine
import Synchronization
import ZarrPlatform

extension ZarrArray {
  /// Puts segments at the end of the array, in the order in which they are named.
  ///
  /// Nothing is decoded: the store copies the chunks, or this process if the store cannot. Readers find all rows of
  /// the segments or none.
  ///
  /// You can repeat the call with the same segments, after an error or a crash, in any process, and also in two at a
  /// time. They are in the array once, and each call returns the same rows. A segment that is named twice counts once.
  ///
  /// In an array whose chunks have one length, all segments but the last have to be whole chunks, or whole shards. A
  /// rectilinear grid, which ``ChunkSize/evenBytes(_:)`` makes, takes segments of any length.
  ///
  /// - Parameters:
  ///   - segments: What ``SegmentWriter/finish()`` returned, or ``Segment/init(message:)``.
  ///   - timeout: How long to wait for others who are appending.
  /// - Returns: The rows of the segments.
  /// - Throws: ``ZarrError/segmentsMissing(path:ids:)`` if segments are no longer stored, and nothing has changed;
  ///   ``ZarrError/notWritable(path:reason:)``; ``ZarrError/store(path:reason:)``, with
  ///   ``StoreError/unconditional(path:)`` for a store that cannot compare what it replaces.
  /// - Complexity: Two requests for each value, many at a time, and about eight one after the other.
  @available(*, noasync)
  @discardableResult
  public func commit(
    _ segments: [Segment], timeout: Duration = Appender.standardLockTimeout
  ) throws(ZarrError) -> Range<Int> {
    try zarrErrors(at: location) {
      try checkWritable()
      try checkTakesSegments()
      return try SegmentCommit(to: self).commit(segments, timeout: timeout)
    }
  }
}

/// Puts segments into an array, so that each is there once, whoever stalls, dies or comes twice.
///
/// The document of the array is the one value that writers compare and replace. It says which commit was decided and
/// is not complete, and no other is decided before that one is. What a decided commit does is known to all, and can
/// be done by anyone, any number of times:
///
///     1  read the document; complete the commit that it names, if it names one
///     2  look whether all values of the segments are there; write down what the commit is to do
///     3  replace the document by one that names the commit           ← it is decided here
///     4  copy the values to the keys after the last chunk, which no reader looks at
///     5  remove the values of the segments; write down where they are now
///     6  replace the document by one with the new shape              ← readers see it from here on
///
/// A segment is removed before readers see its rows, so that no second commit finds it. Who is late with step 4 copies
/// the same bytes to the same keys, or finds nothing to copy.
package struct SegmentCommit: Sendable {
  private let array: ZarrArray
  private let store: any Store
  private let keys: SharedKeys
  private let pause: @Sendable (Duration) throws -> Void

  /// The most values that are removed with one request.
  private static let deletionCount = 1000

  /// The most bytes of what a commit is to do.
  private static let workLimit = 1 << 30

  /// Prepares to change an array.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - pause: Waits before another attempt.
  package init(to array: ZarrArray, pause: @escaping @Sendable (Duration) throws -> Void = Self.sleep) {
    self.array = array
    store = array.store
    keys = SharedKeys(of: array)
    self.pause = pause
  }

  @Sendable package static func sleep(_ duration: Duration) throws {
    try ProgressMonitor.checkCurrent()
    usleep(useconds_t(duration / .microseconds(1)))
  }

  /// Puts segments into the array, and returns their rows.
  package func commit(_ segments: [Segment], timeout: Duration) throws -> Range<Int> {
    var known: Set<String> = []
    let segments = segments.filter { $0.rowCount > 0 && known.insert($0.id).inserted }
    guard let first = segments.first else {
      let count = try array.documentForReplacing().metadata.shape[0]
      return count..<count
    }
    let work = CommittedWork(id: CommittedWork.id(first.id, segments.map(\.id)), segments: segments)
    // The lock spares work. Nothing depends on it.
    let lock = try array.lock(.end, timeout: timeout)
    defer { lock.unlock() }
    let rows = try run(work)
    try ConsolidatedMetadata.refresh(.documents, at: [array.path], in: store, array.access.metadataLimits)
    return rows
  }

  /// Removes values that no commit has taken.
  package func remove(_ removed: [StoreKey]) throws {
    var generator = SystemRandomNumberGenerator()
    let name = Segment.makeID(using: &generator)
    let work = CommittedWork(id: CommittedWork.id(name, removed.map(\.description)), removed: removed)
    let lock = try array.lock(.end, timeout: Appender.standardLockTimeout)
    defer { lock.unlock() }
    _ = try run(work)
  }

  /// Does what others have decided and not completed.
  package func completePending() throws {
    while try completePending(array.documentForReplacing(), knowing: nil) != nil {}
  }

  /// The names of the segments that a commit puts into the array.
  func segments(ofCommit id: String) throws -> Set<String> { try Set(read(id)?.segments.map(\.id) ?? []) }

  private func run(_ work: CommittedWork) throws -> Range<Int> {
    var delay = Duration.milliseconds(10)
    while true {
      let document = try array.documentForReplacing()
      if let (id, rows) = try completePending(document, knowing: work) {
        if id == work.id, let rows { return rows }
        continue
      }
      let epoch = document.metadata.sharedWork.epoch
      // Anything that does not fit is an error before anything is decided.
      _ = try Placement(of: work, in: document.metadata, at: array.location)
      let (missing, isKnown) = try prepare(work)
      if isKnown || !missing.isEmpty {
        // Another process may have decided this one in between.
        if try array.documentForReplacing().metadata.sharedWork.epoch != epoch { continue }
        if let rows = try read(work.id)?.rows { return rows }
        guard missing.isEmpty else { throw ZarrError.segmentsMissing(path: array.location, ids: missing) }
      }
      var decided = document.metadata
      decided.sharedWork.epoch = epoch + 1
      decided.sharedWork.commit = work.id
      do {
        try document.replace(decided)
      } catch StoreError.changed {
        try pause(delay * Double.random(in: 0.5...1))
        delay = min(delay * 2, .milliseconds(500))
      }
      // The answer may have been lost, or the document may be another's. Who reads it knows.
    }
  }

  /// Writes down what a commit is to do.
  ///
  /// - Returns: The segments of which values are not there, and whether someone has written down the same before.
  private func prepare(_ work: CommittedWork) throws -> (missing: [String], isKnown: Bool) {
    let values = work.segments.flatMap { segment in
      segment.byteCounts.indices.compactMap { index in
        segment.byteCounts[index] > 0 ? (segment: segment, index: index) : nil
      }
    }
    let missing = Locked<Set<String>>([])
    let isKnown = Locked(false)
    try store.forEach(below: values.count + 1) { number in
      guard number < values.count else {
        do {
          try write(work, over: .seen(nil))
        } catch StoreError.changed {
          isKnown.withLock { $0 = true }
        }
        return
      }
      let (segment, index) = values[number]
      guard try store.byteCount(of: keys.value(index, of: segment.id)) != segment.byteCounts[index] else {
        return
      }
      missing.withLock { _ = $0.insert(segment.id) }
    }
    return (
      missing.withLock { missing in work.segments.map(\.id).filter(missing.contains) },
      isKnown.withLock { $0 }
    )
  }

  /// Completes the commit that a document names, and returns which it was, and its rows if they are known; nil if
  /// the document names none.
  private func completePending(
    _ document: (metadata: ArrayMetadata, replace: (ArrayMetadata) throws -> Void),
    knowing known: CommittedWork?
  ) throws -> (id: String, rows: Range<Int>?)? {
    let metadata = document.metadata
    guard let id = metadata.sharedWork.commit else { return nil }
    do {
      guard let work = try known?.id == id ? known : read(id) else { throw missing(keys.commit(id)) }
      let placement = try Placement(of: work, in: metadata, at: array.location)
      try place(work, from: placement.firstIndex)
      try remove(work, rows: placement.rows)
      var completed = placement.metadata
      completed.sharedWork.commit = nil
      try document.replace(completed)
      // That something was removed is not worth to be remembered.
      if work.segments.isEmpty { try store.delete(keys.commit(id)) }
      return (id, placement.rows)
    } catch {
      // Whatever went wrong, it does not matter if another process has completed the commit meanwhile.
      let now = try array.documentForReplacing().metadata.sharedWork
      if now.commit == id, now.epoch == metadata.sharedWork.epoch {
        // Only the attributes, or the answer is not known.
        if case StoreError.changed = error { return (id, nil) }
        throw error
      }
      return (id, try read(id)?.rows)
    }
  }

  /// Copies the values of segments to the keys after the last chunk.
  private func place(_ work: CommittedWork, from firstIndex: Int) throws {
    let values = work.segments.flatMap { segment in segment.byteCounts.indices.map { (segment, $0) } }
    try store.forEach(below: values.count) { number in
      let (segment, index) = values[number]
      let target = array.key(ofChunkAt: [firstIndex + number])
      guard segment.byteCounts[index] > 0 else { return try store.delete(target) }
      let source = keys.value(index, of: segment.id)
      // It is gone if another process has come further.
      if try !store.copy(source, to: target), try store.byteCount(of: target) != segment.byteCounts[index] {
        throw missing(source)
      }
    }
    try store.synchronize()
  }

  /// Removes the values of segments, and writes down where they are now.
  private func remove(_ work: CommittedWork, rows: Range<Int>) throws {
    let removed =
      work.removed
      + work.segments.flatMap { segment in
        segment.byteCounts.indices.filter { segment.byteCounts[$0] > 0 }.map {
          keys.value($0, of: segment.id)
        }
      }
    let sliceCount = (removed.count + Self.deletionCount - 1) / Self.deletionCount
    try store.forEach(below: sliceCount + (work.segments.isEmpty ? 0 : 1)) { number in
      guard number < sliceCount else {
        var done = work
        done.rows = rows
        return try write(done, over: .anything)
      }
      let start = number * Self.deletionCount
      try store.delete(Array(removed[start..<min(start + Self.deletionCount, removed.count)]))
    }
    // Their directories go too.
    if let files = store as? FileStore {
      for segment in work.segments { try files.deleteAll(keys.segment(segment.id)) }
    }
  }

  private func missing(_ key: StoreKey) -> ZarrError {
    .store(
      path: "\(store.location)/\(key)",
      reason: StoreError.damaged(
        path: "\(store.location)/\(key)", reason: "it is a part of a commit that is not complete, and is gone"
      ))
  }

  private func read(_ id: String) throws -> CommittedWork? {
    let key = keys.commit(id)
    guard let bytes = try store.bytes(of: key, limit: Self.workLimit) else { return nil }
    do throws(MetadataError) {
      let work = try CommittedWork(id: id, bytes)
      // Only what is beside this array is ever removed.
      if let foreign = work.removed.first(where: { !$0.description.utf8.starts(with: "\(keys.prefix)/".utf8) }
      ) {
        throw MetadataError.expected(
          "keys below \(keys.prefix)", found: .string(foreign.description), in: "removed")
      }
      return work
    } catch {
      throw ZarrError.metadata(path: "\(store.location)/\(key)", reason: error)
    }
  }

  private func write(_ work: CommittedWork, over old: ReplacedValue) throws {
    let bytes = JSONWriter(style: .compact).bytes(of: .object(work.json))
    try store.write(keys.commit(work.id), over: old, bytes.rawSpan)
  }
}

extension Store {
  /// Calls `body` for each number, as many at a time as the store wants.
  func forEach(below count: Int, _ body: @Sendable (Int) throws -> Void) throws {
    do {
      try ParallelChunks.forEachIndex(
        below: count, workerCount: requestConcurrency, pool: WorkerPool { NoState() }
      ) { index, _ in try body(index) }
    } catch {
      throw error.reason
    }
  }
}

/// What a worker keeps between requests.
private final class NoState {}

/// What a commit does to an array: it puts segments into it, or removes values.
private struct CommittedWork {
  /// Says what it does: the name of its first segment, and a digest of those of all.
  let id: String
  var segments: [Segment] = []
  var removed: [StoreKey] = []

  /// Where the segments are in the array, once they are.
  var rows: Range<Int>?

  /// Makes a name that begins with that of a segment, which tells the time.
  static func id(_ segment: String, _ parts: [String]) -> String {
    // FNV-1a. Among the commits that begin with one segment it tells apart what no one made to be alike.
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in parts {
      for byte in part.utf8 + [0] { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return "\(segment)-\(Segment.digits(digest, 16))"
  }
}

extension CommittedWork {
  init(id: String, _ bytes: [UInt8]) throws(MetadataError) {
    let fields = try MetadataFields(
      decoding: bytes, with: JSONParser(maximumDepth: 16, maximumByteCount: bytes.count))
    self.init(id: id)
    for (index, value) in try fields.array("segments", "an array of segments").enumerated() {
      segments.append(try Segment(MetadataFields(value, path: "\(fields.path(of: "segments"))[\(index)]")))
    }
    for value in try fields.array("removed", "an array of keys") {
      guard let key = value.stringValue.flatMap({ try? StoreKey($0) }) else {
        throw .expected("keys", found: value, in: fields.path(of: "removed"))
      }
      removed.append(key)
    }
    guard let first = fields.object["first_row"]?.integerValue else { return }
    let (end, overflow) = first.addingReportingOverflow(segments.reduce(0) { sumOrMaximum($0, $1.rowCount) })
    if first >= 0, !overflow { rows = first..<end }
  }

  var json: JSONObject {
    var json: JSONObject = [
      "segments": .array(segments.map { .object($0.json) }),
      "removed": .array(removed.map { .string($0.description) }),
    ]
    if let rows { json["first_row"] = .integer(rows.lowerBound) }
    return json
  }
}

/// Where segments go: after the last chunk of an array.
private struct Placement {
  /// The index of the first chunk, or shard.
  let firstIndex: Int

  let rows: Range<Int>

  /// What the document says once they are there.
  let metadata: ArrayMetadata

  init(of work: CommittedWork, in metadata: ArrayMetadata, at location: String) throws {
    let count = metadata.shape[0]
    guard !work.segments.isEmpty else {
      (firstIndex, rows, self.metadata) = (0, count..<count, metadata)
      return
    }
    func refuse(_ reason: String) -> ZarrError { .notWritable(path: location, reason: reason) }
    var end = count
    for segment in work.segments {
      let (sum, overflow) = end.addingReportingOverflow(segment.rowCount)
      guard !overflow else { throw ZarrError.tooLarge(path: location) }
      end = sum
    }
    let grid: ChunkGrid?
    switch metadata.chunkGrid.dimensions[0] {
    case .repeated(let length):
      let advice = "an array of segments of any length has a rectilinear grid (chunks of even bytes)"
      guard count.isMultiple(of: length) else {
        throw refuse("it ends within a chunk of \(length) rows, and a segment begins with one; \(advice)")
      }
      for segment in work.segments.dropLast() where !segment.rowCount.isMultiple(of: length) {
        throw refuse(
          "a segment in the middle has \(segment.rowCount) rows, which are no whole chunks of \(length); \(advice)"
        )
      }
      for segment in work.segments {
        let whole = try metadata.chunkGrid.dimensions[0].lengths(covering: segment.rowCount)
        guard segment.lengths == whole else {
          throw refuse("a segment was made for chunks of another length")
        }
      }
      firstIndex = count / length
      grid = nil
    case .lengths(let stored):
      firstIndex = stored.chunkCount(endingBefore: count)
      var lengths = try stored.prefix(chunkCount: firstIndex)
      guard lengths.extent == count else {
        throw refuse("it ends within a chunk, and a segment begins with one")
      }
      for segment in work.segments {
        for run in segment.lengths.runs { try lengths.append(run.length, count: run.count) }
      }
      grid = try metadata.chunkGrid.replacing(.lengths(lengths), at: 0)
    }
    rows = count..<end
    self.metadata = try metadata.resized(to: [end], chunkGrid: grid)
  }
}
