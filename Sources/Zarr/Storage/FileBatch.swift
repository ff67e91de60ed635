import CSystemCalls
import ChunkEngine
import ZarrPlatform

/// Files that are synchronized to the disk together before they get their names.
///
/// A file has its name only once its bytes are on the disk, so that a crash of the machine leaves the old file
/// or the new one. For files of 64 KiB that takes half as long as to synchronize one after the other.
final class FileBatch: StoreBatch {
  private struct Pending {
    var names: [(temporaryName: String, key: StoreKey)] = []
    var byteCount = 0
  }

  private let store: FileStore
  private let pending = Locked(Pending())

  /// Files wait for a moment only, as nobody holds them meanwhile, and are swept when they are old.
  private static let mostFiles = 256
  private static let mostBytes = 64 << 20

  init(in store: FileStore) {
    self.store = store
  }

  func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var full: Pending?
    try store.write(key, isSynchronized: false, gather) { name throws(StoreError) in
      full = pending.withLock { pending in
        pending.names.append((name, key))
        pending.byteCount += byteCount
        guard pending.names.count >= Self.mostFiles || pending.byteCount >= Self.mostBytes else { return nil }
        defer { pending = Pending() }
        return pending
      }
    }
    if let full { try place(full) }
  }

  func finish() throws { try place(takePending()) }

  func cancel() { remove(takePending().names[...]) }

  private func takePending() -> Pending {
    pending.withLock { pending in
      defer { pending = Pending() }
      return pending
    }
  }

  private func place(_ pending: Pending) throws {
    guard !pending.names.isEmpty else { return }
    var rest = pending.names[...]
    do {
      try store.synchronizeFileSystem()
      while let (name, key) = rest.first {
        try store.rename(name, to: key)
        rest.removeFirst()
      }
      // The names are in directories.
      try store.synchronizeFileSystem()
      try store.root.checkIsNotReplaced()
    } catch {
      remove(rest)
      throw error
    }
  }

  private func remove(_ names: ArraySlice<(temporaryName: String, key: StoreKey)>) {
    for (name, _) in names { _ = unsafe unlinkat(store.root.rawValue, name, 0) }
  }
}
