public import ChunkEngine

/// A group in a store: a node that holds arrays and other groups.
///
///     let root = try ZarrGroup.create(in: store)
///     try root.createArray(at: "run/labels", writing: ["north", "south"])
///     for entry in try root.children() { print(entry.name) }
///
/// Paths are relative to the group, with slashes between names.
///
/// You can use a group from any number of threads. The document and the consolidated metadata of a group
/// change under a lock, so that no change of another thread is lost, nor of another process if the store has
/// locks. Each change of a node updates the consolidated metadata of all groups above it in the store.
public final class ZarrGroup: Sendable {
  /// The group as it was last read or written.
  private struct State {
    var metadata: GroupMetadata

    /// The consolidated metadata in use, of this group or of one above it.
    var copies: ConsolidatedMetadata?
  }

  /// The store that holds the group.
  public let store: any Store

  /// The path in the store.
  public let path: NodePath

  /// The limits on the metadata of the group and of nodes below it.
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

  /// Creates a group, and missing groups above it.
  ///
  /// - Parameters:
  ///   - store: The store for the group.
  ///   - path: The path in the store, empty for its root.
  ///   - attributes: The attributes of the group.
  ///   - zarrFormat: The version of the format, the same for all nodes of a hierarchy.
  ///   - overwrites: Whether an existing node is removed with its content.
  /// - Returns: The group.
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/metadata(path:reason:)``,
  ///   ``ZarrError/mixedFormats(path:found:expected:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func create(
    in store: any Store, at path: String = "", attributes: JSONObject = [:],
    zarrFormat: ZarrFormat = .version3, overwrites: Bool = false
  ) throws(ZarrError) -> ZarrGroup {
    let path = try ZarrArray.nodePath(path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      let group = try create(
        in: store, at: path, GroupMetadata(attributes: attributes, zarrFormat: zarrFormat),
        overwrites: overwrites)
      try ConsolidatedMetadata.add(path, in: store, MetadataLimits())
      return group
    }
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
  ///   - path: The path in the store, empty for its root.
  ///   - usingConsolidatedMetadata: Whether to find nodes in the group's consolidated metadata, if it exists,
  ///     instead of their own documents. See ``usesConsolidatedMetadata``.
  ///   - limits: The limits on the metadata of the group and of nodes below it.
  /// - Returns: The group.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/wrongNode(path:expected:)``,
  ///   ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public static func open(
    in store: any Store, at path: String = "", usingConsolidatedMetadata: Bool = true,
    limits: MetadataLimits = MetadataLimits()
  ) throws(ZarrError) -> ZarrGroup {
    let path = try NodePath(existing: path, in: store)
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path, limits) else {
        throw ZarrError.wrongNode(path: ZarrArray.location(store, path), expected: "group")
      }
      let copies =
        usingConsolidatedMetadata
        ? try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits) : nil
      return ZarrGroup(metadata, copies: copies, store: store, path: path, limits: limits)
    }
  }

  /// The current metadata of the group.
  public var metadata: GroupMetadata { state.withLock { $0.metadata } }

  /// The attributes of the group.
  public var attributes: JSONObject { metadata.attributes }

  /// The location of the group for error messages.
  public var location: String { ZarrArray.location(store, path) }

  /// Replaces the attributes of the group.
  ///
  /// The rest of the document stays as it is in the store.
  ///
  /// - Throws: The same as `open(in:at:usingConsolidatedMetadata:limits:)`.
  @available(*, noasync)
  public func setAttributes(_ attributes: JSONObject) throws(ZarrError) {
    try update { $0.attributes = attributes }
  }

  /// Sets some attributes, and leaves the others as they are in the store.
  ///
  /// - Parameter changes: The attributes to set. An object replaces the old value as a whole.
  /// - Throws: The same as `open(in:at:usingConsolidatedMetadata:limits:)`.
  @available(*, noasync)
  public func mergeAttributes(_ changes: JSONObject) throws(ZarrError) {
    try update { metadata in
      for (name, value) in changes {
        metadata.attributes[name] = value
      }
    }
  }

  /// Changes the group's document in the store.
  private func update(_ change: (inout GroupMetadata) -> Void) throws(ZarrError) {
    try zarrErrors(at: location) {
      try GroupLock.withLock(on: path, in: store) { store in
        var metadata = try ownMetadata(in: store)
        change(&metadata)
        try NodeMetadata.group(metadata).write(to: store, at: path, limits)
        if metadata.zarrFormat == .version2 {
          // The copies include the documents of this group.
          try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits)?
            .write(with: &metadata, to: store, limits)
        }
        state.withLock { $0.metadata = metadata }
      }
      try ConsolidatedMetadata.refresh(.documents, at: [path], in: store, limits, take)
    }
  }

  /// The group's document in the store.
  private func ownMetadata(in store: any Store) throws -> GroupMetadata {
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path, limits) else {
      throw ZarrError.wrongNode(path: location, expected: "group")
    }
    return metadata
  }
}

