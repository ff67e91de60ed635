import ChunkEngine
import Synchronization

/// A version of a shard that is read, and its index.
struct OpenShard: Sendable {
  let value: any StoredValue
  let index: ShardIndex
}

/// The shards that a call is reading, each opened once for all workers.
///
/// Workers take pieces in order, so that there are few shards at a time.
final class OpenShards: Sendable {
  /// A shard that one of the workers opens.
  private final class Slot: Sendable {
    let shard: Locked<Result<OpenShard?, any Error>?>
    let rest: Atomic<Int>

    init(_ shard: Result<OpenShard?, any Error>?, pieceCount: Int) {
      self.shard = Locked(shard)
      rest = Atomic(pieceCount)
    }
  }

  private let slots: Locked<[Int: Slot]>
  private let pieceCount: Int
  private let open: @Sendable (Int) throws -> OpenShard?

  /// Opens shards by their numbers.
  ///
  /// - Parameters:
  ///   - first: What came of opening the first shard: nil if it is not stored.
  ///   - pieceCount: The pieces of each shard, of each of which ``finishPiece(ofShard:)`` is told.
  ///   - open: Opens a shard, or returns nil if it is not stored.
  init(
    first: Result<OpenShard?, any Error>, pieceCount: Int,
    _ open: @escaping @Sendable (Int) throws -> OpenShard?
  ) {
    slots = Locked([0: Slot(first, pieceCount: pieceCount)])
    self.pieceCount = pieceCount
    self.open = open
  }

  /// Returns a shard, which is opened if no worker did so, or nil if it is not stored.
  ///
  /// - Throws: What opening it throws.
  func shard(_ number: Int) throws -> OpenShard? {
    let slot = slots.withLock { slots in
      if let slot = slots[number] { return slot }
      let slot = Slot(nil, pieceCount: pieceCount)
      slots[number] = slot
      return slot
    }
    return try slot.shard.withLock { shard in
      let result = shard ?? Result { try open(number) }
      shard = result
      return try result.get()
    }
  }

  /// Closes a shard when its last piece is done.
  func finishPiece(ofShard number: Int) {
    slots.withLock { slots in
      guard let slot = slots[number], slot.rest.wrappingSubtract(1, ordering: .relaxed).newValue == 0 else {
        return
      }
      slots[number] = nil
    }
  }
}
