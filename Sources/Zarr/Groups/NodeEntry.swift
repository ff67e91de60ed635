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

  /// The name of the node: the last one of its path.
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
  /// They are those in the group's directory, and those in directories there that have no document of their
  /// own: such nodes can be opened, too. What cannot be looked into is listed with the reason, as is a link
  /// that leads to a directory in which it is. Below a link, another link to an array is a member; one to a group
  /// is not looked into.
  ///
  /// - Parameters:
  ///   - path: The path of the group.
  ///   - store: The store.
  ///   - limits: The most that metadata can make the reader take.
  ///   - depth: How many names below the group the nodes may be.
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
        // Links that lead to one another would be followed in every order.
        if listing.isBelowLink { throw StoreError.nestedLink(path: ZarrArray.location(store, directory)) }
      } catch {
        guard directory != path else { throw error }
        entries.append(NodeEntry(at: directory, in: store, failing: error))
        continue
      }
      for name in listing.prefixes {
        // What can be no name of a node is none.
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

  /// The node with a reason why it cannot be used.
  fileprivate func failing(with error: any Error) -> NodeEntry {
    NodeEntry(path: path, location: location, content: .failure(error))
  }

  private init(at path: NodePath, in store: any Store, failing error: any Error) {
    self.init(path: path, location: ZarrArray.location(store, path), content: .failure(error))
  }
}

/// Goes through all nodes below a group, each group before what is in it, without going into arrays.
///
/// Every command and call that looks at a hierarchy does so by this walk, so that all of them find the same.
/// The groups on the way are kept in a list, so that the depth of a hierarchy does not matter.
struct HierarchyWalk {
  /// How many names below the group the nodes may be.
  let maximumDepth: Int

  /// Finds the nodes directly below a group that are at most so many names below it, in the order in which
  /// they are shown.
  let children: (NodePath, _ depth: Int) throws -> [NodeEntry]

  /// Shows each node to `body`, and whether it, and each of the groups that lead to it, is the last one in its
  /// group.
  ///
  /// A group below the first one that cannot be listed is shown with the reason, and the walk goes on after it.
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
