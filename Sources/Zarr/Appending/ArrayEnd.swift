import Synchronization

/// The end of an array, which an appender has for itself as long as its lock is the one that others ask for.
///
/// Where somebody has taken the lock away, or there are none, others may have appended: before anything takes the
/// place of what is there, it is made sure that this is not theirs.
final class ArrayEnd: Sendable {
  private struct State {
    var lock: ArrayLock?
    /// The rows that the document may say.
    var rowCounts: [Int]
  }

  private let array: ZarrArray
  private let state: Mutex<State>

  init(of array: ZarrArray, rowCount: Int) {
    self.array = array
    state = Mutex(State(rowCounts: [rowCount]))
  }

  /// Takes the lock that keeps others away from now on, or lets go of it.
  func hold(_ lock: ArrayLock?) {
    state.withLock { $0.lock = lock }
  }

  /// Takes note of the rows that the array has, or may have got by a call that has failed.
  func note(rowCounts: [Int]) {
    state.withLock { $0.rowCounts = rowCounts }
  }

  /// Makes sure that the end is still the one that was locked.
  ///
  /// - Parameter readsDocument: Whether the document is looked at in any case, and not only where there is no
  ///   lock.
  /// - Throws: ``StoreError/lockLost(path:)``, and ``ZarrError/metadata(path:reason:)`` if somebody else has
  ///   resized the array.
  func check(readingDocument readsDocument: Bool) throws {
    let (lock, rowCounts) = state.withLock { ($0.lock, $0.rowCounts) }
    // Nobody else fills the rows that an appender without a lock fills.
    guard let lock else { return }
    guard try !lock.check() || readsDocument else { return }
    guard
      case .array(let metadata) = try NodeMetadata.read(
        from: array.store, at: array.path, array.access.metadataLimits)
    else { throw ZarrError.wrongNode(path: array.location, expected: "array") }
    do {
      try metadata.checkRowCount(isOneOf: rowCounts)
    } catch {
      throw ZarrError.metadata(path: array.location, reason: error)
    }
  }
}

extension ArrayMetadata {
  /// Checks that nobody else has resized the array.
  func checkRowCount(isOneOf rowCounts: [Int]) throws(MetadataError) {
    guard let found = shape.first, rowCounts.contains(found) else {
      throw .expected(
        "\(rowCounts.first ?? 0) rows, as there were before somebody else resized the array",
        found: .array(shape.map { .integer($0) }), in: "shape")
    }
  }
}
