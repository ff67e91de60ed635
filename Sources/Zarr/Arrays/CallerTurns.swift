import ChunkEngine
import ZarrPlatform

/// Lets all threads work, and the calling one alone take what comes of it.
///
///     other threads    decode ─▶ wait ──────────▶ decode ─▶ wait …       each in memory of its own
///     the caller                 take, take, decode, take …              decodes where there is nothing to take
///
/// Some results can be taken by one thread at a time only, such as objects of an interpreter. The others go on with
/// their work meanwhile, and few results are in memory.
final class CallerTurns<Shown>: @unchecked Sendable {
  // SAFETY: Everything here is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var offers: [Offer] = []
  private var next = 0
  private var busyCount = 0
  private var failure: (any Error)?

  /// A result that waits to be taken.
  private final class Offer {
    let shown: Shown
    var isTaken = false

    init(_ shown: Shown) {
      self.shown = shown
    }
  }

  private init() {}

  /// Calls `work` once for each index below `count`, on several threads.
  ///
  /// - Parameters:
  ///   - count: The number of indices.
  ///   - workerCount: The most threads that work at a time.
  ///   - callerWorks: Whether the calling thread works where there is nothing to take. If not, it does so only
  ///     while no other thread works.
  ///   - pool: Where threads take the state that they reuse, and put it back.
  ///   - take: Is handed results, on the calling thread.
  ///   - work: Is told whether the calling thread works, which then must not wait for others: they may wait for it.
  ///     Hands results to its last argument, which returns when they were taken.
  /// - Throws: The first error of `work`, or of `take`, which ends the work.
  static func run<State>(
    _ count: Int, workerCount: Int, callerWorks: Bool = true, pool: WorkerPool<State>,
    _ take: (Shown) throws -> Void,
    _ work: @escaping @Sendable (Int, State, _ isCaller: Bool, _ show: (Shown) throws -> Void) throws -> Void
  ) throws {
    guard count > 1, workerCount > 1 else {
      guard count > 0 else { return }
      return try pool.withState { state in
        for index in 0..<count { try work(index, state, true, take) }
      }
    }
    let turns = CallerTurns()
    let caller = pthread_self()
    withoutActuallyEscaping(take) { take in
      // SAFETY: Only the calling thread calls it.
      nonisolated(unsafe) let take = take
      // The caller takes more than it works, so that as many others keep the cores busy.
      WorkerThreads.run(workerCount: min(count, workerCount) + 1) {
        if pthread_equal(caller, pthread_self()) != 0 {
          turns.takeAndWork(count, callerWorks, pool, unsafe take, work)
        } else {
          turns.work(count, pool, work)
        }
      }
    }
    if let failure = turns.failure { throw failure }
  }

  /// Works until there is nothing left to do.
  private func work<State>(
    _ count: Int, _ pool: WorkerPool<State>,
    _ work: @escaping (Int, State, Bool, (Shown) throws -> Void) throws -> Void
  ) {
    lock.lock()
    while let index = begin(count) {
      lock.unlock()
      let result = Result { try pool.withState { try work(index, $0, false, offer) } }
      lock.lock()
      end(result)
    }
    lock.unlock()
  }

  /// Takes what others offer, and works where they offer nothing.
  private func takeAndWork<State>(
    _ count: Int, _ callerWorks: Bool, _ pool: WorkerPool<State>, _ take: (Shown) throws -> Void,
    _ work: @escaping (Int, State, Bool, (Shown) throws -> Void) throws -> Void
  ) {
    lock.lock()
    while true {
      if let offer = offers.popLast() {
        // After an error, others only wait for their turn to end.
        var result = Result<Void, any Error>.success(())
        if failure == nil {
          lock.unlock()
          result = Result { try take(offer.shown) }
          lock.lock()
        }
        offer.isTaken = true
        fail(result)
        lock.broadcast()
      } else if callerWorks || busyCount == 0, let index = begin(count) {
        lock.unlock()
        let result = Result { try pool.withState { try work(index, $0, true, take) } }
        lock.lock()
        end(result)
      } else if busyCount > 0 {
        lock.wait()
      } else {
        break
      }
    }
    lock.unlock()
  }

  /// Takes the next index while the lock is held, or returns nil if there is none.
  private func begin(_ count: Int) -> Int? {
    guard next < count, failure == nil else { return nil }
    next += 1
    busyCount += 1
    return next - 1
  }

  /// Ends the work on an index while the lock is held.
  private func end(_ result: Result<Void, any Error>) {
    busyCount -= 1
    fail(result)
    if busyCount == 0 { lock.broadcast() }
  }

  private func fail(_ result: Result<Void, any Error>) {
    guard failure == nil, case .failure(let error) = result else { return }
    failure = error
  }

  /// Waits until the caller has taken a result.
  private func offer(_ shown: Shown) throws {
    let offer = Offer(shown)
    lock.lock()
    defer { lock.unlock() }
    offers.append(offer)
    lock.broadcast()
    while !offer.isTaken { lock.wait() }
    if failure != nil { throw ChunkError.cancelled }
  }
}
