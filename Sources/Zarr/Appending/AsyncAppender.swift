public import ChunkEngine
import Dispatch

/// An ``Appender`` for `async` code, which any number of tasks can use.
///
///     let appender = try await AsyncAppender.create(of: String.self, in: store, at: "documents")
///     for try await page in pages {
///       try await appender.append(contentsOf: page)
///     }
///     let array = try await appender.finish()
///
/// Calls are taken one after the other, each on a thread of its own queue, so that a task which has to wait
/// for memory holds up no other. A call takes some ten microseconds whatever it appends: append many elements
/// at a time. Cancelling a task does not stop its call; cancelling the monitor does.
public final class AsyncAppender: Sendable {
  // SAFETY: The appender is only used on the queue, which runs one piece of work at a time.
  private nonisolated(unsafe) let appender: Appender
  private let queue: DispatchQueue

  private init(_ appender: Appender, on queue: DispatchQueue) {
    unsafe self.appender = appender
    self.queue = queue
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
  ) async throws -> AsyncAppender {
    try await make { () throws -> Appender in
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
  ) async throws -> AsyncAppender {
    try await make { () throws -> Appender in
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
    _ array: ZarrArray, memoryBudget: Int = Appender.standardMemoryBudget, monitor: ProgressMonitor? = nil
  ) async throws -> AsyncAppender {
    try await make { () throws -> Appender in
      try Appender(to: array, memoryBudget: memoryBudget, monitor: monitor)
    }
  }

  /// Appends a value.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(_:)``.
  /// - Complexity: O(*n*) where *n* is the size of the element.
  public func append<Element: ZarrElement>(_ element: Element) async throws {
    try await run(on: queue) { try unsafe self.appender.append(element) }
  }

  /// Appends values one after the other.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(contentsOf:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append<Elements: Sequence & Sendable>(contentsOf elements: Elements) async throws
  where Elements.Element: ZarrElement {
    try await run(on: queue) { try unsafe self.appender.append(contentsOf: elements) }
  }

  /// Appends all elements of a source that you have as bytes.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/append(blobs:)``.
  /// - Complexity: O(*n*) where *n* is the size of the elements.
  public func append(blobs: any BlobSource) async throws {
    try await run(on: queue) { try unsafe self.appender.append(blobs: blobs) }
  }

  /// The number of elements that were appended by the calls before this one.
  ///
  /// Nothing is thrown.
  public var appendedCount: Int {
    get async throws { try await run(on: queue) { unsafe self.appender.appendedCount } }
  }

  /// Stores all that was appended and gives the array a shape that covers it.
  ///
  /// See ``Appender/checkpoint()``.
  ///
  /// - Precondition: The appender is not finished.
  /// - Throws: As that.
  public func checkpoint() async throws {
    try await run(on: queue) { try unsafe self.appender.checkpoint() }
  }

  /// Stores all that was appended and gives the array its new shape.
  ///
  /// - Returns: The array.
  /// - Precondition: The appender is not finished.
  /// - Throws: As ``Appender/finish()``.
  @discardableResult
  public func finish() async throws -> ZarrArray {
    try await run(on: queue) { try unsafe self.appender.finish() }
  }

  private static func make(
    _ appender: @escaping @Sendable () throws -> Appender
  ) async throws -> AsyncAppender {
    let queue = DispatchQueue(label: "zarr.appender")
    return try await run(on: queue) { AsyncAppender(try appender(), on: queue) }
  }
}
