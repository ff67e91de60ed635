public import ChunkEngine

/// A value of a store that was opened to read parts of it.
///
/// Every call may come from any thread.
public protocol StoredValue: Sendable {
  /// The size in bytes.
  var byteCount: Int { get }

  /// What tells this version of the value from others, or nil if nothing does.
  ///
  /// Two values of one key that have the same version have the same bytes.
  var version: StoredVersion? { get }

  /// Whether what is read stays what it was when the value is replaced or deleted.
  ///
  /// Whoever replaces a value by one that has parts of it reads them before, unless it does.
  var staysWhenReplaced: Bool { get }

  /// Appends part of the value to `arena`.
  ///
  /// - Parameters:
  ///   - range: The bytes that are read. Those behind the end of the value are left out.
  ///   - arena: Where the bytes go.
  /// - Throws: ``StoreError``
  func read(_ range: Range<Int>, into arena: inout ByteArena) throws
}

/// What tells versions of a value apart: numbers or text that a store has for each of them.
public struct StoredVersion: Hashable, Sendable {
  private let numbers: [UInt64]
  private let text: String

  /// Creates a version of numbers, such as those of a file and the time of its last change.
  public init(_ numbers: UInt64...) {
    self.numbers = numbers
    text = ""
  }

  /// Creates a version of text, such as an entity tag.
  public init(_ text: String) {
    numbers = []
    self.text = text
  }
}

extension Store {
  public func openValue(_ key: StoreKey) throws -> (any StoredValue)? {
    guard let byteCount = try byteCount(of: key) else { return nil }
    return LatestValue(store: self, key: key, byteCount: byteCount)
  }

  public var rangeJoining: RangeJoining { .remote }
}

/// A value of a store that reads each part from the version that is there then.
private struct LatestValue: StoredValue {
  let store: any Store
  let key: StoreKey
  let byteCount: Int

  var version: StoredVersion? { nil }
  var staysWhenReplaced: Bool { false }

  func read(_ range: Range<Int>, into arena: inout ByteArena) throws {
    // A value that is gone has no bytes, and whoever asked for some notices.
    _ = try store.read(key, range: range, into: &arena)
  }
}
