extension ZarrArray {
  /// Reads the elements of a region, in C order, as values of a type.
  ///
  /// The form of ``read(_:as:monitor:)-8dsl9`` for `async` code. Cancelling the task cancels the monitor.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func read<Element: ZarrElement>(
    _ region: ArrayRegion? = nil, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) async throws -> [Element] {
    try await Self.offPool(monitor) { monitor in try self.read(region, as: type, monitor: monitor) }
  }

  /// Writes values to a region, in C order.
  ///
  /// The form of ``write(_:to:monitor:)-(Sequence<ZarrElement>,_,_)`` for `async` code. Cancelling the task cancels the monitor.
  ///
  /// - Throws: As that, and ``ZarrError/cancelled``.
  /// - Complexity: As that.
  public func write<Elements: Sequence & Sendable>(
    _ elements: Elements, to region: ArrayRegion? = nil, monitor: ProgressMonitor? = nil
  ) async throws where Elements.Element: ZarrElement {
    try await Self.offPool(monitor) { monitor in try self.write(elements, to: region, monitor: monitor) }
  }
}
