import ChunkEngine

extension ZarrGroup {
  /// Whether nodes below the group are found in consolidated metadata, without a look at their own documents.
  ///
  /// Consolidated metadata is true as of when it was written, or as of the last change that was made through
  /// the group that holds it. What was done otherwise is not in it: ``consolidate()`` makes it true again.
  public var usesConsolidatedMetadata: Bool { state.withLock { $0.copies != nil } }

  /// Writes copies of the documents of all nodes below the group to the group's consolidated metadata, in
  /// place
  /// of those that are there, and uses them from now on.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)`` for a document that is damaged,
  ///   ``ZarrError/mixedFormats(path:found:expected:)`` for a node of another version of Zarr, and
  ///   ``StoreError``.
  /// - Complexity: O(*n* log *n*) in the number of nodes below the group.
  public func consolidate() throws {
    try state.withLock { state in
      var metadata = try ownMetadata()
      let copies = try ConsolidatedMetadata.collect(
        below: path, in: store, format: metadata.zarrFormat, limits)
      try copies.write(with: &metadata, to: store, limits)
      state = State(metadata: metadata, copies: copies)
    }
  }

  /// Removes the group's consolidated metadata, if it has any.
  ///
  /// - Throws: As ``open(in:at:usingConsolidatedMetadata:limits:)``.
  public func removeConsolidatedMetadata() throws {
    try state.withLock { state in
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
      state = State(metadata: metadata, copies: nil)
    }
  }

  /// Changes the hierarchy below the group, and then the copies of what was changed.
  ///
  /// - Parameters:
  ///   - change: Changes nodes, which are of the version of Zarr that it is given.
  ///   - changeCopies: Changes the copies that the group holds, or the one above whose copies it uses.
  /// - Returns: What `change` returns.
  /// - Throws: What the parameters throw, ``ZarrError`` and ``StoreError``.
  func changing<Result>(
    _ change: (ZarrFormat) throws -> Result, copies changeCopies: (inout ConsolidatedMetadata) throws -> Void
  ) throws -> Result {
    let holder = state.withLock { $0.copies?.holder } ?? path
    // Before anything is changed, in case that they cannot be read.
    let (metadata, copies) = try storedCopies(of: holder)
    let result: Result
    do {
      result = try change(metadata.zarrFormat)
    } catch {
      // A part of the change may be done; whatever becomes of the copies, the error that counts is this one.
      if copies != nil { try? update(changeCopies, heldBy: holder) }
      throw error
    }
    if copies != nil { try update(changeCopies, heldBy: holder) }
    return result
  }

  /// Changes the copies that a group holds in the store now.
  private func update(_ change: (inout ConsolidatedMetadata) throws -> Void, heldBy holder: NodePath) throws {
    try state.withLock { state in
      var (metadata, stored) = try storedCopies(of: holder)
      guard var copies = stored else { return }
      try change(&copies)
      try copies.write(with: &metadata, to: store, limits)
      if holder == path { state.metadata = metadata }
      if state.copies != nil { state.copies = copies }
    }
  }

  /// What a group says of itself in the store now, and the copies that it holds.
  private func storedCopies(of holder: NodePath) throws -> (GroupMetadata, ConsolidatedMetadata?) {
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: holder, limits) else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, holder), expected: "group")
    }
    return (metadata, try ConsolidatedMetadata.read(of: metadata, at: holder, in: store, limits))
  }

  /// Makes the copies of a node and of all below it true, and adds those of groups above it that are missing.
  func replaceCopies(at path: NodePath, in copies: inout ConsolidatedMetadata) throws {
    var documents: [(NodePath, NodeDocument)] = []
    var next: NodePath? = path
    while let node = next, node != copies.holder {
      if node == path || copies.documents[node] == nil,
        let document = try NodeDocument.read(from: store, at: node, limits)
      {
        documents.append((node, document))
      }
      next = node.parent
    }
    let below = try ConsolidatedMetadata.collect(below: path, in: store, format: copies.format, limits)
    for (path, content) in below.documents {
      if case .success(let document) = content { documents.append((path, document)) }
    }
    copies.replace(path, by: documents)
  }
}
