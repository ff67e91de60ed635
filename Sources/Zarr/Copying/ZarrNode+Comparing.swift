extension ZarrNode {
  /// Finds a difference between this node and another one, with all that is below them.
  ///
  /// Arrays are the same if they have the same shape, attributes, names of dimensions, missing values and
  /// elements, whatever their chunks, codecs and version of Zarr. See
  /// ``ZarrArray/firstDifference(from:memoryBudget:monitor:)`` for what is said of elements. A member that
  /// cannot be read is an error once all others are compared.
  ///
  /// - Parameters:
  ///   - other: The other node.
  ///   - access: How arrays below groups are read.
  ///   - memoryBudget: The bytes of elements of each array that may be in memory, about.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The difference, or nil if there is none.
  /// - Throws: ``ZarrError`` and ``StoreError``
  /// - Complexity: O(*n*) in the size of all elements that are stored.
  public func firstDifference(
    from other: ZarrNode, access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = ZarrArray.standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws -> NodeDifference? {
    let (own, others) = (try arraysAndGroups(access), try other.arraysAndGroups(access))
    for path in Set(own.keys).symmetricDifference(others.keys).sorted() { return .member(path: path) }
    var arrays: [(path: NodePath, ZarrArray, ZarrArray)] = []
    var failure: (any Error)?
    for (path, node) in own.sorted(by: { $0.key < $1.key }) {
      let nodes: (ZarrNode, ZarrNode?)
      do {
        nodes = (try node.get(), try others[path]?.get())
      } catch {
        if failure == nil { failure = error }
        continue
      }
      switch nodes {
      case (.array(let one), .array(let other)?): arrays.append((path, one, other))
      case (.group(let one), .group(let other)?):
        if one.attributes != other.attributes { return .attributes(path: path) }
      default: return .kind(path: path)
      }
    }
    monitor?.expect(
      elementCount: arrays.reduce(0) { sum, pair in
        let (total, overflow) = sum.addingReportingOverflow(pair.1.count)
        return overflow ? Int.max : total
      })
    for (path, one, other) in arrays {
      if one.shape != other.shape { return .shape(path: path, one.shape, other.shape) }
      guard one.hasComparableElements(other) else {
        return .dataType(path: path, one.dataType.name, other.dataType.name)
      }
      let conventions = (ArrayConventions(of: one.metadata), ArrayConventions(of: other.metadata))
      if conventions.0 != conventions.1 { return .attributes(path: path) }
    }
    for (path, one, other) in arrays {
      let part = ProgressMonitor(partOf: monitor)
      do {
        let index = try one.firstDifference(from: other, memoryBudget: memoryBudget, monitor: part)
        for array in [one, other] { try array.checkIsInPlace() }
        if let index { return .element(path: path, index: index) }
      } catch {
        if case ZarrError.cancelled = error { throw error }
        if failure == nil { failure = error }
      }
    }
    if let failure { throw failure }
    monitor?.finish()
    return nil
  }

  /// This node and all below it, by their paths from here.
  private func arraysAndGroups(_ access: ArrayAccess) throws -> [NodePath: Result<ZarrNode, any Error>] {
    var nodes: [NodePath: Result<ZarrNode, any Error>] = [.root: .success(self)]
    if case .group(let group) = self {
      try group.walk { entry, _ in
        let path = entry.path.relative(to: group.path)
        nodes[path] = Result {
          _ = try entry.metadata()
          return try group.node(at: path.description, access: access)
        }
      }
    }
    return nodes
  }
}
