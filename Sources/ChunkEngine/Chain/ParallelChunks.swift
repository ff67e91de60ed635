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
package enum ParallelChunks {
  /// How many threads a worker may use for one of the chunks: several for the last ones, if there are too few of them
  /// for all workers.
  ///
  /// - Precondition: There is a worker.
  package static func threadCount(for index: Int, below count: Int, workerCount: Int) -> Int {
    let rest = count % workerCount
    return rest > 0 && index >= count - rest ? workerCount / rest : 1
  }

  /// Calls `body` once for each index below `count`.
  ///
  /// - Parameters:
  ///   - count: The number of chunks.
  ///   - workerCount: The most workers that run at a time.
  ///   - pool: Where workers take the state that they reuse, and put it back.
  ///   - isCancelled: Asked before each chunk; when it returns `true` the work ends with
  ///     ``ChunkError/cancelled``.
  ///   - within: Calls its argument, on each worker once, around all the work that it does.
  ///   - body: The work, called on any thread.
  /// - Throws: ``ChunkFailure`` with the error of the lowest index of those that failed. The first error
  ///   stops the workers after the chunk that they are at.
  /// - Complexity: Calls `body` `count` times.
  package static func forEachIndex<State>(
    below count: Int, workerCount: Int, pool: WorkerPool<State>,
    isCancelled: @Sendable () -> Bool = { false },
    within: @escaping @Sendable (() -> Void) -> Void = { $0() },
    _ body: @Sendable (Int, State) throws -> Void
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

    WorkerThreads.run(workerCount: min(workerCount, count)) { within(work) }
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
    // SAFETY: A state is either here or with the one worker that took it, never both. All are of type `State`; a list
    // of a type that is known here is several times as fast.
    var states: [AnyObject] = []
  }

  private let idle = Locked(Idle())
  private let make: @Sendable () throws -> State
  private let rest: @Sendable (State) -> Void

  /// Creates a pool that makes states with `make`, when a worker asks for one and none is idle.
  ///
  /// - Parameters:
  ///   - make: Makes a state.
  ///   - rest: Drops what a state need not keep until the next worker takes it.
  package init(
    _ make: @escaping @Sendable () throws -> State, rest: @escaping @Sendable (State) -> Void = { _ in }
  ) {
    self.make = make
    self.rest = rest
  }

  /// Takes a state that no other worker holds.
  package func take() throws -> State {
    let state: State? = idle.withLock { idle in
      guard let last = idle.states.popLast() else { return nil }
      nonisolated(unsafe) let state = unsafe unsafeDowncast(last, to: State.self)
      return unsafe state
    }
    return try state ?? make()
  }

  /// Calls `body` with a state that no other worker holds.
  package func withState<Result>(_ body: (State) throws -> Result) throws -> Result {
    let state = try take()
    defer { put(state) }
    return try body(state)
  }

  /// Gives a state back, for the next worker.
  package func put(_ state: State) {
    rest(state)
    nonisolated(unsafe) let state = state
    idle.withLock { unsafe $0.states.append(state) }
  }
}

/// Lets as many threads compute at a time as there are permits, while others wait for a store.
package final class Permits: @unchecked Sendable {
  // SAFETY: `free` is only touched while `lock` is held.
  private let lock = SystemLock()
  private let freed = SystemCondition()
  private var free: Int

  /// Lets `count` threads compute at a time.
  package init(_ count: Int) {
    free = count
  }

  /// Calls `body` once a permit is free.
  package func withPermit<Result>(_ body: () throws -> Result) rethrows -> Result {
    take()
    defer { give() }
    return try body()
  }

  /// Calls `body` without the permit that the thread has.
  package func withoutPermit<Result>(_ body: () throws -> Result) rethrows -> Result {
    give()
    defer { take() }
    return try body()
  }

  private func take() {
    lock.lock()
    while free == 0 { freed.wait(lock) }
    free -= 1
    lock.unlock()
  }

  private func give() {
    lock.lock()
    free += 1
    lock.unlock()
    freed.signal()
  }
}

/// The bytes of a call that are on their way from a store, or to it.
///
/// Bytes that do not fit in with those of all other calls wait. If the call has none on their way, any number fits, so
/// that no call waits for another one that waits for it.
package final class BytesInFlight: @unchecked Sendable {
  /// The bytes of all calls of the process.
  private final class Total: @unchecked Sendable {
    // SAFETY: `count` is only touched while `lock` is held.
    let lock = SystemLock()
    let removed = SystemCondition()
    var count = 0
  }

  private static let all = Total()

  // SAFETY: Only touched while the lock of all is held.
  private var count = 0

  /// Counts the bytes of a call.
  package init() {}

  /// The bytes of all calls of the process.
  package static var total: Int {
    all.lock.lock()
    defer { all.lock.unlock() }
    return all.count
  }

  /// Waits until `added` bytes fit in with those of all calls below `limit`, and counts them.
  package func add(_ added: Int, limit: Int) {
    let all = Self.all
    all.lock.lock()
    while count > 0, sumOrMaximum(all.count, added) > limit { all.removed.wait(all.lock) }
    count = sumOrMaximum(count, added)
    all.count = sumOrMaximum(all.count, added)
    all.lock.unlock()
  }

  /// Stops counting bytes that are no longer held.
  package func remove(_ removed: Int) {
    let all = Self.all
    all.lock.lock()
    count -= removed
    all.count -= removed
    all.lock.unlock()
    all.removed.broadcast()
  }
}
