public import ChunkEngine
public import Zarr
import ZarrPlatform

/// A store in a zip archive, which is a file or a value of any other store.
///
/// Values are read by ranges of the archive. What is written is gathered in a file and takes the place of the old
/// archive when you call ``finish()``, as a whole: until then others see the old one, also if the writer is
/// killed. One store at a time can write to an archive.
///
/// Values are stored as they are; chunks are compressed already. Those that others have compressed are read, too.
public final class ZipStore: Sendable {
  /// What a store is opened for.
  public enum Access: Hashable, Sendable {
    /// Only to be read.
    case reading
    /// To add values to an archive, or to a new one if there is none.
    case adding
    /// To write a new archive in place of whatever is there.
    case replacing
  }

  /// What there is to read from.
  private struct Contents {
    var archive: ZipArchive?
    var writer: ZipWriter?
  }

  private let base: any Store
  private let key: StoreKey
  private let access: Access
  private let limits: ZipLimits
  private let contents: Locked<Contents>

  /// Keeps other writers away until the store is finished.
  private let lock: Locked<(any StoreLock)?>

  /// Opens the store in an archive that is a value of another store.
  ///
  /// - Parameters:
  ///   - key: The key of the archive.
  ///   - base: The store that has it.
  ///   - access: What the store is opened for.
  ///   - limits: How much memory the archive may ask for.
  ///   - temporaryDirectory: Where what is written waits for ``finish()`` if the other store is no `FileStore`,
  ///     which has it beside the archive. By default that of the system.
  /// - Throws: `StoreError.damaged` if it is no archive,
  ///   `StoreError.system` if there is none to be read,
  ///   `StoreError.locked` if another store writes to it, and other errors of the store.
  /// - Complexity: O(*n* log *n*) in the number of values in the archive.
  @available(*, noasync)
  public init(
    _ key: StoreKey, in base: any Store, for access: Access = .reading, limits: ZipLimits = ZipLimits(),
    temporaryDirectory: String? = nil
  ) throws {
    self.key = key
    self.base = base
    self.access = access
    self.limits = limits
    let path = "\(base.location)/\(key)"
    guard access != .reading else {
      lock = Locked(nil)
      guard let archive = try ZipArchive.open(key, in: base, limits) else {
        throw StoreError.system(operation: "open", path: path, code: ENOENT)
      }
      contents = Locked(Contents(archive: archive))
      return
    }
    let (directory, name) = key.split()
    let lock = try base.lock("zip \(name)", below: directory, timeout: .zero)
    self.lock = Locked(lock)
    do {
      let archive = access == .adding ? try ZipArchive.open(key, in: base, limits) : nil
      let file =
        if let store = base as? FileStore {
          try PartialFile(for: key, in: store)
        } else {
          try PartialFile(
            for: StoreKey("zip"), in: FileStore(opening: temporaryDirectory ?? Self.temporaryDirectory),
            isScratch: true)
        }
      contents = Locked(Contents(archive: archive, writer: ZipWriter(file, path: path)))
    } catch {
      lock?.unlock()
      throw error
    }
  }

  /// Opens the store in an archive that is a file.
  ///
  /// - Parameters:
  ///   - path: The path of the file.
  ///   - access: What the store is opened for.
  ///   - durability: Whether ``finish()`` returns only once the archive is safe from a crash of the machine.
  ///   - limits: How much memory the archive may ask for.
  /// - Throws: As ``init(_:in:for:limits:temporaryDirectory:)``.
  @available(*, noasync)
  public convenience init(
    _ path: String, for access: Access = .reading, durability: Durability = .atomic,
    limits: ZipLimits = ZipLimits()
  ) throws {
    // A link stays one to the archive that it leads to.
    let (directory, name) = Self.split(Self.resolve(path))
    let base =
      access == .reading
      ? try FileStore(opening: directory, durability: durability)
      : try FileStore(creating: directory, durability: durability)
    try self.init(StoreKey(name), in: base, for: access, limits: limits)
  }

  deinit { unlock() }

  private func unlock() { lock.withLock { $0.take() }?.unlock() }

  public var location: String { "\(base.location)/\(key)|zip:" }

  public var rangeJoining: RangeJoining { base.rangeJoining }

  public var requestConcurrency: Int { base.requestConcurrency }

  private static var temporaryDirectory: String {
    unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  }

  private static func resolve(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The directory of a path and the name in it.
  private static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
  }
}

