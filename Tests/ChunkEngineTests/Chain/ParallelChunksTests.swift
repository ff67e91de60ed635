import Glibc
import Synchronization
import Testing

@testable import ChunkEngine

@Suite("Parallel chunks")
struct ParallelChunksTests {
  /// What a worker keeps from chunk to chunk.
  private final class State {
    var isBusy = false
  }

  /// Counts what is made and done, from any thread.
  ///
  /// The counts have no lock: if two workers took one index, ThreadSanitizer would see it.
  private final class Tally: Sendable {
    private nonisolated(unsafe) let counts: UnsafeMutableBufferPointer<Int>
    let states = Atomic(0)

    init(_ count: Int) {
      counts = .allocate(capacity: count)
      counts.initialize(repeating: 0)
    }

    deinit {
      counts.deallocate()
    }

    func add(_ index: Int) {
      counts[index] += 1
    }

    var all: [Int] { Array(counts) }
  }

  private struct Failure: Error, Equatable {
    let index: Int
  }

  private func pool(_ tally: Tally) -> WorkerPool<State> {
    WorkerPool {
      tally.states.add(1, ordering: .relaxed)
      return State()
    }
  }

  @Test("Each index comes once", arguments: [1, 2, 8, 64], [0, 1, 2, 7, 1000])
  func everyIndexOnce(workerCount: Int, count: Int) throws {
    let tally = Tally(count)
    let pool = pool(tally)
    for round in 1...3 {
      try ParallelChunks.forEachIndex(below: count, workerCount: workerCount, pool: pool) { index, state in
        // A state that two workers had at a time would be seen here, and by ThreadSanitizer.
        #expect(!state.isBusy)
        state.isBusy = true
        tally.add(index)
        state.isBusy = false
      }
      #expect(tally.all == Array(repeating: round, count: count))
    }
    #expect(tally.states.load(ordering: .relaxed) <= min(workerCount, count))
  }

  @Test("Worker counts below one are one", arguments: [0, -1, .min])
  func smallWorkerCounts(workerCount: Int) throws {
    let tally = Tally(5)
    try ParallelChunks.forEachIndex(below: 5, workerCount: workerCount, pool: pool(tally)) { index, _ in
      tally.add(index)
    }
    #expect(tally.all == [1, 1, 1, 1, 1])
    #expect(tally.states.load(ordering: .relaxed) == 1)
    try ParallelChunks.forEachIndex(below: -1, workerCount: 2, pool: pool(tally)) { _, _ in
      Issue.record("there are no chunks")
    }
  }