extension ZarrGroup {
  /// The nodes directly in the group, sorted by the bytes of their names.
  ///
  /// They include nodes in directories without a document, with the name of the directory in their path.
  /// Symbolic links are followed as the store follows them. Nodes with damaged metadata, and directories that
  /// cannot be listed, are included.
  ///
  /// - Throws: ``ZarrError/store(path:reason:)``
  /// - Complexity: O(*n* log *n*) in the number of names in the group and in directories that are not nodes.
  ///   Reads the document of each node, and nothing inside nodes.
  @available(*, noasync)
  public func children() throws(ZarrError) -> [NodeEntry] { try entries(of: path, atMost: Int.max) }

  /// Calls `body` for all nodes below the group: each group before its members, and members sorted by the
  /// bytes of their names.
  ///
  /// The walk does not enter arrays, nor nodes with damaged metadata. A group below this one that cannot be
  /// listed appears as a node that cannot be read.
  ///
  /// - Parameters:
  ///   - maximumDepth: The maximum number of names from the group to a node; 1 for its children.
  ///   - body: Called with each node, and the number of names from the group to it.
  /// - Throws: ``ZarrError/store(path:reason:)``, and what `body` throws.
  @available(*, noasync)
  public func walk(
    maximumDepth: Int = Int.max, _ body: (_ entry: NodeEntry, _ depth: Int) throws -> Void
  ) throws {
    try HierarchyWalk(maximumDepth: maximumDepth, children: entries).run(from: path) { entry, _ in
      try body(entry, entry.path.names.count - path.names.count)
    }
  }

  /// Calls `body` for all nodes below the group, like `walk(maximumDepth:_:)`.
  ///
  /// - Parameters:
  ///   - maximumDepth: The maximum number of names from the group to a node.
  ///   - body: Called with each node, and whether it, and each group that leads to it, is the last in its
  ///     group.
  /// - Throws: ``ZarrError/store(path:reason:)``, and what `body` throws.
  package func walkBranches(
    maximumDepth: Int, _ body: (_ entry: NodeEntry, _ isLast: [Bool]) throws -> Void
  ) throws {
    try HierarchyWalk(maximumDepth: maximumDepth, children: entries).run(from: path, body)
  }

  /// Opens the node at a path below the group.
  ///
  /// - Parameters:
  ///   - path: The path from the group, empty for the group itself.
  ///   - access: The run-time settings, if the node is an array.
  /// - Returns: The node.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``.
  @available(*, noasync)
  public func node(at path: String, access: ArrayAccess = ArrayAccess()) throws(ZarrError) -> ZarrNode {
    let path = self.path.appending(try NodePath(existing: path, in: store))
    return try zarrErrors(at: ZarrArray.location(store, path)) { try node(at: path, access) }
  }

  private func node(at path: NodePath, _ access: ArrayAccess) throws -> ZarrNode {
    guard path != self.path else { return .group(self) }
    // A node without a copy may be newer than the copies.
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

  /// Opens the array at a path below the group.
  ///
  /// If it is found in consolidated metadata, its own document is read before the first write. The write
  /// throws if the copy differs in more than shape and attributes.
  ///
  /// - Throws: The same as `node(at:access:)`, and ``ZarrError/wrongNode(path:expected:)``.
  @available(*, noasync)
  public func array(at path: String, access: ArrayAccess = ArrayAccess()) throws(ZarrError) -> ZarrArray {
    let node = try node(at: path, access: access)
    guard case .array(let array) = node else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, node.path), expected: "array")
    }
    return array
  }

  /// Opens the group at a path below the group.
  ///
  /// - Throws: The same as `node(at:access:)`, and ``ZarrError/wrongNode(path:expected:)``.
  @available(*, noasync)
  public func group(at path: String) throws(ZarrError) -> ZarrGroup {
    let node = try node(at: path)
    guard case .group(let group) = node else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, node.path), expected: "group")
    }
    return group
  }

  /// The nodes directly below a group, at most `depth` names below it, sorted by the bytes of their names.
  private func entries(of path: NodePath, atMost depth: Int) throws(ZarrError) -> [NodeEntry] {
    if let copies = state.withLock({ $0.copies }) {
      return copies.entries(of: path, in: store).filter { $0.path.names.count - path.names.count <= depth }
    }
    return try zarrErrors(at: ZarrArray.location(store, path)) {
      try NodeEntry.children(of: path, in: store, limits, atMost: depth)
    }
  }
}

