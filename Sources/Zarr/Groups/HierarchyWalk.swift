/// Goes through all nodes below a group, each group before what is in it, without going into arrays.
///
/// The groups on the way are kept in a list, so that the depth of a hierarchy does not matter.
struct HierarchyWalk {
  /// How many names below the group the nodes may be.
  let maximumDepth: Int

  /// Finds the nodes directly below a group, in the order in which they are shown.
  let children: (NodePath) throws -> [NodeEntry]

  /// Shows each node to `body`, with the number of names that lead to it from the group.
  ///
  /// - Throws: What `children` and `body` throw.
  func run(from path: NodePath, _ body: (NodeEntry, _ depth: Int) throws -> Void) throws {
    guard maximumDepth > 0 else { return }
    var levels = [try children(path)[...]]
    while var level = levels.popLast() {
      guard let entry = level.popFirst() else { continue }
      levels.append(level)
      let depth = levels.count
      try body(entry, depth)
      if entry.kind == .group && depth < maximumDepth {
        levels.append(try children(entry.path)[...])
      }
    }
  }
}
