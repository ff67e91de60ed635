import ZarrPlatform

extension FileStore {
  /// Moves the directory, which is done at once or not at all.
  public func rename(_ prefix: String, to target: String) throws {
    let move = PrefixMove(prefix, to: target, in: self)
    try move.checkPrefixes()
    guard !target.isEmpty else { throw move.occupied }
    // Throws where a link on the way leads out of the store.
    for name in [prefix, target] {
      _ = try open(Self.parent(of: name), flags: O_RDONLY | O_DIRECTORY)
    }
    guard try isDirectory(prefix) else { throw move.nothing }
    try Self.makeDirectory(Self.parent(of: target), in: root.rawValue, location: "\(location)/")
    while true {
      // The system puts a directory in place of an empty one, and of nothing else.
      if unsafe renameat(root.rawValue, prefix, root.rawValue, target) == 0 {
        if durability == .durable {
          for name in [target, prefix] { try synchronizeDirectory(Self.parent(of: name)) }
        }
        return
      }
      switch errno {
      case EEXIST, ENOTEMPTY, ENOTDIR:
        // Directories without values, as deletion leaves them, are nothing.
        guard try removeEmptyTree(target) else { throw move.occupied }
      case EXDEV: return try renameByCopying(prefix, to: target)
      case let code: throw StoreError.system(operation: "move", path: "\(location)/\(prefix)", code: code)
      }
    }
  }

  private func isDirectory(_ name: String) throws(StoreError) -> Bool {
    var status = stat()
    guard unsafe fstatat(root.rawValue, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return false }
      throw .system(operation: "look at", path: "\(location)/\(name)", code: errno)
    }
    return status.st_mode & S_IFMT == S_IFDIR
  }
}
