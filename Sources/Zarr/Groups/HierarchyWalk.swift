/// Goes through all nodes below a group, each group before what is in it, without going into arrays.
///
/// Every command and call that looks at a hierarchy does so by this walk, so that all of them find the same.
/// The groups on the way are kept in a list, so that the depth of a hierarchy does not matter.
struct HierarchyWalk {
  /// How many names below the group the nodes may be.
  let maximumDepth: Int

  /// Finds the nodes directly below a group that are at most so many names below it, in the order in which
  /// they are shown.
  let children: (NodePath, _ depth: Int) throws -> [NodeEntry]

  /// Shows each node to `body`, and whether it, and each of the groups that lead to it, is the last one in its
  /// group.
  ///
  /// A group below the first one that cannot be listed is shown with the reason, and the walk goes on after it.
  ///
  /// - Throws: What `body` throws, and what `children` throws for the first group.
  func run(from path: NodePath, _ body: (NodeEntry, _ isLast: [Bool]) throws -> Void) throws {
    guard maximumDepth > 0 else { return }
    var levels = [try children(path, maximumDepth)[...]]
    while var level = levels.popLast() {
      guard let entry = level.popFirst() else { continue }
      levels.append(level)
      let isLast = levels.map(\.isEmpty)
      let rest = maximumDepth - (entry.path.names.count - path.names.count)
      guard entry.kind == .group, rest > 0 else {
        try body(entry, isLast)
        continue
      }
      let members: [NodeEntry]
      do {
        members = try children(entry.path, rest)
      } catch {
        try body(entry.failing(with: error), isLast)
        continue
      }
      try body(entry, isLast)
      levels.append(members[...])
    }
  }
}
