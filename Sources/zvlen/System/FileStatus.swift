import Glibc

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

  /// The size in bytes.
  var byteCount: Int { Int(status.st_size) }

  /// When it was changed last: seconds, and nanoseconds of the next one.
  var modification: [Int] { [status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }

  /// Which file it is, however it was reached.
  var identity: Identity { Identity(device: UInt(status.st_dev), number: UInt(status.st_ino)) }

  /// The numbers by which the system tells files apart.
  struct Identity: Hashable {
    /// The file system that holds the file.
    let device: UInt
    /// The number of the file in it.
    let number: UInt
  }
}
