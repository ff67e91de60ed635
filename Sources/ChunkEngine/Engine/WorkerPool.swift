import Synchronization

/// The states of workers, kept between calls.
///
/// A state holds arenas and compression contexts, which cost more to make than a small chunk costs to encode.
/// The pool makes as many as there were workers at a time.
public final class WorkerPool<State: AnyObject>: Sendable {
  /// States that no worker holds.
  private struct Idle: @unchecked Sendable {
    // SAFETY: A state is either here or with the one worker that took it, never both.
    var states: [State] = []
  }

  private let idle = Mutex(Idle())
  private let make: @Sendable () throws -> State

  /// Creates a pool that makes states with `make`, when a worker asks for one and none is idle.
  public init(_ make: @escaping @Sendable () throws -> State) {
    self.make = make
  }

  /// Takes a state that no other worker holds.
  ///
  /// - Throws: What making one throws.
  /// - Complexity: O(1), without what making a state costs.
  public func take() throws -> State {
    let state: State? = idle.withLock { idle in
      nonisolated(unsafe) let state = idle.states.popLast()
      return unsafe state
    }
    return try state ?? make()
  }

  /// Gives a state back, for the next worker.
  ///
  /// - Complexity: Amortized O(1)
  public func put(_ state: State) {
    nonisolated(unsafe) let state = state
    idle.withLock { unsafe $0.states.append(state) }
  }
}
