public import ChunkEngine
import Dispatch

// Work on chunks blocks its thread. Swift's tasks share few threads, so these forms take the work to a queue
// of their own first; the workers then run beside the tasks.

extension ZarrArray {
  /// Reads the elements of a region, in C order, without copying them.
  ///
  /// The form of ``read(_:monitor:)`` for `async` code. Cancelling the task ends it with
  /// ``ZarrError/cancelled``.
  public func read(_ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil) async throws -> BlobView {
    try await Self.offPool(monitor) { monitor in try self.read(region, monitor: monitor) }
  }

  /// Writes elements to a region, in C order.
  ///
  /// The form of ``write(_:to:monitor:)`` for `async` code. Cancelling the task ends it with
  /// ``ZarrError/cancelled``.
  public func write(
    _ elements: any BlobSource, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws {
    try await Self.offPool(monitor) { monitor in try self.write(elements, to: region, monitor: monitor) }
  }

  /// Shows the elements of a region to `body`, chunk by chunk, in memory that is used again for the next
  /// chunk.
  ///
  /// The form of ``scan(_:monitor:_:)`` for `async` code. Cancelling the task ends it with
  /// ``ZarrError/cancelled``.
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @escaping @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) async throws {
    try await Self.offPool(monitor) { monitor in try self.scan(region, monitor: monitor, body) }
  }

  /// Runs `work` on a queue of its own, until it ends or the task is cancelled.
  private static func offPool<Result: Sendable>(
    _ monitor: ProgressMonitor?, _ work: @escaping @Sendable (ProgressMonitor) throws -> Result
  ) async throws -> Result {
    let monitor = monitor ?? ProgressMonitor()
    return try await withTaskCancellationHandler {
      try await run(on: DispatchQueue(label: "zarr.work")) { try work(monitor) }
    } onCancel: {
      monitor.cancel()
    }
  }
}
