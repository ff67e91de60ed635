import ChunkEngine

/// Lets tasks take turns, in the order in which they ask.
final class AsyncTurns: Sendable {
  /// A task that waits.
  private final class Waiter: @unchecked Sendable {
    // SAFETY: Everything here is only touched while the state is locked.
    var continuation: CheckedContinuation<Bool, Never>?
    var isCancelled = false
  }

  private struct State {
    var isTaken = false
    var waiting: [Waiter] = []
  }

  private let state = Locked(State())

  /// Takes the turn if no task has it or waits for it, and returns whether it did.
  func takeIfFree() -> Bool {
    state.withLock { state in
      guard !state.isTaken else { return false }
      state.isTaken = true
      return true
    }
  }

  /// Waits for the turn.
  ///
  /// - Throws: ``ZarrError/cancelled`` as soon as the task is cancelled.
  func take() async throws(ZarrError) {
    let waiter = Waiter()
    let isTaken = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isTaken: Bool? = state.withLock { state in
          if waiter.isCancelled { return false }
          if !state.isTaken {
            state.isTaken = true
            return true
          }
          waiter.continuation = continuation
          state.waiting.append(waiter)
          return nil
        }
        if let isTaken { continuation.resume(returning: isTaken) }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        waiter.isCancelled = true
        state.waiting.removeAll { $0 === waiter }
        return waiter.continuation.take()
      }
      continuation?.resume(returning: false)
    }
    guard isTaken else { throw .cancelled }
  }

  /// Hands the turn to the next task.
  func leave() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.isTaken = false
        return nil
      }
      return state.waiting.removeFirst().continuation.take()
    }
    next?.resume(returning: true)
  }
}
