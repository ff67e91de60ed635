/// Appends batches to an array that any number of appenders on other machines append to, without waiting for them.
///
/// The elements between two checkpoints are stored beside the array while others do the same. A checkpoint then takes
/// the end of the array for a moment and puts them there, all of them or none, in the order in which they were
/// appended. Compare an ``Appender``, which has the end of the array for itself from its first element to its
/// checkpoint.
///
/// An appender that stalls keeps others waiting for no longer than a lease of the store lasts. If it goes on then, it
/// finds out that others were there, and comes after them.
///
/// An appender belongs to one thread at a time. What is said of arrays at ``ZarrArray/commit(_:timeout:)`` counts here
/// too.
public final class SegmentAppender {
  /// The segments that are stored, and not put into the array because a checkpoint failed.
  public private(set) var waiting: [Segment] = []

  private let array: ZarrArray
  private let evenChunkByteCount: Int
  private let memoryBudget: Int
  private let lockTimeout: Duration
  private let monitor: ProgressMonitor?
  private var writer: SegmentWriter?

  /// Creates an appender.
  ///
  /// - Parameters:
  ///   - array: The array.
  ///   - evenChunkByteCount: The most bytes of a chunk, where those of the array differ in length.
  ///   - memoryBudget: The bytes of full chunks that may wait to be stored. There is always room for one.
  ///   - lockTimeout: How long a checkpoint waits for those of others.
  ///   - monitor: Follows the work and can stop it.
  public init(
    to array: ZarrArray, evenChunkByteCount: Int = SegmentWriter.evenChunkByteCount,
    memoryBudget: Int = Appender.standardMemoryBudget,
    lockTimeout: Duration = Appender.standardLockTimeout, monitor: ProgressMonitor? = nil
  ) {
    self.array = array
    self.evenChunkByteCount = evenChunkByteCount
    self.memoryBudget = memoryBudget
    self.lockTimeout = lockTimeout
    self.monitor = monitor
  }

  /// Calls `body` with what takes the elements.
  ///
  /// Use its calls that append; do not finish or cancel it.
  ///
  /// - Throws: ``ZarrError``
  @available(*, noasync)
  public func append(_ body: (Appender) throws(ZarrError) -> Void) throws(ZarrError) {
    let current: SegmentWriter
    if let writer {
      current = writer
    } else {
      current = try SegmentWriter(
        for: array, evenChunkByteCount: evenChunkByteCount, memoryBudget: memoryBudget, monitor: monitor)
      writer = current
    }
    try body(current.appender)
  }

  /// Puts what was appended into the array.
  ///
  /// - Returns: The rows of what was appended since the last checkpoint, none if that is nothing.
  /// - Throws: ``ZarrError``. What is stored stays in ``waiting``, and the next checkpoint takes it too.
  @available(*, noasync)
  @discardableResult
  public func checkpoint() throws(ZarrError) -> Range<Int> {
    if let current = writer {
      waiting.append(try current.finish())
      writer = nil
    }
    // Each on its own, because one of which the answer was lost may be there already.
    var rows = 0..<0
    while let first = waiting.first {
      rows = try array.commit([first], timeout: lockTimeout)
      waiting.removeFirst()
    }
    return rows
  }

  /// Gives up what was appended since the last checkpoint, and removes what is stored of it.
  ///
  /// What a checkpoint that failed left in ``waiting`` may be in the array, or get there.
  @available(*, noasync)
  public func cancel() {
    writer?.cancel()
    writer = nil
  }
}
