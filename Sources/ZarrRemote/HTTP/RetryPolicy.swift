import ChunkEngine
import Zarr

/// How often a request is made again, and after how long.
package struct RetryPolicy: Hashable, Sendable {
  /// The most attempts, the first one included.
  package var attemptLimit = 10

  /// The time after which no further attempt is made.
  package var timeLimit = Duration.seconds(180)

  /// The longest pause after a first failure.
  ///
  /// It doubles with each one.
  package var transientPause = Duration.milliseconds(50)

  /// The longest pause after a server has first asked for fewer requests.
  ///
  /// It doubles with each time.
  package var throttledPause = Duration.seconds(1)

  /// The longest of all pauses.
  package var longestPause = Duration.seconds(20)

  package init() {}

  /// A pause before the next attempt: any up to the longest, so that many clients do not come back together.
  func pause(afterAttempt number: Int, _ reason: RetryReason) -> Duration {
    let first =
      switch reason {
      case .immediate: Duration.zero
      case .transient: transientPause
      case .throttled: throttledPause
      }
    return min(longestPause, first * (1 << min(number - 1, 20))) * Double.random(in: 0...1)
  }
}

/// Why a request is made again.
package enum RetryReason: Hashable, Sendable {
  /// Something failed that may not do so again.
  case transient
  /// The server asks for fewer requests.
  case throttled
  /// The request was changed so that it may succeed.
  case immediate
}

/// What came of an attempt.
package enum Attempt<Outcome> {
  /// There is an outcome, good or bad.
  case done(Outcome)
  /// Another attempt may help.
  case again(RetryReason, because: String, after: Duration? = nil)
}

/// The retries that all requests of a host have together, so that no storm of them keeps a server down.
final class RetryQuota: Sendable {
  private static let most = 1000
  private let left = Locked(RetryQuota.most)

  /// Takes a retry, and returns whether there was one.
  func take() -> Bool {
    left.withLock { left in
      guard left > 0 else { return false }
      left -= 1
      return true
    }
  }

  /// Counts a request that succeeded.
  func give() {
    left.withLock { $0 = min(Self.most, $0 + 1) }
  }
}
