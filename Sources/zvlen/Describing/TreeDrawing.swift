import Zarr

/// The nodes below a group with the branches that lead to them.
///
///     ├── labels
///     └── run
///         └── images
struct TreeDrawing {
  private let group: ZarrGroup
  private let maximumDepth: Int

  /// Prepares to draw down to a depth.
  init(of group: ZarrGroup, maximumDepth: Int) {
    self.group = group
    self.maximumDepth = maximumDepth
  }

  /// Shows each node to `body`, groups before what is in them, with what is drawn in front of it.
  ///
  /// - Throws: `StoreError`, and what `body` throws.
  func forEachLine(_ body: (_ branches: String, NodeEntry) throws -> Void) throws {
    guard maximumDepth > 0 else { return }
    // A list in place of recursion, because the depth comes from the data.
    var levels = [try group.children()[...]]
    while var level = levels.popLast() {
      guard let entry = level.popFirst() else { continue }
      let branches = levels.map { $0.isEmpty ? "    " : "│   " } + [level.isEmpty ? "└── " : "├── "]
      try body(branches.joined(), entry)
      levels.append(level)
      // A group that cannot be opened has said so in its line.
      if entry.kind == .group, levels.count < maximumDepth,
        let members = try? ZarrGroup.open(
          in: group.store, at: entry.path.description, usingConsolidatedMetadata: false)
      {
        levels.append(try members.children()[...])
      }
    }
  }
}
