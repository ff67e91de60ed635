/// A node as it is found in a store.
///
/// That a node is listed does not mean that it can be used: its metadata may be damaged, or say what is not
/// supported.
public struct NodeEntry: Sendable {
  /// Where the node is in the store.
  public let path: NodePath

  /// Where the node is, for people to read in errors.
  public let location: String

  /// What is stored of the node, or why that cannot be read.
  let content: Result<NodeDocument, any Error>

  /// The name of the node in its group.
  public var name: String { path.name ?? "" }

  /// What the node is, or nil if its document is damaged.
  public var kind: NodeKind? { document?.kind }

  /// The version of the format that the node is stored in, or nil if its document is damaged.
  public var zarrFormat: ZarrFormat? { document?.format }

  /// The members of the document that makes the node, `zarr.json`, `.zarray` or `.zgroup`, as they are, or
  /// nil if it is damaged.
  public var fields: JSONObject? { document?.fields }

  /// What the node's metadata says, which is checked only now.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)``, and ``StoreError`` if the document could not be read.
  /// - Complexity: O(*n*) in the size of the document.
  public func metadata() throws -> NodeMetadata {
    let document = try content.get()
    do {
      return try document.metadata()
    } catch {
      throw ZarrError.metadata(path: location, reason: error)
    }
  }

  private var document: NodeDocument? { try? content.get() }
}

extension NodeEntry {
  /// Looks for a node in a store, and returns nil if there is none.
  ///
  /// That its document is damaged, or cannot be read, is said by ``metadata()``.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - path: Where the node may be.
  ///   - limits: The most that the metadata can make the reader take.
  public init?(in store: any Store, at path: NodePath, limits: MetadataLimits = MetadataLimits()) {
    self.path = path
    location = ZarrArray.location(store, path)
    do {
      guard let document = try NodeDocument.read(from: store, at: path, limits) else { return nil }
      content = .success(document)
    } catch {
      content = .failure(error)
    }
  }

  /// The nodes directly below a group, sorted by the bytes of their names.
  ///
  /// - Throws: ``StoreError``
  static func children(
    of path: NodePath, in store: any Store, _ limits: MetadataLimits
  ) throws -> [NodeEntry] {
    try store.listDirectory(path.description).prefixes
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .compactMap { name in
        // What can be no name of a node is none.
        (try? path.appending(existing: name)).flatMap { NodeEntry(in: store, at: $0, limits: limits) }
      }
  }
}