extension ZarrGroup {
  /// Creates a group below this one, and missing groups between them.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - attributes: The attributes of the new group.
  ///   - overwrites: Whether an existing node is removed with its content.
  /// - Returns: The new group.
  /// - Throws: The same as `create(in:at:attributes:zarrFormat:overwrites:)`.
  @available(*, noasync)
  @discardableResult
  public func createGroup(
    at path: String, attributes: JSONObject = [:], overwrites: Bool = false
  ) throws(ZarrError) -> ZarrGroup {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      try ZarrGroup.create(
        in: store, at: place.path, GroupMetadata(attributes: attributes, zarrFormat: format),
        overwrites: overwrites)
    }
  }

  /// Creates the missing groups between this one and a node that another store puts in its place.
  ///
  /// The copies get them with that of the node, by ``refreshConsolidatedMetadata(of:)``.
  package func createGroups(above path: String) throws {
    try newPlace(path).createGroups(for: metadata.zarrFormat)
  }

  /// Creates an empty array below this group, and missing groups between them.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - shape: The number of elements along each dimension.
  ///   - options: The options of the array. The chunk size cannot be in bytes. The version of the format is
  ///     that of
  ///     the group.
  ///   - access: The run-time settings of the array.
  /// - Returns: The array.
  /// - Throws: The same as `ZarrArray.create(in:at:shape:options:access:)`.
  @available(*, noasync)
  @discardableResult
  public func createArray(
    at path: String, shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) throws(ZarrError) -> ZarrArray {
    let place = try newPlace(path)
    return try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, shape: shape, meanByteCount: nil, options: options, access: access)
    }
  }

  /// Creates an array of values below this group, and missing groups between them.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - elements: The elements in C order.
  ///   - shape: The number of elements along each dimension. Defaults to one dimension.
  ///   - options: The options of the array. The version of the format is that of the group.
  ///   - access: The run-time settings of the array.
  ///   - monitor: Reports progress and can cancel the call.
  /// - Returns: The array.
  /// - Throws: The same as `ZarrArray.create(in:at:writing:shape:options:access:monitor:)`.
  @available(*, noasync)
  @discardableResult
  public func createArray<Elements: Sequence>(
    at path: String, writing elements: Elements, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> ZarrArray where Elements.Element: ZarrElement {
    let place = try newPlace(path)
    return try zarrErrors(at: place.location, following: monitor) {
      var options = options
      let source = try options.source(of: elements, access)
      return try createArray(at: place, writing: source, shape, options, access, monitor)
    }
  }

  /// Creates an array of elements that you have as bytes below this group, and missing groups
  /// between them.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - blobs: The elements in C order, as for `ZarrArray.create(in:at:blobs:shape:options:access:monitor:)`.
  ///   - shape: The number of elements along each dimension. Defaults to one dimension.
  ///   - options: The options of the array. The version of the format is that of the group.
  ///   - access: The run-time settings of the array.
  ///   - monitor: Reports progress and can cancel the call.
  /// - Returns: The array.
  /// - Throws: The same as `ZarrArray.create(in:at:blobs:shape:options:access:monitor:)`.
  @available(*, noasync)
  @discardableResult
  public func createArray(
    at path: String, blobs: any BlobSource, shape: [Int]? = nil, options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess(), monitor: ProgressMonitor? = nil
  ) throws(ZarrError) -> ZarrArray {
    let place = try newPlace(path)
    return try zarrErrors(at: place.location, following: monitor) {
      try options.withChecked(blobs, access) { options in
        try createArray(at: place, writing: blobs, shape, options, access, monitor)
      }
    }
  }

  private func createArray(
    at place: NodePlace, writing elements: any BlobSource, _ shape: [Int]?, _ options: ArrayOptions,
    _ access: ArrayAccess, _ monitor: ProgressMonitor?
  ) throws -> ZarrArray {
    try changing([place.path]) { format in
      var options = options
      options.zarrFormat = format
      return try ZarrArray.create(
        in: store, at: place.path, writing: elements, shape: shape, options: options, access: access,
        monitor: monitor)
    }
  }

  /// Removes a node below this group with its content.
  ///
  /// After an interruption the node may still exist, with a part of its content. A node that takes its place
  /// meanwhile stays, and the call throws.
  ///
  /// - Parameter path: The path from this group.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)`` and ``ZarrError/store(path:reason:)``.
  /// - Complexity: O(*n*) in the number of removed values.
  @available(*, noasync)
  public func remove(_ path: String) throws(ZarrError) {
    let place = try existingPlace(path)
    try zarrErrors(at: place.location) {
      let documents = try place.documents()
      try changing([place.path]) { _ in try place.remove(documents) }
    }
  }

  /// Moves a node below this group to another path, with its content.
  ///
  /// - Parameters:
  ///   - path: The path from this group.
  ///   - target: The new path from this group. Missing groups above it are created.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/alreadyExists(path:)`` if a node exists at the
  ///   new path, ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)``, in particular
  ///   ``StoreError/notMoved(path:target:reason:)`` if the new path is in the node itself.
  /// - Complexity: O(1) in a ``FileStore``; other stores may copy all values.
  @available(*, noasync)
  public func move(_ path: String, to target: String) throws(ZarrError) {
    let source = try existingPlace(path)
    let destination = try newPlace(target)
    let move = PrefixMove(source.path.description, to: destination.path.description, in: store)
    try zarrErrors(at: source.location) { try move.checkPrefixes() }
    try changing([source.path, destination.path]) { format in
      let document = try NodeDocument.read(from: store, at: source.path, limits)
      if let document, document.format != format {
        throw ZarrError.mixedFormats(path: source.location, found: document.format, expected: format)
      }
      try destination.prepare(for: format, overwrites: false)
      try store.rename(source.path.description, to: destination.path.description)
    }
  }

  /// The place of a new node, whose names must follow all rules.
  private func newPlace(_ text: String) throws(ZarrError) -> NodePlace {
    let relative = try ZarrArray.nodePath(text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.alreadyExists(path: location)
    }
    return NodePlace(store: store, path: path.appending(relative))
  }

  /// The place of an existing node below this group.
  private func existingPlace(_ text: String) throws(ZarrError) -> NodePlace {
    let relative = try NodePath(existing: text, in: store)
    guard !relative.names.isEmpty else {
      throw ZarrError.metadata(
        path: location,
        reason: MetadataError(
          code: .invalidPath, field: "", message: "a group cannot be moved or removed by itself"))
    }
    let place = NodePlace(store: store, path: path.appending(relative))
    guard try zarrErrors(at: place.location, { try NodeMetadata.exists(in: store, at: place.path) }) else {
      throw ZarrError.notFound(path: place.location)
    }
    return place
  }
}

