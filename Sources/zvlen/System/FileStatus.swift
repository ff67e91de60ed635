import ZarrPlatform

/// What the system knows of a file.
struct FileStatus {
  private let status: stat

  /// Takes what a call to the system gave.
  init(_ status: stat) {
    self.status = status
  }

  /// The status of what is at a path, links followed, or nil if there is nothing.
  init?(of path: String) throws(ToolError) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    self.status = status
  }

  /// The status of what is at a path, links not followed, or nil if there is nothing.
  init?(at path: String) throws(ToolError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    self.status = status
  }

  /// The status of what has a name in a directory, links not followed.
  init(of name: String, in directory: Int32, path: String) throws(ToolError) {
    var status = stat()
    guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw ToolError(operation: "look at", path: path, code: errno)
    }
    self.status = status
  }

  /// Whether it is a directory.
  var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }

  /// Whether it is a regular file, not a device, pipe or directory.
  var isRegularFile: Bool { status.st_mode & S_IFMT == S_IFREG }

  /// Whether it is a pipe, a device or the like.
  var isStream: Bool { !isRegularFile && !isDirectory }

  /// Whether it is a disk.
  var isBlockDevice: Bool { status.st_mode & S_IFMT == S_IFBLK }

  /// Whether it is a device that gives bytes without end, as `/dev/zero`, or a whole disk; not a terminal.
  var isEndlessDevice: Bool {
    guard status.st_mode & S_IFMT == S_IFCHR else { return isBlockDevice }
    // Memory devices have the number 1, and /dev/null is the third of them.
    return status.st_rdev >> 8 == 1 && status.st_rdev & 0xFF != 3
  }

  /// The size in bytes.
  var byteCount: Int { Int(status.st_size) }

  /// When it was changed last: seconds, and nanoseconds of the next one.
  var modification: [Int] { [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }

  /// Which file it is, however it was reached.
  var identity: Identity { Identity(device: UInt(status.st_dev), number: UInt(status.st_ino)) }

  /// Which file it is, and as of when.
  var version: Version {
    Version(
      identity: identity, byteCount: byteCount,
      times: modification + [status.st_ctim.tv_sec, status.st_ctim.tv_nsec])
  }

  /// What is another one if a file is replaced or changed.
  struct Version: Equatable {
    fileprivate let identity: Identity
    fileprivate let byteCount: Int
    fileprivate let times: [Int]
  }

  /// The numbers by which the system tells files apart.
  struct Identity: Hashable {
    /// The file system that holds the file.
    let device: UInt
    /// The number of the file in it.
    let number: UInt
  }
}
