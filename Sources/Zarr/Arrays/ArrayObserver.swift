import ChunkEngine

/// Hears of what arrays do, for logs and metrics.
///
/// Put one into ``ArrayAccess/observer``. An array then reports each call when it ends, and each long wait for a lock.
/// Without an observer, nothing is measured.
///
/// The package's trait `Observability` adds an initializer that takes a `Logger` of swift-log and a `MetricsFactory` of
/// swift-metrics.
public final class ArrayObserver: Hashable, Sendable {
  /// Something that happened.
  public struct Event: Sendable {
    /// The kind of an event.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
      /// Elements were read into a view or an array, or one element was.
      case read
      /// Elements were shown chunk by chunk.
      case scan
      /// Elements were written to a region.
      case write
      /// Elements were appended and stored, since the appender's last checkpoint.
      case append
      /// A call waited for another writer.
      case lockWait
      /// Another writer changed a chunk or the metadata that a call was about to replace, so the call does it again.
      case retry
    }

    /// What happened.
    public let kind: Kind

    /// Where the array is, as errors name it.
    public let path: String

    /// How much was done, and how long it took.
    public let progress: ProgressMonitor.Progress

    /// Why the call failed, or nil.
    public let error: (any Error)?
  }

  private let handler: @Sendable (Event) -> Void

  /// Creates an observer.
  ///
  /// - Parameter handler: Is called on the thread of the call, which waits for it, and from several threads at a time.
  public init(_ handler: @escaping @Sendable (Event) -> Void) {
    self.handler = handler
  }

  /// Observers are equal only to themselves.
  public static func == (left: ArrayObserver, right: ArrayObserver) -> Bool { left === right }

  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

  fileprivate func report(
    _ kind: Event.Kind, _ path: String, _ progress: ProgressMonitor.Progress, _ error: (any Error)? = nil
  ) {
    handler(Event(kind: kind, path: path, progress: progress, error: error))
  }
}

extension ZarrArray {
  /// Waits for another writer that are shorter are not reported.
  private static var leastWait: Duration { .milliseconds(1) }

  /// Makes a call, and reports it if there is an observer.
  func observed<Result>(
    _ kind: ArrayObserver.Event.Kind, _ monitor: ProgressMonitor?, _ call: (ProgressMonitor?) throws -> Result
  ) throws -> Result {
    guard let observer = access.observer else { return try call(monitor) }
    let observed = ProgressMonitor(ofCallFor: monitor)
    do {
      let result = try call(observed)
      observer.report(kind, location, observed.progress)
      return result
    } catch {
      let reported = (error as? CallerFailure)?.error ?? ZarrError(error, at: location)
      observer.report(kind, location, observed.progress, reported)
      throw error
    }
  }

  /// Waits for a lock, and reports a long wait if there is an observer.
  func observedWait<Result>(_ wait: () throws -> Result) rethrows -> Result {
    guard let observer = access.observer else { return try wait() }
    var progress = ProgressMonitor.Progress()
    let start = ContinuousClock.now
    defer {
      progress.elapsed = start.duration(to: .now)
      if progress.elapsed >= Self.leastWait { observer.report(.lockWait, location, progress) }
    }
    return try wait()
  }

  /// Reports that something is done again.
  func reportRetry(_ error: any Error) {
    access.observer?.report(.retry, location, ProgressMonitor.Progress(), error)
  }

  /// Reports what an appender has stored since `before`.
  func reportAppended(_ progress: ProgressMonitor.Progress, since before: ProgressMonitor.Progress) {
    access.observer?.report(.append, location, progress.subtracting(before))
  }
}

extension ProgressMonitor.Progress {
  fileprivate func subtracting(_ before: Self) -> Self {
    var rest = self
    rest.chunkCount -= before.chunkCount
    rest.elementCount -= before.elementCount
    rest.elementByteCount -= before.elementByteCount
    rest.storedByteCount -= before.storedByteCount
    rest.elapsed -= before.elapsed
    return rest
  }
}
