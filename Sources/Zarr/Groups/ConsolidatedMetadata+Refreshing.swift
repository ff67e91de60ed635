/// How copies stay true when nodes are changed.
///
/// Whoever has changed a node reads its documents once more and puts them into the copies, one group at a
/// time, under the lock of the group that holds them. So the last one to have the lock puts in what the last
/// change has left, and no change is lost.
extension ConsolidatedMetadata {
  /// What of nodes was changed.
  enum Change {
    /// Their own documents.
    case documents
    /// Whatever is at their paths, and below them.
    case nodes
  }

  /// Makes the copies of nodes true in all groups above them that hold some.
  ///
  /// Groups whose own documents are damaged, or whose copies are, stay as they are.
  ///
  /// - Parameters:
  ///   - change: What was changed.
  ///   - paths: The paths of the nodes.
  ///   - store: The store that holds them.
  ///   - limits: The most that metadata can make the reader take.
  ///   - notice: Is shown what each of the groups holds then, while no one else changes it.
  /// - Throws: ``StoreError``, and ``ZarrError/metadata(path:reason:)`` if copies become larger than what is
  ///   read.
  /// - Complexity: O(*n* log *n*) in the number of copies.
  static func refresh(
    _ change: Change, at paths: [NodePath], in store: any Store, _ limits: MetadataLimits,
    _ notice: (GroupMetadata, ConsolidatedMetadata) -> Void = { _, _ in }
  ) throws {
    var holders: Set<NodePath> = []
    for path in paths {
      var next = path.parent
      while let holder = next, holders.insert(holder).inserted { next = holder.parent }
    }
    // The nearest first.
    for holder in holders.sorted(by: { $0.names.count > $1.names.count }) {
      let own = paths.filter { $0 != holder && $0.isAt(orBelow: holder) }
      try refresh(change, at: own, heldBy: holder, in: store, limits, notice)
    }
  }

  /// Adds a node that has just been created to the copies in all groups above it, or removes it again.
  ///
  /// - Throws: As ``refresh(_:at:in:_:_:)``. The node would be in the way of who tries again.
  static func add(_ path: NodePath, in store: any Store, _ limits: MetadataLimits) throws {
    do {
      try refresh(.nodes, at: [path], in: store, limits)
    } catch {
      for name in NodeDocument.names { try? store.delete(path.storeKey(name)) }
      throw error
    }
  }

  /// Makes the copies of nodes true in one group, if it holds some.
  static func refresh(
    _ change: Change, at paths: [NodePath], heldBy holder: NodePath, in store: any Store,
    _ limits: MetadataLimits, _ notice: (GroupMetadata, ConsolidatedMetadata) -> Void = { _, _ in }
  ) throws {
    // Without the lock, as most groups hold none.
    guard try exist(heldBy: holder, in: store, limits) else { return }
    try GroupLock.withLock(on: holder, in: store) {
      guard var (group, copies) = try usable(heldBy: holder, in: store, limits) else { return }
      let old = copies
      for path in paths { try copies.refresh(change, at: path, in: store, limits) }
      if !copies.differences(from: old).isEmpty { try copies.write(with: &group, to: store, limits) }
      notice(group, copies)
    }
  }

  /// Whether there is a group that holds copies.
  private static func exist(
    heldBy holder: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> Bool {
    let found: NodeDocument?
    do {
      found = try NodeDocument.read(from: store, at: holder, limits)
    } catch is ZarrError {
      return false
    }
    guard let document = found, document.kind == .group else { return false }
    switch document.format {
    case .version3: return document.fields[fieldName].map { $0 != .null } ?? false
    case .version2: return try store.byteCount(of: holder.storeKey(version2Name)) != nil
    }
  }

  /// What a group says of itself, and the copies that it holds, or nil if one of them is missing or damaged.
  private static func usable(
    heldBy holder: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> (GroupMetadata, ConsolidatedMetadata)? {
    do {
      guard case .group(let group) = try NodeMetadata.read(from: store, at: holder, limits),
        let copies = try read(of: group, at: holder, in: store, limits)
      else { return nil }
      return (group, copies)
    } catch is ZarrError {
      return nil
    }
  }

  /// Makes the copies of a node true, and adds those of groups above it that are missing.
  private mutating func refresh(
    _ change: Change, at path: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws {
    let document = try Self.document(at: path, in: store, format, limits)
    if change == .documents, let document, documents[path] != nil { return replace(path, by: document) }
    var others: [(NodePath, NodeDocument)] = document.map { [(path, $0)] } ?? []
    if document?.kind == .group {
      let below = try Self.collect(below: path, in: store, format: format, limits) { _, _ in }
      for (path, content) in below.documents { others.append((path, try content.get())) }
    }
    if document != nil {
      var next = path.parent
      while let group = next, group != holder {
        if documents[group] == nil, let document = try Self.document(at: group, in: store, format, limits) {
          others.append((group, document))
        }
        next = group.parent
      }
    }
    replace(path, by: others)
  }

  /// What can be copied of a node, or nil if there is none, or if it is damaged or of another version of Zarr.
  private static func document(
    at path: NodePath, in store: any Store, _ format: ZarrFormat, _ limits: MetadataLimits
  ) throws -> NodeDocument? {
    do {
      let document = try NodeDocument.read(from: store, at: path, limits)
      return document?.format == format ? document : nil
    } catch is ZarrError {
      return nil
    }
  }
}
