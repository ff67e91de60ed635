import Synchronization

extension ZarrGroup {
  /// Whether nodes below the group are found in consolidated metadata, without a look at their own documents.
  ///
  /// What this library changes of nodes below reaches the consolidated metadata in the store. The value of a
  /// group keeps what it has read, or changed itself, and what others change is not in it:
  /// ``consolidate(leavesOutUnreadable:)`` makes it true again.
  public var usesConsolidatedMetadata: Bool { state.withLock { $0.copies != nil } }

  /// Writes copies of the documents of all nodes below the group to the group's consolidated metadata, in
  /// place of those that are there, and uses them from now on.
  ///
  /// - Parameter leavesOutUnreadable: Whether nodes that cannot be among the copies, with all that is below
  ///   them, are left out; otherwise they are errors, and nothing is written.
  /// - Returns: What was left out.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` for a document that is damaged,
  ///   ``ZarrError/mixedFormats(path:found:expected:)`` for a node of another version of Zarr, and
  ///   ``StoreError``.
  /// - Complexity: O(*n* log *n*) in the number of nodes below the group.
  @discardableResult
  public func consolidate(leavesOutUnreadable: Bool = false) throws -> [CopyReport.LeftOut] {
    try GroupLock.withLock(on: path, in: store) {
      var metadata = try ownMetadata()
      var leftOut: [CopyReport.LeftOut] = []
      let copies = try ConsolidatedMetadata.collect(
        below: path, in: store, format: metadata.zarrFormat, limits
      ) { entry, error in
        guard leavesOutUnreadable else { throw error }
        leftOut.append(CopyReport.LeftOut(entry, error))
      }
      try copies.write(with: &metadata, to: store, limits)
      state.withLock { $0 = State(metadata: metadata, copies: copies) }
      return leftOut
    }
  }

  /// Removes the group's consolidated metadata, if it has any.
  ///
  /// - Throws: As ``open(in:at:usingConsolidatedMetadata:limits:)``.
  public func removeConsolidatedMetadata() throws {
    try GroupLock.withLock(on: path, in: store) {
      var metadata = try ownMetadata()
      switch metadata.zarrFormat {
      case .version3:
        if metadata.consolidatedMetadata != nil {
          metadata.consolidatedMetadata = nil
          try NodeMetadata.group(metadata).write(to: store, at: path, limits)
        }
      case .version2:
        try store.delete(path.storeKey(ConsolidatedMetadata.version2Name))
      }
      state.withLock { $0 = State(metadata: metadata, copies: nil) }
    }
  }

  /// Makes the copies of a node, and of all below it, true that the group holds, if it holds some.
  ///
  /// Whoever changes nodes by other means, or in another store whose directory is below the group, calls this
  /// afterwards.
  ///
  /// - Parameter path: The path of the node from this group, whether it is there, or is there no more.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  /// - Complexity: O(*n* log *n*) in the number of copies, and of the nodes that are looked at.
  public func refreshConsolidatedMetadata(of path: String) throws {
    let node = self.path.appending(try NodePath(existing: path, in: store))
    guard node != self.path else { return }
    try ConsolidatedMetadata.refresh(.nodes, at: [node], heldBy: self.path, in: store, limits, take)
  }

  /// Whether the consolidated metadata of the group, if it has some, says what the documents say.
  ///
  /// - Returns: The nodes that are not among the copies, or that the copies say something else about, or that
  ///   are no more.
  /// - Throws: As ``consolidate(leavesOutUnreadable:)``.
  package func outdatedCopies() throws -> [NodePath] {
    let metadata = try ownMetadata()
    guard let copies = try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits) else {
      return []
    }
    let current = try ConsolidatedMetadata.collect(
      below: path, in: store, format: metadata.zarrFormat, limits
    ) { _, _ in }
    return current.differences(from: copies)
  }

  /// Changes the hierarchy below the group, and then the copies of what was changed.
  ///
  /// - Parameters:
  ///   - paths: The paths of the nodes that are changed.
  ///   - change: Changes the nodes, which are of the version of Zarr that it is given.
  /// - Returns: What `change` returns.
  /// - Throws: What the parameters throw, ``ZarrError`` and ``StoreError``.
  func changing<Result>(_ paths: [NodePath], _ change: (ZarrFormat) throws -> Result) throws -> Result {
    let holder = state.withLock { $0.copies?.holder } ?? path
    // Before anything is changed, in case that they cannot be read.
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: holder, limits) else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, holder), expected: "group")
    }
    _ = try ConsolidatedMetadata.read(of: metadata, at: holder, in: store, limits)
    let result: Result
    do {
      result = try change(metadata.zarrFormat)
    } catch {
      // A part of the change may be done; whatever becomes of the copies, the error that counts is this one.
      try? ConsolidatedMetadata.refresh(.nodes, at: paths, in: store, limits, take)
      throw error
    }
    try ConsolidatedMetadata.refresh(.nodes, at: paths, in: store, limits, take)
    return result
  }

  /// Takes what a group holds in the store now, if it is this group or the one whose copies it uses.
  func take(_ metadata: GroupMetadata, _ copies: ConsolidatedMetadata) {
    state.withLock { state in
      if copies.holder == path { state.metadata = metadata }
      if state.copies?.holder == copies.holder { state.copies = copies }
    }
  }
}
