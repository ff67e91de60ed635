import ZarrPlatform

extension FileStore: DirectoryStore, KeyFindingStore, RenamingStore {
  public func deleteAll(_ prefix: String) throws {
    let directory = try Self.directory(of: prefix)
    // Of a link to a directory only the link is removed.
    if isLink(directory), unsafe unlinkat(root.rawValue, directory, 0) == 0 { return }
    try removeContents(of: directory)
    // What else there may be in place of the directory is no key below the prefix, and stays.
    if !directory.isEmpty { _ = unsafe unlinkat(root.rawValue, directory, AT_REMOVEDIR) }
  }

  public func list(_ prefix: String) throws -> [StoreKey] { try list(prefix, withEmptyDirectories: false) }

  package func hasKey(below prefix: String) throws -> Bool {
    try !list(prefix, withEmptyDirectories: false, stopsAfter: 1).isEmpty
  }

  /// Lists the keys below a prefix, directory by directory until there are `count` or more, and if asked for the names
  /// of directories without a value, which may be in the place of one.
  ///
  /// A link below another link is not followed: what it leads to would be listed as often as there are ways.
  /// It is an error where all values count, which is where directories do.
  func list(
    _ prefix: String, withEmptyDirectories showsEmpty: Bool, stopsAfter count: Int = Int.max
  ) throws -> [StoreKey] {
    var keys: [StoreKey] = []
    var directories = [(path: try Self.directory(of: prefix), isLinked: false)].filter {
      canBeListed($0.path)
    }
    while keys.count < count, let next = directories.popLast() {
      var isEmpty = true
      try forEachEntry(of: next.path, followingLinks: true) { path, name, isDirectory in
        guard !Self.isTemporary(name) else { return }
        isEmpty = false
        let isLink = isDirectory && isLink(path)
        if !isDirectory || isLink && !canBeListed(path) {
          keys.append(StoreKey(checked: path))
        } else if !isLink || !next.isLinked && !isLoop(path) {
          directories.append((path, next.isLinked || isLink))
        } else if showsEmpty {
          // Chunks would be missing without a word.
          guard isLoop(path) else { throw StoreError.nestedLink(path: "\(location)/\(path)") }
          keys.append(StoreKey(checked: path))
        }
      }
      if isEmpty, showsEmpty, next.path != prefix { keys.append(StoreKey(checked: next.path)) }
    }
    return keys
  }

  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    var listing = DirectoryListing()
    let directory = try Self.directory(of: prefix)
    listing.isLinked = isLink(directory)
    listing.isBelowLink = listing.isLinked && hasLink(Self.parent(of: directory))
    try forEachEntry(of: directory, followingLinks: true) { path, name, isDirectory in
      guard !Self.isTemporary(name) else { return }
      if !isDirectory {
        listing.values.append(name)
      } else if isLoop(path) {
        listing.loops.append(name)
      } else {
        listing.prefixes.append(name)
      }
    }
    return listing
  }

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
    if let status = stat(of: name, in: root.rawValue, followsLink: false) { return status.isDirectory }
    if errno == ENOENT || errno == ENOTDIR { return false }
    throw .system(operation: "look at", path: "\(location)/\(name)", code: errno)
  }

  /// Removes a directory that has lost its place to another one, as far as that is possible.
  ///
  /// Those who still have it open find out, and do not take what is in its place by now for what they opened.
  package static func removeReplaced(_ path: String) {
    guard let store = try? FileStore(opening: path) else { return }
    try? store.removeContents(of: "")
    _ = fchmod(store.root.rawValue, RootDirectory.retiredMode)
    if unsafe rmdir(path) != 0 { _ = fchmod(store.root.rawValue, 0o700) }
  }

  /// Whether a directory can be listed as far as links are concerned, which lead nowhere or out of the store.
  private func canBeListed(_ path: String) -> Bool {
    guard isLink(path) else { return true }
    do {
      guard let directory = try open(path, flags: O_RDONLY | O_DIRECTORY) else { return false }
      return try directory.status().isDirectory
    } catch {
      return false
    }
  }

  private func isLink(_ path: String) -> Bool {
    !path.isEmpty && stat(of: path, in: root.rawValue, followsLink: false)?.isLink == true
  }

  /// What tells a directory from one that takes its place.
  func directoryIdentity(_ path: String) -> FileIdentity? {
    stat(of: path, in: root.rawValue).map(FileIdentity.init)
  }

  /// Whether a path leads through a link.
  func hasLink(_ path: String) -> Bool {
    var path = path
    while !path.isEmpty, !isLink(path) { path = Self.parent(of: path) }
    return !path.isEmpty
  }

  /// Whether a directory is also one of those that its names lead through, as only a link can be.
  private func isLoop(_ path: String) -> Bool {
    guard isLink(path), let identity = directoryIdentity(path) else { return false }
    var directory = path
    while !directory.isEmpty {
      directory = Self.parent(of: directory)
      if directoryIdentity(directory.isEmpty ? "." : directory) == identity { return true }
    }
    return false
  }

  /// Removes a directory in which there is nothing but such directories, and returns whether it is gone.
  func removeEmptyTree(_ directory: String) throws -> Bool {
    var directories = [directory]
    var isEmpty = true
    try forEachEntry(below: directory) { path, _, isDirectory in
      isEmpty = isEmpty && isDirectory
      directories.append(path)
    }
    guard isEmpty else { return false }
    // From the innermost on.
    return directories.reversed().allSatisfy { unsafe unlinkat(root.rawValue, $0, AT_REMOVEDIR) == 0 }
  }

  /// The directory of the keys with a prefix, which is made of the same names as a key and leads out of the
  /// store no more than one does.
  static func directory(of prefix: String) throws(StoreError) -> String {
    prefix.isEmpty ? prefix : try StoreKey(prefix).description
  }

  /// Removes temporary files that killed writers left, and lock files that no writer holds.
  ///
  /// Files that a writer of any process still holds stay, and so do young files.
  ///
  /// - Parameters:
  ///   - prefix: Where to look; everywhere for an empty prefix.
  ///   - age: How old a file has to be; a minute by default. A writer needs a moment from creating
  ///     a file to holding it.
  /// - Returns: The number of files that were removed.
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of values below the prefix.
  @discardableResult
  public func sweepTemporaryFiles(
    _ prefix: String = "", olderThan age: Duration = .seconds(60)
  ) throws -> Int {
    let latest = time(nil) - Int(clamping: age.components.seconds)
    var count = 0
    try forEachEntry(below: Self.directory(of: prefix)) { path, name, isDirectory in
      guard !isDirectory else { return }
      if name == Self.lockFileName {
        guard let file = try open(path, flags: O_RDWR | O_NOFOLLOW | O_NONBLOCK) else { return }
        if try removeLockFile(file, at: path) { count += 1 }
      } else if TemporaryName.matches(name), try removeAbandoned(path, latest: latest) {
        count += 1
      }
    }
    return count
  }

  /// Removes temporary files that writers of one value left when they were killed.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - age: As in ``sweepTemporaryFiles(_:olderThan:)``; zero for callers who are the only writers.
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of names in the directory of the value.
  package func sweepTemporaryFiles(of key: StoreKey, olderThan age: Duration = .seconds(60)) throws {
    let latest = time(nil) - Int(clamping: age.components.seconds)
    let value = Self.name(of: key.description)
    try forEachEntry(of: Self.parent(of: key.description)) { path, name, isDirectory in
      guard !isDirectory, TemporaryName.matches(name, for: value) else { return }
      _ = try removeAbandoned(path, latest: latest)
    }
  }

  /// The names of temporary files and lock files that writers hold, or left when they were killed.
  ///
  /// - Parameter prefix: Where to look; everywhere for an empty prefix.
  /// - Returns: The names from the directory of the store on, sorted.
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of values below the prefix.
  public func temporaryFiles(_ prefix: String = "") throws -> [String] {
    var names: [String] = []
    try forEachEntry(below: Self.directory(of: prefix)) { path, name, isDirectory in
      if !isDirectory, Self.isTemporary(name) { names.append(path) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a temporary file that no writer holds or is about to hold, and returns whether it did.
  ///
  /// A file that a killed process was about to delete gets its name back, however young it is.
  private func removeAbandoned(_ path: String, latest: Int) throws(StoreError) -> Bool {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
    // Writers make no links, and no files that cannot be opened.
    guard let file = try? open(path, flags: flags) else { return false }
    let status = try file.status()
    let isRemoved = TemporaryName.isRemoved(Self.name(of: path))
    guard status.isRegularFile, isRemoved || status.st_mtim.tv_sec <= latest,
      flock(file.rawValue, LOCK_EX | LOCK_NB) == 0,
      FileIdentity(of: path, in: root.rawValue) == FileIdentity(status)
    else { return false }
    if isRemoved {
      guard let name = TemporaryName.originalName(of: Self.name(of: path)) else { return false }
      restore(path, as: Self.sibling(of: path) { _ in name })
      return true
    }
    guard unsafe unlinkat(root.rawValue, path, 0) == 0 || errno == ENOENT else {
      throw .system(operation: "remove", path: "\(location)/\(path)", code: errno)
    }
    return true
  }

  /// Whether a file is one that a writer has not renamed yet, or holds locks; or a directory in which there
  /// is what an import makes, until it is whole.
  private static func isTemporary(_ name: String) -> Bool {
    name == lockFileName || TemporaryName.matches(name)
      || name.hasPrefix(".") && name.hasSuffix(".import.partial")
  }

  /// Removes what is in a directory, temporary files too.
  private func removeContents(of directory: String) throws {
    var directories: [String] = []
    func remove(_ path: String, _ flags: Int32) throws(StoreError) {
      guard unsafe unlinkat(root.rawValue, path, flags) == 0 || errno == ENOENT else {
        throw .system(operation: "remove", path: "\(location)/\(path)", code: errno)
      }
    }
    try forEachEntry(below: directory) { path, _, isDirectory in
      if isDirectory { directories.append(path) } else { try remove(path, 0) }
    }
    // From the innermost on.
    for path in directories.reversed() { try remove(path, AT_REMOVEDIR) }
  }

  /// Calls `body` as ``forEachEntry(of:_:)`` does with everything below a directory, each directory before
  /// what is in it.
  ///
  /// Directories are kept in a list and are not open meanwhile, so that it does not matter how deep they are.
  private func forEachEntry(
    below directory: String, _ body: (_ path: String, _ name: String, _ isDirectory: Bool) throws -> Void
  ) throws {
    var rest = [directory]
    while let next = rest.popLast() {
      try forEachEntry(of: next) { path, name, isDirectory in
        try body(path, name, isDirectory)
        if isDirectory { rest.append(path) }
      }
    }
  }

  /// Calls `body` with the path, the name and the kind of everything in a directory.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - followsLinks: Whether the directory may be a link to one, and links to directories in it count as
  ///     directories. Links that lead nowhere do, too, as they may have led to one.
  ///   - body: Is told of each entry.
  /// - Throws: ``StoreError``, and what `body` throws.
  private func forEachEntry(
    of directory: String, followingLinks followsLinks: Bool = false,
    _ body: (_ path: String, _ name: String, _ isDirectory: Bool) throws -> Void
  ) throws {
    let flags = O_RDONLY | O_DIRECTORY | (followsLinks ? 0 : O_NOFOLLOW)
    guard let opened = try open(directory, flags: flags) else {
      if followsLinks { try checkLinks(on: directory) }
      return
    }
    let descriptor = fcntl(opened.rawValue, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0, let stream = unsafe fdopendir(descriptor) else {
      let code = errno
      if descriptor >= 0 { close(descriptor) }
      throw StoreError.system(operation: "list", path: "\(location)/\(directory)", code: code)
    }
    defer { _ = unsafe closedir(stream) }
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      try unsafe body(path, name, isDirectory(entry, path, followingLinks: followsLinks))
    }
    // What was replaced is being removed.
    try root.checkIsNotReplaced()
  }

  /// Whether an entry is a directory; some file systems tell only on a second question.
  private func isDirectory(
    _ entry: UnsafeMutablePointer<dirent>, _ path: String, followingLinks followsLinks: Bool
  ) -> Bool {
    let type = unsafe Int32(entry.pointee.d_type)
    var isLink = type == Int32(DT_LNK)
    if type == Int32(DT_UNKNOWN) {
      guard let status = stat(of: path, in: root.rawValue, followsLink: false) else { return false }
      guard !status.isDirectory else { return true }
      isLink = status.isLink
    }
    guard isLink, followsLinks else { return type == Int32(DT_DIR) }
    return stat(of: path, in: root.rawValue)?.isDirectory ?? true
  }

  /// Checks that no link on the way to a file that was not found leads nowhere.
  ///
  /// Such a link led to a value when it was made, which differs from a value that was never written.
  ///
  /// - Throws: ``StoreError/system(operation:path:code:)`` if one does.
  func checkLinks(on path: String) throws(StoreError) {
    var path = path
    while !path.isEmpty {
      if let status = stat(of: path, in: root.rawValue, followsLink: false) {
        guard status.isLink, stat(of: path, in: root.rawValue) == nil, errno == ENOENT else { return }
        throw .system(operation: "follow the symbolic link", path: "\(location)/\(path)", code: ENOENT)
      }
      path = Self.parent(of: path)
    }
  }
}
