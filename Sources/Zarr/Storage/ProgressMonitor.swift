import ChunkEngine
import Synchronization

/// Follows long work, and can stop it.
///
/// Pass one to a call that reads or writes. The handler is called from the workers, after each chunk but not
/// more often than the interval says, and one last time when the work is done.
public final class ProgressMonitor: Sendable {
  /// How far work has come.
  public struct Progress: Hashable, Sendable {
    /// The chunks read or written so far.
    ///
    /// Neighbouring inner chunks of a shard that are read together count as one.
    public var chunkCount = 0
    /// The elements written or read so far.
    ///
    /// An appender counts what was appended, and neither padding nor what a chunk had before.
    public var elementCount = 0
    /// The bytes of these elements, without their lengths.
    public var elementByteCount = 0
    /// The bytes that the chunks with these elements have in the store.
    ///
    /// A chunk counts as a whole, and each time that it is read or written.
    public var storedByteCount = 0
    /// All elements of the work, or nil if that is not known, as with a stream.
    public var totalElementCount: Int?
    /// The time since the work began.
    public var elapsed = Duration.zero

    /// The bytes of elements per second.
    public var bytesPerSecond: Double {
      let seconds = elapsed / .seconds(1)
      return seconds > 0 ? Double(elementByteCount) / seconds : 0
    }
  }

  private struct State {
    var progress = Progress()
    var lastReport: ContinuousClock.Instant?
  }

  private let state = Locked(State())

  /// Held while the handler runs, so that it is not called twice at a time.
  private let reporting = Locked(())
  private let cancelled = Atomic(false)
  private let start = ContinuousClock.now
  private let interval: Duration
  private let handler: @Sendable (Progress) -> Void

  /// The monitor that the call of this thread follows.
  @TaskLocal private static var ofThisThread: ProgressMonitor?

  /// The monitor of the call that this thread works for, or nil.
  ///
  /// A store whose calls take long can ask it whether the call is cancelled, and throw ``ZarrError/cancelled``.
  public static var current: ProgressMonitor? { ofThisThread }

  /// What this is a part of, or nil.
  private let whole: ProgressMonitor?

  /// What the whole hears of.
  private enum Share {
    /// Nothing, but this is cancelled with the whole.
    case none
    /// What was done.
    case part
    /// What was done, what to expect, and that all is done.
    case all
  }

  private let share: Share

  /// Is told of bytes of elements that are held, and by whom.
  private let grow: (@Sendable (Int, ProgressMonitor) -> Void)?

  /// Creates a monitor.
  ///
  /// - Parameters:
  ///   - interval: The least time between two calls of the handler.
  ///   - handler: Called with the progress, by one thread at a time, which waits for it. It may cancel the
  ///     monitor.
  public init(
    interval: Duration = .milliseconds(100), _ handler: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.interval = interval
    self.handler = handler
    whole = nil
    share = .none
    grow = nil
  }

  /// Creates the monitor of one of several calls that do the work of `whole` together.
  ///
  /// It adds to the progress of `whole`, but does not say what to expect and that all is done. It is
  /// cancelled with `whole`, and can be cancelled alone.
  ///
  /// - Parameters:
  ///   - whole: The monitor of all the work.
  ///   - interval: The least time between two calls of the handler.
  ///   - handler: Called with the progress of this part, as ``init(interval:_:)`` says.
  public init(
    partOf whole: ProgressMonitor?, interval: Duration = .zero,
    _ handler: @escaping @Sendable (Progress) -> Void = { _ in }
  ) {
    self.interval = interval
    self.handler = handler
    self.whole = whole
    share = .part
    grow = nil
  }

  /// Creates the monitor of reading ahead for a call, which counts what it has done itself.
  init(readingAheadFor whole: ProgressMonitor?) {
    interval = .zero
    handler = { _ in }
    self.whole = whole
    share = .none
    grow = nil
  }

  /// Creates the monitor of a call that can be cancelled without the one that follows it.
  ///
  /// - Parameters:
  ///   - whole: The monitor of the caller, which hears of everything.
  ///   - grow: Called for each chunk with the bytes of its elements, and waits while there is no room for more.
  init(ofCallFor whole: ProgressMonitor?, grow: (@Sendable (Int, ProgressMonitor) -> Void)? = nil) {
    interval = .zero
    handler = { _ in }
    self.whole = whole
    share = .all
    self.grow = grow
  }

  /// How far the work has come.
  public var progress: Progress {
    state.withLock { state in
      var progress = state.progress
      progress.elapsed = start.duration(to: .now)
      return progress
    }
  }

  /// Whether the work is to stop.
  public var isCancelled: Bool { cancelled.load(ordering: .relaxed) || whole?.isCancelled == true }

  /// Asks the work to stop.
  ///
  /// It ends with ``ZarrError/cancelled`` when the workers are done with their chunks.
  public func cancel() {
    cancelled.store(true, ordering: .relaxed)
  }

  /// Calls `body` while this is the current monitor.
  func whileCurrent<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$ofThisThread.withValue(self, operation: body)
  }

  /// Throws if the current monitor is cancelled.
  package static func checkCurrent() throws(ChunkError) {
    if current?.isCancelled == true { throw .cancelled }
  }

  /// Takes back that the work is to stop.
  func resume() {
    cancelled.store(false, ordering: .relaxed)
  }

  /// Says how many elements there will be.
  func expect(elementCount: Int) {
    if share == .all { whole?.expect(elementCount: elementCount) }
    state.withLock { $0.progress.totalElementCount = elementCount }
  }

  /// Adds a chunk that is done.
  func add(elementCount: Int, elementByteCount: Int, storedByteCount: Int) {
    if share != .none {
      whole?.add(
        elementCount: elementCount, elementByteCount: elementByteCount, storedByteCount: storedByteCount)
    }
    report(always: false) { progress in
      // Arrays that claim to be huge are counted too, and several of them together.
      progress.chunkCount += 1
      progress.elementCount = sumOrMaximum(progress.elementCount, elementCount)
      progress.elementByteCount = sumOrMaximum(progress.elementByteCount, elementByteCount)
      progress.storedByteCount = sumOrMaximum(progress.storedByteCount, storedByteCount)
    }
    grow?(elementByteCount, self)
  }

  /// Reports that all is done.
  func finish() {
    if share == .all { whole?.finish() }
    report(always: true) { _ in }
  }

  private func report(always: Bool, _ change: (inout Progress) -> Void) {
    let isDue = state.withLock { state in
      change(&state.progress)
      let now = ContinuousClock.now
      if !always, let last = state.lastReport, last.duration(to: now) < interval { return false }
      state.lastReport = now
      return true
    }
    guard isDue else { return }
    // Asked for anew by the thread whose turn it is, so that progress never goes back.
    reporting.withLock { _ in handler(progress) }
  }
}

extension ProgressMonitor? {
  /// Calls `body` while this is the current monitor, if there is one.
  package func whileCurrent<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let self, self !== ProgressMonitor.current else { return try body() }
    return try self.whileCurrent(body)
  }
}

extension ParallelChunks {
  /// Calls `body` for each index below `count` until a monitor is cancelled, which is the current one of all workers.
  static func forEachIndex<State>(
    below count: Int, workerCount: Int, pool: WorkerPool<State>, following monitor: ProgressMonitor?,
    _ body: @Sendable (Int, State) throws -> Void
  ) throws(ChunkFailure) {
    try forEachIndex(
      below: count, workerCount: workerCount, pool: pool, isCancelled: { monitor?.isCancelled == true },
      within: { work in monitor.whileCurrent(work) }, body)
  }
}
