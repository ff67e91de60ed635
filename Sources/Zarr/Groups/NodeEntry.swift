/// A node found in a store.
///
/// A listed node may not be usable: its metadata can be damaged or unsupported.
public struct NodeEntry: Sendable {
  /// The path in the store.
  public let path: NodePath

  /// The location of the node for error messages.
  public let location: String

  /// The document of the node, or the reason why it cannot be read.
  let content: Result<NodeDocument, any Error>

  /// The last name of the path.
  public var name: String { path.name ?? "" }

  /// The kind of the node, or nil if its document is damaged.
  public var kind: NodeKind? { document?.kind }

  /// The version of the format, or nil if the document is damaged.
  public var zarrFormat: ZarrFormat? { document?.format }

  /// The unchecked members of the node's `zarr.json`, `.zarray` or `.zgroup`, or nil if it is damaged.
  public var fields: JSONObject? { document?.fields }

  /// The metadata of the node, which is checked by this call.
  ///
  /// - Throws: ``ZarrError/metadata(path:reason:)``, and ``ZarrError/store(path:reason:)`` if the document could not be
  ///   read.
  /// - Complexity: O(*n*) in the size of the document.
  public func metadata() throws(ZarrError) -> NodeMetadata {
    try zarrErrors(at: location) { try content.get().metadata() }
  }

  private var document: NodeDocument? { try? content.get() }
}

extension NodeEntry {
  /// Finds a node in a store, or returns nil if there is none.
  ///
  /// If the document is damaged or cannot be read, ``metadata()`` throws.
  ///
  /// - Parameters:
  ///   - store: The store.
  ///   - path: The path of the node.
  ///   - limits: The limits on metadata.
  @available(*, noasync)
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
  /// They include nodes in subdirectories without a document, which can be opened too. A directory that
  /// cannot be listed, and a link to a directory that contains it, are listed with the reason. Below a link,
  /// another link to an array is a member, but one to a group is not followed.
  ///
  /// - Parameters:
  ///   - path: The path of the group.
  ///   - store: The store.
  ///   - limits: The limits on metadata.
  ///   - depth: The maximum number of names from the group to a node.
  /// - Returns: The nodes.
  /// - Throws: ``StoreError``
  static func children(
    of path: NodePath, in store: any Store, _ limits: MetadataLimits, atMost depth: Int = Int.max
  ) throws -> [NodeEntry] {
    var entries: [NodeEntry] = []
    var directories = [path]
    while let directory = directories.popLast() {
      let listing: DirectoryListing
      do {
        listing = try store.listDirectory(directory.description)
        // Otherwise links to one another would be followed in every order.
        if listing.isBelowLink { throw StoreError.nestedLink(path: ZarrArray.location(store, directory)) }
      } catch {
        guard directory != path else { throw error }
        entries.append(NodeEntry(at: directory, in: store, failing: error))
        continue
      }
      for name in listing.prefixes {
        // Other names cannot be nodes.
        guard let child = try? directory.appending(existing: name) else { continue }
        if let entry = NodeEntry(in: store, at: child, limits: limits) {
          entries.append(entry)
        } else if child.names.count - path.names.count < depth {
          directories.append(child)
        }
      }
      for name in listing.loops {
        guard let child = try? directory.appending(existing: name) else { continue }
        let location = ZarrArray.location(store, child)
        entries.append(NodeEntry(at: child, in: store, failing: StoreError.loop(path: location)))
      }
    }
    return entries.sorted { $0.path < $1.path }
  }

  /// The node, with a reason why it cannot be used.
  fileprivate func failing(with error: any Error) -> NodeEntry {
    NodeEntry(path: path, location: location, content: .failure(error))
  }

  private init(at path: NodePath, in store: any Store, failing error: any Error) {
    self.init(path: path, location: ZarrArray.location(store, path), content: .failure(error))
  }
}

/// Walks all nodes below a group, each group before its members, without entering arrays.
///
/// All calls and commands use this walk, so that they find the same nodes. It is not recursive, so that no
/// depth overflows the stack.
struct HierarchyWalk {
  /// The maximum number of names from the group to a node.
  let maximumDepth: Int

  /// Finds the nodes directly below a group, at most `depth` names below it, in their order.
  let children: (NodePath, _ depth: Int) throws -> [NodeEntry]

  /// Calls `body` for each node, with whether it, and each group that leads to it, is the last in its group.
  ///
  /// If a group below the first one cannot be listed, the node has the reason and the walk continues.
  ///
  /// - Throws: What `body` throws, and what `children` throws for the first group.
  func run(from path: NodePath, _ body: (NodeEntry, _ isLast: [Bool]) throws -> Void) throws {
    guard maximumDepth > 0 else { return }
    var levels = [try children(path, maximumDepth)[...]]
    while var level = levels.popLast() {
      guard let entry = level.popFirst() else { continue }
      levels.append(level)
      let isLast = levels.map(\.isEmpty)
      let rest = maximumDepth - (entry.path.names.count - path.names.count)
      guard entry.kind == .group, rest > 0 else {
        try body(entry, isLast)
        continue
      }
      let members: [NodeEntry]
      do {
        members = try children(entry.path, rest)
      } catch {
        try body(entry.failing(with: error), isLast)
        continue
      }
      try body(entry, isLast)
      levels.append(members[...])
    }
  }
}
