import ChunkEngine

/// The indices of the shards that were read last.
///
/// Each is kept with the version of the shard that it was read from. Whoever opens a shard asks for the index
/// of the version that was opened, so that an index is never used for a shard that has taken the place of its
/// own, whoever wrote that.
final class ShardIndexCache: Sendable {
  private struct Entry {
    let version: StoredVersion
    let index: ShardIndex
  }

  /// Two generations: what is used goes to the newer one, and the older one goes when the newer one is full.
  private struct Generations {
    var newer: [[Int]: Entry] = [:]
    var older: [[Int]: Entry] = [:]
    var newerByteCount = 0
  }

  private let generations = Locked(Generations())

  /// The most bytes of indices that are kept.
  private let maximumByteCount: Int

  /// The bytes that an entry takes besides those of the index, about.
  private static let overheadByteCount = 256

  init(maximumByteCount: Int) {
    self.maximumByteCount = maximumByteCount
  }

  /// The index of a version of a shard, or nil if it is not kept.
  func index(ofShardAt indices: [Int], _ version: StoredVersion) -> ShardIndex? {
    generations.withLock { generations in
      if let entry = generations.newer[indices] {
        return entry.version == version ? entry.index : nil
      }
      guard let entry = generations.older.removeValue(forKey: indices), entry.version == version else {
        return nil
      }
      insert(entry, ofShardAt: indices, into: &generations)
      return entry.index
    }
  }

  /// Keeps the index of a version of a shard.
  func insert(_ index: ShardIndex, ofShardAt indices: [Int], _ version: StoredVersion) {
    generations.withLock { generations in
      generations.older[indices] = nil
      if let replaced = generations.newer.removeValue(forKey: indices) {
        generations.newerByteCount -= byteCount(of: replaced)
      }
      insert(Entry(version: version, index: index), ofShardAt: indices, into: &generations)
    }
  }

  private func insert(_ entry: Entry, ofShardAt indices: [Int], into generations: inout Generations) {
    let byteCount = byteCount(of: entry)
    guard byteCount <= maximumByteCount / 2 else { return }
    if generations.newerByteCount + byteCount > maximumByteCount / 2 {
      generations.older = generations.newer
      generations.newer = [:]
      generations.newerByteCount = 0
    }
    generations.newer[indices] = entry
    generations.newerByteCount += byteCount
  }

  private func byteCount(of entry: Entry) -> Int {
    entry.index.byteCount + Self.overheadByteCount
  }
}
