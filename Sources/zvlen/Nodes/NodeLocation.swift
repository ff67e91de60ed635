import Zarr

/// An array or group that a path names: a directory with a `zarr.json`, wherever it is in a hierarchy.
struct NodeLocation {
  /// The path of the directory.
  let path: String

  /// A store whose root is the node.
  let store: FileStore

  /// What the node's document says.
  let metadata: NodeMetadata

  private static let documentName = "zarr.json"
  private static let maximumDocumentByteCount = 64 << 20

  /// Opens the node in a directory.
  ///
  /// - Throws: ``ToolError`` if there is none, ``ZarrError`` for a damaged document, and ``StoreError``.
  init(_ path: String) throws {
    self.path = path
    guard let status = try FileStatus(of: path) else {
      throw ToolError("\(path): there is no such directory")
    }
    guard status.isDirectory else {
      throw ToolError("\(path) is a file; name the directory of an array or group")
    }
    store = try FileStore(opening: path)
    let key = try StoreKey(Self.documentName)
    guard let bytes = try store.bytes(of: key, limit: Self.maximumDocumentByteCount) else {
      throw ToolError("\(path) has no \(Self.documentName), so it is no Zarr v3 array or group")
    }
    do {
      metadata = try NodeMetadata(decoding: bytes)
    } catch {
      throw ZarrError.metadata(path: path, reason: error)
    }
  }

  /// Opens the array that a path names.
  ///
  /// - Throws: As ``init(_:)``, and ``ToolError`` if it is a group.
  static func array(at path: String, access: ArrayAccess) throws -> ZarrArray {
    let node = try NodeLocation(path)
    guard case .array = node.metadata else {
      let children = try node.children().map { "\(path)/\($0)" }
      let advice =
        children.isEmpty ? "it is empty" : "name one of its members: \(children.joined(separator: ", "))"
      throw ToolError("\(path) is a group; \(advice)")
    }
    return try ZarrArray.open(in: node.store, access: access)
  }

  /// The names of the directories in a group that are arrays or groups themselves, sorted.
  func children() throws -> [String] {
    try DirectoryTree(path: path).directoryNames().filter { name in
      try FileStatus(of: "\(path)/\(name)/\(Self.documentName)") != nil
    }
  }

  /// The arrays and groups in a group, sorted by name.
  func members() throws -> [NodeLocation] {
    try children().map { try NodeLocation("\(path)/\($0)") }
  }
}
