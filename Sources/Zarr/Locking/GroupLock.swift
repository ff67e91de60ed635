/// Lets one at a time change the document of a group and the consolidated metadata in it.
enum GroupLock {
  /// Calls `body` while no one else who takes the lock changes the documents of a group.
  ///
  /// Stores without locks keep other processes away no more than they do from the metadata of arrays.
  ///
  /// - Throws: What `body` and the store throw.
  static func withLock<Result>(
    on path: NodePath, in store: any Store, _ body: () throws -> Result
  ) throws -> Result {
    let locks = ArrayLocks.shared(by: store, at: path)
    _ = locks.lock(.metadata, timeout: nil)
    defer { locks.unlock(.metadata) }
    var lock: (any StoreLock)?
    do {
      lock = try store.lock("\(ArrayPart.metadata)", below: path.description, timeout: nil)
    } catch StoreError.notLockable {
      // As for arrays: what is changed is read just before.
    }
    defer { lock?.unlock() }
    return try body()
  }
}
