import ChunkEngine
import Synchronization

/// The decoded chunks that an array keeps for all that read it, within a number of bytes.
///
///     slots   [A·][B ][C·][D ] …      · used since the hand came by
///                  ▲ hand             the next that has to go: B
///
/// Each version of a value has a number of its own, by which its chunks are kept: those of another version are never
/// found. Chunks that are used go last.
final class ChunkCache: Sendable {
  /// The number of the version of a value, and the place of a chunk in it.
  private struct Key: Hashable {
    let value: Int
    let position: Int
  }

  /// The version of a value that was seen last.
  private struct Known {
    let number: Int
    let info: ValueInfo
    var instant: ContinuousClock.Instant

    /// The key of the value, once a single element was asked for.
    var key: StoreKey?
  }

  private struct Slot {
    let key: Key
    var chunk: BlobView
    var byteCount: Int
    var isUsed: Bool
  }

  /// Some of the chunks, with a lock of their own so that many threads seldom wait for each other.
  private struct Part {
    var slots: [Slot] = []
    var numbers: [Key: Int] = [:]
    var byteCount = 0
    var hand = 0
  }

  private final class LockedPart: Sendable {
    let part = Locked(Part())
  }

  private let parts: [LockedPart]
  private let maximumByteCount: Int

  /// What is known of values by their places in the grid, and how many versions had a number.
  private let values = Locked<(known: [ValuePlace: Known], count: Int)>(([:], 0))
  private let checkInterval: Duration

  /// The chunks that calls have found, while the store need not be asked, and how often any of them may be another one
  /// since then.
  private let found = Locked<FoundChunks?>(nil)
  private let changeCount = Atomic(0)

  /// The values that are remembered.
  private static let mostValues = 1 << 16

  /// The bytes that a chunk takes besides those of its elements, about.
  private static let overheadByteCount = 512

  /// A part has at least this many bytes.
  private static let leastByteCount = 64 << 20

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - maximumByteCount: The most bytes of decoded chunks, with what points to their elements.
  ///   - checkInterval: How long a version that was seen is taken for that of the value.
  init(maximumByteCount: Int, checkInterval: Duration) {
    let count = max(1, min(16, maximumByteCount / Self.leastByteCount))
    parts = (0..<count).map { _ in LockedPart() }
    self.maximumByteCount = maximumByteCount / count
    self.checkInterval = checkInterval
  }

  /// The bytes of all chunks that are kept.
  var byteCount: Int { parts.reduce(0) { $0 + $1.part.withLock { $0.byteCount } } }

  private func part(of key: Key) -> LockedPart {
    parts.count == 1
      ? parts[0] : parts[Int(UInt(bitPattern: key.value &* 31 &+ key.position) % UInt(parts.count))]
  }

  /// A chunk of the version with a number, or nil if it is not kept.
  func chunk(at position: Int, of value: Int) -> BlobView? {
    let key = Key(value: value, position: position)
    return part(of: key).part.withLock { part in
      guard let number = part.numbers[key] else { return nil }
      part.slots[number].isUsed = true
      return part.slots[number].chunk
    }
  }

  /// Keeps a chunk of the version with a number.
  fileprivate func keep(_ chunk: BlobView, at position: Int, of value: Int) {
    let blobs = chunk.blobs
    let pointers = blobs.elementByteCount == nil ? chunk.count * 2 * MemoryLayout<Int>.stride : 0
    let byteCount = blobs.byteCount + pointers + Self.overheadByteCount
    guard byteCount <= maximumByteCount else { return }
    let key = Key(value: value, position: position)
    part(of: key).part.withLock { part in
      // Another worker may have decoded it too.
      guard part.numbers[key] == nil else { return }
      makeRoom(in: &part, for: byteCount)
      part.numbers[key] = part.slots.count
      part.slots.append(Slot(key: key, chunk: chunk, byteCount: byteCount, isUsed: false))
      part.byteCount += byteCount
    }
  }

