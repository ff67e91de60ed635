/// Values that are written one by one and take their places together.
///
/// A store has batches if it is quicker to make sure of many values at once.
public protocol StoreBatch: Sendable {
  /// Writes a value, which may take its place when the batch is finished or before.
  ///
  /// - Parameters:
  ///   - key: The key of the value, which no other value of the batch has.
  ///   - byteCount: The bytes that the parts have together, as a hint.
  ///   - gather: Hands the parts of the value to its argument, one after the other.
  /// - Throws: ``StoreError``, and what `gather` throws.
  func write(
    _ key: StoreKey, byteCount: Int, gathering gather: (_ append: (RawSpan) throws -> Void) throws -> Void)
    throws

  /// Gives all values their places, and returns when they are as safe as the store can make them.
  ///
  /// - Throws: ``StoreError``. Some values may have their places then, and others are gone.
  func finish() throws

  /// Gives up the values that have no place yet.
  func cancel()
}

extension Store {
  public func makeBatch() -> (any StoreBatch)? { nil }
}
