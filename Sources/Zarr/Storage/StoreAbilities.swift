public import ChunkEngine

/// A store that replaces or deletes a value only if that is still what was read.
///
/// A writer that keeps parts of an old value needs it: without it, the value of a writer who replaces the
/// whole without a lock at the same moment is lost. Many servers compare an entity tag for it.
public protocol ConditionalStore: Store {
  /// Writes a value as ``Store/write(_:byteCount:durability:gathering:)`` does, under a condition.
  ///
  /// - Throws: ``StoreError/changed(path:)`` if the condition does not hold; the value that is there stays.
  func write(
    _ key: StoreKey, if condition: WriteCondition, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void) throws

  /// Removes a value if it is of a version.
  ///
  /// - Throws: ``StoreError/changed(path:)`` if it is of another one, or there is none.
  func delete(_ key: StoreKey, ifVersion version: StoredVersion) throws
}

/// What has to be there for a value to be written.
public enum WriteCondition: Hashable, Sendable {
  /// No value.
  case absent
  /// The value of a version.
  case version(StoredVersion)
}

/// A store in which an open value stays what it is while others replace or delete it, as a file does.
///
/// In another store the parts of a value are read by its version.
public protocol OpeningStore: Store {
  /// Opens a value to read parts of it, or returns nil if there is none.
  ///
  /// - Throws: ``StoreError``
  func openValue(_ key: StoreKey) throws -> (any StoredValue)?
}

extension OpeningStore {
  /// Opens the value and reads the part of it.
  public func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo? {
    guard let value = try openValue(key) else { return nil }
    if let version, version != value.version { throw StoreError.changed(path: "\(location)/\(key)") }
    let range = part.range(in: value.byteCount)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: "\(location)/\(key)", byteCount: range.count, limit: limit)
    }
    if !part.isEmpty { try value.read(range, into: &arena) }
    return value.info
  }
}

/// A value of a store, of which parts are read.
///
/// Every call may come from any thread.
public protocol StoredValue: Sendable {
  /// The size and the version.
  var info: ValueInfo { get }

  /// Whether the value can be read while its own store replaces it.
  ///
  /// If not, the library reads what goes on in the new value before it writes that.
  var staysWhenReplaced: Bool { get }

  /// Appends some bytes of the value to `arena`. Those after its end are left out.
  ///
  /// - Throws: ``StoreError``
  func read(_ range: Range<Int>, into arena: inout ByteArena) throws
}

extension StoredValue {
  /// The size in bytes.
  public var byteCount: Int { info.byteCount }

  /// What tells this version of the value from others, or nil if nothing does.
  public var version: StoredVersion? { info.version }
}

/// A store that reads what was not compressed to its final place.
protocol UnframingStore: Store {
  /// Appends a whole value to `arena`, if it is a frame of raw blocks its content first and what is around that after
  /// it.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - trailerByteCount: The bytes after the frame.
  ///   - limit: The most bytes that are appended.
  ///   - arena: Where the bytes go.
  /// - Returns: What is known of the value, and the frame, or nil if the bytes are as they are stored; nil if there is no
  ///   value.
  /// - Throws: As ``Store/read(_:of:ifVersion:limit:into:)``.
  func readUnframed(
    _ key: StoreKey, trailerByteCount: Int, limit: Int, into arena: inout ByteArena
  ) throws -> (info: ValueInfo, frame: ZstdRawFrame?)?
}

/// A store that takes time to make values safe from a crash of the machine, and less for many at once.
public protocol BatchingStore: Store {
  /// Begins a batch, or returns nil if it would be no quicker, as it does by default.
  func makeBatch() -> (any StoreBatch)?

  /// Returns when all values that were written before are as safe as the store can make them.
  ///
  /// - Throws: ``StoreError``
  func synchronize() throws
}

extension BatchingStore {
  public func makeBatch() -> (any StoreBatch)? { nil }
}

/// Values that are made safe together, each written with ``WriteDurability/batched(_:)`` under another key.
public protocol StoreBatch: Sendable {
  /// Gives all values their places, and returns when they are as safe as the store can make them.
  ///
  /// - Throws: ``StoreError``. Some values may have their places then, and others are gone.
  func finish() throws

  /// Gives up the values that have no place yet.
  func cancel()
}

/// A store that keeps writers of other processes away.
public protocol LockingStore: Store {
  /// Waits until the lock of a name is free in all processes, and takes it.
  ///
  /// A lock belongs to a name and a prefix, whether there are such values or not. It ends with the process
  /// that holds it, and keeps away only writers that take it too. Reading needs no lock, and neither does
  /// replacing a value without regard to the old one.
  ///
  /// - Parameters:
  ///   - name: What is locked.
  ///   - prefix: The prefix that the name belongs to.
  ///   - timeout: How long to wait, or nil for as long as it takes.
  /// - Returns: The lock, or nil if the store was opened without locks.
  /// - Throws: ``StoreError/locked(path:owner:)`` if the time is over,
  ///   ``StoreError/notLockable(path:code:)``, and what else can go wrong.
  func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)?
}

