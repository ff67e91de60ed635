import Synchronization

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
  struct State {
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

  let state: Mutex<State>

  init(
    _ metadata: GroupMetadata, copies: ConsolidatedMetadata?, store: any Store, path: NodePath,
    limits: MetadataLimits = MetadataLimits()
  ) {
    self.store = store
    self.path = path
    self.limits = limits
    state = Mutex(State(metadata: metadata, copies: copies))
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
  func ownMetadata() throws -> GroupMetadata {
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path, limits) else {
      throw ZarrError.wrongNode(path: location, expected: "group")
    }
    return metadata
  }
}
