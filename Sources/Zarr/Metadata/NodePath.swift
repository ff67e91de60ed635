/// The place of a node in a hierarchy: names with slashes between them, or nothing for the root.
///
/// Like a store, it compares the bytes of names.
public struct NodePath: Sendable {
  /// The path of the root.
  public static let root = NodePath(checked: [])

  /// The names from the root down to the node; none for the root.
  public let names: [String]

  private init(checked names: [String]) {
    self.names = names
  }

  /// Creates a path from text.
  ///
  /// `""` and `"/"` are the root. One slash at the beginning does not count.
  ///
  /// - Throws: An error if Zarr does not allow one of the names.
  public init(_ text: String) throws(MetadataError) {
    names = Self.names(in: text)
    for name in names {
      try Self.check(name)
    }
  }

  /// Creates the path of a node that any library may have stored.
  ///
  /// Some libraries do not follow all rules for names. This initializer refuses only the names that could lead
  /// out of the store: those that are empty, consist of dots, or contain a NUL character.
  ///
  /// - Throws: An error if a name is one of these.
  public init(existing text: String) throws(MetadataError) {
    names = Self.names(in: text)
    for name in names {
      try Self.checkSafety(name)
    }
  }

  /// The names between the slashes, without one slash at the beginning.
  private static func names(in text: String) -> [String] {
    let relative = text.utf8.first == UInt8(ascii: "/") ? Substring(text.utf8.dropFirst()) : text[...]
    guard !relative.utf8.isEmpty else { return [] }
    // To Swift a slash with a combining mark is one character, so this compares bytes.
    let parts = relative.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return parts.map { String(Substring($0)) }
  }

  /// The name of the node, or nil for the root.
  public var name: String? { names.last }

  /// The group that holds the node, or nil for the root.
  public var parent: NodePath? {
    names.isEmpty ? nil : NodePath(checked: Array(names.dropLast()))
  }

  /// The path of a node in the group at this path.
  ///
  /// - Throws: An error if Zarr does not allow the name.
  public func appending(_ name: String) throws(MetadataError) -> NodePath {
    try Self.check(name)
    return NodePath(checked: names + [name])
  }

  /// The path of a node in the group at this path, that any library may have stored.
  ///
  /// - Throws: The same errors as ``init(existing:)``.
  public func appending(existing name: String) throws(MetadataError) -> NodePath {
    try Self.checkSafety(name)
    return NodePath(checked: names + [name])
  }

  /// The path that follows the names of the other path from here.
  public func appending(_ other: NodePath) -> NodePath {
    NodePath(checked: names + other.names)
  }

  /// Whether this is the path of the node at `other`, or of one below it.
  public func isAt(orBelow other: NodePath) -> Bool {
    names.count >= other.names.count
      && zip(names, other.names).allSatisfy { ExactString($0) == ExactString($1) }
  }

  /// The path that leads here from a node above.
  func relative(to other: NodePath) -> NodePath {
    NodePath(checked: Array(names.dropFirst(other.names.count)))
  }

  /// The key in the store of a document or chunk of the node, as `a/b/zarr.json` or `a/b/c/0/0`.
  public func key(_ suffix: String) -> String {
    names.isEmpty ? suffix : "\(self)/\(suffix)"
  }

  /// Checks all rules of Zarr for names.
  private static func check(_ name: String) throws(MetadataError) {
    try checkSafety(name)
    if name.utf8.starts(with: "__".utf8) {
      throw error(name, "it begins with \"__\", which is reserved")
    } else if reservedNames.contains(where: name.utf8.elementsEqual) {
      throw error(name, "it is reserved")
    }
  }

  /// Checks that a name leads from a group to something directly in it.
  private static func checkSafety(_ name: String) throws(MetadataError) {
    if name.utf8.isEmpty {
      throw error(name, "it is empty")
    } else if name.utf8.contains(UInt8(ascii: "/")) {
      throw error(name, "it has a slash")
    } else if name.utf8.contains(0) {
      throw error(name, "it has a NUL character")
    } else if name.utf8.allSatisfy({ $0 == UInt8(ascii: ".") }) {
      throw error(name, "it consists of dots")
    }
  }

  /// The names of documents, which no node can have.
  private static let reservedNames = ["zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"].map(\.utf8)

  private static func error(_ name: String, _ reason: String) -> MetadataError {
    MetadataError(
      code: .invalidPath, field: "",
      message: "\(JSONValue.string(name).summary) is not a node name: \(reason)")
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

extension NodePath: Comparable {
  /// Whether a path comes first.
  ///
  /// A group comes before its nodes. The nodes of a group are in the order of the bytes of their names.
  public static func < (left: NodePath, right: NodePath) -> Bool {
    for (one, other) in zip(left.names, right.names) where ExactString(one) != ExactString(other) {
      return one.utf8.lexicographicallyPrecedes(other.utf8)
    }
    return left.names.count < right.names.count
  }
}

extension NodePath: CustomStringConvertible {
  /// The names with slashes between them, without one at the beginning; empty for the root.
  public var description: String { names.joined(separator: "/") }
}
