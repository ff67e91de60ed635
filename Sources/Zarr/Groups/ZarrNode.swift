/// An array or a group in a store.
public enum ZarrNode: Sendable {
  /// The node is an array.
  case array(ZarrArray)
  /// The node is a group.
  case group(ZarrGroup)

  /// Opens the node at a path, whatever it is and whichever version of Zarr it is stored in.
  ///
  /// - Parameters:
  ///   - store: The store that holds the node.
  ///   - path: The path in the store, nothing for its root.
  ///   - access: How the node is worked on, if it is an array.
  ///   - usingConsolidatedMetadata: As in ``ZarrGroup/open(in:at:usingConsolidatedMetadata:limits:)``.
  /// - Returns: The node.
  /// - Throws: ``ZarrError/notFound(path:)``, ``ZarrError/metadata(path:reason:)``, and ``StoreError``.
  public static func open(
    in store: any Store, at path: String = "", access: ArrayAccess = ArrayAccess(),
    usingConsolidatedMetadata: Bool = true
  ) throws -> ZarrNode {
    let path = try NodePath(existing: path, in: store)
    return try ZarrNode(
      NodeMetadata.read(from: store, at: path, access.metadataLimits), in: store, at: path, access: access,
      usingConsolidatedMetadata: usingConsolidatedMetadata)
  }

  /// Takes a node whose documents have been read.
  init(
    _ metadata: NodeMetadata, in store: any Store, at path: NodePath, access: ArrayAccess,
    usingConsolidatedMetadata: Bool
  ) throws {
    switch metadata {
    case .array(let metadata):
      self = .array(try ZarrArray(metadata, store: store, path: path, access: access))
    case .group(let metadata):
      let copies =
        usingConsolidatedMetadata
        ? try ConsolidatedMetadata.read(of: metadata, at: path, in: store, access.metadataLimits) : nil
      self = .group(
        ZarrGroup(metadata, copies: copies, store: store, path: path, limits: access.metadataLimits))
    }
  }

  /// What the node is.
  public var kind: NodeKind {
    switch self {
    case .array: .array
    case .group: .group
    }
  }

  /// The store that holds the node.
  public var store: any Store {
    switch self {
    case .array(let array): array.store
    case .group(let group): group.store
    }
  }

  /// Where the node is in the store.
  public var path: NodePath {
    switch self {
    case .array(let array): array.path
    case .group(let group): group.path
    }
  }

  /// What the node's metadata says now.
  public var metadata: NodeMetadata {
    switch self {
    case .array(let array): .array(array.metadata)
    case .group(let group): .group(group.metadata)
    }
  }
}

extension NodePath {
  /// The path of a node that may be there already, with errors that name the store.
  init(existing text: String, in store: any Store) throws(ZarrError) {
    do {
      try self.init(existing: text)
    } catch {
      throw .metadata(path: store.location, reason: error)
    }
  }
}