  /// Removes chunks that were not used since the hand came by, until there is room.
  private func makeRoom(in part: inout Part, for byteCount: Int) {
    guard part.byteCount > maximumByteCount - byteCount else { return }
    forgetFound()
    while part.byteCount > maximumByteCount - byteCount, !part.slots.isEmpty {
      if part.hand >= part.slots.count { part.hand = 0 }
      if part.slots[part.hand].isUsed {
        part.slots[part.hand].isUsed = false
        part.hand += 1
        continue
      }
      let removed = part.slots[part.hand]
      part.byteCount -= removed.byteCount
      part.numbers[removed.key] = nil
      let last = part.slots.removeLast()
      guard last.key != removed.key else { continue }
      part.slots[part.hand] = last
      part.numbers[last.key] = part.hand
      part.hand += 1
    }
  }
}

// MARK: Versions

extension ChunkCache {
  /// What is known of a value that was looked at not long ago, or nil.
  func recentInfo(of value: [Int]) -> ValueInfo? {
    let place = ValuePlace(value)
    guard let known = values.withLock({ $0.known[place] }), isRecent(known) else { return nil }
    return known.info
  }

  private func isRecent(_ known: Known) -> Bool {
    checkInterval > .zero && known.instant.duration(to: .now) < checkInterval
  }

  /// Finds a chunk of the last version of a value.
  ///
  /// - Parameters:
  ///   - position: Which of the chunks of the value it is, in C order.
  ///   - place: The place of the value in the grid.
  ///   - makeKey: Makes the key of the value. It is called once while the version is known.
  ///   - isCurrent: Asks the store whether the value is of that version. It is not called if the store was asked not
  ///     long ago.
  /// - Returns: All elements of the chunk, or nil if it is not kept.
  func chunk(
    at position: Int, ofValueAt place: ValuePlace, _ makeKey: () -> StoreKey,
    _ isCurrent: (StoreKey, StoredVersion) -> Bool
  ) -> BlobView? {
    guard let known = values.withLock({ $0.known[place] }), let chunk = chunk(at: position, of: known.number),
      check(known, at: place, makeKey, isCurrent) != nil
    else { return nil }
    return chunk
  }

  /// Finds the number of the last version of a value, by which its chunks are kept.
  ///
  /// - Parameters:
  ///   - place: The place of the value in the grid.
  ///   - oldest: Is moved back to when the store was asked, if that was before.
  ///   - makeKey: As for ``chunk(at:ofValueAt:_:_:)``.
  ///   - isCurrent: As for ``chunk(at:ofValueAt:_:_:)``.
  /// - Returns: The number, or nil if the value may have another version by now.
  func number(
    ofValueAt place: ValuePlace, _ oldest: inout ContinuousClock.Instant, _ makeKey: () -> StoreKey,
    _ isCurrent: (StoreKey, StoredVersion) -> Bool
  ) -> Int? {
    guard let known = values.withLock({ $0.known[place] }),
      let instant = check(known, at: place, makeKey, isCurrent)
    else { return nil }
    oldest = min(oldest, instant)
    return known.number
  }

  /// The chunks that the last calls have found, or none if the store has to be asked again.
  func foundChunks() -> FoundChunks {
    let changeCount = changeCount.load(ordering: .acquiring)
    if checkInterval > .zero, let found = found.withLock({ $0 }), found.changeCount == changeCount,
      found.oldest.duration(to: .now) < checkInterval
    {
      return found
    }
    return FoundChunks(changeCount: changeCount)
  }

  /// Remembers chunks for the next calls.
  func remember(_ found: FoundChunks) {
    guard checkInterval > .zero else { return }
    self.found.withLock {
      // Chunks that were removed meanwhile would take memory until the next call.
      if found.changeCount == changeCount.load(ordering: .acquiring) { $0 = found }
    }
  }

  private func forgetFound() {
    changeCount.add(1, ordering: .acquiringAndReleasing)
    found.withLock { $0 = nil }
  }

