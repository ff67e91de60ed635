public import ChunkEngine

/// Values by key, which is all that Zarr asks of a place to keep arrays in.
///
/// Every call may come from any thread. A value is wholly there or not there: a reader never sees a part of
/// one that is being written.
public protocol Store: Sendable {
  /// Where the store is, for people to read in errors.
  var location: String { get }

  /// What tells the place of the values from others, or nil if that is not known.
  ///
  /// Stores of one process that have the same identity have the same values under all keys. Threads that
  /// write to an array through several of them do not lose each other's elements. There is a default
  /// implementation: a store that is an object is itself.
  var identity: StoreIdentity? { get }

  /// Appends a value to `arena`.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - arena: Where the bytes go.
  ///   - limit: The most bytes that are read. More are an error, before memory is taken for them.
  /// - Returns: Whether there is such a value.
  /// - Throws: ``StoreError``, and ``StoreError/tooLarge(path:byteCount:limit:)`` in particular.
  func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool

  /// Appends part of a value to `arena`.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - range: The bytes that are read. Those behind the end of the value are left out.
  ///   - arena: Where the bytes go.
  /// - Returns: Whether there is such a value.
  /// - Throws: ``StoreError``
  func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool

  /// Opens a value to read parts of it, or returns nil if there is none.
  ///
  /// There is a default implementation, whose value reads each part with ``read(_:range:into:)``. A store
  /// that can read several parts of one version of a value should say so with one of its own.
  ///
  /// - Throws: ``StoreError``
  func openValue(_ key: StoreKey) throws -> (any StoredValue)?

  /// Which parts of a value are better read together.
  ///
  /// There is a default implementation, for stores that take long to answer.
  var rangeJoining: RangeJoining { get }

  /// Returns the size of a value in bytes, or nil if there is none.
  ///
  /// - Throws: ``StoreError``
  func byteCount(of key: StoreKey) throws -> Int?

