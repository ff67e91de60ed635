import CSystemCalls
import ChunkEngine
import ZarrPlatform

extension FileStore: LockingStore {
  /// The name of the file in the directory of an array whose bytes are its locks, a name that no value has.
  static let lockFileName = ".zarr-vlen.lock"

  public var identity: StoreIdentity? {
    guard let status = try? root.status() else { return nil }
    return StoreIdentity(UInt64(status.st_dev), UInt64(status.st_ino))
  }

  /// Locks a byte of a file in the directory of the prefix.
  ///
  /// The lock belongs to the open file, so that threads exclude each other as processes do, and the system
  /// releases it whenever its owner ends. Each name has a byte of its own, by a hash of 62 bits.
  public func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)? {
    guard usesLocks else { return nil }
    let directory = try Self.directory(of: prefix)
    let path = directory.isEmpty ? Self.lockFileName : "\(directory)/\(Self.lockFileName)"
    while true {
      let file = try openLockFile(path, in: directory)
      try lock(Self.position(of: name), of: file, at: path, timeout: timeout)
      // The last one to unlock it may have removed the file. Then others do not find this one any more.
      guard try isCurrent(file, at: path) else { continue }
      try root.checkIsNotReplaced()
      if timeout != nil { Self.writeOwner(to: file) }
      return FileLock(file, at: path, in: self)
    }
  }

  private func openLockFile(_ path: String, in directory: String) throws -> FileDescriptor {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
    if let file = try open(path, flags: flags) { return file }
    try Self.makeDirectory(directory, in: root.rawValue, location: "\(location)/")
    guard let file = try open(path, flags: flags) else {
      throw StoreError.system(operation: "create", path: "\(location)/\(path)", code: errno)
    }
    return file
  }

  private func lock(
    _ position: off_t, of file: borrowing FileDescriptor, at path: String, timeout: Duration?
  ) throws {
    let number = file.rawValue
    // A call that can be cancelled does not wait in the system.
    if timeout == nil, ProgressMonitor.current == nil {
      guard retrying({ csystemcalls_lock(number, position, 1, 1) }) == 0 else {
        throw StoreError.notLockable(path: "\(location)/\(path)", code: errno)
      }
      return
    }
    let deadline = timeout.map { ContinuousClock.now + $0 }
    var pause: useconds_t = 1000
    while csystemcalls_lock(number, position, 1, 0) != 0 {
      guard [EAGAIN, EACCES, EINTR].contains(errno) else {
        throw StoreError.notLockable(path: "\(location)/\(path)", code: errno)
      }
      try ProgressMonitor.checkCurrent()
      if let deadline, ContinuousClock.now >= deadline {
        throw StoreError.locked(path: "\(location)/\(path)", owner: try Self.owner(in: file))
      }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }

  /// Whether a file is the one that others find at a path.
  fileprivate func isCurrent(_ file: borrowing FileDescriptor, at path: String) throws(StoreError) -> Bool {
    FileIdentity(try file.status()) == FileIdentity(of: path, in: root.rawValue)
  }

  /// Removes a lock file if no one else has locked a byte of it, and returns whether it did.
  func removeLockFile(_ file: borrowing FileDescriptor, at path: String) throws(StoreError) -> Bool {
    guard csystemcalls_lock(file.rawValue, 0, 0, 0) == 0, try isCurrent(file, at: path) else { return false }
    return unsafe unlinkat(root.rawValue, path, 0) == 0
  }

  /// The byte that is locked for a name: its hash by FNV-1a, in the range of what can be locked.
  private static func position(of name: String) -> off_t {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    return off_t(hash >> 2)
  }

  /// Says in a lock file who holds the lock that others may have to wait long for.
  private static func writeOwner(to file: borrowing FileDescriptor) {
    var name = [CChar](repeating: 0, count: 256)
    _ = unsafe gethostname(&name, name.count - 1)
    let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let text = "process \(getpid()) on \(host)"
    // It is for people who read errors; the lock is held also if the disk is full.
    _ = ftruncate(file.rawValue, 0)
    try? file.write(text.utf8Bytes)
  }

  /// What a lock file says of who holds a lock, or nil.
  private static func owner(in file: borrowing FileDescriptor) throws -> String? {
    var arena = ByteArena()
    try file.read(300, at: 0, into: &arena)
    let text = unsafe arena.bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    // The file is from outside, like all others.
    let isPrintable = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    return text.isEmpty || !isPrintable ? nil : text
  }
}

/// A locked byte of a lock file.
///
/// The file exists as long as a writer holds one of its bytes. If a writer was killed, the file stays until
/// it is swept.
private final class FileLock: StoreLock {
  private let file: Locked<FileDescriptor?>
  private let store: FileStore
  private let path: String
  private let processID = getpid()

  init(_ file: consuming FileDescriptor, at path: String, in store: FileStore) {
    self.file = Locked(file)
    self.store = store
    self.path = path
  }

  func check() throws {
    let isCurrent = try file.withLock { file in
      guard let held = file.take() else { return true }
      do {
        let isCurrent = try store.isCurrent(held, at: path)
        file = consume held
        return isCurrent
      } catch {
        file = consume held
        throw error
      }
    }
    guard isCurrent else { throw StoreError.lockLost(path: "\(store.location)/\(path)") }
  }

  func unlock() {
    file.withLock { file in
      // A process that was forked has the open file of its parent, whose lock it must not take away.
      guard let held = file.take(), processID == getpid() else { return }
      _ = try? store.removeLockFile(held, at: path)
      // Closing the file does not unlock it as long as a process that was forked meanwhile has it open.
      _ = csystemcalls_unlock(held.rawValue)
    }
  }
}
