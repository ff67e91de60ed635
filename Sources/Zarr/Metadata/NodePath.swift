/// Where a node is in a hierarchy: names with slashes between them, or nothing for the root.
///
/// Paths are equal if their bytes are, as they are to a store.
public struct NodePath: Sendable {
  /// The path of the root.
  public static let root = NodePath(checked: [])

  /// The names from the root down to the node; none for the root.
  public let names: [String]

  private init(checked names: [String]) {
    self.names = names
  }

  /// Creates a path from text; `""` and `"/"` are the root, and one slash at the beginning is ignored.
  ///
  /// - Throws: An error if Zarr does not allow one of the names.
  public init(_ text: String) throws(MetadataError) {
    let relative = text.utf8.first == UInt8(ascii: "/") ? Substring(text.utf8.dropFirst()) : text[...]
    guard !relative.utf8.isEmpty else {
      names = []
      return
    }
    // Bytes are compared, since a slash and a combining mark after it are one character to Swift.
    let parts = relative.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    names = parts.map { String(Substring($0)) }
    for name in names {
      try Self.check(name)
    }
  }

  /// The name of the node, or nil for the root.
  public var name: String? { names.last }

  /// The group that holds the node, or nil for the root.
  public var parent: NodePath? {
    names.isEmpty ? nil : NodePath(checked: Array(names.dropLast()))
  }

  /// The path of a node in the group that has this path.
  ///
  /// - Throws: An error if Zarr does not allow the name.
  public func appending(_ name: String) throws(MetadataError) -> NodePath {
    try Self.check(name)
    return NodePath(checked: names + [name])
  }

  /// The key in the store of something that belongs to the node, as `a/b/zarr.json` or `a/b/c/0/0`.
  public func key(_ suffix: String) -> String {
    names.isEmpty ? suffix : "\(self)/\(suffix)"
  }

  private static func check(_ name: String) throws(MetadataError) {
    let reason: String
    if name.utf8.isEmpty {
      reason = "a name is empty"
    } else if name.utf8.contains(UInt8(ascii: "/")) {
      reason = "a name has a slash"
    } else if name.utf8.contains(0) {
      reason = "a name has a NUL character"
    } else if name.utf8.allSatisfy({ $0 == UInt8(ascii: ".") }) {
      reason = "a name has nothing but dots"
    } else if name.utf8.starts(with: "__".utf8) {
      reason = "a name begins with \"__\", which is reserved"
    } else if name.utf8.elementsEqual("zarr.json".utf8) {
      reason = "a name is \"zarr.json\", which is reserved"
    } else {
      return
    }
    throw MetadataError(
      code: .invalidPath, field: "", message: "\(JSONValue.string(name).summary) is no node name: \(reason)")
  }
}

extension NodePath: Hashable {
  public static func == (left: NodePath, right: NodePath) -> Bool {
    left.names.map(ExactString.init) == right.names.map(ExactString.init)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(names.map(ExactString.init))
  }
}

extension NodePath: CustomStringConvertible {
  /// The names with slashes between them, without one at the beginning; empty for the root.
  public var description: String { names.joined(separator: "/") }
}
