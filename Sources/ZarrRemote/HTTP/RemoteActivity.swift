import ChunkEngine
import Synchronization

/// What this process does with servers, for programs that show it.
public struct RemoteActivity: Hashable, Sendable {
  /// The requests that were sent and are not answered.
  public var requestsInFlight = 0

  /// The requests so far, each attempt counted.
  public var requestCount = 0

  /// The attempts that followed one that failed.
  public var retryCount = 0

  /// The bytes of bodies that were sent.
  public var sentByteCount = 0

  /// The bytes of bodies that have come.
  public var receivedByteCount = 0

  /// Who holds a lock that a call waits for, or nil if none waits.
  public var lockOwner: String?

  /// What all stores of this process have done, and do at the moment.
  public static var current: RemoteActivity {
    let counters = Counters.current
    var activity = RemoteActivity()
    activity.requestsInFlight = counters.requestsInFlight.load(ordering: .relaxed)
    activity.requestCount = counters.requestCount.load(ordering: .relaxed)
    activity.retryCount = counters.retryCount.load(ordering: .relaxed)
    activity.sentByteCount = counters.sentByteCount.load(ordering: .relaxed)
    activity.receivedByteCount = counters.receivedByteCount.load(ordering: .relaxed)
    activity.lockOwner = counters.lockOwner.withLock { $0 }
    return activity
  }

  /// The counters of a process.
  final class Counters: Sendable {
    private static let ofProcess = ProcessLocal { Counters() }

    static var current: Counters { ofProcess.current }

    let requestsInFlight = Atomic(0)
    let requestCount = Atomic(0)
    let retryCount = Atomic(0)
    let sentByteCount = Atomic(0)
    let receivedByteCount = Atomic(0)
    let lockOwner = Locked<String?>(nil)

    private init() {}
  }
}
