extension ZarrNode {
  /// Finds a difference between this node and another one, with all that is below them.
  ///
  /// Arrays are the same if they have the same shape, attributes, names of dimensions, missing values and
  /// elements, whatever their chunks, codecs and version of Zarr. See
  /// `ZarrArray.firstDifference(from:memoryBudget:monitor:)` for what is said of elements. A member that
  /// cannot be read is an error once all others are compared.
  ///
  /// - Parameters:
  ///   - other: The other node.
  ///   - access: How arrays below groups are read.
  ///   - memoryBudget: The bytes of elements of each array that may be in memory, about.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The difference, or nil if there is none.
  /// - Throws: ``ZarrError``
  /// - Complexity: O(*n*) in the size of all elements that are stored.
  @available(*, noasync)
  public func firstDifference(
    from other: ZarrNode, access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = ZarrArray.standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> NodeDifference? {
    try zarrErrors(at: ZarrArray.location(store, path), following: monitor) {
      try difference(from: other, access, memoryBudget, monitor)
    }
  }

  private func difference(
    from other: ZarrNode, _ access: ArrayAccess, _ memoryBudget: Int, _ monitor: ProgressMonitor?
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

/// What two nodes do not have in common.
@nonexhaustive
public enum NodeDifference: Hashable, Sendable {
  /// Only one of them has a member with a path.
  case member(path: NodePath)
  /// One is an array and the other a group.
  case kind(path: NodePath)
  /// Two arrays have different shapes.
  case shape(path: NodePath, [Int], [Int])
  /// The elements of two arrays cannot be compared.
  case dataType(path: NodePath, String, String)
  /// Attributes, or the names of dimensions, differ.
  case attributes(path: NodePath)
  /// An element differs, at an index along each dimension.
  case element(path: NodePath, index: [Int])
}

extension NodeDifference: CustomStringConvertible {
  public var description: String {
    switch self {
    case .member(let path): "only one of them has \(path)"
    case .kind(let path): "\(Self.name(path)) is an array in one of them, and a group in the other"
    case .shape(let path, let one, let other): "the shape of \(Self.name(path)) is \(one), and \(other)"
    case .dataType(let path, let one, let other):
      "the data type of \(Self.name(path)) is \(one), and \(other)"
    case .attributes(let path): "the attributes of \(Self.name(path))"
    case .element(let path, let index): "element \(index) of \(Self.name(path))"
    }
  }

  private static func name(_ path: NodePath) -> String {
    path.names.isEmpty ? "the node itself" : path.description
  }
}