  /// Writes a value, in place of the one that was there.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - byteCount: The bytes that the parts have together, as a hint.
  ///   - gather: Hands the parts of the value to its argument, one after the other. If it throws, the value
  ///     stays as it was.
  /// - Throws: ``StoreError``, and what `gather` throws.
  func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void)
    throws

  /// Writes a value that may wait for ``synchronize()`` before it is safe from a crash of the machine.
  ///
  /// If the machine crashes before that, anything may be found in place of the value. It is for values to
  /// which nothing refers yet, such as the chunks of a stream. There is a default implementation, which does
  /// not wait.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - byteCount: The bytes that the parts have together, as a hint.
  ///   - gather: Hands the parts of the value to its argument, one after the other.
  /// - Throws: ``StoreError``, and what `gather` throws.
  func writeDeferred(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void)
    throws

  /// Writes a value in place of one that was read, unless somebody else has replaced or deleted that.
  ///
  /// It is for values that parts of the old one go on in. Who replaces a value as a whole takes no lock, and
  /// what they wrote would be lost. There is a default implementation, which does not look.
  ///
  /// - Parameters:
  ///   - old: What ``openValue(_:)`` returned, or nil if there was no value.
  ///   - key: The key of the value.
  ///   - byteCount: The bytes that the parts have together, as a hint.
  ///   - gather: Hands the parts of the value to its argument, one after the other.
  /// - Throws: ``StoreError/changed(path:)``, other errors of the store, and what `gather` throws.
  func replace(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void) throws

  /// Writes a value in place of one that was read, as ``replace(_:at:byteCount:gathering:)`` does, which may wait
  /// for ``synchronize()`` as one of ``writeDeferred(_:byteCount:gathering:)`` may.
  ///
  /// There is a default implementation, which does not look at the old value.
  ///
  /// - Throws: ``StoreError/changed(path:)``, other errors of the store, and what `gather` throws.
  func replaceDeferred(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void) throws

  /// Removes a value that was read, unless somebody else has replaced it.
  ///
  /// There is a default implementation, which does not look.
  ///
  /// - Parameters:
  ///   - old: What ``openValue(_:)`` returned, or nil if there was no value.
  ///   - key: The key of the value.
  /// - Throws: ``StoreError/changed(path:)``, and other errors of the store.
  func delete(_ old: (any StoredValue)?, at key: StoreKey) throws

  /// Begins a batch, if the store can make sure of many values at once in less time than of each by itself.
  ///
  /// There is a default implementation, which returns nil.
  func makeBatch() -> (any StoreBatch)?

  /// Returns when all values that were written before are as safe as the store can make them.
  ///
  /// There is a default implementation, which does nothing.
  ///
  /// - Throws: ``StoreError``
  func synchronize() throws

  /// Removes a value, if there is one.
  ///
  /// - Throws: ``StoreError``
  func delete(_ key: StoreKey) throws

  /// Removes all values whose keys begin with the names of `prefix`; all values for an empty prefix.
  ///
  /// There is a default implementation, which lists the keys and removes one after the other.
  ///
  /// - Throws: ``StoreError``
  func deleteAll(_ prefix: String) throws

  /// Returns the keys that begin with the names of `prefix`, in no particular order; all keys for an empty
  /// prefix.
  ///
  /// The names count as a whole: `a` is a prefix of `a/b` and not of `ab`.
  ///
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of keys below the prefix, if the store can do that.
  func list(_ prefix: String) throws -> [StoreKey]

  /// Waits until nobody else, in this process or another one, holds the lock of a name, and takes it.
  ///
  /// A lock is that of a name and a prefix, whether there are such values or not, and ends with the process
  /// that holds it. It keeps away only those who ask for it: who reads needs none, nor who replaces a value
  /// without a look at the old one. There is a default implementation, for stores without locks.
  ///
  /// - Parameters:
  ///   - name: What is locked.
  ///   - prefix: The prefix that the name belongs to.
  ///   - timeout: How long to wait, or nil for as long as it takes.
  /// - Returns: The lock, or nil if the store keeps nobody away.
  /// - Throws: ``StoreError/locked(path:owner:)`` if the time is over, ``StoreError/notLockable(path:code:)``,
  ///   and what else can go wrong.
  func lock(_ name: String, below prefix: String, timeout: Duration?) throws -> (any StoreLock)?

  /// Returns the names that keys have directly below a prefix; the first names of all keys for an empty one.
  ///
  /// There is a default implementation, which lists all keys below the prefix.
  ///
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of names, if the store can do that.
  func listDirectory(_ prefix: String) throws -> DirectoryListing

  /// Gives all values below a prefix keys that begin with another one in its place.
  ///
  /// There is a default implementation, which copies the values and then removes them. If it is interrupted
  /// it leaves copies, but each value is there at least once. A store that can do it at once should.
  ///
  /// - Parameters:
  ///   - prefix: The names that the keys begin with.
  ///   - target: The names that they begin with afterwards. There may be no value yet with this key or below
  ///     it, and it may not be in what is moved.
  /// - Throws: ``StoreError``, and ``StoreError/notMoved(path:target:reason:)`` in particular.
  func rename(_ prefix: String, to target: String) throws
}

extension Store {
  public func writeDeferred(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, byteCount: byteCount, gathering: gather)
  }

  public func replace(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, byteCount: byteCount, gathering: gather)
  }

  public func replaceDeferred(
    _ old: (any StoredValue)?, at key: StoreKey, byteCount: Int,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try writeDeferred(key, byteCount: byteCount, gathering: gather)
  }

  public func delete(_ old: (any StoredValue)?, at key: StoreKey) throws { try delete(key) }

  public func synchronize() throws {}

  public func deleteAll(_ prefix: String) throws {
    for key in try list(prefix) {
      try delete(key)
    }
  }

  /// Writes a value, which may wait for ``synchronize()`` if it is deferred.
  func write(
    _ key: StoreKey, byteCount: Int, isDeferred: Bool,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    if isDeferred {
      try writeDeferred(key, byteCount: byteCount, gathering: gather)
    } else {
      try write(key, byteCount: byteCount, gathering: gather)
    }
  }

  /// Writes a value of one part.
  ///
  /// - Throws: ``StoreError``
  public func write(_ key: StoreKey, _ bytes: RawSpan) throws {
    try write(key, byteCount: bytes.byteCount) { append in try append(bytes) }
  }

  /// Returns a copy of a value, or nil if there is none.
  ///
  /// - Throws: ``StoreError/tooLarge(path:byteCount:limit:)`` if it has more than `limit` bytes.
  /// - Complexity: O(*n*) where *n* is the size of the value.
  public func bytes(of key: StoreKey, limit: Int) throws -> [UInt8]? {
    var arena = ByteArena()
    guard try read(key, into: &arena, limit: limit) else { return nil }
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }
}