  /// When the store has said that a version is that of the value, now or not long ago, or nil if that is another one.
  private func check(
    _ known: Known, at place: ValuePlace, _ makeKey: () -> StoreKey,
    _ isCurrent: (StoreKey, StoredVersion) -> Bool
  ) -> ContinuousClock.Instant? {
    guard let version = known.info.settledVersion else { return nil }
    guard !isRecent(known) else { return known.instant }
    let key = known.key ?? makeKey()
    guard isCurrent(key, version) else { return nil }
    guard known.key == nil || checkInterval > .zero else { return known.instant }
    let now = ContinuousClock.now
    values.withLock { values in
      guard values.known[place]?.number == known.number else { return }
      values.known[place]?.key = key
      values.known[place]?.instant = now
    }
    return now
  }

  /// The last version of a value, if its chunk at a position is kept, or nil.
  func version(at position: Int, of value: [Int]) -> StoredVersion? {
    let place = ValuePlace(value)
    guard let known = values.withLock({ $0.known[place] }), chunk(at: position, of: known.number) != nil
    else {
      return nil
    }
    return known.info.settledVersion
  }

  /// The number of a version of a value, or 0 for one that may change without being another one.
  ///
  /// - Parameters:
  ///   - value: The place of the value in the grid.
  ///   - info: What the store has said of it.
  ///   - isChecked: Whether it has just said so.
  /// - Returns: The number, which no other version has.
  fileprivate func number(of value: [Int], _ info: ValueInfo, isChecked: Bool) -> Int {
    let place = ValuePlace(value)
    return values.withLock { values in
      guard let version = info.settledVersion else {
        if values.known[place] != nil { forgetFound() }
        values.known[place] = nil
        return 0
      }
      if let known = values.known[place], known.info.settledVersion == version {
        if isChecked, checkInterval > .zero { values.known[place]?.instant = .now }
        return known.number
      }
      if values.known[place] != nil { forgetFound() }
      if values.known.count >= Self.mostValues { values.known.removeAll(keepingCapacity: true) }
      values.count += 1
      values.known[place] = Known(number: values.count, info: info, instant: .now)
      return values.count
    }
  }
}

/// The place of a value in the grid, which needs no memory of its own in up to three dimensions.
struct ValuePlace: Hashable {
  private var count = 0
  private var (first, second, third) = (0, 0, 0)
  private var others: [Int] = []

  /// The place of a value in a grid without dimensions.
  init() {}

  init(_ indices: [Int]) {
    for index in indices { append(index) }
  }

  /// Adds the index along the next dimension.
  mutating func append(_ index: Int) {
    switch count {
    case 0: first = index
    case 1: second = index
    case 2: third = index
    default: others.append(index)
    }
    count += 1
  }
}

/// The decoded chunks of one value, whose version may become known only when it is read.
final class CachedValue: ChunkShelf {
  private let cache: ChunkCache
  private let indices: [Int]

  /// The number of the version, or 0 if there is none yet.
  private let number: Atomic<Int>

  /// Takes what is known of a value.
  ///
  /// - Parameters:
  ///   - cache: The cache of the array.
  ///   - indices: The place of the value in the grid.
  ///   - info: What the store has said of the value, or nil if it is going to be read.
  ///   - isChecked: Whether the store has just said so.
  init(_ cache: ChunkCache, _ indices: [Int], _ info: ValueInfo?, isChecked: Bool = true) {
    self.cache = cache
    self.indices = indices
    number = Atomic(info.map { cache.number(of: indices, $0, isChecked: isChecked) } ?? 0)
  }

  /// Says which version was read.
  func didRead(_ info: ValueInfo) {
    number.store(cache.number(of: indices, info, isChecked: true), ordering: .relaxed)
  }

  func chunk(at position: Int) -> BlobView? {
    let number = number.load(ordering: .relaxed)
    return number == 0 ? nil : cache.chunk(at: position, of: number)
  }

  func keep(_ chunk: BlobView, at position: Int) {
    let number = number.load(ordering: .relaxed)
    if number != 0 { cache.keep(chunk, at: position, of: number) }
  }
}
