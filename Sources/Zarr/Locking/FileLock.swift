import ChunkEngine
import ZarrPlatform

/// A locked byte of a lock file.
///
/// The file is there as long as somebody holds one of its bytes, or until it is swept if they were killed.
final class FileLock: StoreLock {
  private let file: Locked<FileDescriptor?>
  private let store: FileStore
  private let path: String

  init(_ file: consuming FileDescriptor, at path: String, in store: FileStore) {
    self.file = Locked(file)
    self.store = store
    self.path = path
  }

  func check() throws {
    let isCurrent = try file.withLock { file in
      guard let held = file.take() else { return true }
      do {
        let isCurrent = try store.isCurrent(held, at: path)
        file = consume held
        return isCurrent
      } catch {
        file = consume held
        throw error
      }
    }
    guard isCurrent else { throw StoreError.lockLost(path: "\(store.location)/\(path)") }
  }

  func unlock() {
    file.withLock { file in
      guard let held = file.take() else { return }
      // Closing the file unlocks it, whatever this does.
      _ = try? store.removeLockFile(held, at: path)
    }
  }
}
