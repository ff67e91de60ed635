public import ChunkEngine

/// An ``Appender`` for `async` code, which any number of tasks can use.
///
///     let appender = try await AsyncAppender.create(of: String.self, in: store, at: "documents")
///     for try await document in documents {
///       try await appender.append(document)
///     }
///     let array = try await appender.finish()
///
/// Calls are taken one after the other, in the order in which they were made. A call that finds room in the open
/// chunk does its work at once. All others are run by the ``ArrayAccess/executor`` of the array, and a call that
/// waits for its turn, or for another appender to the same array, holds no thread. The chunks that wait to be stored
/// count against the memory budget of the appender, not against that of the executor.
///
/// Cancelling a task ends its call, which throws ``ZarrError/cancelled``. The appender can go on: nothing that was
/// appended is lost, and ``appendedCount`` tells where a source of many elements was left. Cancelling the monitor ends
/// this call and all others.
public final class AsyncAppender: Sendable {
  // SAFETY: Only the task whose turn it is uses the appender.
  private nonisolated(unsafe) let appender: Appender
  private let turns = AsyncTurns()
  private let executor: ZarrExecutor
  private let location: String

  /// The monitor of the appender, which is cancelled while the call of a cancelled task ends.
  private let calls: ProgressMonitor

  private init(_ appender: Appender, _ executor: ZarrExecutor, location: String, calls: ProgressMonitor) {
    unsafe self.appender = appender
    self.executor = executor
    self.location = location
    self.calls = calls
  }

  deinit {
    // To drop it may take as long as a chunk that is being stored.
    nonisolated(unsafe) let appender = unsafe appender
    WorkerThreads.startOwn { unsafe withExtendedLifetime(appender) {} }
  }

