#if Observability
public import CoreMetrics
public import Logging

extension ArrayObserver {
  /// Creates an observer that writes to a log and counts in metrics.
  ///
  /// The log gets a line for each call at the level `debug`, and at `warning` if the call failed. The metrics are the
  /// counters `zarr.calls`, `zarr.errors`, `zarr.chunks`, `zarr.elements`, `zarr.element.bytes` and
  /// `zarr.stored.bytes` and the timer `zarr.duration`. Their dimension `call` is the
  /// ``Event/Kind-swift.enum``.
  ///
  /// - Parameters:
  ///   - logger: Where lines go, or nil for nowhere.
  ///   - metrics: What makes the counters and timers, or nil for none.
  public convenience init(logger: Logger?, metrics: (any MetricsFactory)? = nil) {
    let meters = metrics.map { metrics in
      Dictionary(uniqueKeysWithValues: Event.Kind.allCases.map { ($0, Meters($0, metrics)) })
    }
    self.init { event in
      meters?[event.kind]?.record(event)
      logger?.log(
        level: event.error == nil ? .debug : .warning, "\(event.kind.rawValue) \(event.path)",
        metadata: event.logMetadata)
    }
  }
}

/// The metrics of one kind of event.
private struct Meters: Sendable {
  private let calls: Counter
  private let errors: Counter
  private let chunks: Counter
  private let elements: Counter
  private let elementBytes: Counter
  private let storedBytes: Counter
  private let duration: CoreMetrics.Timer

  init(_ kind: ArrayObserver.Event.Kind, _ factory: any MetricsFactory) {
    let dimensions = [("call", kind.rawValue)]
    func counter(_ name: String) -> Counter {
      Counter(label: "zarr.\(name)", dimensions: dimensions, factory: factory)
    }
    calls = counter("calls")
    errors = counter("errors")
    chunks = counter("chunks")
    elements = counter("elements")
    elementBytes = counter("element.bytes")
    storedBytes = counter("stored.bytes")
    duration = CoreMetrics.Timer(label: "zarr.duration", dimensions: dimensions, factory: factory)
  }

  func record(_ event: ArrayObserver.Event) {
    let progress = event.progress
    calls.increment()
    if event.error != nil { errors.increment() }
    chunks.increment(by: progress.chunkCount)
    elements.increment(by: progress.elementCount)
    elementBytes.increment(by: progress.elementByteCount)
    storedBytes.increment(by: progress.storedByteCount)
    duration.recordNanoseconds(Int64(progress.elapsed / .nanoseconds(1)))
  }
}

extension ArrayObserver.Event {
  fileprivate var logMetadata: Logger.Metadata {
    var metadata: Logger.Metadata = [
      "chunks": "\(progress.chunkCount)", "elements": "\(progress.elementCount)",
      "element_bytes": "\(progress.elementByteCount)", "stored_bytes": "\(progress.storedByteCount)",
      "seconds": "\(progress.elapsed / .seconds(1))",
    ]
    if let error { metadata["error"] = "\(error)" }
    return metadata
  }
}
#endif
