import ChunkEngine

/// The decoded chunks that an array keeps for all that read it, within a number of bytes.
///
///     slots   [A·][B ][C·][D ] …      · used since the hand came by
///                  ▲ hand             the next that has to go: B
///
/// A chunk is kept with the version of its value, and is used for no other version. Chunks that are used go last.
final class ChunkCache: Sendable {
  /// The place of a chunk: of its value in the grid, and in its value.
  private struct Key: Hashable {
    let value: [Int]
    let position: Int
  }

  private struct Slot {
    let key: Key
    var version: StoredVersion
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

  /// When values were last seen to be of a version.
  private let checks = Locked<[[Int]: (info: ValueInfo, instant: ContinuousClock.Instant)]>([:])
  private let checkInterval: Duration

  /// The values whose checks are remembered.
  private static let mostChecks = 1 << 16

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
    parts.count == 1 ? parts[0] : parts[Int(UInt(bitPattern: key.hashValue) % UInt(parts.count))]
  }

  /// A chunk of a version of a value, or nil if it is not kept.
  fileprivate func chunk(at position: Int, of value: [Int], _ version: StoredVersion) -> BlobView? {
    let key = Key(value: value, position: position)
    return part(of: key).part.withLock { part in
      guard let number = part.numbers[key], part.slots[number].version == version else { return nil }
      part.slots[number].isUsed = true
      return part.slots[number].chunk
    }
  }

  /// The version of a value that a kept chunk is of, or nil.
  func version(at position: Int, of value: [Int]) -> StoredVersion? {
    let key = Key(value: value, position: position)
    return part(of: key).part.withLock { part in part.numbers[key].map { part.slots[$0].version } }
  }

  /// Keeps a chunk of a version of a value.
  fileprivate func keep(_ chunk: BlobView, at position: Int, of value: [Int], _ version: StoredVersion) {
    let blobs = chunk.blobs
    let pointers = blobs.elementByteCount == nil ? chunk.count * 2 * MemoryLayout<Int>.stride : 0
    let byteCount = blobs.byteCount + pointers + Self.overheadByteCount
    guard byteCount <= maximumByteCount else { return }
    let key = Key(value: value, position: position)
    part(of: key).part.withLock { part in
      if let number = part.numbers[key] {
        part.byteCount += byteCount - part.slots[number].byteCount
        part.slots[number] = Slot(
          key: key, version: version, chunk: chunk, byteCount: byteCount, isUsed: true)
        makeRoom(in: &part, for: 0)
        return
      }
      makeRoom(in: &part, for: byteCount)
      part.numbers[key] = part.slots.count
      part.slots.append(
        Slot(key: key, version: version, chunk: chunk, byteCount: byteCount, isUsed: false))
      part.byteCount += byteCount
    }
  }

  /// Removes chunks that were not used since the hand came by, until there is room.
  private func makeRoom(in part: inout Part, for byteCount: Int) {
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
    guard checkInterval > .zero, let check = checks.withLock({ $0[value] }) else { return nil }
    return check.instant.duration(to: .now) < checkInterval ? check.info : nil
  }

  /// Remembers what a value was when it was looked at.
  func didCheck(_ value: [Int], _ info: ValueInfo) {
    guard checkInterval > .zero else { return }
    checks.withLock { checks in
      if checks.count >= Self.mostChecks { checks.removeAll(keepingCapacity: true) }
      checks[value] = info.settledVersion == nil ? nil : (info, .now)
    }
  }
}

/// The decoded chunks of one value, whose version may become known only when it is read.
final class CachedValue: ChunkShelf {
  private let cache: ChunkCache
  private let indices: [Int]
  private let version: Locked<StoredVersion?>

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
    version = Locked(info?.settledVersion)
    if isChecked, let info { cache.didCheck(indices, info) }
  }

  /// Says which version was read.
  func didRead(_ info: ValueInfo) {
    version.withLock { $0 = info.settledVersion }
    cache.didCheck(indices, info)
  }

  func chunk(at position: Int) -> BlobView? {
    guard let version = version.withLock({ $0 }) else { return nil }
    return cache.chunk(at: position, of: indices, version)
  }

  func keep(_ chunk: BlobView, at position: Int) {
    // A version that may change without being another one is not kept.
    guard let version = version.withLock({ $0 }) else { return }
    cache.keep(chunk, at: position, of: indices, version)
  }
}
