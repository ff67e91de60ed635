import Dispatch
import Glibc
import Synchronization

/// An error and the chunk that it belongs to.
public struct ChunkFailure: Error {
  /// The index of the chunk in the call.
  public let index: Int

  /// What went wrong.
  public let reason: any Error
}

/// Runs a piece of work for each of many chunks, on several workers.
///
/// Each worker takes the next free index until none is left, so a slow chunk holds up one worker only.
/// Workers never wait for each other: a call from inside of a worker runs on that worker's thread and on
/// those that are idle.
public enum ParallelChunks {
  /// The number of workers unless it is said: one for each core that is active.
  public static var defaultWorkerCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

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
  public static func forEachIndex<State>(
    below count: Int, workerCount: Int, pool: WorkerPool<State>,
    isCancelled: @Sendable () -> Bool = { false }, _ body: @Sendable (Int, State) throws -> Void
  ) throws(ChunkFailure) {
    guard count > 0 else { return }
    let nextIndex = Atomic(0)
    let firstFailure = Mutex<ChunkFailure?>(nil)

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

    let workerCount = max(1, min(workerCount, count))
    if workerCount == 1 {
      work()
    } else {
      DispatchQueue.concurrentPerform(iterations: workerCount) { _ in work() }
    }
    if let failure = firstFailure.withLock({ $0 }) { throw failure }
  }
}
