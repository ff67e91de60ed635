import ZarrPlatform

/// What tells a file from all others that there are.
struct FileIdentity: Equatable {
  private let device: dev_t
  private let number: ino_t

  init(_ status: stat) {
    (device, number) = (status.st_dev, status.st_ino)
  }

  /// Looks at what has a name in a directory; nil if nothing does.
  init?(of name: String, in directory: Int32) {
    var status = stat()
    guard unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    self.init(status)
  }
}