extension ZipStore: OpeningStore {
  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    let contents = contents.withLock { $0 }
    if let writer = contents.writer, let pending = writer[key] { return writer.open(pending) }
    return try contents.archive?.openValue(key)
  }

  private func path(of key: StoreKey) -> String { "\(location)/\(key)" }
}

extension ZipStore: DirectoryStore {
  public func list(_ prefix: String) throws -> [StoreKey] {
    let start = prefix.isEmpty ? "" : prefix + "/"
    let contents = contents.withLock { $0 }
    let archived = try contents.archive.map { archive in
      try archive.entries(startingWith: start).map { try archive.key(of: $0) }
    }
    guard let writer = contents.writer else { return archived ?? [] }
    let written = writer.keys
    let replaced = Set(written.map(\.key))
    return (archived ?? []).filter { !replaced.contains($0) }
      + written.filter { !$0.isRemoved && $0.key.description.utf8.starts(with: start.utf8) }.map(\.key)
  }

  public func listDirectory(_ prefix: String) throws -> DirectoryListing {
    let contents = contents.withLock { $0 }
    if contents.writer == nil, let archive = contents.archive {
      return try archive.listDirectory(prefix.isEmpty ? "" : prefix + "/")
    }
    return DirectoryListing(of: try list(prefix), below: prefix)
  }
}

extension ZipStore: ConditionalStore {
  public func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try writer().write(key, byteCount: byteCount, checking: { _ in }, gathering: gather)
  }

  public func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    let writer = try writer()
    try writer.write(
      key, byteCount: byteCount, checking: { try check(condition, of: key, $0, writer) }, gathering: gather)
  }

  public func delete(_ key: StoreKey) throws {
    try writer().remove(key) { _ in }
  }

  public func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws {
    let writer = try writer()
    try writer.remove(key) { try check(.version(version), of: key, $0, writer) }
  }

  private func check(
    _ condition: WriteCondition, of key: StoreKey, _ pending: ZipWriter.Pending?, _ writer: ZipWriter
  ) throws {
    let found = try pending.map(writer.open) ?? contents.withLock { $0.archive }?.openValue(key)
    guard condition == found?.version.map({ .version($0) }) ?? .absent else {
      throw StoreError.changed(path: path(of: key))
    }
  }

  private func writer() throws -> ZipWriter {
    guard let writer = contents.withLock({ $0.writer }) else { throw StoreError.readOnly(path: location) }
    return writer
  }
}

extension ZipStore: FinishingStore {
  /// Has the new archive take the place of the old one.
  ///
  /// Values of the old archive that were neither replaced nor deleted are copied to the new one; their own dead
  /// bytes are not. If the base is a `FileStore`, the file that was written gets the name of the archive,
  /// otherwise its bytes are written to the base as one value.
  public func finish() throws {
    let contents = contents.withLock { $0 }
    guard let writer = contents.writer else { return }
    let value = try writer.finish(keeping: contents.archive) { file, byteCount in
      try lock.withLock { $0 }?.check()
      let old = contents.archive?.value
      guard base is FileStore else {
        return try base.write(
          key, over: access == .replacing ? .anything : .seen(old), byteCount: byteCount
        ) { append in
          try file.forEachPart(of: byteCount, append)
        }
      }
      try file.place(
        if: access == .replacing ? nil : old.map { $0.version.map { .version($0) } ?? .absent } ?? .absent)
    }
    let path = "\(base.location)/\(key)"
    var tail = ByteArena()
    try value.read(max(0, value.byteCount - ZipArchive.tailByteCount)..<value.byteCount, into: &tail)
    let archive = try ZipArchive(value, at: path, endingWith: tail, .written, limits)
    self.contents.withLock { $0 = Contents(archive: archive) }
    unlock()
  }
}

extension PartialFile {
  /// Calls `body` with all bytes, part by part.
  fileprivate func forEachPart(of byteCount: Int, _ body: (RawSpan) throws -> Void) throws {
    let partByteCount = 8 << 20
    var arena = ByteArena()
    for start in stride(from: 0, to: byteCount, by: partByteCount) {
      try ProgressMonitor.checkCurrent()
      arena.removeAll()
      try read(start..<min(start + partByteCount, byteCount), into: &arena)
      try body(arena.bytes)
    }
  }
}

extension StoreKey {
  /// The names in front of the last one, and that.
  fileprivate func split() -> (prefix: String, name: String) {
    let text = description
    guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", text) }
    return (String(text[..<slash]), String(text[text.utf8.index(after: slash)...]))
  }
}
