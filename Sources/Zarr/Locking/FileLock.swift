import ChunkEngine
import Glibc

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

  func unlock() {
    file.withLock { file in
      guard let held = file.take() else { return }
      // Closing the file unlocks it, whatever this does.
      _ = try? store.removeLockFile(held, at: path)
    }
  }
}
