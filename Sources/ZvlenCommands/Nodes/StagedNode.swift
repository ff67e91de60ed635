import Zarr
import ZarrRemote

/// The values of a new node that is to take the place of an old one in a store where nothing can be moved.
///
///     zarr.json, c/0, …       the old node
///     .zvlen/new/3f…/c/0, …   the values of the new one so far
///
/// Readers find the old node until all values of the new one are there. Then the old node is removed, the values are
/// copied to their places, by the server if it can do that, and the new documents follow. A command that is killed
/// meanwhile leaves all values of the new node.
struct StagedNode {
  /// Where the values go at first.
  let values: any Store

  private let base: any Store

  /// The documents of the old node as they were when the command began.
  private let old: [(key: StoreKey, value: (any StoredValue)?)]

  /// Where they are.
  private let path: String

  /// Where the values of all new nodes are, one at a time but for those that were given up.
  private static let parent = "\(StoreDestination.ownName)/new"

  /// Makes room for a node in place of the one at the root of a store.
  init(_ base: any Store) throws {
    self.base = base
    // Another command may have taken over from one that was stopped for long, which does not mix with it.
    path = "\(Self.parent)/\(String(UInt64.random(in: .min ... .max), radix: 16))"
    values = try StoreBelow(base, NodePath(existing: path))
    old = try UnpublishedStore.documentNames.reversed().map { name in
      let key = try StoreKey(name)
      return (key, try base.openValue(key))
    }
    try Self.remove(from: base)
  }

  /// Whether there are values of a node that was to take the place of another one.
  static func exists(in store: any Store) throws -> Bool { try !keys(in: store).isEmpty }

  /// The keys of the values of new nodes.
  static func keys(in store: any Store) throws -> [StoreKey] { try store.list(parent) }

  /// Removes the values of a new node.
  static func remove(from store: any Store) throws { try store.deleteAll(parent) }

  /// Puts the values in their places, in the place of all that is there.
  ///
  /// - Parameter begin: Is called once the old node is removed.
  /// - Throws: `StoreError.changed` if the old node is another one by now, which then stays.
  func place(_ begin: () -> Void) throws {
    for (key, value) in old {
      try base.delete(key, over: .seen(value))
      if value != nil { begin() }
    }
    try StoreDestination.clear(base)
    let keys = try values.list("")
    try base.forEachIndex(below: keys.count) {
      _ = try base.copy(StoreKey("\(path)/\(keys[$0])"), to: keys[$0])
    }
    try base.synchronize()
  }
}
