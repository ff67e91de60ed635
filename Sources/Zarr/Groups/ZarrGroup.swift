/// A group in a store: a node that holds arrays and other groups.
public struct ZarrGroup: Sendable {
  /// The store that holds the group.
  public let store: any Store

  /// Where the group is in the store.
  public let path: NodePath

  /// What the group's metadata says.
  public let metadata: GroupMetadata

  /// Creates a group, and those above it that do not exist.
  ///
  /// - Throws: ``ZarrError/alreadyExists(path:)``, ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  public static func create(
    in store: any Store, at path: String = "", attributes: JSONObject = [:], overwrites: Bool = false
  ) throws -> ZarrGroup {
    let path = try ZarrArray.nodePath(path, in: store)
    try ZarrArray.prepare(path, in: store, overwrites: overwrites)
    let metadata = GroupMetadata(attributes: attributes)
    try NodeMetadata.group(metadata).write(to: store, at: path)
    return ZarrGroup(store: store, path: path, metadata: metadata)
  }

  /// Opens a group.
  ///
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/wrongNode(path:expected:)``,
  ///   ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  public static func open(in store: any Store, at path: String = "") throws -> ZarrGroup {
    let path = try ZarrArray.nodePath(path, in: store)
    guard case .group(let metadata) = try NodeMetadata.read(from: store, at: path) else {
      throw ZarrError.wrongNode(path: ZarrArray.location(store, path), expected: "group")
    }
    return ZarrGroup(store: store, path: path, metadata: metadata)
  }
}
