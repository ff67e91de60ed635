// The forms of write-back for `async` code, as those of arrays.

extension ZarrArray {
  /// Calls `body` with a view that sets and reads elements one at a time, as the form that blocks does.
  ///
  /// `body` runs on a thread of the executor, and uses the calls of the view that block.
  public func withWriteBack<Element: ZarrElement, Result: Sendable>(
    as type: Element.Type, memoryBudget: Int = WriteBackView<Element>.standardMemoryBudget,
    _ body: @escaping @Sendable (WriteBackView<Element>) throws -> Result
  ) async throws -> Result {
    try await access.executor.perform(at: location) { _ in
      try self.withWriteBack(as: type, memoryBudget: memoryBudget, body)
    }
  }
}

extension WriteBackView {
  /// Creates a view, as the form that blocks does.
  public convenience init(
    _ array: ZarrArray, of type: Element.Type = Element.self,
    memoryBudget: Int = WriteBackView.standardMemoryBudget
  ) async throws(ZarrError) {
    try await array.run { _ in try Self.check(array) }
    self.init(checked: array, memoryBudget: memoryBudget)
  }

  /// Sets an element, as the form that blocks does.
  public func write(_ value: Element, at indices: [Int]) async throws(ZarrError) {
    try await array.run { _ in try self.write(value, at: indices) }
  }

  /// Sets an element, as the form that blocks does.
  public func write(_ value: Element, at indices: Int...) async throws(ZarrError) {
    try await write(value, at: indices)
  }

  /// Reads an element as it was written last, as the form that blocks does.
  public func read(at indices: [Int]) async throws(ZarrError) -> Element {
    try await array.run { _ in try self.read(at: indices) }
  }

  /// Stores everything that was written, as the form that blocks does.
  public func flush() async throws(ZarrError) {
    try await array.run { _ in try self.flush() }
  }

  /// Stores everything that was written and gives back the memory, as the form that blocks does.
  public func close() async throws(ZarrError) {
    try await array.run { _ in try self.close() }
  }
}
