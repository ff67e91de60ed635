public import ChunkEngine

/// A group in a store: a node that holds arrays and other groups.
///
///     let root = try ZarrGroup.create(in: store)
///     try root.createArray(at: "run/labels", writing: ["north", "south"])
///     for entry in try root.children() { print(entry.name) }
///
/// Paths are relative to the group, with slashes between names.
///
/// A group can be used from any number of threads. Its document and its consolidated metadata are changed under
/// a lock, so that no change of other threads and processes is lost, if the store has locks that keep them away.
/// Whoever changes a node through this library makes the consolidated metadata true of all groups around it that
/// the store holds.
public final class ZarrGroup: Sendable {
  /// What is known of the group.
  private struct State {
    var metadata: GroupMetadata

    /// The copies of the documents of the nodes below that are used, which this group holds or one above it.
    var copies: ConsolidatedMetadata?
  }

  /// The store that holds the group.
  public let store: any Store

  /// Where the group is in the store.
  public let path: NodePath

  /// The most that metadata of the group, and of nodes below it, can make the reader take.
  public let limits: MetadataLimits

  private let state: Locked<State>

  init(
    _ metadata: GroupMetadata, copies: ConsolidatedMetadata?, store: any Store, path: NodePath,
    limits: MetadataLimits = MetadataLimits()
  ) {
    self.store = store
    self.path = path
    self.limits = limits
    state = Locked(State(metadata: metadata, copies: copies))
  }

  /// Creates a group, and those above it that do not exist.
  ///
  /// - Parameters:
  ///   - store: Where the group goes.
  ///   - path: The path in the store, nothing for its root.
  ///   - attributes: What to say about the group.
  ///   - zarrFormat: The version of the format, which all nodes of a hierarchy share.
  ///   - overwrites: Whether a node that is there already is removed, with all that it holds.
  /// - Returns: The group.
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/metadata(path:reason:)``,
  ///   ``ZarrError/mixedFormats(path:found:expected:)``, and ``StoreError``.
  public static func create(
    in store: any Store, at path: String = "", attributes: JSONObject = [:],
    zarrFormat: ZarrFormat = .version3, overwrites: Bool = false
  ) throws -> ZarrGroup {
    let path = try ZarrArray.nodePath(path, in: store)
    let group = try create(
      in: store, at: path, GroupMetadata(attributes: attributes, zarrFormat: zarrFormat),
      overwrites: overwrites)
    try ConsolidatedMetadata.add(path, in: store, MetadataLimits())
    return group
  }

  static func create(
    in store: any Store, at path: NodePath, _ metadata: GroupMetadata, overwrites: Bool
  ) throws -> ZarrGroup {
    try NodePlace(store: store, path: path).prepare(for: metadata.zarrFormat, overwrites: overwrites)
    try NodeMetadata.group(metadata).create(in: store, at: path)
    return ZarrGroup(metadata, copies: nil, store: store, path: path)
  }

  /// Opens a group.
  ///
  /// - Parameters:
  ///   - store: The store that holds the group.
  ///   - path: The path in the store, nothing for its root.
  ///   - usingConsolidatedMetadata: Whether nodes below the group are found in its consolidated metadata, if
  ///     there is any, without a look at their own documents. See ``usesConsolidatedMetadata``.
  ///   - limits: The most that metadata of the group, and of nodes below it, can make the reader take.
  /// - Returns: The group.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/wrongNode(path:expected:)``,
  ///   ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  public static func open(
    in store: any Store, at path: String = "", usingConsolidatedMetadata: Bool = true,
    limits: MetadataLimits = MetadataLimits()
  ) throws -> ZarrGroup {
    let path = try NodePath(existing: path, in: store)
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path, limits) else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, path), expected: "group")
    }
    let copies =
      usingConsolidatedMetadata
      ? try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits) : nil
    return ZarrGroup(metadata, copies: copies, store: store, path: path, limits: limits)
  }

  /// What the group's metadata says now.
  public var metadata: GroupMetadata { state.withLock { $0.metadata } }

  /// What users say about the group.
  public var attributes: JSONObject { metadata.attributes }

  /// Where the group is, for people to read in errors.
  public var location: String { ZarrArray.location(store, path) }

  /// Replaces what is said about the group.
  ///
  /// All else in the group's document stays as it is in the store now.
  ///
  /// - Throws: As ``open(in:at:usingConsolidatedMetadata:limits:)``.
  public func setAttributes(_ attributes: JSONObject) throws {
    try update { $0.attributes = attributes }
  }

  /// Changes some of what is said about the group, and leaves the rest as it is in the store now.
  ///
  /// - Parameter changes: The attributes that are set. Those that are objects are replaced as a whole.
  /// - Throws: As ``open(in:at:usingConsolidatedMetadata:limits:)``.
  public func mergeAttributes(_ changes: JSONObject) throws {
    try update { metadata in
      for (name, value) in changes {
        metadata.attributes[name] = value
      }
    }
  }

  /// Changes what the group's own document says in the store now.
  private func update(_ change: (inout GroupMetadata) -> Void) throws {
    try GroupLock.withLock(on: path, in: store) {
      var metadata = try ownMetadata()
      change(&metadata)
      try NodeMetadata.group(metadata).write(to: store, at: path, limits)
      if metadata.zarrFormat == .version2 {
        // The copies have one of this group's own documents among them.
        try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits)?
          .write(with: &metadata, to: store, limits)
      }
      state.withLock { $0.metadata = metadata }
    }
    try ConsolidatedMetadata.refresh(.documents, at: [path], in: store, limits, take)
  }

  /// What the group's own document says in the store now.
  private func ownMetadata() throws -> GroupMetadata {
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path, limits) else {
      throw ZarrError.wrongNode(path: location, expected: "group")
    }
    return metadata
  }
}

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

