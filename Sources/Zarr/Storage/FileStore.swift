public import ChunkEngine
import Synchronization
import ZarrPlatform

/// A store in a directory: each value is a file, and the names of a key are directories on the way to it.
///
/// A value is written to a temporary file beside its place and renamed, so that readers see the old value or
/// the new one and a killed writer leaves neither. What is synchronized to the disk beyond what the system
/// does by itself, its ``Durability`` says.
public final class FileStore: OpeningStore, UnframingStore {
  let root: RootDirectory
  public let location: String

  /// What of a value survives when its writer, or the machine, is stopped in the middle.
  public let durability: Durability

  /// Whether symbolic links are followed out of the directory.
  let followsLinksOut: Bool

  /// Whether writers of a part of a chunk keep those of other processes away.
  let usesLocks: Bool

  /// Whether something was written that is not yet on the disk and has to be.
  let isUnsynchronized = Atomic(false)

  /// Opens the store in a directory that exists.
  ///
  /// - Parameters:
  ///   - path: The path of the directory.
  ///   - durability: What of a value survives when its writer, or the machine, is stopped in the middle.
  ///   - followsLinksOut: Whether symbolic links in the directory may lead out of it; otherwise what
  ///     such a link leads to is an error, ``StoreError/outside(path:)``.
  ///   - usesLocks: Whether writers of a part of a chunk keep those of other processes away. Without it they
  ///     do not, and need no file system that has locks.
  /// - Throws: ``StoreError/system(operation:path:code:)``
  @available(*, noasync)
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
  /// The settings are those of ``init(opening:durability:followsLinksOut:usesLocks:)``.
  ///
  /// - Throws: ``StoreError/system(operation:path:code:)``
  @available(*, noasync)
  public convenience init(
    creating path: String, durability: Durability = .atomic, followsLinksOut: Bool = false,
    usesLocks: Bool = true
  ) throws(StoreError) {
    let madeCount = try Self.makeDirectory(path, in: AT_FDCWD, location: "")
    do throws(StoreError) {
      try self.init(
        opening: path, durability: durability, followsLinksOut: followsLinksOut, usesLocks: usesLocks)
    } catch {
      // For example, the process may open no more files. Directories that were made for nothing are removed.
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
      try FileDescriptor(
        opening: directory, in: root.rawValue, flags: O_RDONLY | O_DIRECTORY, path: ShownPath(path))?
        .synchronize()
      directory += "/.."
    }
  }

  public var rangeJoining: RangeJoining { .local }

  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let file = try open(key) else { return nil }
    // A directory or a pipe in the place of a value is none, and an error only where bytes are asked for.
    if part.isEmpty, try !file.status().isRegularFile { return nil }
    let info = ValueInfo(try file.statusOfRegularFile())
    if let version, version != info.version { throw StoreError.changed(path: path(of: key)) }
    let range = part.range(in: info.byteCount)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: path(of: key), byteCount: range.count, limit: limit)
    }
    if !part.isEmpty { try file.read(range.count, at: range.lowerBound, into: &arena) }
    return info
  }

  func readUnframed(
    _ key: StoreKey, trailerByteCount: Int, limit: Int, into arena: inout ByteArena
  ) throws -> (info: ValueInfo, frame: ZstdRawFrame?)? {
    guard let file = try open(key) else { return nil }
    let info = ValueInfo(try file.statusOfRegularFile())
    guard info.byteCount <= limit else {
      throw StoreError.tooLarge(path: path(of: key), byteCount: info.byteCount, limit: limit)
    }
    if info.byteCount >= ZstdRawFrame.leastStoredByteCount {
      var beginning = ByteArena()
      try file.read(ZstdRawFrame.beginningByteCount, at: 0, into: &beginning)
      let frame = ZstdRawFrame(
        beginning: beginning.bytes, byteCount: info.byteCount, trailerByteCount: trailerByteCount)
      if let frame, try file.read(frame, into: &arena) { return (info, frame) }
    }
    try file.read(info.byteCount, at: 0, into: &arena)
    return (info, nil)
  }

  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    guard let file = try open(key) else { return nil }
    return FileValue(
      info: ValueInfo(try file.statusOfRegularFile()), staysWhenReplaced: durability != .none, file: file)
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
  ///   - shownName: What errors name in its place.
  /// - Returns: nil if there is no such file.
  /// - Throws: ``StoreError/outside(path:)`` if a link leads out of the store, and
  ///   ``StoreError/system(operation:path:code:)``, also if the directory of the store was removed.
  func open(_ name: String, flags: Int32, shownName: String? = nil) throws(StoreError) -> FileDescriptor? {
    try root.open(
      name, flags: flags, isBeneath: !followsLinksOut, path: ShownPath(location, name: shownName ?? name))
  }

  func path(of key: StoreKey) -> String { "\(location)/\(key)" }

  /// A name beside that of a value, which no value has.
  func temporaryName(for key: String) -> String {
    Self.sibling(of: key, TemporaryName.make)
  }

  /// The path of a file beside a value, with a name that is made of that of the value.
  static func sibling(of key: String, _ makeName: (String) -> String) -> String {
    let directory = parent(of: key)
    let name = makeName(Self.name(of: key))
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

/// An open file, whose bytes stay what they were when another one takes its place.
private final class FileValue: StoredValue {
  let info: ValueInfo
  let staysWhenReplaced: Bool
  private let file: FileDescriptor

  init(info: ValueInfo, staysWhenReplaced: Bool, file: consuming FileDescriptor) {
    self.info = info
    self.staysWhenReplaced = staysWhenReplaced
    self.file = file
  }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    let range = range.clamped(to: 0..<byteCount)
    try file.read(range.count, at: range.lowerBound, into: &arena)
  }
}
