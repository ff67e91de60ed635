import Synchronization

extension ZarrGroup {
  /// The nodes directly in the group, sorted by the bytes of their names.
  ///
  /// Nodes in a directory that has no document of its own, and so is no group, are among them, with the name of
  /// the directory in their path. Symbolic links to directories are followed as the store follows them. Nodes
  /// with damaged metadata are listed too, and what cannot be looked into.
  ///
  /// - Throws: ``StoreError``
  /// - Complexity: O(*n* log *n*) in the number of names in the group and in directories that are no nodes, of
  ///   which each node is looked at; no chunk is, nor what is in the nodes.
  public func children() throws -> [NodeEntry] { try entries(of: path, atMost: Int.max) }

  /// Shows all nodes below the group to `body`: each group before what is in it, and nodes of one group in
  /// the
  /// order of the bytes of their names.
  ///
  /// What is below arrays is not looked at, nor what is below nodes with damaged metadata. A group below this
  /// one that cannot be listed is shown as a node that cannot be read.
  ///
  /// - Parameters:
  ///   - maximumDepth: How many names from the group down the nodes may be; 1 for its children.
  ///   - body: Is shown each node, with the number of names that lead to it from the group.
  /// - Throws: ``StoreError``, and what `body` throws.
  public func walk(
    maximumDepth: Int = Int.max, _ body: (_ entry: NodeEntry, _ depth: Int) throws -> Void
  ) throws {
    try HierarchyWalk(maximumDepth: maximumDepth, children: entries).run(from: path) { entry, _ in
      try body(entry, entry.path.names.count - path.names.count)
    }
  }

  /// Shows all nodes below the group to `body`, as ``walk(maximumDepth:_:)`` does.
  ///
  /// - Parameters:
  ///   - maximumDepth: How many names from the group down the nodes may be.
  ///   - body: Is shown each node, and whether it, and each of the groups that lead to it, is the last one in
  ///     its group.
  /// - Throws: ``StoreError``, and what `body` throws.
  package func walkBranches(
    maximumDepth: Int, _ body: (_ entry: NodeEntry, _ isLast: [Bool]) throws -> Void
  ) throws {
    try HierarchyWalk(maximumDepth: maximumDepth, children: entries).run(from: path, body)
  }

  /// Opens the node at a path from the group down, whatever it is.
  ///
  /// - Parameters:
  ///   - path: The path from the group, nothing for the group itself.
  ///   - access: How the node is worked on, if it is an array.
  /// - Returns: The node.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  public func node(at path: String, access: ArrayAccess = ArrayAccess()) throws -> ZarrNode {
    let path = self.path.appending(try NodePath(existing: path, in: store))
    guard path != self.path else { return .group(self) }
    // What is not among the copies may have been created since they were made.
    let copies = state.withLock { $0.copies }
    guard let entry = copies?.entry(at: path, in: store) else {
      return try ZarrNode(
        NodeMetadata.read(from: store, at: path, access.metadataLimits), in: store, at: path,
        access: access, usingConsolidatedMetadata: copies != nil)
    }
    switch try entry.metadata() {
    case .array(let metadata):
      return .array(try ZarrArray(metadata, isCopy: true, store: store, path: path, access: access))
    case .group(let metadata):
      return .group(ZarrGroup(metadata, copies: copies, store: store, path: path, limits: limits))
    }
  }

  /// Opens the array at a path from the group down.
  ///
  /// If it is found in consolidated metadata, its own document is read before it is written for the first
  /// time,
  /// and it is an error if the copy says anything else than that but the shape and the attributes.
  ///
  /// - Throws: As ``node(at:access:)``, and ``ZarrError/wrongNode(path:expected:)``.
  public func array(at path: String, access: ArrayAccess = ArrayAccess()) throws -> ZarrArray {
    let node = try node(at: path, access: access)
    guard case .array(let array) = node else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, node.path), expected: "array")
    }
    return array
  }

  /// Opens the group at a path from the group down.
  ///
  /// - Throws: As ``node(at:access:)``, and ``ZarrError/wrongNode(path:expected:)``.
  public func group(at path: String) throws -> ZarrGroup {
    let node = try node(at: path)
    guard case .group(let group) = node else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, node.path), expected: "group")
    }
    return group
  }

  /// The nodes directly below a group and at most so many names below it, sorted by the bytes of their names.
  private func entries(of path: NodePath, atMost depth: Int) throws -> [NodeEntry] {
    if let copies = state.withLock({ $0.copies }) {
      return copies.entries(of: path, in: store).filter { $0.path.names.count - path.names.count <= depth }
    }
    return try NodeEntry.children(of: path, in: store, limits, atMost: depth)
  }
}