extension ZarrGroup {
  /// Creates a group below this one, and those between them that do not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - attributes: What to say about the new group.
  ///   - overwrites: Whether a node that is there already is removed, with all that it holds.
  /// - Returns: The new group.
  /// - Throws: As ``create(in:at:attributes:zarrFormat:overwrites:)``.
  @discardableResult
  public func createGroup(
    at path: String, attributes: JSONObject = [:], overwrites: Bool = false
  ) throws -> ZarrGroup {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      try ZarrGroup.create(
        in: store, at: place.path, GroupMetadata(attributes: attributes, zarrFormat: format),
        overwrites: overwrites)
    }
  }

  /// Creates an array below this group of which nothing is written yet, and the groups between them that do
  /// not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - shape: The number of elements along each dimension.
  ///   - options: What the array is like. Its chunk size cannot be in bytes. Its version of the format is
  ///     that of the group.
  ///   - access: How the array is worked on.
  /// - Returns: The array.
  /// - Throws: As ``ZarrArray/create(in:at:shape:options:access:)``.
  @discardableResult
  public func createArray(
    at path: String, shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) throws -> ZarrArray {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, shape: shape, meanByteCount: nil, options: options, access: access)
    }
  }

  /// Creates an array of the given elements below this group, and the groups between them that do not exist.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - elements: The elements in C order.
  ///   - shape: The number of elements along each dimension; one dimension unless it is said.
  ///   - options: What the array is like. Its version of the format is that of the group.
  ///   - access: How the array is worked on.
  ///   - monitor: Follows the work and can stop it.
  /// - Returns: The array.
  /// - Throws: As ``ZarrArray/create(in:at:writing:shape:options:access:monitor:)-(_,_,BlobSource,_,_,_,_)``.
  @discardableResult
  public func createArray(
    at path: String, writing elements: any BlobSource, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws -> ZarrArray {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, writing: elements, shape: shape, options: options, access: access,
        monitor: monitor)
    }
  }

  /// Removes a node below this group, with all that it holds.
  ///
  /// If this is interrupted the node may still be there, with a part of what it held.
  ///
  /// - Parameter path: The path from this group.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)`` and ``StoreError``.
  /// - Complexity: O(*n*) in the number of values that are removed.
  public func remove(_ path: String) throws {
    let place = try existingPlace(path)
    try changing([place.path]) { _ in try place.remove() }
  }

  /// Gives a node below this group another path, with all that it holds.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - target: The new path from this group. Groups above it that do not exist are created.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/alreadyExists(path:)`` if there is a node at the
  ///   new
  ///   path, ``ZarrError/metadata(path:reason:)``, and ``StoreError``, in particular
  ///   ``StoreError/notMoved(path:target:reason:)`` if the new path is in the node itself.
  /// - Complexity: O(1) in a ``FileStore``; other stores may copy all values.
  public func move(_ path: String, to target: String) throws {
    let source = try existingPlace(path)
    let destination = try newPlace(target)
    let move = PrefixMove(source.path.description, to: destination.path.description, in: store)
    try move.checkPrefixes()
    try changing([source.path, destination.path]) { format in
      let document = try NodeDocument.read(from: store, at: source.path, limits)
      if let document, document.format != format {
        throw ZarrError.mixedFormats(path: source.location, found: document.format, expected: format)
      }
      try destination.prepare(for: format, overwrites: false)
      try store.rename(source.path.description, to: destination.path.description)
    }
  }

  /// The place of a new node, whose names have to follow all rules.
  private func newPlace(_ text: String) throws -> NodePlace {
    let relative = try ZarrArray.nodePath(text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.alreadyExists(path: location)
    }
    return NodePlace(store: store, path: path.appending(relative))
  }

  /// The place of a node that is there, below this group.
  private func existingPlace(_ text: String) throws -> NodePlace {
    let relative = try NodePath(existing: text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.metadata(
        path: location,
        reason: MetadataError(
          code: .invalidPath, field: "", message: "a group cannot be moved or removed by itself"))
    }
    let place = NodePlace(store: store, path: path.appending(relative))
    guard try NodeMetadata.exists(in: store, at: place.path) else {
      throw ZarrError.notFound(path: place.location)
    }
    return place
  }
}

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
  private func changing<Result>(_ paths: [NodePath], _ change: (ZarrFormat) throws -> Result) throws -> Result
  {
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
  private func take(_ metadata: GroupMetadata, _ copies: ConsolidatedMetadata) {
    state.withLock { state in
      if copies.holder == path { state.metadata = metadata }
      if state.copies?.holder == copies.holder { state.copies = copies }
    }
  }
}
