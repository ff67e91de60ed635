import Zarr
import ZarrPlatform

/// An open file or directory.
///
/// Releasing the value closes it.
struct OpenFile: ~Copyable {
  /// The file descriptor, valid as long as the value.
  let number: Int32

  /// The path that errors show.
  let path: String

  private let isBorrowed: Bool

  /// Opens the name that text stands for in a directory, as ``FileName`` says, or a path.
  ///
  /// - Throws: ``ToolError`` with the path.
  init(
    _ name: String, in directory: Int32 = AT_FDCWD, flags: Int32 = O_RDONLY, path: String? = nil
  ) throws(ToolError) {
    self.path = path ?? name
    isBorrowed = false
    var result: Int32
    repeat {
      result =
        directory == AT_FDCWD
        ? unsafe open(name, flags | O_CLOEXEC, 0o666)
        : unsafe openat(directory, FileName.systemName(of: name), flags | O_CLOEXEC, 0o666)
    } while result < 0 && errno == EINTR
    number = result
    guard number >= 0 else { throw ToolError(operation: "open", path: self.path, code: errno) }
  }

  /// Uses a file that is open already, and leaves it open.
  init(borrowing number: Int32, path: String) {
    self.number = number
    self.path = path
    isBorrowed = true
  }

  deinit {
    if !isBorrowed { close(number) }
  }

  /// The status of the file.
  func status() throws(ToolError) -> FileStatus {
    var status = stat()
    guard unsafe fstat(number, &status) == 0 else {
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    return FileStatus(status)
  }

  /// Moves to an offset from the beginning of a regular file.
  func seek(to offset: Int) throws(ToolError) {
    guard lseek(number, off_t(offset), SEEK_SET) >= 0 else {
      throw ToolError(operation: "read", path: path, code: errno)
    }
  }

  /// Waits until the contents of a file, or the names in a directory, are on disk.
  func synchronize() throws(ToolError) {
    while fsync(number) != 0 {
      guard errno == EINTR else { throw ToolError(operation: "synchronize", path: path, code: errno) }
    }
  }

  /// The result of an attempt to lock a file.
  enum Lock {
    /// This process has the lock until the file is closed.
    case isTaken
    /// Another process has the lock.
    case isHeld
    /// The file system has no locks.
    case isMissing
  }

  /// Locks the file until it is closed, unless another process has locked it.
  func lock() -> Lock {
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return .isHeld }
      if errno != EINTR { return .isMissing }
    }
    return .isTaken
  }

  /// Whether the file is still at its path, so that other processes ask for the same lock.
  func isAtItsPath() throws(ToolError) -> Bool {
    try FileStatus(at: path)?.identity == status().identity
  }

  /// Reads the next bytes, at most as many as fit, and returns their number.
  ///
  /// It is 0 at the end.
  func read(into room: UnsafeMutableRawBufferPointer) throws(ToolError) -> Int {
    while true {
      let count = unsafe Glibc.read(number, room.baseAddress, room.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw failure(of: "read") }
    }
  }

  /// Reads until `room` is full or the file ends, and returns the number of bytes.
  func readFully(into room: UnsafeMutableRawBufferPointer) throws(ToolError) -> Int {
    var count = 0
    while count < room.count {
      let read = try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: room[count...]))
      guard read > 0 else { break }
      count += read
    }
    return count
  }

  /// Reads a regular file, at most `limit` bytes of it.
  func bytes(limit: Int) throws(ToolError) -> [UInt8] {
    let byteCount = min(try status().byteCount, limit)
    // SAFETY: The count is the number of bytes that were read.
    return try unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { room, count throws(ToolError) in
      count = try unsafe readFully(into: UnsafeMutableRawBufferPointer(room))
    }
  }

  /// Writes all of `bytes`.
  ///
  /// - Throws: ``BrokenPipe`` if the pipe has no reader, and ``ToolError``.
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

  /// The names in a directory, which need not be UTF-8, with their types, such as `DT_DIR`.
  func entries() throws(ToolError) -> [(name: [UInt8], type: Int)] {
    let copy = dup(number)
    guard copy >= 0, let stream = unsafe fdopendir(copy) else { throw failure(of: "list") }
    defer { _ = unsafe closedir(stream) }
    var entries: [(name: [UInt8], type: Int)] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw failure(of: "list") }
        return entries
      }
      let name = unsafe Self.name(of: entry)
      if name == Array(".".utf8) || name == Array("..".utf8) { continue }
      entries.append((name, unsafe Int(entry.pointee.d_type)))
    }
  }

  /// A copy of the name of an entry.
  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
      let capacity = unsafe MemoryLayout.size(ofValue: name.pointee)
      return unsafe name.withMemoryRebound(to: CChar.self, capacity: capacity) { name in
        // SAFETY: The name ends with a NUL inside the entry.
        unsafe UnsafeBufferPointer(start: name, count: strnlen(name, capacity)).map(UInt8.init(bitPattern:))
      }
    }
  }

  /// The error of a failed call.
  ///
  /// A standard stream that was closed at the start has its own.
  private func failure(of operation: String) -> ToolError {
    errno == EBADF && isBorrowed
      ? ToolError("\(path) is closed") : ToolError(operation: operation, path: path, code: errno)
  }
}

