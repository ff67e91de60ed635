public import ChunkEngine

/// Values by key, which is all that Zarr asks of a place to keep arrays in.
///
/// Four calls make a store: read, write, delete and list. A store that can do more says so by conforming to
/// one of the protocols that refine this one, such as ``ConditionalStore`` or ``LockingStore``; the library
/// falls back on the four calls where a store does not. The article <doc:StoresOfYourOwn> shows a whole store.
///
/// Every call may come from any thread. A reader sees a value as a whole or not at all, never a part of one
/// that is being written.
public protocol Store: Sendable {
  /// Where the store is, as errors show it.
  var location: String { get }

  /// What tells the place of the values from others, or nil if that is not known.
  ///
  /// Stores of one process that have the same identity have the same values under all keys. Threads that
  /// write to an array through several of them do not lose each other's elements. By default a store that is
  /// an object is itself.
  var identity: StoreIdentity? { get }

  /// Which parts of a value are better read together. The default suits a store that takes long to answer.
  var rangeJoining: RangeJoining { get }

  /// How many requests the store wants in flight at a time.
  ///
  /// With the default, 1, each worker waits for its own requests, which is right for files and memory. A store
  /// across a network says more, such as 64.
  var requestConcurrency: Int { get }

  /// Appends a part of a value to `arena`.
  ///
  /// - Parameters:
  ///   - part: The part. An empty range only asks whether there is a value, and for its size and version.
  ///   - key: The key of the value.
  ///   - version: The version that the part has to be of, or nil for whichever is there. A store without
  ///     versions does not look at it.
  ///   - limit: The most bytes that are appended. More are an error, before memory is taken for them.
  ///   - arena: Where the bytes go.
  /// - Returns: What is known of the whole value, or nil if there is none.
  /// - Throws: ``StoreError``: ``StoreError/tooLarge(path:byteCount:limit:)`` above the limit, and
  ///   ``StoreError/changed(path:)`` if the value is of another version.
  func read(
    _ part: ValuePart, of key: StoreKey, ifVersion version: StoredVersion?, limit: Int,
    into arena: inout ByteArena
  ) throws -> ValueInfo?

  /// Writes a value, in place of the one that was there.
  ///
  /// - Parameters:
  ///   - key: The key of the value.
  ///   - byteCount: The bytes that the parts have together, as a hint.
  ///   - durability: When the value has to be safe from a crash of the machine. A store that is not a
  ///     ``BatchingStore`` need not look at it.
  ///   - gather: Hands the parts of the value to its argument, one after the other. If it throws, the value
  ///     stays as it was.
  /// - Throws: ``StoreError``, and what `gather` throws.
  func write(
    _ key: StoreKey, byteCount: Int, durability: WriteDurability,
    gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void) throws

  /// Removes a value, if there is one.
  ///
  /// - Throws: ``StoreError``
  func delete(_ key: StoreKey) throws

  /// Returns the keys that begin with the names of `prefix`, in no particular order; all keys for an empty
  /// prefix.
  ///
  /// The names count as a whole: `a` is a prefix of `a/b` and not of `ab`.
  ///
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n*) where *n* is the number of keys below the prefix, if the store can do that.
  func list(_ prefix: String) throws -> [StoreKey]
}

extension Store {
  public var identity: StoreIdentity? {
    type(of: self) is AnyObject.Type ? StoreIdentity(self as AnyObject) : nil
  }

  public var rangeJoining: RangeJoining { .remote }

  public var requestConcurrency: Int { 1 }
}

/// A part of a value.
public enum ValuePart: Hashable, Sendable {
  /// All bytes.
  case all
  /// Some bytes. Those after the end of the value are left out.
  case range(Range<Int>)
  /// The last bytes, or all if there are fewer.
  case suffix(Int)

  /// The bytes of a value that the part is made of.
  ///
  /// - Parameter byteCount: The size of the value.
  /// - Returns: A range in the value.
  public func range(in byteCount: Int) -> Range<Int> {
    switch self {
    case .all: 0..<byteCount
    case .range(let range): range.clamped(to: 0..<byteCount)
    case .suffix(let count): byteCount - min(max(count, 0), byteCount)..<byteCount
    }
  }

  /// Whether the part has no bytes of any value.
  public var isEmpty: Bool {
    switch self {
    case .all: false
    case .range(let range): range.isEmpty
    case .suffix(let count): count <= 0
    }
  }
}

/// What a store knows of a value.
public struct ValueInfo: Hashable, Sendable {
  /// The size in bytes.
  public let byteCount: Int

  /// What tells this version of the value from others, or nil if nothing does.
  public let version: StoredVersion?

  /// Creates what is known of a value.
  public init(byteCount: Int, version: StoredVersion? = nil) {
    self.byteCount = byteCount
    self.version = version
  }

  /// The version, if what is known of the value can be kept for later.
  package var settledVersion: StoredVersion? { version.flatMap { $0.isSettled ? $0 : nil } }
}

/// What tells versions of a value apart: a number or text that a store has for each of them.
///
/// Two values of one key that have the same version have the same bytes.
public struct StoredVersion: Sendable {
  private enum Mark: Hashable {
    case number(UInt64)
    case text(String)
    case file(FileVersion)
  }

