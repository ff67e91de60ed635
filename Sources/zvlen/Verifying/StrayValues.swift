import Zarr

/// The values of a store that belong to no node, or to none of its elements.
struct StrayValues {
  private enum Node {
    case group
    case array(ArrayMetadata, chunkCounts: [Int])
    /// Nothing is known of what is below it.
    case unknown
  }

  private let store: FileStore
  private var nodes: [NodePath: Node] = [:]

  /// The names of the documents of nodes.
  private static let documents: Set<String> = ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"]

  /// Prepares for a store of which no node is known.
  init(in store: FileStore) {
    self.store = store
  }

  /// Adds a node.
  mutating func add(_ path: NodePath, _ metadata: NodeMetadata) {
    switch metadata {
    case .array(let array):
      nodes[path] = .array(array, chunkCounts: array.chunkGrid.chunkCounts(of: array.shape))
    default: nodes[path] = .group
    }
    addDirectories(above: path)
  }

  /// Adds the directories above a node that are no nodes themselves.
  private mutating func addDirectories(above path: NodePath) {
    var next = path.parent
    while let directory = next, nodes[directory] == nil {
      nodes[directory] = .group
      next = directory.parent
    }
  }

  /// Adds a node with damaged metadata.
  mutating func addUnknown(_ path: NodePath) {
    nodes[path] = .unknown
    addDirectories(above: path)
  }

  /// Calls `body` with each value that should not be there, as its key and what is wrong with it.
  ///
  /// - Throws: `StoreError`, and what `body` throws.
  func forEach(_ body: (String) throws -> Void) throws {
    let keys = try store.list("").map(\.description).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for key in keys {
      if let reason = reason(against: key) { try body("\(key) \(reason)") }
    }
    for name in try store.temporaryFiles() { try body("\(name) is a temporary or lock file of a writer") }
  }

  /// What is wrong with a key, or nil if there is nothing.
  private func reason(against key: String) -> String? {
    let names = key.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    var path = NodePath.root
    for (index, name) in names.enumerated() {
      guard let node = nodes[path] else { return "belongs to no array or group" }
      let rest = names[index...].joined(separator: "/")
      switch node {
      case .unknown: return nil
      case .group where index == names.count - 1:
        return Self.documents.contains(name) ? nil : "belongs to no array or group"
      case .group: break
      case .array(let metadata, let counts):
        if Self.documents.contains(rest) { return nil }
        guard let position = metadata.chunkKeyEncoding.indices(ofKey: rest, rank: counts.count) else {
          return "is no chunk of its array"
        }
        let isInside = zip(position, counts).allSatisfy { $0 < $1 }
        return isInside ? nil : "is a chunk outside of the shape \(metadata.shape) of its array"
      }
      guard let next = try? path.appending(existing: name) else { return "belongs to no array or group" }
      path = next
    }
    return nil
  }
}