  /// Creates an array and an appender to it.
  ///
  /// See ``Appender/create(in:at:rowShape:options:access:memoryBudget:monitor:)``.
  ///
  /// - Throws: As that.
  public static func create(
    in store: any Store, at path: String = "", rowShape: [Int] = [], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess(), memoryBudget: Int = Appender.standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> AsyncAppender {
    let location = ZarrArray.location(store, try ZarrArray.nodePath(path, in: store))
    return try await make(access.executor, at: location, monitor) { monitor in
      try Appender.create(
        in: store, at: path, rowShape: rowShape, options: options, access: access, memoryBudget: memoryBudget,
        monitor: monitor)
    }
  }

  /// Creates an array and an appender of values of a type to it.
  ///
  /// See ``Appender/create(of:in:at:rowShape:options:access:memoryBudget:monitor:)``.
  ///
  /// - Throws: As that.
  public static func create<Element: ZarrElement>(
    of type: Element.Type, in store: any Store, at path: String = "", rowShape: [Int] = [],
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = Appender.standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> AsyncAppender {
    let location = ZarrArray.location(store, try ZarrArray.nodePath(path, in: store))
    return try await make(access.executor, at: location, monitor) { monitor in
      try Appender.create(
        of: type, in: store, at: path, rowShape: rowShape, options: options, access: access,
        memoryBudget: memoryBudget, monitor: monitor)
    }
  }

  /// Opens an appender to an array that exists.
  ///
  /// See ``Appender/init(to:evenChunkByteCount:memoryBudget:lockTimeout:monitor:)``.
  ///
  /// - Throws: As that.
  public static func open(
    _ array: ZarrArray, evenChunkByteCount: Int = Appender.evenChunkByteCount,
    memoryBudget: Int = Appender.standardMemoryBudget, lockTimeout: Duration = Appender.standardLockTimeout,
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> AsyncAppender {
    try await make(array.access.executor, at: array.location, monitor) { monitor in
      try Appender(
        to: array, evenChunkByteCount: evenChunkByteCount, memoryBudget: memoryBudget,
        lockTimeout: lockTimeout, monitor: monitor)
    }
  }

  /// Opens an appender that fills rows of an array in place of what they hold.
  ///
  /// See ``Appender/init(filling:of:memoryBudget:monitor:)``.
  ///
  /// - Throws: As that.
  public static func open(
    filling rows: Range<Int>, of array: ZarrArray, memoryBudget: Int = Appender.standardMemoryBudget,
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> AsyncAppender {
    try await make(array.access.executor, at: array.location, monitor) { monitor in
      try Appender(filling: rows, of: array, memoryBudget: memoryBudget, monitor: monitor)
    }
  }

  /// Appends a value.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the element. Takes no thread while the open chunk has room.
  public func append<Element: ZarrElement>(_ element: Element) async throws(ZarrError) {
    if turns.takeIfFree() {
      defer { turns.leave() }
      if try unsafe appender.appendIfRoom(element) { return }
    }
    try await appending { try $0.append(element) }
  }

  /// Appends an element that you have as bytes: a copy of them.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(blob:)-(Blob)``.
  /// - Complexity: O(*n*) where *n* is the size of the element. May wait for a chunk to be stored.
  public func append<Blob: BlobConvertible>(blob: Blob) async throws(ZarrError) {
    try await appending { try $0.append(blob: blob) }
  }

  /// Appends values one after the other.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(contentsOf:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append<Elements: Sequence & Sendable>(contentsOf elements: Elements) async throws(ZarrError)
  where Elements.Element: ZarrElement {
    try await appending { try $0.append(contentsOf: elements) }
  }

  /// Appends all elements of a source that you have as bytes.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(blobs:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append(blobs: any BlobSource) async throws(ZarrError) {
    try await appending { try $0.append(blobs: blobs) }
  }

  /// The number of elements that were appended by the calls before this one.
  ///
  /// - Throws: ``ZarrError/cancelled``
  public var appendedCount: Int {
    get async throws(ZarrError) {
      try await turns.take()
      defer { turns.leave() }
      return unsafe appender.appendedCount
    }
  }

  /// Stores all that was appended and gives the array a shape that covers it.
  ///
  /// See ``Appender/checkpoint()``.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As that.
  public func checkpoint() async throws(ZarrError) {
    try await run { try $0.checkpoint() }
  }

  /// Stores all that was appended and gives the array its new shape.
  ///
  /// - Returns: The array.
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/finish()``.
  @discardableResult
  public func finish() async throws(ZarrError) -> ZarrArray {
    try await run { try $0.finish() }
  }

  /// Gives up what is not stored yet.
  ///
  /// See ``Appender/cancel()``.
  ///
  /// - Throws: ``ZarrError/cancelled`` if the task is cancelled before the calls that were made earlier have ended.
  public func cancel() async throws(ZarrError) {
    try await run { $0.cancel() }
  }

  /// Runs `body` when it is the turn of the call and the end of the array is free.
  private func appending(_ body: @escaping @Sendable (Appender) throws -> Void) async throws(ZarrError) {
    try await turns.take()
    defer {
      unsafe appender.giveUpTurn()
      turns.leave()
    }
    let start = ContinuousClock.now
    while true {
      let isDone = try await runInTurn { appender in
        guard try appender.lockEndIfFree(since: start) else { return false }
        try body(appender)
        return true
      }
      if isDone { return }
      do {
        try await Task.sleep(for: WaitingLock.patience)
      } catch {
        throw .cancelled
      }
    }
  }

  /// Runs `body` when it is the turn of the call.
  private func run<Result: Sendable>(
    _ body: @escaping @Sendable (Appender) throws -> Result
  ) async throws(ZarrError) -> Result {
    try await turns.take()
    defer { turns.leave() }
    return try await runInTurn(body)
  }

  private func runInTurn<Result: Sendable>(
    _ body: @escaping @Sendable (Appender) throws -> Result
  ) async throws(ZarrError) -> Result {
    defer { calls.resume() }
    return try await executor.run(at: location) { _ in
      try unsafe body(self.appender)
    } onCancel: {
      self.calls.cancel()
    }
  }

  private static func make(
    _ executor: ZarrExecutor, at location: String, _ monitor: ProgressMonitor?,
    _ appender: @escaping @Sendable (ProgressMonitor) throws -> Appender
  ) async throws(ZarrError) -> AsyncAppender {
    let calls = ProgressMonitor(ofCallFor: monitor)
    defer { calls.resume() }
    return try await executor.run(at: location) { _ in
      AsyncAppender(try appender(calls), executor, location: location, calls: calls)
    } onCancel: {
      calls.cancel()
    }
  }
}