/// A lock that a store has given out, held until it is unlocked.
public protocol StoreLock: Sendable {
  /// Lets the next one have the lock, on any thread.
  func unlock()

  /// Makes sure that the lock still keeps others away. By default a lock cannot be taken away.
  ///
  /// - Throws: ``StoreError/lockLost(path:)``, and what else can go wrong.
  func check() throws
}

extension StoreLock {
  public func check() throws {}
}

/// A store that finds or removes what is below a prefix without a look at each key.
public protocol DirectoryStore: Store {
  /// Returns the names that keys have directly below a prefix; the first names of all keys for an empty one.
  ///
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of names.
  func listDirectory(_ prefix: String) throws -> DirectoryListing

  /// Removes all values whose keys begin with the names of `prefix`; all values for an empty prefix.
  ///
  /// - Throws: ``StoreError``
  func deleteAll(_ prefix: String) throws
}

extension DirectoryStore {
  /// Removes the values one by one.
  public func deleteAll(_ prefix: String) throws {
    for key in try list(prefix) { try delete(key) }
  }
}

/// A store that finds a key below a prefix sooner than all of them.
package protocol KeyFindingStore: Store {
  /// Whether there is a key that begins with the names of `prefix`.
  func hasKey(below prefix: String) throws -> Bool
}

/// A store that gives many values other keys at once.
public protocol RenamingStore: Store {
  /// Gives all values below a prefix keys that begin with another one in its place.
  ///
  /// - Parameters:
  ///   - prefix: The names that the keys begin with.
  ///   - target: The names that they begin with afterwards. There may be no value yet with this key or below
  ///     it, and it may not be in what is moved.
  /// - Throws: ``StoreError``, and ``StoreError/notMoved(path:target:reason:)`` in particular.
  func rename(_ prefix: String, to target: String) throws
}

/// A store that copies values and removes many without their bytes going through this process.
public protocol CopyingStore: Store {
  /// Gives a value another key too, in place of what was there.
  ///
  /// A reader of the other key sees the old value or the copy, never a part of it. The copy may wait for
  /// ``BatchingStore/synchronize()`` to be safe from a crash of the machine.
  ///
  /// - Returns: Whether there is such a value. If not, nothing has changed.
  /// - Throws: ``StoreError``
  func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool

  /// Removes values, of which not all need to be there.
  ///
  /// - Throws: ``StoreError``. Some values may be gone then.
  func delete(_ keys: [StoreKey]) throws
}

extension CopyingStore {
  public func delete(_ keys: [StoreKey]) throws {
    for key in keys { try delete(key) }
  }
}

/// A store whose values others see only once it is finished, such as an archive.
///
/// Until then only the store itself reads what was written to it. If it is released before, that is gone and
/// what was there before stays.
public protocol FinishingStore: Store {
  /// Has what was written take the place of what was there, as a whole.
  ///
  /// The values can be read afterwards, and no more can be written. A store that was finished or opened for
  /// reading stays as it is.
  ///
  /// - Throws: ``StoreError``, and ``StoreError/changed(path:)`` if another writer has replaced what was there.
  func finish() throws
}

/// The names that the keys of a store have directly below a prefix.
///
/// With the keys `a/zarr.json`, `a/b/zarr.json` and `a/b/c/0`, the prefix `a` has the value `zarr.json` and
/// the prefix `b`.
public struct DirectoryListing: Hashable, Sendable {
  /// The names of values, in no particular order.
  public var values: [String]

  /// The names with something below them, in no particular order.
  ///
  /// A store may name some below which there is nothing any more.
  public var prefixes: [String]

  /// The names of symbolic links to directories that the names are in, below which there would be no end.
  public var loops: [String]

  /// Whether the prefix itself is a symbolic link, whose values are somewhere else.
  var isLinked = false

  /// Whether the prefix is a symbolic link that is found by way of another one.
  var isBelowLink = false

  /// Creates a listing.
  public init(values: [String] = [], prefixes: [String] = [], loops: [String] = []) {
    self.values = values
    self.prefixes = prefixes
    self.loops = loops
  }

  /// Finds the names in the keys of a store, of which not all need to be below the prefix.
  ///
  /// - Complexity: O(*n*) where *n* is the number of keys.
  package init(of keys: some Sequence<StoreKey>, below prefix: String) {
    self.init()
    let start = prefix.isEmpty ? "" : prefix + "/"
    var found: Set<ExactString> = []
    for key in keys {
      let text = key.description.utf8
      guard text.starts(with: start.utf8) else { continue }
      let rest = text.dropFirst(start.utf8.count)
      let name = rest.prefix { $0 != UInt8(ascii: "/") }
      if name.endIndex == text.endIndex {
        values.append(String(Substring(name)))
      } else {
        found.insert(ExactString(String(Substring(name))))
      }
    }
    prefixes = found.map(\.text)
  }
}

/// What a value that is written takes the place of.
package enum ReplacedValue {
  /// Whatever is there.
  case anything
  /// The value that was opened, or none if it is nil.
  case seen((any StoredValue)?)
}

