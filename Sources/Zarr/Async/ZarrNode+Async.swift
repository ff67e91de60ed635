public import ChunkEngine

// The forms of the calls of nodes, groups and stores for `async` code, as those of arrays. Where no array names an
// executor, it is the shared one.

extension ZarrNode {
  /// Opens the node at a path, as the form that blocks does.
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess(),
    usingConsolidatedMetadata: Bool = true
  ) async throws(ZarrError) -> ZarrNode {
    try await access.executor.read(in: store, at: path) {
      try open(
        in: store, at: path, access: access, usingConsolidatedMetadata: usingConsolidatedMetadata)
    }
  }

  /// Copies the node with all that is below it, as the form that blocks does.
  @discardableResult
  public func copy(
    to store: any Store, at path: String = "", options: CopyOptions = CopyOptions(),
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> CopyReport {
    try await options.access.executor.run(in: store, at: path, monitor) {
      try self.copy(to: store, at: path, options: options, monitor: $0)
    }
  }

  /// Finds a difference between this node and another one, as the form that blocks does.
  public func firstDifference(
    from other: ZarrNode, access: ArrayAccess = ArrayAccess(),
    memoryBudget: Int = ZarrArray.standardCopyMemoryBudget, monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> NodeDifference? {
    try await access.executor.run(at: ZarrArray.location(store, path), monitor: monitor) {
      try self.firstDifference(from: other, access: access, memoryBudget: memoryBudget, monitor: $0)
    }
  }
}

extension ZarrGroup {
  /// Creates a group, as the form that blocks does.
  public static func create(
    in store: any Store, at path: String = "", attributes: JSONObject = [:],
    zarrFormat: ZarrFormat = .version3, overwrites: Bool = false
  ) async throws(ZarrError) -> ZarrGroup {
    try await ZarrExecutor.shared.run(in: store, at: path) { _ in
      try create(
        in: store, at: path, attributes: attributes, zarrFormat: zarrFormat, overwrites: overwrites)
    }
  }

  /// Opens a group, as the form that blocks does.
  public static func open(
    in store: any Store, at path: String = "", usingConsolidatedMetadata: Bool = true,
    limits: MetadataLimits = MetadataLimits()
  ) async throws(ZarrError) -> ZarrGroup {
    try await ZarrExecutor.shared.read(in: store, at: path) {
      try open(
        in: store, at: path, usingConsolidatedMetadata: usingConsolidatedMetadata, limits: limits)
    }
  }

  /// Replaces the attributes, as the form that blocks does.
  public func setAttributes(_ attributes: JSONObject) async throws(ZarrError) {
    try await run { _ in try self.setAttributes(attributes) }
  }

  /// Sets some attributes, as the form that blocks does.
  public func mergeAttributes(_ changes: JSONObject) async throws(ZarrError) {
    try await run { _ in try self.mergeAttributes(changes) }
  }

  /// The nodes directly in the group, as the form that blocks finds them.
  public func children() async throws(ZarrError) -> [NodeEntry] {
    try await run(abandons: true) { _ in try self.children() }
  }

  /// Calls `body` for all nodes below the group, as the form that blocks does.
  ///
  /// `body` runs on a thread of the executor.
  public func walk(
    maximumDepth: Int = Int.max, _ body: @escaping @Sendable (_ entry: NodeEntry, _ depth: Int) throws -> Void
  ) async throws {
    try await ZarrExecutor.shared.perform(at: location) { _ in
      try self.walk(maximumDepth: maximumDepth, body)
    }
  }

  /// Opens the node at a path below the group, as the form that blocks does.
  public func node(
    at path: String, access: ArrayAccess = ArrayAccess()
  ) async throws(ZarrError) -> ZarrNode {
    try await run(by: access.executor, abandons: true) { _ in try self.node(at: path, access: access) }
  }

  /// Opens the array at a path below the group, as the form that blocks does.
  public func array(
    at path: String, access: ArrayAccess = ArrayAccess()
  ) async throws(ZarrError) -> ZarrArray {
    try await run(by: access.executor, abandons: true) { _ in try self.array(at: path, access: access) }
  }

  /// Opens the group at a path below the group, as the form that blocks does.
  public func group(at path: String) async throws(ZarrError) -> ZarrGroup {
    try await run(abandons: true) { _ in try self.group(at: path) }
  }

  /// Creates a group below this one, as the form that blocks does.
  @discardableResult
  public func createGroup(
    at path: String, attributes: JSONObject = [:], overwrites: Bool = false
  ) async throws(ZarrError) -> ZarrGroup {
    try await run { _ in
      try self.createGroup(at: path, attributes: attributes, overwrites: overwrites)
    }
  }

  /// Creates an empty array below this group, as the form that blocks does.
  @discardableResult
  public func createArray(
    at path: String, shape: [Int], options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess()
  ) async throws(ZarrError) -> ZarrArray {
    try await run(by: access.executor) { _ in
      try self.createArray(at: path, shape: shape, options: options, access: access)
    }
  }

  /// Creates an array of values below this group, as the form that blocks does.
  @discardableResult
  public func createArray<Elements: Sequence & Sendable>(
    at path: String, writing elements: Elements, shape: [Int]? = nil,
    options: ArrayOptions = ArrayOptions(), access: ArrayAccess = ArrayAccess(),
    monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> ZarrArray where Elements.Element: ZarrElement {
    try await run(by: access.executor, monitor) {
      try self.createArray(
        at: path, writing: elements, shape: shape, options: options, access: access, monitor: $0)
    }
  }

  /// Creates an array of elements that you have as bytes below this group, as the form that blocks does.
  @discardableResult
  public func createArray(
    at path: String, blobs: any BlobSource, shape: [Int]? = nil, options: ArrayOptions = ArrayOptions(),
    access: ArrayAccess = ArrayAccess(), monitor: ProgressMonitor? = nil
  ) async throws(ZarrError) -> ZarrArray {
    try await run(by: access.executor, monitor) {
      try self.createArray(
        at: path, blobs: blobs, shape: shape, options: options, access: access, monitor: $0)
    }
  }

  /// Removes a node below this group, as the form that blocks does.
  public func remove(_ path: String) async throws(ZarrError) {
    try await run { _ in try self.remove(path) }
  }

  /// Moves a node below this group to another path, as the form that blocks does.
  public func move(_ path: String, to target: String) async throws(ZarrError) {
    try await run { _ in try self.move(path, to: target) }
  }

  /// Replaces the consolidated metadata, as the form that blocks does.
  @discardableResult
  public func consolidate(
    leavesOutUnreadable: Bool = false
  ) async throws(ZarrError) -> [CopyReport.LeftOut] {
    try await run { _ in try self.consolidate(leavesOutUnreadable: leavesOutUnreadable) }
  }

  /// Removes the consolidated metadata, as the form that blocks does.
  public func removeConsolidatedMetadata() async throws(ZarrError) {
    try await run { _ in try self.removeConsolidatedMetadata() }
  }

  /// Updates the consolidated metadata for a node, as the form that blocks does.
  public func refreshConsolidatedMetadata(of path: String) async throws(ZarrError) {
    try await run { _ in try self.refreshConsolidatedMetadata(of: path) }
  }

  private func run<Result: Sendable>(
    by executor: ZarrExecutor = .shared, abandons: Bool = false, _ monitor: ProgressMonitor? = nil,
    _ work: @escaping @Sendable (ProgressMonitor) throws -> Result
  ) async throws(ZarrError) -> Result {
    try await executor.run(at: location, monitor: monitor, abandons: abandons, work)
  }
}

extension NodeEntry {
  /// Finds a node in a store, as the form that blocks does.
  ///
  /// - Throws: ``ZarrError/cancelled``
  public init?(
    in store: any Store, at path: NodePath, limits: MetadataLimits = MetadataLimits()
  ) async throws(ZarrError) {
    let entry = try await ZarrExecutor.shared.read(in: store, at: path.description) {
      NodeEntry(in: store, at: path, limits: limits)
    }
    guard let entry else { return nil }
    self = entry
  }
}

extension Store where Self == FileStore {
  /// Opens the store in a directory, as the form that blocks does.
  public init(
    opening path: String, durability: Durability = .atomic, followsLinksOut: Bool = false,
    usesLocks: Bool = true
  ) async throws(ZarrError) {
    self = try await ZarrExecutor.shared.run(at: path) { _ in
      try FileStore(
        opening: path, durability: durability, followsLinksOut: followsLinksOut, usesLocks: usesLocks)
    }
  }

  /// Opens the store in a directory, which is made if it does not exist, as the form that blocks does.
  public init(
    creating path: String, durability: Durability = .atomic, followsLinksOut: Bool = false,
    usesLocks: Bool = true
  ) async throws(ZarrError) {
    self = try await ZarrExecutor.shared.run(at: path) { _ in
      try FileStore(
        creating: path, durability: durability, followsLinksOut: followsLinksOut, usesLocks: usesLocks)
    }
  }
}

extension ZarrExecutor {
  /// Runs `work` on a node of a store.
  func run<Result: Sendable>(
    in store: any Store, at path: String, _ monitor: ProgressMonitor? = nil, abandons: Bool = false,
    _ work: @escaping @Sendable (ProgressMonitor) throws -> Result
  ) async throws(ZarrError) -> Result {
    let location = path.isEmpty ? store.location : "\(store.location)/\(path)"
    return try await run(at: location, monitor: monitor, abandons: abandons, work)
  }

  /// Runs `work`, which only reads a node of a store.
  func read<Result: Sendable>(
    in store: any Store, at path: String, _ work: @escaping @Sendable () throws -> Result
  ) async throws(ZarrError) -> Result {
    try await run(in: store, at: path, abandons: true) { _ in try work() }
  }
}
