import Glibc

extension FileStore {
  public func deleteAll(_ prefix: String) throws {
    let directory = try Self.directory(of: prefix)
    try removeContents(of: directory)
    // What else there may be in place of the directory is no key below the prefix, and stays.
    if !directory.isEmpty { _ = unsafe unlinkat(root.rawValue, directory, AT_REMOVEDIR) }
  }

  public func list(_ prefix: String) throws -> [StoreKey] {
    var keys: [StoreKey] = []
    try list(Self.directory(of: prefix), into: &keys)
    return keys
  }

  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = DirectoryListing()
    try forEachEntry(of: Self.directory(of: prefix)) { _, name, isDirectory in
      if isDirectory {
        listing.prefixes.append(name)
      } else if !Self.isTemporary(name) {
        listing.values.append(name)
      }
    }
    return listing
  }

  /// Removes a directory in which there is nothing but such directories, and returns whether it is gone.
  func removeEmptyTree(_ directory: String) throws -> Bool {
    var isEmpty = true
    try forEachEntry(of: directory) { path, _, isDirectory in
      isEmpty = try isEmpty && isDirectory && removeEmptyTree(path)
    }
    guard isEmpty else { return false }
    return unsafe unlinkat(root.rawValue, directory, AT_REMOVEDIR) == 0
  }

  /// The directory of the keys with a prefix, which is made of the same names as a key and leads out of the
  /// store no more than one does.
  static func directory(of prefix: String) throws(StoreError) -> String {
    prefix.isEmpty ? prefix : try StoreKey(prefix).description
  }

  /// Whether a file is one that a writer has not renamed yet.
  private static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(".") && name.hasSuffix(".partial")
  }

  /// Appends the keys below a directory.
  private func list(_ directory: String, into keys: inout [StoreKey]) throws {
    try forEachEntry(of: directory) { path, name, isDirectory in
      if isDirectory {
        try list(path, into: &keys)
      } else if !Self.isTemporary(name) {
        keys.append(StoreKey(checked: path))
      }
    }
  }

  /// Removes what is in a directory, temporary files too.
  private func removeContents(of directory: String) throws {
    try forEachEntry(of: directory) { path, _, isDirectory in
      if isDirectory { try removeContents(of: path) }
      guard unsafe unlinkat(root.rawValue, path, isDirectory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT
      else {
        throw StoreError.system(operation: "remove", path: "\(location)/\(path)", code: errno)
      }
    }
  }

  /// Calls `body` with the path, the name and the kind of everything in a directory, without following links.
  private func forEachEntry(
    of directory: String, _ body: (_ path: String, _ name: String, _ isDirectory: Bool) throws -> Void
  ) throws {
    let descriptor = unsafe openat(
      root.rawValue, directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return }
      throw StoreError.system(operation: "list", path: "\(location)/\(directory)", code: errno)
    }
    guard let stream = unsafe fdopendir(descriptor) else {
      let code = errno
      close(descriptor)
      throw StoreError.system(operation: "list", path: "\(location)/\(directory)", code: code)
    }
    defer { _ = unsafe closedir(stream) }
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      try unsafe body(path, name, isDirectory(entry, path))
    }
  }

  /// Whether an entry is a directory; some file systems tell only on a second question.
  private func isDirectory(_ entry: UnsafeMutablePointer<dirent>, _ path: String) -> Bool {
    guard unsafe Int32(entry.pointee.d_type) == Int32(DT_UNKNOWN) else {
      return unsafe Int32(entry.pointee.d_type) == Int32(DT_DIR)
    }
    var status = stat()
    guard unsafe fstatat(root.rawValue, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFDIR
  }
}
