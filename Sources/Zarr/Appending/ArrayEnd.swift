import ChunkEngine

/// The end of an array, which an appender has for itself while it holds the lock that others ask for.
///
/// If the lock was removed, or the store has none, other appenders may have stored elements. Before this appender replaces
/// anything, it checks that it does not replace theirs.
final class ArrayEnd: Sendable {
  private struct State {
    var lock: ArrayLock?
    /// The rows that the document may say.
    var rowCounts: [Int]
  }

  private let array: ZarrArray
  private let state: Locked<State>

  init(of array: ZarrArray, rowCount: Int) {
    self.array = array
    state = Locked(State(rowCounts: [rowCount]))
  }

  /// Takes the lock that keeps others away from now on, or releases it.
  func hold(_ lock: ArrayLock?) {
    state.withLock { $0.lock = lock }
  }

  /// Remembers how many rows the array has, or may have after a call that failed.
  func note(rowCounts: [Int]) {
    state.withLock { $0.rowCounts = rowCounts }
  }

  /// Checks that the end is still the one that was locked.
  ///
  /// - Parameter readsDocument: Whether the document is looked at in any case, and not only where there is no
  ///   lock.
  /// - Throws: ``StoreError/lockLost(path:)``, also if another writer has resized the array.
  func check(readingDocument readsDocument: Bool) throws {
    let (lock, rowCounts) = state.withLock { ($0.lock, $0.rowCounts) }
    // No other appender fills the rows that an appender without a lock fills.
    guard let lock else { return }
    guard try !lock.check() || readsDocument else { return }
    guard
      case .array(let metadata) = try NodeMetadata.read(
        from: array.store, at: array.path, array.access.metadataLimits)
    else { throw ZarrError.wrongNode(path: array.location, expected: "array") }
    try metadata.checkRowCount(isOneOf: rowCounts, at: array.location)
  }
}

extension ArrayMetadata {
  /// Checks that no other writer has resized the array.
  ///
  /// - Parameters:
  ///   - rowCounts: The numbers of rows that an appender has left.
  ///   - path: What the array is called in errors.
  /// - Throws: ``StoreError/lockLost(path:)``
  func checkRowCount(isOneOf rowCounts: [Int], at path: String) throws(StoreError) {
    guard let found = shape.first, rowCounts.contains(found) else { throw .lockLost(path: path) }
  }
}
