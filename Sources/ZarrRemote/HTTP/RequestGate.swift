import ChunkEngine
import Zarr

/// Keeps the requests that a process has in flight to a host within a number.
///
/// The number halves when the host asks for fewer, at most once a second, and grows by one with as many answers as
/// it is.
final class RequestGate: @unchecked Sendable {
  private static let gates = ProcessLocal { Locked<[String: RequestGate]>([:]) }

  /// The gate of a host, with room for `ceiling` requests at least.
  static func shared(by host: String, ceiling: Int) -> RequestGate {
    let gate = gates.current.withLock { gates in
      let gate = gates[host] ?? RequestGate()
      gates[host] = gate
      return gate
    }
    gate.raise(to: ceiling)
    return gate
  }

  /// When requests to the host are sent a second time.
  let hedging = Hedging()

  /// The retries of the host.
  let quota = RetryQuota()

  // SAFETY: What follows is only touched while `lock` is held.
  private let lock = WaitingLock()
  private var ceiling = 1
  private var limit = 1.0
  private var count = 0
  private var waitingCount = 0
  private var lastThrottling: ContinuousClock.Instant?

  /// The most requests in flight at the moment.
  var currentLimit: Int { lock.withLock { Int(limit) } }

  private func raise(to ceiling: Int) {
    lock.withLock {
      guard ceiling > self.ceiling else { return }
      if lastThrottling == nil { limit = Double(ceiling) }
      self.ceiling = ceiling
    }
    lock.broadcast()
  }

  /// Waits until there is room for a request.
  func enter() throws(HTTPError) {
    let monitor = ProgressMonitor.current
    try lock.withLock { () throws(HTTPError) in
      waitingCount += 1
      defer { waitingCount -= 1 }
      while count >= Int(limit) {
        if monitor?.isCancelled == true { throw .cancelled }
        lock.wait(atMost: monitor == nil ? nil : WaitingLock.patience)
      }
      count += 1
    }
  }

  /// Takes room for a request if there is some, and returns whether there was.
  func enterAtOnce() -> Bool {
    lock.withLock {
      guard count < Int(limit) else { return false }
      count += 1
      return true
    }
  }

  /// Makes room for another request.
  func leave() {
    let isAwaited = lock.withLock {
      count -= 1
      return waitingCount > 0
    }
    if isAwaited { lock.broadcast() }
  }

  /// Takes note of an answer.
  func see(isThrottled: Bool) {
    let isAwaited = lock.withLock {
      guard isThrottled else {
        limit = min(Double(ceiling), limit + 1 / limit)
        return waitingCount > 0
      }
      let now = ContinuousClock.now
      if let lastThrottling, lastThrottling.duration(to: now) < .seconds(1) { return false }
      lastThrottling = now
      limit = max(1, limit / 2)
      return false
    }
    if isAwaited { lock.broadcast() }
  }
}
