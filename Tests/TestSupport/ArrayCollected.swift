import Synchronization

/// A collection that several threads change.
public final class Collected<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  /// Creates a collection.
  public init(_ value: Value) { state = Mutex(value) }

  /// The current value.
  public var value: Value { state.withLock { $0 } }

  /// Changes it while no other thread does.
  @discardableResult
  public func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
    state.withLock { body(&$0) }
  }
}
