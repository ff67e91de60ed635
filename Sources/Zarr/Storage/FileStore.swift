internal import CSystemCalls
public import ChunkEngine
import Synchronization
import ZarrPlatform

/// A store in a directory: each value is a file, and the names of a key are directories on the way to it.
///
/// A value is written to a temporary file beside its place and renamed, so that readers see the old value or
/// the new one and a killed writer leaves neither. What is synchronized to the disk beyond what the system
/// does by itself, its ``Durability`` says.
public final class FileStore: Store {
  let root: RootDirectory
  public let location: String

  /// What of a value survives when its writer, or the machine, is stopped in the middle.
  public let durability: Durability

  /// Whether symbolic links are followed out of the directory.
  let followsLinksOut: Bool

  /// Whether writers of a part of a chunk keep those of other processes away.
  let usesLocks: Bool

  /// Whether something was written that is not yet on the disk and has to be.
  private let isUnsynchronized = Atomic(false)

  /// Opens the store in a directory that exists.
  ///
  /// - Parameters:
  ///   - path: The path of the directory.
  ///   - durability: What of a value survives when its writer, or the machine, is stopped in the middle.
  ///   - followsLinksOut: Whether symbolic links in the directory may lead out of it; unless it is said, what
  ///     is behind such a link is an error, ``StoreError/outside(path:)``.
  ///   - usesLocks: Whether writers of a part of a chunk keep those of other processes away. Without it they
  ///     do not, and need no file system that has locks.
  /// - Throws: ``StoreError/system(operation:path:code:)``
  public init(
    opening path: String, durability: Durability = .atomic, followsLinksOut: Bool = false,
    usesLocks: Bool = true
  ) throws(StoreError) {
    root = try RootDirectory(opening: path)
    self.durability = durability
    self.followsLinksOut = followsLinksOut
    self.usesLocks = usesLocks
    location = path
  }

