import ChunkEngine
import Glibc

/// An open file or directory, closed with the value.
struct FileDescriptor: ~Copyable {
  private let number: Int32
  private let path: String

  /// Opens `name` in `directory`, or relative to the process where there is none.
  ///
  /// - Returns: nil if there is no such file.
  init?(opening name: String, in directory: Int32 = AT_FDCWD, flags: Int32, path: String) throws(StoreError) {
    number = retrying { unsafe openat(directory, name, flags | O_CLOEXEC, 0o666) }
    self.path = path
    guard number >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw .system(operation: "open", path: path, code: errno)
    }
  }

  deinit {
    // Closing what was never opened would change `errno`, which callers look at.
    if number >= 0 { close(number) }
  }

  /// The number by which the system knows it, valid as long as the value.
  var rawValue: Int32 { number }

  /// The size in bytes of a regular file.
  func byteCount() throws(StoreError) -> Int {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else {
      throw .system(operation: "look at", path: path, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .system(operation: "read", path: path, code: EISDIR)
    }
    return Int(status.st_size)
  }

  /// Appends up to `byteCount` bytes from `offset` on to `arena`, fewer if the file ends before.
  func read(_ byteCount: Int, at offset: Int, into arena: inout ByteArena) throws {
    var failure: Int32?
    try unsafe arena.appendUnsafe(addingCapacity: byteCount) { room in
      var count = 0
      while count < room.count {
        let result = retrying {
          unsafe pread(
            number, room.baseAddress.map { unsafe $0 + count }, room.count - count, off_t(offset + count))
        }
        guard result > 0 else {
          failure = result < 0 ? errno : nil
          break
        }
        count += result
      }
      return count
    }
    if let failure { throw StoreError.system(operation: "read", path: path, code: failure) }
  }

  /// Writes all of `bytes` where the file is.
  func write(_ bytes: RawSpan) throws(StoreError) {
    try unsafe bytes.withUnsafeBytes { bytes throws(StoreError) in
      var count = 0
      while count < bytes.count {
        let result = retrying {
          unsafe Glibc.write(number, bytes.baseAddress.map { unsafe $0 + count }, bytes.count - count)
        }
        guard result >= 0 else { throw .system(operation: "write", path: path, code: errno) }
        count += result
      }
    }
  }
}

/// Calls the system until it is not interrupted by a signal.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
