import CSystemCalls
import ChunkEngine
import Synchronization
import ZarrPlatform

/// What of a value survives when its writer, or the machine, is stopped in the middle.
public enum Durability: String, Sendable, Hashable, CaseIterable {
  /// Values are written in their place: quick, and a reader or a crash may find a part of one.
  case none
  /// A value is wholly the old one or the new one for every reader, also after its writer was killed. After a
  /// crash of the machine it is what the file system makes of it.
  case atomic
  /// What was written is on the disk when the call returns, and survives a crash of the machine.
  case durable
}

extension FileStore: ConditionalStore, BatchingStore {
  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, onlyIf: nil, byteCount, durability, gather)
  }

  /// Writes the value, unless another writer has replaced the old one.
  ///
  /// The new file and the existing one change places in one step. Then the file that came out is checked:
  ///
  ///     c/0                 old            new            if another file than the old one came out,
  ///     .0.….partial        new    ──▶     what it was    they change back, and the call throws
  ///
  /// On file systems that cannot do that, the existing file is checked just before. Values that are written
  /// in place, as with ``Durability/none``, are not checked.
  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, onlyIf: condition, byteCount, durability, gather)
  }

  /// Deletes a value, unless it is another one by now.
  ///
  /// The file gets a hidden name first, and is looked at under that name:
  ///
  ///     c/0    old   ──▶   .0.….removed   old       is deleted
  ///                                       another   gets its name back
  ///
  /// Others may see that there is no value for a moment. If the process is killed then, the next sweep gives
  /// the file its name back. A lock on the old file tells a sweep that the process is still at work.
  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    // Most other values are noticed here, and keep their name.
    guard isVersion(version, of: key.description) else { throw StoreError.changed(path: path(of: key)) }
    // A symbolic link, and a file that may not be read, go without the lock.
    let old = try? open(key.description, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if let number = old?.rawValue { _ = flock(number, LOCK_EX | LOCK_NB) }
    let name = Self.sibling(of: key.description, TemporaryName.makeRemoved)
    guard retrying({ unsafe renameat(root.rawValue, key.description, root.rawValue, name) }) == 0 else {
      if errno == ENOENT { throw StoreError.changed(path: path(of: key)) }
      throw StoreError.system(operation: "remove", path: path(of: key), code: errno)
    }
    guard isVersion(version, of: name) else {
      restore(name, as: key.description)
      throw StoreError.changed(path: path(of: key))
    }
    _ = unsafe unlinkat(root.rawValue, name, 0)
    if durability == .durable { try synchronizeDirectory(Self.parent(of: key.description)) }
  }

  /// Gives a file its name back that was to be deleted, or removes it if there is a newer one under that
  /// name.
  func restore(_ name: String, as original: String) {
    if unsafe csystemcalls_rename(root.rawValue, name, original, csystemcalls_rename_new) == 0 { return }
    switch errno {
    case EEXIST: _ = unsafe unlinkat(root.rawValue, name, 0)
    case EINVAL, ENOSYS:
      // A link is made only if the name is free, too.
      let isLinked = unsafe linkat(root.rawValue, name, root.rawValue, original, 0) == 0
      if isLinked || errno == EEXIST { _ = unsafe unlinkat(root.rawValue, name, 0) }
    default: break
    }
  }

  public func makeBatch() -> (any StoreBatch)? { durability == .durable ? FileBatch(in: self) : nil }

  /// Writes what has been deferred to the disk, all of it with one call to the system.
  ///
  /// To synchronize one file after the other costs more than twice as much for files of 64 KiB. The call also
  /// writes what others have written to the same file system.
  public func synchronize() throws {
    guard isUnsynchronized.exchange(false, ordering: .sequentiallyConsistent) else { return }
    do {
      try synchronizeFileSystem()
    } catch {
      isUnsynchronized.store(true, ordering: .sequentiallyConsistent)
      throw error
    }
  }

  fileprivate func synchronizeFileSystem() throws(StoreError) {
    guard retrying({ csystemcalls_syncfs(root.rawValue) }) == 0 else {
      throw .system(operation: "synchronize", path: location, code: errno)
    }
  }

  /// Writes a value to a file, and has it take its place.
  private func write(
    _ key: StoreKey, onlyIf condition: WriteCondition?, _ byteCount: Int, _ durability: WriteDurability,
    _ gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    var batch: FileBatch?
    // A value that depends on what is there takes its place at once.
    if case .batched(let given as FileBatch) = durability, condition == nil, given.store === self {
      batch = given
    }
    let isSynchronized = self.durability == .durable && batch == nil && !durability.isDeferred
    if durability.isDeferred, self.durability == .durable {
      // Before it is written: a call that synchronizes now may miss the value, and the next one must not.
      isUnsynchronized.store(true, ordering: .sequentiallyConsistent)
    }
    let target = try createFile(for: key, isTemporary: self.durability != .none)
    var new: FileIdentity?
    do {
      try fill(target.file, isSynchronized: isSynchronized, gather)
      var full: FileBatch.Files?
      if let batch {
        full = batch.add(target.name, for: key, byteCount)
      } else if target.name != key.description {
        // Only a new value that could not be made sure of is taken back.
        let own =
          isSynchronized || condition == .absent ? FileIdentity(of: target.name, in: root.rawValue) : nil
        if try place(target.name, at: key, onlyIf: condition, tellsNew: own != nil) { new = own }
      }
      // In a replaced directory the value would not be found.
      try root.checkIsNotReplaced()
      if let full { try batch?.place(full) }
      if isSynchronized { try synchronizeNames(of: key, madeDirectories: target.madeDirectories) }
    } catch {
      _ = unsafe unlinkat(root.rawValue, target.name, 0)
      takeBack(new, at: key)
      throw error
    }
  }

  /// Makes sure that the name of a new file is on the disk.
  fileprivate func synchronizeNames(of key: StoreKey, madeDirectories: Bool) throws(StoreError) {
    // The name is in the directory, and that of a new directory in the one above it.
    var directory = Self.parent(of: key.description)
    try synchronizeDirectory(directory)
    while madeDirectories, !directory.isEmpty {
      directory = Self.parent(of: directory)
      try synchronizeDirectory(directory)
    }
  }

  /// A file that a value is written to, and its name.
  fileprivate struct TargetFile: ~Copyable {
    let name: String
    let file: FileDescriptor

    /// Whether directories were made for it.
    let madeDirectories: Bool
  }

  /// Creates the file that a value is written to, and the directories above it.
  fileprivate func createFile(for key: StoreKey, isTemporary: Bool) throws(StoreError) -> TargetFile {
    let flags =
      O_CREAT | (isTemporary ? O_RDWR | O_EXCL | O_NOFOLLOW : O_WRONLY | O_TRUNC | O_NONBLOCK)
    var hasDirectory = false
    while true {
      let name = isTemporary ? temporaryName(for: key.description) : key.description
      do throws(StoreError) {
        if let file = try open(name, flags: flags, shownName: key.description) {
          // Held until the file is closed, however the process ends: a file that is not held may be swept.
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
    // Short parts wait for the one that comes next.
    var waiting = ByteArena()
    try gather { part in
      if part.byteCount < Self.leastPartByteCount, waiting.count < Self.leastPartByteCount {
        return try waiting.append(copying: part)
      }
      if waiting.count > 0 {
        try file.write(waiting.bytes, and: part)
        waiting.removeAll()
      } else {
        try file.write(part)
      }
    }
    if waiting.count > 0 { try file.write(waiting.bytes) }
    if isSynchronized { try file.synchronize() }
    try file.close()
  }

  /// Parts of fewer bytes than this are written together with others.
  private static let leastPartByteCount = 4096

  /// Gives a file the name of a value.
  ///
  /// - Parameters:
  ///   - name: The name that the file has.
  ///   - key: The key of the value.
  ///   - condition: What has to have the name before, or nil for anything.
  ///   - tellsNew: Whether the caller needs to know if the value is new, which takes a further call.
  /// - Returns: Whether there was no value; `false` if that is not known.
  /// - Throws: ``StoreError``, and ``StoreError/changed(path:)`` if the condition does not hold.
  fileprivate func place(
    _ name: String, at key: StoreKey, onlyIf condition: WriteCondition?, tellsNew: Bool
  ) throws(StoreError) -> Bool {
    switch condition {
    case nil:
      if tellsNew, moveToFree(name, key) { return true }
      try rename(name, to: key)
      return false
    case .absent:
      if moveToFree(name, key) { return true }
      switch errno {
      case EEXIST: throw .changed(path: path(of: key))
      case EINVAL, ENOSYS:
        guard unsafe faccessat(root.rawValue, key.description, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else {
          throw .changed(path: path(of: key))
        }
        try rename(name, to: key)
        return true
      case let code: throw .system(operation: "replace", path: path(of: key), code: code)
      }
    case .version(let version):
      try exchange(name, with: key, ifVersion: version)
      return false
    }
  }

  /// Gives a file the name of a value if there is none, and returns whether it did; the system says why not.
  private func moveToFree(_ name: String, _ key: StoreKey) -> Bool {
    unsafe csystemcalls_rename(root.rawValue, name, key.description, csystemcalls_rename_new) == 0
  }

  /// Has a file take the place of whatever is there.
  fileprivate func rename(_ name: String, to key: StoreKey) throws(StoreError) {
    guard unsafe renameat(root.rawValue, name, root.rawValue, key.description) == 0 else {
      throw .system(operation: "replace", path: path(of: key), code: errno)
    }
  }

  /// Has a file take the place of one of a version.
  private func exchange(
    _ name: String, with key: StoreKey, ifVersion version: StoredVersion
  ) throws(StoreError) {
    let number = root.rawValue
    let own = FileIdentity(of: name, in: number)
    let isDone = unsafe csystemcalls_rename(number, name, key.description, csystemcalls_rename_exchange) == 0
    guard isDone else {
      switch errno {
      case ENOENT: throw .changed(path: path(of: key))
      case EINVAL, ENOSYS:
        guard isVersion(version, of: key.description) else { throw .changed(path: path(of: key)) }
        return try rename(name, to: key)
      case let code: throw .system(operation: "replace", path: path(of: key), code: code)
      }
    }
    guard isVersion(version, of: name) else {
      try undoExchange(of: name, own: own, with: key)
      throw .changed(path: path(of: key))
    }
    _ = unsafe unlinkat(number, name, 0)
  }

  /// Puts the file that another writer has written back in its place.
  private func undoExchange(of name: String, own: FileIdentity?, with key: StoreKey) throws(StoreError) {
    let number = root.rawValue
    guard unsafe csystemcalls_rename(number, name, key.description, csystemcalls_rename_exchange) == 0 else {
      throw .system(operation: "replace", path: path(of: key), code: errno)
    }
    // Another writer has replaced it once more in between, and that file is the newest.
    if FileIdentity(of: name, in: number) != own { try rename(name, to: key) }
  }

  /// Whether a name, or the symbolic link of that name, leads to the file of a version.
  private func isVersion(_ version: StoredVersion, of name: String) -> Bool {
    guard let version = version.file, let status = stat(of: name, in: root.rawValue) else { return false }
    return FileVersion(status).isSameFile(as: version)
  }

  /// Whether the file of a value is certainly of a version, as one look at its name tells.
  ///
  /// What a symbolic link leads to is not looked at.
  func hasVersion(_ version: StoredVersion, at key: StoreKey) -> Bool {
    guard let version = version.file,
      let status = stat(of: key.description, in: root.rawValue, followsLink: false)
    else { return false }
    return FileVersion(status) == version
  }

  /// Removes a new value that could not be made sure of, unless it was replaced.
  ///
  /// Otherwise a retry would fail because there is a value already.
  private func takeBack(_ new: FileIdentity?, at key: StoreKey) {
    guard let new, FileIdentity(of: key.description, in: root.rawValue) == new else { return }
    _ = unsafe unlinkat(root.rawValue, key.description, 0)
  }
}

extension FileStore: CopyingStore {
  /// Gives the file of a value another name too.
  ///
  /// The bytes are copied where the file system has no links, and where a value that is written would change in both
  /// places, with ``Durability/none``.
  public func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    guard durability != .none else { return try copyBytes(of: key, to: target) }
    if durability == .durable { isUnsynchronized.store(true, ordering: .sequentiallyConsistent) }
    let name = temporaryName(for: target.description)
    var hasDirectory = false
    while unsafe linkat(root.rawValue, key.description, root.rawValue, name, 0) != 0 {
      switch errno {
      case ENOENT where !hasDirectory:
        // Of the two names, the directory of either may not be there.
        guard try byteCount(of: key) != nil else { return false }
        try Self.makeDirectory(Self.parent(of: name), in: root.rawValue, location: "\(location)/")
        hasDirectory = true
      case ENOENT: return false
      case EPERM, EOPNOTSUPP, ENOSYS, EMLINK, EXDEV:
        return try copyBytes(of: key, to: target)
      case let code: throw StoreError.system(operation: "copy", path: path(of: key), code: code)
      }
    }
    // If the value has both names already, renaming does nothing and leaves the third one.
    defer { _ = unsafe unlinkat(root.rawValue, name, 0) }
    try rename(name, to: target)
    try root.checkIsNotReplaced()
    return true
  }

  private func copyBytes(of key: StoreKey, to target: StoreKey) throws -> Bool {
    var arena = ByteArena()
    return try copy(key, to: target, in: self, with: &arena) != nil
  }
}

/// A file that is written piece by piece, and takes the place of a value once it is whole.
///
/// Until then it has a temporary name beside the value, and is removed with the object. Like the files of values
/// that are being written, it is held, so that a sweep leaves it alone.
package final class PartialFile: Sendable {
  private let store: FileStore
  private let key: StoreKey
  private let target: FileStore.TargetFile
  private let hasTemporaryName: Atomic<Bool>

  /// Makes the file.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - store: The store that the value is to be in.
  ///   - isScratch: Whether the file loses its name at once and never becomes a value.
  /// - Throws: ``StoreError``
  package init(for key: StoreKey, in store: FileStore, isScratch: Bool = false) throws(StoreError) {
    self.store = store
    self.key = key
    target = try store.createFile(for: key, isTemporary: true)
    hasTemporaryName = Atomic(!isScratch)
    if isScratch { _ = unsafe unlinkat(store.root.rawValue, target.name, 0) }
  }

  deinit {
    if hasTemporaryName.load(ordering: .acquiring) {
      _ = unsafe unlinkat(store.root.rawValue, target.name, 0)
    }
  }

  /// Writes bytes at an offset.
  ///
  /// Any number of threads may, each at another offset.
  ///
  /// - Throws: ``StoreError``
  package func write(_ bytes: RawSpan, at offset: Int) throws(StoreError) {
    try target.file.write(bytes, at: offset)
  }

  /// Appends the bytes of a range to `arena`, fewer if the file ends before.
  ///
  /// - Throws: ``StoreError``
  package func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    try target.file.read(range.count, at: range.lowerBound, into: &arena)
  }

  /// Has the file take the place of the value.
  ///
  /// It can be read through this object afterwards.
  ///
  /// - Parameter condition: What has to have the place before, or nil for anything.
  /// - Throws: ``StoreError``, and ``StoreError/changed(path:)`` if the condition does not hold.
  package func place(if condition: WriteCondition?) throws(StoreError) {
    let isSynchronized = store.durability == .durable
    if isSynchronized { try target.file.synchronize() } else { try target.file.reportFailure() }
    _ = try store.place(target.name, at: key, onlyIf: condition, tellsNew: false)
    hasTemporaryName.store(false, ordering: .releasing)
    try store.root.checkIsNotReplaced()
    if isSynchronized { try store.synchronizeNames(of: key, madeDirectories: target.madeDirectories) }
  }
}

/// Files that are synchronized to the disk together before they get their names.
///
/// A file has its name only once its bytes are on the disk, so that a crash of the machine leaves the old
/// file or the new one. For files of 64 KiB that takes half as long as to synchronize one after the other.
private final class FileBatch: StoreBatch {
  /// Files that have no names yet.
  struct Files {
    var names: [(temporaryName: String, key: StoreKey)] = []
    var byteCount = 0
  }

  let store: FileStore
  private let pending = Locked(Files())

  /// Files wait only for a moment, since no process holds them during that time, and old ones are swept.
  private static let mostFiles = 256
  private static let mostBytes = 64 << 20

  init(in store: FileStore) {
    self.store = store
  }

  /// Takes a file, and returns all files if they have to be placed now.
  func add(_ name: String, for key: StoreKey, _ byteCount: Int) -> Files? {
    pending.withLock { pending in
      pending.names.append((name, key))
      pending.byteCount += byteCount
      guard pending.names.count >= Self.mostFiles || pending.byteCount >= Self.mostBytes else { return nil }
      defer { pending = Files() }
      return pending
    }
  }

  func finish() throws { try place(takePending()) }

  func cancel() { remove(takePending().names[...]) }

  private func takePending() -> Files {
    pending.withLock { pending in
      defer { pending = Files() }
      return pending
    }
  }

  /// Gives files their names, once all are on the disk.
  func place(_ files: Files) throws {
    guard !files.names.isEmpty else { return }
    var rest = files.names[...]
    do {
      try store.synchronizeFileSystem()
      while let (name, key) = rest.first {
        try store.rename(name, to: key)
        rest.removeFirst()
      }
      // The names are in directories.
      try store.synchronizeFileSystem()
      try store.root.checkIsNotReplaced()
    } catch {
      remove(rest)
      throw error
    }
  }

  private func remove(_ names: ArraySlice<(temporaryName: String, key: StoreKey)>) {
    for (name, _) in names { _ = unsafe unlinkat(store.root.rawValue, name, 0) }
  }
}
