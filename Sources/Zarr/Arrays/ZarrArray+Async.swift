public import ChunkEngine
import Dispatch

// Work on chunks blocks its thread. Swift's tasks share few threads, so these forms take the work to a queue
// of their own first; the workers then run beside the tasks.

extension ZarrArray {
  /// Reads the elements of a region, in C order, without copying them.
  ///
  /// The form of ``read(_:monitor:)-8ycye`` for `async` code. Cancelling the task cancels the monitor, which
  /// ends the work after the chunks that workers are at.
  ///
  /// - Throws: As ``read(_:monitor:)-8ycye``, and ``ZarrError/cancelled``.
  /// - Complexity: As ``read(_:monitor:)-8ycye``.
  public func read(_ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil) async throws -> BlobView {
    try await Self.offPool(monitor) { monitor in try self.read(region, monitor: monitor) }
  }

  /// Writes elements to a region, in C order.
  ///
  /// The form of ``write(blobs:to:monitor:)-(BlobSource,_,_)`` for `async` code. Cancelling the task cancels the monitor,
  /// which ends the work after the chunks that workers are at.
  ///
  /// - Throws: As ``write(blobs:to:monitor:)-(BlobSource,_,_)``, and ``ZarrError/cancelled``.
  /// - Complexity: As ``write(blobs:to:monitor:)-(BlobSource,_,_)``.
  public func write(
    blobs: any BlobSource, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws {
    try await Self.offPool(monitor) { monitor in try self.write(blobs: blobs, to: region, monitor: monitor) }
  }

  /// Shows the elements of a region to `body`, chunk by chunk, in memory that is used again for the next
  /// chunk.
  ///
  /// The form of ``scan(_:monitor:_:)-2i6du`` for `async` code. Cancelling the task cancels the monitor,
  /// which ends the work after the chunks that workers are at.
  ///
  /// - Throws: As ``scan(_:monitor:_:)-2i6du``, and ``ZarrError/cancelled``.
  public func scan(
    _ region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil,
    _ body: @escaping @Sendable (ArrayRegion, BlobSpan) throws -> Void
  ) async throws {
    try await Self.offPool(monitor) { monitor in try self.scan(region, monitor: monitor, body) }
  }

  /// Runs `work` on a queue of its own, until it ends or the task is cancelled.
  static func offPool<Result: Sendable>(
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