  @Test(
    "The error of the lowest index that failed is thrown, and the rest is not begun",
    arguments: [1, 2, 8, 64])
  func lowestError(workerCount: Int) {
    let tally = Tally(10_000)
    var failure: ChunkFailure?
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(below: 10_000, workerCount: workerCount, pool: pool(tally)) {
        index, _ in
        tally.add(index)
        if index >= 20 { throw Failure(index: index) }
      }
    } catch {
      failure = error
    }
    #expect(failure?.index == 20)
    #expect(failure?.reason as? Failure == Failure(index: 20))
    let done = tally.all
    #expect(done[...20].allSatisfy { $0 == 1 })
    #expect(done.reduce(0, +) <= 20 + workerCount)
  }

  @Test("A call that failed leaves the pool fit for the next", arguments: [1, 8])
  func workAfterError(workerCount: Int) throws {
    let tally = Tally(100)
    let pool = pool(tally)
    for _ in 0..<10 {
      #expect(throws: ChunkFailure.self) {
        try ParallelChunks.forEachIndex(below: 100, workerCount: workerCount, pool: pool) { index, _ in
          throw Failure(index: index)
        }
      }
    }
    try ParallelChunks.forEachIndex(below: 100, workerCount: workerCount, pool: pool) { index, _ in
      tally.add(index)
    }
    #expect(tally.all.allSatisfy { $0 == 1 })
    #expect(tally.states.load(ordering: .relaxed) <= workerCount)
  }

  @Test("A state that cannot be made is an error of the chunk")
  func failingPool() {
    let pool = WorkerPool<State> { throw Failure(index: -1) }
    var failure: ChunkFailure?
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(below: 3, workerCount: 2, pool: pool) { _, _ in
        Issue.record("there is no state")
      }
    } catch {
      failure = error
    }
    #expect(failure?.index == 0)
    #expect(failure?.reason as? Failure == Failure(index: -1))
  }

  @Test("Cancelled work ends with an error", arguments: [1, 2, 8])
  func cancellation(workerCount: Int) {
    let tally = Tally(100_000)
    let begun = Atomic(0)
    var failure: ChunkFailure?
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(
        below: 100_000, workerCount: workerCount, pool: pool(tally),
        isCancelled: { begun.load(ordering: .relaxed) >= 50 },
        { index, _ in
          begun.add(1, ordering: .relaxed)
          tally.add(index)
        })
    } catch {
      failure = error
    }
    #expect(failure?.reason as? ChunkError == .cancelled)
    #expect(tally.all.reduce(0, +) <= 50 + workerCount)
  }

  @Test("Work that is cancelled from the start does nothing and makes no state")
  func cancelledFromTheStart() {
    let tally = Tally(10)
    #expect(throws: ChunkFailure.self) {
      try ParallelChunks.forEachIndex(
        below: 10, workerCount: 2, pool: pool(tally), isCancelled: { true },
        { index, _ in tally.add(index) })
    }
    #expect(tally.all.allSatisfy { $0 == 0 })
    #expect(tally.states.load(ordering: .relaxed) == 0)
  }

  @Test("A call from inside a worker ends", .timeLimit(.minutes(10)), arguments: [1, 2, 8])
  func nestedCalls(workerCount: Int) throws {
    let tally = Tally(20 * 30)
    let pool = pool(tally)
    try ParallelChunks.forEachIndex(below: 20, workerCount: workerCount, pool: pool) { outer, _ in
      try ParallelChunks.forEachIndex(below: 30, workerCount: workerCount, pool: pool) { inner, _ in
        tally.add(outer * 30 + inner)
      }
    }
    #expect(tally.all.allSatisfy { $0 == 1 })
  }

  @Test("An error of an inner call is that of the outer chunk")
  func nestedErrors() {
    let pool = pool(Tally(0))
    var failure: ChunkFailure?
    do throws(ChunkFailure) {
      try ParallelChunks.forEachIndex(below: 4, workerCount: 2, pool: pool) { outer, _ in
        try ParallelChunks.forEachIndex(below: 4, workerCount: 2, pool: pool) { inner, _ in
          if outer == 1 && inner == 2 { throw Failure(index: inner) }
        }
      }
    } catch {
      failure = error
    }
    #expect(failure?.index == 1)
    #expect((failure?.reason as? ChunkFailure)?.index == 2)
  }

  @Test(
    "As many workers run at a time as are asked for, and no more", .serialized, .timeLimit(.minutes(2)),
    arguments: [1, 2, 5, 9])
  func workersAtATime(workerCount: Int) throws {
    let running = Atomic(0)
    let most = Atomic(0)
    try ParallelChunks.forEachIndex(
      below: 20 * workerCount, workerCount: workerCount, pool: pool(Tally(0))
    ) { _, _ in
      most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
      // The first ones wait until all are there.
      while most.load(ordering: .relaxed) < workerCount { sched_yield() }
      running.subtract(1, ordering: .relaxed)
    }
    #expect(most.load(ordering: .relaxed) == workerCount)
  }

  @Test("Work without a caller runs, also while all other threads are busy", .timeLimit(.minutes(2)))
  func workWithoutCaller() throws {
    let tally = Tally(0)
    try ParallelChunks.forEachIndex(below: 3, workerCount: 3, pool: WorkerPool { State() }) { index, _ in
      guard index == 0 else { return }
      for _ in 0..<5 {
        WorkerThreads.start(limit: 1) { tally.states.add(1, ordering: .relaxed) }
        WorkerThreads.startOwn { tally.states.add(1, ordering: .relaxed) }
      }
      while tally.states.load(ordering: .relaxed) < 10 { sched_yield() }
    }
  }

  @Test("What only the work holds may offer work when it ends", .timeLimit(.minutes(2)))
  func workOfWork() {
    final class Last: Sendable {
      let done: Tally
      init(_ done: Tally) { self.done = done }
      deinit { WorkerThreads.startOwn { [done] in done.states.add(1, ordering: .relaxed) } }
    }
    let tally = Tally(0)
    for _ in 0..<5 {
      let last = Last(tally)
      WorkerThreads.startOwn { withExtendedLifetime(last) {} }
    }
    while tally.states.load(ordering: .relaxed) < 5 { sched_yield() }
  }

  @Test("Spare threads are as many as the limit, and wait for nobody", .timeLimit(.minutes(2)))
  func spareThreads() {
    let running = Atomic(0)
    let most = Atomic(0)
    let done = Atomic(0)
    for _ in 0..<40 {
      WorkerThreads.start(limit: 2) {
        most.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
        for _ in 0..<100 { sched_yield() }
        running.subtract(1, ordering: .relaxed)
        done.add(1, ordering: .relaxed)
      }
    }
    while done.load(ordering: .relaxed) < 40 { sched_yield() }
    #expect(most.load(ordering: .relaxed) <= 2)
  }

  @Test("A state is with one worker or in the pool")
  func poolStates() throws {
    let tally = Tally(0)
    let pool = pool(tally)
    let first = try pool.take()
    let second = try pool.take()
    #expect(first !== second)
    pool.put(first)
    #expect(try pool.take() === first)
    #expect(tally.states.load(ordering: .relaxed) == 2)
  }
}