  /// Opens the store in a directory, which is made if it does not exist, with those above it.
  ///
  /// - Parameters:
  ///   - path: The path of the directory.
  ///   - durability: What of a value survives when its writer, or the machine, is stopped in the middle.
  ///   - followsLinksOut: Whether symbolic links in the directory may lead out of it; unless it is said, what
  ///     is behind such a link is an error, ``StoreError/outside(path:)``.
  ///   - usesLocks: Whether writers of a part of a chunk keep those of other processes away. Without it they
  ///     do not, and need no file system that has locks.
  /// - Throws: ``StoreError/system(operation:path:code:)``
  public convenience init(
    creating path: String, durability: Durability = .atomic, followsLinksOut: Bool = false,
    usesLocks: Bool = true
  ) throws(StoreError) {
    let madeCount = try Self.makeDirectory(path, in: AT_FDCWD, location: "")
    do throws(StoreError) {
      try self.init(
        opening: path, durability: durability, followsLinksOut: followsLinksOut, usesLocks: usesLocks)
    } catch {
      // As when the process may open no more files: what was made for nothing is not left behind.
      var directory = path
      for _ in 0..<madeCount {
        _ = unsafe rmdir(directory)
        directory = Self.parent(of: directory)
      }
      throw error
    }
    guard durability == .durable else { return }
    // The name of each directory is in the one above it.
    var directory = ".."
    for _ in 0..<madeCount {
      try FileDescriptor(opening: directory, in: root.rawValue, flags: O_RDONLY | O_DIRECTORY, path: path)?
        .synchronize()
      directory += "/.."
    }
  }

  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    guard let file = try open(key) else { return false }
    let byteCount = try file.byteCount()
    guard byteCount <= limit else {
      throw StoreError.tooLarge(path: path(of: key), byteCount: byteCount, limit: limit)
    }
    try file.read(byteCount, at: 0, into: &arena)
    return true
  }

  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    guard let file = try open(key) else { return false }
    let range = range.clamped(to: 0..<(try file.byteCount()))
    try file.read(range.count, at: range.lowerBound, into: &arena)
    return true
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    guard let file = try open(key) else { return nil }
    return try FileValue(file, staysWhenReplaced: durability != .none)
  }

  public var rangeJoining: RangeJoining { .local }

  public func byteCount(of key: StoreKey) throws -> Int? {
    guard let file = try open(key) else { return nil }
    let status = try file.status()
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, isSynchronized: durability == .durable, gather)
  }

  public func writeDeferred(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    willDefer()
    try write(key, isSynchronized: false, gather)
  }

  /// Takes note, before a value is written, that it waits to be synchronized.
  ///
  /// A call that synchronizes at the same time may miss the value, and the next one must not.
  func willDefer() {
    if durability == .durable { isUnsynchronized.store(true, ordering: .sequentiallyConsistent) }
  }

  /// Writes what has been deferred to the disk, all of it with one call to the system.
  ///
  /// Syncing one file after the other costs more than twice as much for files of 64 KiB. The call also writes
  /// what others have written to the same file system.
  public func synchronize() throws {
    guard isUnsynchronized.exchange(false, ordering: .sequentiallyConsistent) else { return }
    do {
      try synchronizeFileSystem()
    } catch {
      isUnsynchronized.store(true, ordering: .sequentiallyConsistent)
      throw error
    }
  }

  public func makeBatch() -> (any StoreBatch)? { durability == .durable ? FileBatch(in: self) : nil }

  func synchronizeFileSystem() throws(StoreError) {
    guard retrying({ csystemcalls_syncfs(root.rawValue) }) == 0 else {
      throw .system(operation: "synchronize", path: location, code: errno)
    }
  }

  public func delete(_ key: StoreKey) throws {
    let directory = Self.parent(of: key.description)
    // By its name in the directory, which was opened without leaving the store.
    let opened: FileDescriptor?
    do throws(StoreError) {
      opened = try open(directory, flags: O_RDONLY | O_DIRECTORY)
    } catch {
      // Where no more files can be opened, what was just made can go nevertheless.
      guard case .system(_, _, let code) = error, code != ENOENT, !hasLink(directory),
        unsafe unlinkat(root.rawValue, key.description, 0) == 0 || errno == ENOENT, durability != .durable
      else { throw error }
      return
    }
    guard let parent = opened else { return }
    guard unsafe unlinkat(parent.rawValue, Self.name(of: key.description), 0) == 0 else {
      if errno == ENOENT { return }
      throw StoreError.system(operation: "remove", path: path(of: key), code: errno)
    }
    if durability == .durable { try parent.synchronize() }
  }

  /// Writes a value to a file, which `name` gives its name if it does not have it.
  func write(
    _ key: StoreKey, isSynchronized: Bool, _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void,
    naming name: (_ temporaryName: String) throws(StoreError) -> Void
  ) throws {
    let target = try createFile(for: key)
    do {
      try fill(target.file, isSynchronized: isSynchronized, gather)
      if target.name != key.description { try name(target.name) }
      // What nobody finds is not written.
      try root.checkIsNotReplaced()
    } catch {
      _ = unsafe unlinkat(root.rawValue, target.name, 0)
      throw error
    }
    guard isSynchronized else { return }
    // The name is in the directory, and that of a new directory in the one above it.
    var directory = Self.parent(of: key.description)
    try synchronizeDirectory(directory)
    while target.madeDirectories, !directory.isEmpty {
      directory = Self.parent(of: directory)
      try synchronizeDirectory(directory)
    }
  }

  private func write(
    _ key: StoreKey, isSynchronized: Bool, _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var new: FileIdentity?
    do {
      try write(key, isSynchronized: isSynchronized, gather) { name throws(StoreError) in
        // Only a new value that could not be synchronized is taken back.
        guard isSynchronized else { return try rename(name, to: key) }
        let own = FileIdentity(of: name, in: root.rawValue)
        let isNew =
          unsafe csystemcalls_rename(root.rawValue, name, key.description, csystemcalls_rename_new) == 0
        if isNew { new = own } else { try rename(name, to: key) }
      }
    } catch {
      takeBack(new, at: key)
      throw error
    }
  }

  /// Removes a new value that could not be made sure of, unless it was replaced.
  ///
  /// One that is there although it may not last would be in the way of who tries again to create it.
  func takeBack(_ new: FileIdentity?, at key: StoreKey) {
    guard let new, FileIdentity(of: key.description, in: root.rawValue) == new else { return }
    _ = unsafe unlinkat(root.rawValue, key.description, 0)
  }

  /// Has a file take the place of whatever is there.
  func rename(_ name: String, to key: StoreKey) throws(StoreError) {
    guard unsafe renameat(root.rawValue, name, root.rawValue, key.description) == 0 else {
      throw .system(operation: "replace", path: path(of: key), code: errno)
    }
  }

  /// A file that a value is written to, and its name.
  private struct TargetFile: ~Copyable {
    let name: String
    let file: FileDescriptor

    /// Whether directories were made for it.
    let madeDirectories: Bool
  }

  /// Creates the file that a value is written to, and the directories above it.
  private func createFile(for key: StoreKey) throws(StoreError) -> TargetFile {
    let isTemporary = durability != .none
    let flags = O_WRONLY | O_CREAT | (isTemporary ? O_EXCL | O_NOFOLLOW : O_TRUNC | O_NONBLOCK)
    var hasDirectory = false
    while true {
      let name = isTemporary ? temporaryName(for: key.description) : key.description
      do throws(StoreError) {
        if let file = try open(name, flags: flags, path: path(of: key)) {
          // Held until the file is closed, by whatever end: what nobody holds may be swept.
          if isTemporary {
            _ = flock(file.rawValue, LOCK_EX | LOCK_NB)
            guard try file.status().st_nlink > 0 else { continue }
          }
          return TargetFile(name: name, file: file, madeDirectories: hasDirectory)
        }
      } catch {
        // Two had the same luck.
        guard isTemporary, case .system(_, _, EEXIST) = error else { throw error }
        continue
      }
      let code = errno
      guard !hasDirectory else { throw .system(operation: "create", path: path(of: key), code: code) }
      try Self.makeDirectory(Self.parent(of: name), in: root.rawValue, location: "\(location)/")
      hasDirectory = true
    }
  }

  /// Writes the parts of a value, and closes the file.
  private func fill(
    _ file: consuming FileDescriptor, isSynchronized: Bool,
    _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try gather { part in try file.write(part) }
    if isSynchronized { try file.synchronize() }
    try file.close()
  }

  /// Writes the names in a directory to the disk.
  func synchronizeDirectory(_ name: String) throws(StoreError) {
    let directory = try open(name, flags: O_RDONLY | O_DIRECTORY)
    // A directory that is gone has no names.
    try directory?.synchronize()
  }

  private func open(_ key: StoreKey) throws(StoreError) -> FileDescriptor? {
    // Without blocking, or a pipe in place of a value would hold the reader for ever.
    if let file = try open(key.description, flags: O_RDONLY | O_NONBLOCK) { return file }
    try checkLinks(on: key.description)
    return nil
  }

  /// Opens what is below the directory of the store, or that itself for an empty name.
  ///
  /// - Parameters:
  ///   - name: Names with slashes between them.
  ///   - flags: As the system has them.
  ///   - path: What errors name in its place.
  /// - Returns: nil if there is no such file.
  /// - Throws: ``StoreError/outside(path:)`` if a link leads out of the store, and
  ///   ``StoreError/system(operation:path:code:)``, also if the directory of the store was removed.
  func open(_ name: String, flags: Int32, path: String? = nil) throws(StoreError) -> FileDescriptor? {
    try root.open(
      name, flags: flags, isBeneath: !followsLinksOut,
      path: path ?? (name.isEmpty ? location : "\(location)/\(name)"))
  }

  func path(of key: StoreKey) -> String { "\(location)/\(key)" }

  /// A name beside that of a value, which no value has.
  func temporaryName(for key: String) -> String {
    let directory = Self.parent(of: key)
    let name = TemporaryName.make(for: Self.name(of: key))
    return directory.isEmpty ? name : "\(directory)/\(name)"
  }

  /// The last name of a path.
  static func name(of path: String) -> String {
    let directory = parent(of: path)
    return String(Substring(path.utf8.dropFirst(directory.isEmpty ? 0 : directory.utf8.count + 1)))
  }

  static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[..<slash])
  }

  /// Makes a directory and those above it that do not exist.
  ///
  /// - Parameters:
  ///   - name: The path of the directory.
  ///   - directory: Where the path begins.
  ///   - location: What errors put before the path.
  /// - Returns: The number of directories that were made.
  /// - Throws: ``StoreError/system(operation:path:code:)``
  @discardableResult
  static func makeDirectory(_ name: String, in directory: Int32, location: String) throws(StoreError) -> Int {
    if name.isEmpty { return 0 }
    if unsafe mkdirat(directory, name, 0o777) == 0 { return 1 }
    switch errno {
    case EEXIST: return 0
    case ENOENT:
      let count = try makeDirectory(parent(of: name), in: directory, location: location)
      guard unsafe mkdirat(directory, name, 0o777) == 0 || errno == EEXIST else { fallthrough }
      return count + 1
    default: throw .system(operation: "make the directory", path: location + name, code: errno)
    }
  }
}
