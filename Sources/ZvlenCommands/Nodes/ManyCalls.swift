import ChunkEngine
import Synchronization
import Zarr

extension Store {
  /// Calls `body` with each index below `count`, as many at a time as the store wants requests.
  ///
  /// - Throws: The first error of `body`, after which no other index is begun, and `ZarrError.cancelled`.
  func forEachIndex(below count: Int, _ body: @Sendable (Int) throws -> Void) throws {
    let next = Atomic(0)
    let failure = Mutex<(any Error)?>(nil)
    WorkerThreads.run(workerCount: min(requestConcurrency, count)) {
      while failure.withLock({ $0 == nil }) {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        do {
          try Interruption.check()
          try (Interruption.monitor as ProgressMonitor?).whileCurrent { try body(index) }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  /// The size of several values together.
  func byteCount(of keys: [StoreKey]) throws -> Int {
    let total = Mutex(0)
    try forEachIndex(below: keys.count) { index in
      // A sparse file can claim any size.
      let byteCount = try byteCount(of: keys[index]) ?? 0
      total.withLock { $0 = sumOrMaximum($0, byteCount) }
    }
    return total.withLock { $0 }
  }
}
