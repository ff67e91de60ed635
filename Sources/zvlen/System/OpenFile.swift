import Glibc

/// An open file or directory, closed with the value.
struct OpenFile: ~Copyable {
  /// The number by which the system knows it, valid as long as the value.
  let number: Int32

  /// Where it is, for errors.
  let path: String

  private let isBorrowed: Bool

  /// Opens `name` in `directory`, or relative to the process where there is none.
  ///
  /// - Throws: ``ToolError`` with the path.
  init(
    _ name: String, in directory: Int32 = AT_FDCWD, flags: Int32 = O_RDONLY, path: String? = nil
  ) throws(ToolError) {
    self.path = path ?? name
    isBorrowed = false
    var result: Int32
    repeat {
      result = unsafe openat(directory, name, flags | O_CLOEXEC, 0o666)
    } while result < 0 && errno == EINTR
    number = result
    guard number >= 0 else { throw ToolError(operation: "open", path: self.path, code: errno) }
  }

  /// Uses a file that the process was given open, and leaves it open.
  init(borrowing number: Int32, path: String) {
    self.number = number
    self.path = path
    isBorrowed = true
  }

  deinit {
    if !isBorrowed { close(number) }
  }

  /// What the system knows of the file.
  func status() throws(ToolError) -> FileStatus {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else {
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    return FileStatus(status)
  }

  /// Goes on reading at an offset from the beginning of a regular file.
  func seek(to offset: Int) throws(ToolError) {
    guard lseek(number, off_t(offset), SEEK_SET) >= 0 else {
      throw ToolError(operation: "read", path: path, code: errno)
    }
  }

  /// Waits until what was written to a file, or the names in a directory, are on the disk.
  func synchronize() throws(ToolError) {
    while fsync(number) != 0 {
      guard errno == EINTR else { throw ToolError(operation: "synchronize", path: path, code: errno) }
    }
  }

  /// What became of an attempt to lock a file.
  enum Lock {
    /// This process has it until the file is closed.
    case isTaken
    /// Another process has it.
    case isHeld
    /// The file system has no locks.
    case isMissing
  }

  /// Locks the file for this process until it is closed, if no other process has.
  func lock() -> Lock {
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return .isHeld }
      if errno != EINTR { return .isMissing }
    }
    return .isTaken
  }

  /// Whether the file is what others find at its path, and so its lock is the one that they ask for.
  func isAtItsPath() throws(ToolError) -> Bool {
    try FileStatus(at: path)?.identity == status().identity
  }

  /// Reads what is there next, at most as much as fits, and returns how much; 0 at the end.
  func read(into room: UnsafeMutableRawBufferPointer) throws(ToolError) -> Int {
    while true {
      let count = unsafe Glibc.read(number, room.baseAddress, room.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw failure(of: "read") }
    }
  }

  /// Reads until `room` is full or the file ends, and returns how much.
  func readFully(into room: UnsafeMutableRawBufferPointer) throws(ToolError) -> Int {
    var count = 0
    while count < room.count {
      let read = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
      guard read > 0 else { break }
      count += read
    }
    return count
  }

  /// Reads what a regular file holds, of which not more than `limit` bytes are wanted.
  func bytes(limit: Int) throws(ToolError) -> [UInt8] {
    let byteCount = min(try status().byteCount, limit)
    // SAFETY: The array has as many bytes as were read.
    return try unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { room, count throws(ToolError) in
      count = try unsafe readFully(into: UnsafeMutableRawBufferPointer(room))
    }
  }

  /// Writes all of `bytes`.
  ///
  /// - Throws: ``BrokenPipe`` if nobody reads what is written, and ``ToolError``.
  func write(_ bytes: RawSpan) throws {
    if isBorrowed, bytes.byteCount > 0 { StandardStreams.noteOutput() }
    try unsafe bytes.withUnsafeBytes { bytes in
      var position = 0
      while position < bytes.count {
        let count = unsafe Glibc.write(
          number, bytes.baseAddress.map { unsafe $0 + position }, bytes.count - position)
        if count < 0 && errno == EINTR { continue }
        if count < 0 && errno == EPIPE { throw BrokenPipe() }
        guard count >= 0 else { throw failure(of: "write") }
        position += count
      }
    }
  }

  /// The error of a call that failed; a standard stream that the process was started without has its own.
  private func failure(of operation: String) -> ToolError {
    errno == EBADF && isBorrowed
      ? ToolError("\(path) is closed") : ToolError(operation: operation, path: path, code: errno)
  }
}
