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

  /// Shows each node to `body`, groups before what is in them, with what is drawn in front of it and its path
  /// from the group that it is in.
  ///
  /// - Throws: `StoreError`, and what `body` throws.
  func forEachLine(_ body: (_ branches: String, _ name: String, NodeEntry) throws -> Void) throws {
    var groups = [group.path]
    try group.walkBranches(maximumDepth: maximumDepth) { entry, isLast in
      groups.removeLast(groups.count - isLast.count)
      let name = entry.path.names.dropFirst(groups[groups.count - 1].names.count).joined(separator: "/")
      let branches = isLast.dropLast().map { $0 ? "    " : "│   " } + [isLast.last == true ? "└── " : "├── "]
      try body(branches.joined(), name, entry)
      groups.append(entry.path)
    }
  }
}
