public import ChunkEngine

extension ZarrArray {
  /// Reads the elements at some indices of an array of one dimension, in the order in which you list them.
  ///
  ///     let view = try array.take([70_123, 5, 70_124])
  ///
  /// However they are ordered, each chunk is fetched and decoded once, by all workers, and a large chunk that is one frame
  /// of Zstandard no further than to the last of its elements. The result has copies, and so no more memory than its
  /// elements need. An index may come more than once. A negative one is an error: it does not count from the end.
  ///
  /// - Parameters:
  ///   - indices: The indices, in any order.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, one for each index. To have them in one buffer with offsets, call `compacted()` on it.
  /// - Throws: As `read(_:monitor:)`, and ``ZarrError/selection(path:reason:)`` for the first index that is not inside of
  ///   the array. Damage after the last wanted element of a chunk may not be found, as by `read(at:)`.
  /// - Complexity: O(*n* + *m*) where *n* is the number of indices and *m* the size of the chunks that they are in.
  @available(*, noasync)
  public func take(_ indices: [Int], monitor: ProgressMonitor? = nil) throws(ZarrError) -> BlobView {
    try take(.orthogonal([.indices(indices)]), monitor: monitor)
  }

  /// Reads the elements at some indices of an array of one dimension as values of a type.
  ///
  /// - Throws: As `take(_:monitor:)`, and ``ZarrError/element(path:index:reason:)`` for the first element that is no value
  ///   of the type, with its position in the list.
  /// - Complexity: As `take(_:monitor:)`.
  @available(*, noasync)
  public func take<Element: ZarrElement>(
    _ indices: [Int], as type: Element.Type, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> [Element] {
    try take(.orthogonal([.indices(indices)]), as: type, monitor: monitor)
  }

  /// Reads the elements of a selection, in C order of its shape: lists of indices, strides, masks or coordinates.
  ///
  ///     let view = try array.take(.orthogonal([.indices([7, 3]), .stride(0..<100, by: 10)]))
  ///
  /// - Parameters:
  ///   - selection: The elements, which are read as `take(_:monitor:)` of indices does it.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The elements, as many as ``ElementSelection/shape(in:)`` says.
  /// - Throws: As `read(_:monitor:)`, and ``ZarrError/selection(path:reason:)`` if it is no selection of the array.
  /// - Complexity: O(*n* + *m*) where *n* is the size of the selection and *m* that of the chunks that have elements of it;
  ///   O(*n* log *n* + *m*) for coordinates.
  @available(*, noasync)
  public func take(
    _ selection: ElementSelection, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> BlobView {
    try zarrErrors(at: location, following: monitor) {
      try observed(.read, monitor) { monitor in
        if let cache = layout.cache, let view = try keptElements(of: selection, cache, monitor) {
          return view
        }
        return try view(of: plan(of: selection), monitor)
      }
    }
  }

  /// Reads the elements of a selection as values of a type.
  ///
  /// - Throws: As `take(_:monitor:)`, and ``ZarrError/element(path:index:reason:)`` for the first element that is no value
  ///   of the type, with its position in the result.
  /// - Complexity: As `take(_:monitor:)`.
  @available(*, noasync)
  public func take<Element: ZarrElement>(
    _ selection: ElementSelection, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> [Element] {
    try zarrErrors(at: location, following: monitor) {
      try type.checkReadable(from: dataType)
      return try transfer.elements(of: take(selection, monitor: monitor), as: type)
    }
  }

  /// Plans the work on a selection.
  private func plan(of selection: ElementSelection) throws -> PiecePlan {
    let (shape, grid) = shapeAndGrid
    let list = try ListPlan(
      of: selection, shape: shape, grid: grid, innerChunkShape: layout.innerChunkShape,
      evenGrids: layout.evenGrids(of: grid), limits: access.limits)
    return PiecePlan(of: list, shape: shape, grid: grid)
  }
}

extension ZarrArray {
  /// Reads the elements at some indices of an array of one dimension, as the form that blocks does.
  public func take(_ indices: [Int], monitor: ProgressMonitor? = nil) async throws(ZarrError) -> BlobView {
    try await run(growth: 1, abandons: true, monitor) { try self.take(indices, monitor: $0) }
  }

  /// Reads the elements at some indices as values of a type, as the form that blocks does.
  public func take<Element: ZarrElement>(
    _ indices: [Int], as type: Element.Type, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> [Element] {
    try await run(growth: 2, abandons: true, monitor) { try self.take(indices, as: type, monitor: $0) }
  }

  /// Reads the elements of a selection, as the form that blocks does.
  public func take(
    _ selection: ElementSelection, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> BlobView {
    try await run(growth: 1, abandons: true, monitor) { try self.take(selection, monitor: $0) }
  }

  /// Reads the elements of a selection as values of a type, as the form that blocks does.
  public func take<Element: ZarrElement>(
    _ selection: ElementSelection, as type: Element.Type, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> [Element] {
    try await run(growth: 2, abandons: true, monitor) { try self.take(selection, as: type, monitor: $0) }
  }
}
