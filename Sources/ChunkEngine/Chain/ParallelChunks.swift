import Synchronization
import ZarrPlatform

/// An error and the chunk that it belongs to.
package struct ChunkFailure: Error {
  /// The index of the chunk in the call.
  package let index: Int

  /// What went wrong.
  package let reason: any Error
}

/// Runs a piece of work for each of many chunks, on several workers.
///
/// Each worker takes the next free index until none is left, so a slow chunk holds up one worker only.
/// Workers never wait for each other: a call from inside a worker runs on that worker's thread and on
/// those that are idle.
public enum ParallelChunks {
  /// The usual number of workers: one for each core that is active.
  public static let defaultWorkerCount = Platform.coreCount

  /// Calls `body` once for each index below `count`.
  ///
  /// - Parameters:
  ///   - count: The number of chunks.
  ///   - workerCount: The most workers that run at a time.
  ///   - pool: Where workers take the state that they reuse, and put it back.
  ///   - isCancelled: Asked before each chunk; when it returns `true` the work ends with
  ///     ``ChunkError/cancelled``.
  ///   - body: The work, called on any thread.
  /// - Throws: ``ChunkFailure`` with the error of the lowest index of those that failed. The first error
  ///   stops the workers after the chunk that they are at.
  /// - Complexity: Calls `body` `count` times.
  package static func forEachIndex<State>(
    below count: Int, workerCount: Int, pool: WorkerPool<State>,
    isCancelled: @Sendable () -> Bool = { false }, _ body: @Sendable (Int, State) throws -> Void
  ) throws(ChunkFailure) {
    guard count > 0 else { return }
    let nextIndex = Atomic(0)
    let firstFailure = Locked<ChunkFailure?>(nil)

    @Sendable func work() {
      var index = -1
      do {
        // Taken at the first chunk: a worker that comes too late makes no contexts.
        var state: State?
        defer { state.map(pool.put) }
        while true {
          index = nextIndex.wrappingAdd(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          if isCancelled() { throw ChunkError.cancelled }
          let worker = try state ?? pool.take()
          state = worker
          try body(index, worker)
        }
      } catch {
        nextIndex.store(count, ordering: .relaxed)
        firstFailure.withLock { failure in
          if failure.map({ index < $0.index }) ?? true { failure = ChunkFailure(index: index, reason: error) }
        }
      }
    }

    WorkerThreads.run(workerCount: min(workerCount, count), work)
    if let failure = firstFailure.withLock({ $0 }) { throw failure }
  }
}

/// The states of workers, kept between calls.
///
/// A state holds arenas and compression contexts, which cost more to make than a small chunk costs to encode.
/// The pool makes as many as there were workers at a time.
package final class WorkerPool<State: AnyObject>: Sendable {
  /// States that no worker holds.
  private struct Idle: @unchecked Sendable {
    // SAFETY: A state is either here or with the one worker that took it, never both.
    var states: [State] = []
  }

  private let idle = Locked(Idle())
  private let make: @Sendable () throws -> State

  /// Creates a pool that makes states with `make`, when a worker asks for one and none is idle.
  package init(_ make: @escaping @Sendable () throws -> State) {
    self.make = make
  }

  /// Takes a state that no other worker holds.
  package func take() throws -> State {
    let state: State? = idle.withLock { idle in
      nonisolated(unsafe) let state = idle.states.popLast()
      return unsafe state
    }
    return try state ?? make()
  }

  /// Gives a state back, for the next worker.
  package func put(_ state: State) {
    nonisolated(unsafe) let state = state
    idle.withLock { unsafe $0.states.append(state) }
  }
}