/// An open file with several holders, such as closures.
final class SharedFile {
  /// The file.
  let file: OpenFile

  init(_ file: consuming OpenFile) { self.file = file }
}

/// The status of a file.
struct FileStatus {
  private let status: stat

  /// Takes the result of a system call.
  init(_ status: stat) {
    self.status = status
  }

  /// The status of a path, with links followed, or nil if nothing is there.
  init?(of path: String) throws(ToolError) { try self.init(path, followsLink: true) }

  /// The status of a path, without following a link, or nil if nothing is there.
  init?(at path: String) throws(ToolError) { try self.init(path, followsLink: false) }

  private init?(_ path: String, followsLink: Bool) throws(ToolError) {
    guard let status = stat(of: path, followsLink: followsLink) else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    self.status = status
  }

  /// The status of the name that text stands for in a directory, without following a link.
  init(of name: String, in directory: Int32, path: String) throws(ToolError) {
    var status = stat()
    guard unsafe fstatat(directory, FileName.systemName(of: name), &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    self.status = status
  }

  /// Whether it is a directory.
  var isDirectory: Bool { status.isDirectory }

  /// Whether it is a regular file, not a device, pipe or directory.
  var isRegularFile: Bool { status.isRegularFile }

  /// Whether it is a symbolic link.
  var isLink: Bool { status.st_mode & S_IFMT == S_IFLNK }

  /// Whether it is a pipe, a device or similar.
  var isStream: Bool { !isRegularFile && !isDirectory }

  /// Whether it is a disk.
  var isBlockDevice: Bool { status.st_mode & S_IFMT == S_IFBLK }

  /// Whether it is a device without an end, such as `/dev/zero`, or a disk.
  ///
  /// A terminal is not.
  var isEndlessDevice: Bool {
    guard status.st_mode & S_IFMT == S_IFCHR else { return isBlockDevice }
    // Memory devices have the major number 1. /dev/null is number 3 of them.
    return status.st_rdev >> 8 == 1 && status.st_rdev & 0xFF != 3
  }

  /// Whether someone may execute it.
  var isExecutable: Bool { status.st_mode & 0o111 != 0 }

  /// The size in bytes.
  var byteCount: Int { Int(status.st_size) }

  /// The modification time in seconds and nanoseconds.
  var modification: [Int] { [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }

  /// Identifies the file, whatever path leads to it.
  var identity: FileIdentity { FileIdentity(status) }

  /// Identifies the file and its state.
  var version: FileVersion { FileVersion(status) }
}

/// An error of the tool, as a line that says what to do.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  /// The error number of the system, if the error comes from a system call.
  let code: Int32?

  /// Creates an error with its line.
  init(_ description: String) {
    self.description = description
    code = nil
  }

  /// Creates an error for a failed system call.
  init(operation: String, path: String, code: Int32) {
    description = "could not \(operation) \(path): \(Platform.message(of: code))"
    self.code = code
  }
}

/// The output pipe has no reader any more.
struct BrokenPipe: Error {}