extension ZarrGroup {
  /// Whether nodes below the group are found in consolidated metadata instead of their own documents.
  ///
  /// This library updates the consolidated metadata in the store with every change of a node. A `ZarrGroup`
  /// keeps what it read or changed itself, without later changes by others.
  /// `consolidate(leavesOutUnreadable:)` reads all nodes again.
  public var usesConsolidatedMetadata: Bool { state.withLock { $0.copies != nil } }

  /// Replaces the group's consolidated metadata with the documents of all nodes below it, and uses it from
  /// now on.
  ///
  /// - Parameter leavesOutUnreadable: Whether to leave out unreadable nodes and all below them. Otherwise
  ///   they are errors, and nothing is written.
  /// - Returns: The nodes that were left out.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` for a damaged document,
  ///   ``ZarrError/mixedFormats(path:found:expected:)`` for a node of another version of Zarr, and
  ///   ``ZarrError/store(path:reason:)``.
  /// - Complexity: O(*n* log *n*) in the number of nodes below the group.
  @available(*, noasync)
  @discardableResult
  public func consolidate(leavesOutUnreadable: Bool = false) throws(ZarrError) -> [CopyReport.LeftOut] {
    try editing { metadata, store in
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

  /// Changes the documents of the group under its lock.
  private func editing<Result>(
    _ body: (inout GroupMetadata, any Store) throws -> Result
  ) throws(ZarrError) -> Result {
    try zarrErrors(at: location) {
      try GroupLock.withLock(on: path, in: store) { store in
        var metadata = try ownMetadata(in: store)
        return try body(&metadata, store)
      }
    }
  }

  /// Removes the group's consolidated metadata, if it has any.
  ///
  /// - Throws: The same as `open(in:at:usingConsolidatedMetadata:limits:)`.
  @available(*, noasync)
  public func removeConsolidatedMetadata() throws(ZarrError) {
    try editing { metadata, store in
      switch metadata.zarrFormat {
      case .version3:
        if metadata.consolidatedMetadata != nil {
          metadata.consolidatedMetadata = nil
          try NodeMetadata.group(metadata).write(to: store, at: path, limits)
        }
      case .version2:
        try store.delete(path.storeKey(NodeDocument.consolidatedName))
      }
      state.withLock { $0 = State(metadata: metadata, copies: nil) }
    }
  }

  /// Updates the group's consolidated metadata, if it has any, for a node and all nodes below it.
  ///
  /// Call this after you change nodes by other means, or in another store whose directory is below the group.
  ///
  /// - Parameter path: The path of the node from this group. The node may be gone.
  /// - Throws: ``ZarrError/metadata(path:reason:)`` and ``ZarrError/store(path:reason:)``.
  /// - Complexity: O(*n* log *n*) in the number of copies and of nodes that are read.
  @available(*, noasync)
  public func refreshConsolidatedMetadata(of path: String) throws(ZarrError) {
    let node = self.path.appending(try NodePath(existing: path, in: store))
    guard node != self.path else { return }
    try zarrErrors(at: location) {
      try ConsolidatedMetadata.refresh(.nodes, at: [node], heldBy: self.path, in: store, limits, take)
    }
  }

  /// Compares the group's consolidated metadata, if it has any, with the documents.
  ///
  /// - Returns: The nodes whose copies are missing, different, or left over.
  /// - Throws: The same as `consolidate(leavesOutUnreadable:)`.
  package func outdatedCopies() throws(ZarrError) -> [NodePath] {
    try zarrErrors(at: location) {
      let metadata = try ownMetadata(in: store)
      guard let copies = try ConsolidatedMetadata.read(of: metadata, at: path, in: store, limits) else {
        return []
      }
      let current = try ConsolidatedMetadata.collect(
        below: path, in: store, format: metadata.zarrFormat, limits
      ) { _, _ in }
      return current.differences(from: copies)
    }
  }

  /// Changes the hierarchy below the group, and then updates the copies.
  ///
  /// - Parameters:
  ///   - paths: The paths of the changed nodes.
  ///   - change: Changes the nodes, given their version of Zarr.
  /// - Returns: What `change` returns.
  /// - Throws: What the parameters throw, ``ZarrError``.
  private func changing<Result>(
    _ paths: [NodePath], _ change: (ZarrFormat) throws -> Result
  ) throws(ZarrError) -> Result {
    try zarrErrors(at: ZarrArray.location(store, paths[0])) { try perform(at: paths, change) }
  }

  private func perform<Result>(
    at paths: [NodePath], _ change: (ZarrFormat) throws -> Result
  ) throws -> Result {
    let holder = state.withLock { $0.copies?.holder } ?? path
    // Before any change, in case they cannot be read.
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: holder, limits) else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, holder), expected: "group")
    }
    _ = try ConsolidatedMetadata.read(of: metadata, at: holder, in: store, limits)
    let result: Result
    do {
      result = try change(metadata.zarrFormat)
    } catch {
      // A part of the change may be done. This error counts, even if updating the copies fails too.
      try? ConsolidatedMetadata.refresh(.nodes, at: paths, in: store, limits, take)
      throw error
    }
    try ConsolidatedMetadata.refresh(.nodes, at: paths, in: store, limits, take)
    return result
  }

  /// Keeps the state of a group in the store, if it is this group or the one whose copies it uses.
  private func take(_ metadata: GroupMetadata, _ copies: ConsolidatedMetadata) {
    state.withLock { state in
      if copies.holder == path { state.metadata = metadata }
      if state.copies?.holder == copies.holder { state.copies = copies }
    }
  }
}