/// Each ability, and what is done without it.
///
/// A conforming type hides the call of the same name by its own.
extension Store {
  /// Writes a value, unless another writer has replaced the one that was seen.
  ///
  /// A store that is no ``ConditionalStore``, or that gave the value no version, does not look.
  package func write(
    _ key: StoreKey, over old: ReplacedValue, byteCount: Int, durability: WriteDurability = .immediate,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    // An open file keeps others from getting its number, which is a part of its version.
    try withExtendedLifetime(old) {
      guard let store = self as? any ConditionalStore, let condition = old.condition else {
        return try write(key, byteCount: byteCount, durability: durability, gathering: gather)
      }
      try store.write(key, if: condition, byteCount: byteCount, durability: durability, gathering: gather)
    }
  }

  /// Writes a value of one part, unless another writer has replaced the one that was seen.
  package func write(_ key: StoreKey, over old: ReplacedValue, _ bytes: RawSpan) throws {
    try write(key, over: old, byteCount: bytes.byteCount) { append in try append(bytes) }
  }

  /// Removes a value, unless another writer has replaced the one that was seen.
  ///
  /// If none was seen there is nothing to remove, and what others have written since then is theirs.
  package func delete(_ key: StoreKey, over old: ReplacedValue) throws {
    try withExtendedLifetime(old) {
      switch old.condition {
      case .absent: return
      case .version(let version):
        guard let store = self as? any ConditionalStore else { return try delete(key) }
        try store.delete(key, ifVersion: version)
      case nil: try delete(key)
      }
    }
  }

  /// Opens a value to read parts of it, or returns nil if there is none.
  package func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    if let store = self as? any OpeningStore { return try store.openValue(key) }
    return try info(of: key).map { VersionedValue(store: self, key: key, info: $0) }
  }

  /// Opens a value and appends a part of it to `arena`, in one request; nil if there is no value.
  ///
  /// - Throws: ``StoreError/tooLarge(path:byteCount:limit:)`` if the part has more than `limit` bytes, and
  ///   other errors of the store.
  package func openValue(
    _ key: StoreKey, reading part: ValuePart, limit: Int, into arena: inout ByteArena
  ) throws -> (any StoredValue)? {
    guard let store = self as? any OpeningStore else {
      return try read(part, of: key, ifVersion: nil, limit: limit, into: &arena).map {
        VersionedValue(store: self, key: key, info: $0)
      }
    }
    guard let value = try store.openValue(key) else { return nil }
    let range = part.range(in: value.byteCount)
    guard range.count <= limit else {
      throw StoreError.tooLarge(path: "\(location)/\(key)", byteCount: range.count, limit: limit)
    }
    try value.read(range, into: &arena)
    return value
  }

  package func makeBatch() -> (any StoreBatch)? { (self as? any BatchingStore)?.makeBatch() }

  package func finish() throws { try (self as? any FinishingStore)?.finish() }

  package func synchronize() throws { try (self as? any BatchingStore)?.synchronize() }

  package func lock(
    _ name: String, below prefix: String, timeout: Duration?
  ) throws -> (any StoreLock)? {
    try (self as? any LockingStore)?.lock(name, below: prefix, timeout: timeout)
  }

  package func listDirectory(_ prefix: String) throws -> DirectoryListing {
    if let store = self as? any DirectoryStore { return try store.listDirectory(prefix) }
    return DirectoryListing(of: try list(prefix), below: prefix)
  }

  /// Whether there is a key that begins with the names of `prefix`, which a listing may name without one.
  package func hasKey(below prefix: String) throws -> Bool {
    if let store = self as? any KeyFindingStore { return try store.hasKey(below: prefix) }
    return try !list(prefix).isEmpty
  }

  package func deleteAll(_ prefix: String) throws {
    if let store = self as? any DirectoryStore { return try store.deleteAll(prefix) }
    for key in try list(prefix) { try delete(key) }
  }

  package func copy(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    if let store = self as? any CopyingStore { return try store.copy(key, to: target) }
    return try copyByReading(key, to: target)
  }

  /// Gives a value another key too, by reading and writing it.
  package func copyByReading(_ key: StoreKey, to target: StoreKey) throws -> Bool {
    var arena = ByteArena()
    return try copy(key, to: target, in: self, with: &arena) != nil
  }

  package func delete(_ keys: [StoreKey]) throws {
    if let store = self as? any CopyingStore { return try store.delete(keys) }
    for key in keys { try delete(key) }
  }

  package func rename(_ prefix: String, to target: String) throws {
    if let store = self as? any RenamingStore { return try store.rename(prefix, to: target) }
    try renameByCopying(prefix, to: target)
  }
}

extension ReplacedValue {
  /// What has to be there, or nil if nothing tells.
  fileprivate var condition: WriteCondition? {
    switch self {
    case .anything: nil
    case .seen(nil): .absent
    case .seen(let value?): value.version.map { .version($0) }
    }
  }
}

/// A value that each part is read of by its version.
struct VersionedValue: StoredValue {
  let store: any Store
  let key: StoreKey
  let info: ValueInfo

  var staysWhenReplaced: Bool { false }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    // A value that is gone has no bytes, which is noticed where some are missing.
    _ = try store.read(.range(range), of: key, ifVersion: version, limit: range.count, into: &arena)
  }
}