  private let mark: Mark

  /// Whether any later value is sure to have another version.
  ///
  /// A version that is not settled must not be kept for later. Files have such versions for a moment after a
  /// change, because their clock is coarse.
  public let isSettled: Bool

  /// Creates a version of a number that the store gives to no other value of the key.
  public init(_ number: UInt64) {
    mark = .number(number)
    isSettled = true
  }

  /// Creates a version of text, such as an entity tag.
  public init(_ text: String) {
    mark = .text(text)
    isSettled = true
  }

  /// The text that the version was created of, or nil for another store's version.
  package var text: String? {
    if case .text(let text) = mark { text } else { nil }
  }

  init(_ file: FileVersion, isSettled: Bool) {
    mark = .file(file)
    self.isSettled = isSettled
  }

  /// What tells versions of a file apart, or nil for another store's version.
  var file: FileVersion? {
    if case .file(let version) = mark { version } else { nil }
  }
}

extension StoredVersion: Hashable {
  public static func == (left: StoredVersion, right: StoredVersion) -> Bool { left.mark == right.mark }

  public func hash(into hasher: inout Hasher) { hasher.combine(mark) }
}

/// When a value that is written has to be safe from a crash of the machine.
public enum WriteDurability: Sendable {
  /// When the call returns.
  case immediate
  /// When ``BatchingStore/synchronize()`` returns.
  ///
  /// Readers see the value at once. If the machine crashes before it is synchronized, anything may be found in
  /// its place. It is for values to which nothing refers yet, such as the chunks of a stream.
  case deferred
  /// When the batch is finished. Only then the value need take the place of the old one.
  case batched(any StoreBatch)

  /// Whether the value waits for ``BatchingStore/synchronize()``.
  var isDeferred: Bool { if case .deferred = self { true } else { false } }
}

/// What tells the places apart that stores of this process keep their values in.
public struct StoreIdentity: Hashable, Sendable {
  private let object: ObjectIdentifier?
  private let numbers: [UInt64]
  private let text: String?

  /// The identity of an object, for a store that shares its values with no other.
  public init(_ object: AnyObject) {
    self.object = ObjectIdentifier(object)
    numbers = []
    text = nil
  }

  /// The identity of a place that has numbers, such as those of a directory.
  public init(_ numbers: UInt64...) {
    object = nil
    self.numbers = numbers
    text = nil
  }

  /// The identity of a place that has an address.
  public init(_ text: String) {
    object = nil
    numbers = []
    self.text = text
  }
}

/// Calls that are made of the four.
extension Store {
  /// Appends a value to `arena`.
  ///
  /// - Returns: Whether there is such a value.
  /// - Throws: ``StoreError/tooLarge(path:byteCount:limit:)`` if it has more than `limit` bytes, and other
  ///   errors of the store.
  public func read(_ key: StoreKey, into arena: inout ByteArena, limit: Int) throws -> Bool {
    try read(.all, of: key, ifVersion: nil, limit: limit, into: &arena) != nil
  }

  /// Appends some bytes of a value to `arena`.
  ///
  /// Those after the end of the value are left out.
  ///
  /// - Returns: Whether there is such a value.
  /// - Throws: ``StoreError``
  public func read(_ key: StoreKey, range: Range<Int>, into arena: inout ByteArena) throws -> Bool {
    try read(.range(range), of: key, ifVersion: nil, limit: Int.max, into: &arena) != nil
  }

  /// Returns what is known of a value, or nil if there is none.
  ///
  /// - Throws: ``StoreError``
  public func info(of key: StoreKey) throws -> ValueInfo? {
    var arena = ByteArena()
    return try read(.range(0..<0), of: key, ifVersion: nil, limit: 0, into: &arena)
  }

  /// Returns the size of a value in bytes, or nil if there is none.
  ///
  /// - Throws: ``StoreError``
  public func byteCount(of key: StoreKey) throws -> Int? { try info(of: key)?.byteCount }

  /// Returns a copy of a value, or nil if there is none.
  ///
  /// - Throws: ``StoreError/tooLarge(path:byteCount:limit:)`` if it has more than `limit` bytes.
  /// - Complexity: O(*n*) where *n* is the size of the value.
  public func bytes(of key: StoreKey, limit: Int) throws -> [UInt8]? {
    var arena = ByteArena()
    guard try read(key, into: &arena, limit: limit) else { return nil }
    return unsafe arena.bytes.withUnsafeBytes { unsafe Array($0) }
  }

  /// Writes a value that is safe when the call returns.
  ///
  /// - Throws: ``StoreError``, and what `gather` throws.
  public func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void
  ) throws {
    try write(key, byteCount: byteCount, durability: .immediate, gathering: gather)
  }

  /// Writes a value of one part.
  ///
  /// - Throws: ``StoreError``
  public func write(_ key: StoreKey, _ bytes: RawSpan) throws {
    try write(key, byteCount: bytes.byteCount) { append in try append(bytes) }
  }
}
