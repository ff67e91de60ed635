/// Lets one at a time change the document of a group and the consolidated metadata in it.
enum GroupLock {
  /// Calls `body` while no other writer changes the documents of a group, and hands it the store to do so.
  ///
  /// In a store without locks, `body` is called again if another process has changed them meanwhile.
  ///
  /// - Throws: What `body` and the store throw.
  static func withLock<Result>(
    on path: NodePath, in store: any Store, _ body: (any Store) throws -> Result
  ) throws -> Result {
    let locks = ArrayLocks.shared(by: store, at: path)
    _ = try locks.lock(.metadata, timeout: nil)
    defer { locks.unlock(.metadata) }
    var lock: (any StoreLock)?
    do {
      lock = try store.lock("\(ArrayPart.metadata)", below: path.description, timeout: nil)
    } catch StoreError.notLockable {
      // As for arrays: only what was read is replaced.
    }
    defer { lock?.unlock() }
    return try NodeMetadata.edit(at: path, in: store, body)
  }
}
